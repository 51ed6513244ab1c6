"""How a running session stands, as the observers tell it to views and tools: one frozen picture.

Asked of the observers, never pushed: who looks pays for the look. Money is exact; what is a
valuation or only for the eye is a float.
"""

from decimal import Decimal

import msgspec

from messages.base import Address, Currency, Message, PositionId, Symbol, Timestamp
from messages.portfolio import TradingState


class ReadSession(Message, frozen=True, kw_only=True):
    """Answer an ask with a ``SessionPicture``. From views and tools."""


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One living position."""

    position_id: PositionId
    symbol: Symbol
    state: str
    mode: str
    """Its protection mode, as the venue lets it be."""
    lives_at_venue: bool
    """Whether what protects it works at the venue; else it lives in this process only."""
    is_covered: bool
    resting: str
    """What is in the exit slot, for people: ``take profit 103.0 working``; empty: nothing."""
    held: Decimal
    """Base."""
    average_entry: Decimal | None
    """Quote per base."""
    stop: Decimal | None
    target: Decimal | None
    last: float | None
    """Last price known."""
    pnl: Decimal | None
    """Quote, were it sold at the last price, exit fees aside."""
    return_ratio: float | None
    began_at: Timestamp
    may_be_left: bool = False
    """Whether a session that ends may leave it: the plan's ``on_stop`` is done, or can't be."""
    is_stuck: bool


class WatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol that is watched."""

    symbol: Symbol
    last: float
    spread_ratio: float
    drop_ratio: float | None
    """Fall from the strategy's anchor (the highest close of its look-back), as it was last told."""
    anchor: float | None = None
    """The highest close of the look-back; None: none is known."""
    at: Timestamp
    """Of the quote."""
    is_stale: bool
    is_gone: bool = False
    """Stale for as long again: the market tells nothing."""


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One position that this session closed."""

    position_id: PositionId
    symbol: Symbol
    closed_at: Timestamp
    cause: str
    pnl: Decimal
    """Quote, after the fees taken in it."""
    return_ratio: float


class ActorRow(msgspec.Struct, frozen=True, kw_only=True):
    """One actor's mailbox; positions are told together as ``position/*``."""

    address: Address
    depth: int
    processed: int
    skipped: int
    restarts: int


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One of the last events, for people."""

    at: Timestamp
    level: str
    """info, warning or alarm."""
    text: str


class CapitalRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one currency of the ledger is worth now: the account's totals, this session's part."""

    currency: Currency
    capital: Decimal
    """Allotted by the config."""
    equity: Decimal
    """Of the account: capital + realised + unrealised."""
    realised: Decimal
    """Of the account, since its journal began."""
    unrealised: Decimal
    session_change: Decimal = Decimal(0)
    """Equity less the equity that the session began with, allotments aside."""
    session_realised: Decimal = Decimal(0)
    """The part of ``realised`` that this session booked."""
    today: Decimal = Decimal(0)
    """Realised by the account since 00:00 UTC."""


class SessionPicture(Message, frozen=True, kw_only=True):
    """The answer to ``ReadSession``: everything a view shows. Not a command."""

    at: Timestamp
    trading_state: TradingState
    positions: tuple[PositionRow, ...]
    """Oldest first."""
    capital: tuple[CapitalRow, ...]
    watchlist: tuple[WatchRow, ...]
    """In the order of the config; the first is the reference symbol."""
    actors: tuple[ActorRow, ...]
    events: tuple[EventLine, ...]
    """Newest last."""
    trades: int
    """Positions that this session closed after they had bought."""
    wins: int
    account_trades: int = 0
    """The same of the whole account, by its ledger."""
    account_wins: int = 0
    closed: tuple[TradeRow, ...] = ()
    """The last positions that this session closed, newest last."""
    alarms: dict[str, int]
    """Ever raised, by kind."""
    open_alarms: dict[str, int]
    """Of these the ones whose trouble is not over, by kind."""
    errors: dict[str, int]
    """Skipped messages by actor."""
    refusals: dict[str, int]
