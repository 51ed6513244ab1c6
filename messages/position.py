"""What a position receives."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Currency, Message, PositionId, Symbol, Timestamp
from messages.market import Capabilities, MarketPhase, MarketRules, Quote
from messages.orders import OrderFacts, OrderRequest, OrderType
from messages.plan import Plan
from messages.portfolio import AdoptedFill


class Begin(Message, frozen=True, kw_only=True):
    """The first message of a position: everything it needs to know. From the positions actor."""

    position_id: PositionId
    symbol: Symbol
    budget: Decimal
    plan: Plan
    rules: MarketRules
    capabilities: Capabilities
    quote: Quote
    atr: float | None = None
    order_prefix: str
    """What its client order ids begin with: see ``messages.ids``."""
    decision: str
    adopted: AdoptedFill | None = None
    """Its coins, where they are there already: it needs neither budget nor entry."""
    begun_with: MarketRules | None = None
    """The rules under which the adopted coins were bought, where ``rules`` are others: they decide
    what is dust."""


class BudgetGranted(Message, frozen=True, kw_only=True):
    """The budget is reserved. From the portfolio."""

    budget: Decimal


class DenialReason(StrEnum):
    """Which rule of the portfolio refused an entry."""

    NOT_ENOUGH_FREE = "not_enough_free"
    MAX_POSITIONS = "max_positions"
    POSITIONS_PER_SYMBOL = "positions_per_symbol"
    SYMBOL_CAP = "symbol_cap"
    COOLDOWN = "cooldown"
    MAX_BUDGET = "max_budget"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    CONFLICT = "conflict"
    """An order of the symbol has our id and is not ours."""
    NOT_ACTIVE = "not_active"
    """The trading state is REDUCING or HALTED."""
    FAILED = "failed"
    """No rule: the portfolio raised on the request and skipped it."""


class BudgetDenied(Message, frozen=True, kw_only=True):
    """No budget. From the portfolio."""

    reason: DenialReason
    text: str


class OrderUpdated(Message, frozen=True, kw_only=True):
    """How one of its orders stands now: cumulative. From the order router."""

    facts: OrderFacts
    beside: tuple[OrderType, ...] = ()
    """Types of orders that may be sent although the outcome of this sale is unknown, if the account
    holds no more of the coin than the position: the venue then refuses one of the two. None of ours
    buys the coin until this order is over. Empty: its outcome must be known first."""


class OrdersReleased(Message, frozen=True, kw_only=True):
    """The router has let go of the position's orders; no more will come. From the order router."""


class LevelName(StrEnum):
    """Which of a position's price levels was crossed."""

    STOP_LOSS = "stop_loss"
    """The stop in force: plain, trailing or break-even, whichever is highest."""
    TAKE_PROFIT = "take_profit"
    """As a trigger, where it does not rest at the venue."""
    SWITCH_TO_STOP_LOSS = "switch_to_stop_loss"
    SWITCH_TO_TAKE_PROFIT = "switch_to_take_profit"
    RATCHET = "ratchet"
    """The price from which the stop moves up: trailing or break-even."""


class TriggersArmed(Message, frozen=True, kw_only=True):
    """The registration with this generation is in force. From market data."""

    generation: int
    fresh: bool
    """Whether the symbol's quotes are fresh now."""


class TriggerFired(Message, frozen=True, kw_only=True):
    """A level of the registration with this generation was touched. From market data.

    All levels that one quote touches are told at once, the stop first. The registration is gone
    with it: the position arms a new one.
    """

    generation: int
    levels: tuple[LevelName, ...]
    quote: Quote


class MarketFreshness(Message, frozen=True, kw_only=True):
    """The symbol's quotes became stale or fresh. From market data, on change."""

    fresh: bool
    quote: Quote | None = None


class QuoteAnswered(Message, frozen=True, kw_only=True):
    """The answer to ``RequestQuote``. From market data."""

    quote: Quote | None
    """None: no fresh quote is known."""


class BalanceAnswered(Message, frozen=True, kw_only=True):
    """The answer to ``RequestBalance``. From the portfolio."""

    currency: Currency
    free: Decimal | None
    """What the venue would let us sell now, less what is not the position's; None: no answer."""
    total: Decimal | None = None
    """What the account holds of it, free and locked, whoever's it is; None: not
    asked for, or not known."""


class MarketReported(Message, frozen=True, kw_only=True):
    """What its market demands now, and whether it trades. From the positions actor.

    Sent on change, and in answer to ``RequestMarket``.
    """

    rules: MarketRules
    """Of a market that is GONE: the last that were known."""
    capabilities: Capabilities
    phase: MarketPhase
    text: str = ""
    """Why it is not OPEN, for people."""


class VenueReachability(Message, frozen=True, kw_only=True):
    """The venue can, or can't, be reached. From the order router, on change."""

    reachable: bool


class CloseCause(StrEnum):
    """Why a position leaves."""

    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"
    TRAILING_STOP = "trailing_stop"
    BREAK_EVEN = "break_even"
    TIME_LIMIT = "time_limit"
    BY_HAND = "by_hand"
    HALT = "halt"
    END_OF_RECORDING = "end_of_recording"
    SESSION_END = "session_end"
    """The session ended, and the plan's ``on_stop`` is CLOSE."""
    ENTRY_FAILED = "entry_failed"
    """Nothing was bought."""
    DENIED = "denied"
    """The portfolio granted no budget."""
    WITHDRAWN = "withdrawn"
    """Closed before it was bought."""
    UNTRADABLE = "untradable"
    """Refused before entry: it could not be sold at its stop."""
    ADOPTED_SALE = "adopted_sale"
    """Fills that no position expected, sold by policy."""


class ClosePosition(Message, frozen=True, kw_only=True):
    """Leave now. From an operator, the guardian or a replay's end."""

    cause: CloseCause
    reason: str


class ChangeProtection(Message, frozen=True, kw_only=True):
    """Replace the plan's distances. From an operator; None leaves one as it is."""

    take_profit_ratio: Decimal | None = None
    stop_loss_ratio: Decimal | None = None
    reason: str


class SwitchProtection(Message, frozen=True, kw_only=True):
    """Put the take profit or the stop loss into the slot, in mode SWITCHING. From an operator."""

    to_stop_loss: bool
    reason: str


class AddToPosition(Message, frozen=True, kw_only=True):
    """Buy more. Refused by name: a position is entered once."""

    budget: Decimal


class StopEntering(Message, frozen=True, kw_only=True):
    """Cancel what still buys; what it bought is protected. From the guardian, on a halt."""


class SessionEnding(Message, frozen=True, kw_only=True):
    """The process ends soon: do what the plan's ``on_stop`` says. From the positions actor."""


class ResendBooking(Message, frozen=True, kw_only=True):
    """Tell the portfolio again. From the portfolio, where it could not book."""


class SalvagePosition(Message, frozen=True, kw_only=True):
    """Leave without the core, from the router's ledger. From the positions actor.

    Id and symbol are for a position that never began, and so knows neither.
    """

    position_id: PositionId
    symbol: Symbol
    reason: str


class LedgerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order as the router has it."""

    request: OrderRequest
    facts: OrderFacts


class LedgerRead(Message, frozen=True, kw_only=True):
    """All orders of the position: those that filled or may, and those that ended lately.

    From the order router, in answer to ``ReadLedger``.
    """

    number: int
    """Of the question."""
    orders: tuple[LedgerOrder, ...]


class LookedBack(Message, frozen=True, kw_only=True):
    """All its orders are looked up after a restart, those without a record too. From the router."""

    attempts: int
    """The last exit whose id is used: found, or proved never to have been placed."""
    order_prefix: str = ""
    """As asked for."""
    recovery: int = 0
    """As asked for; 0: an earlier version's, which does not say."""


class ListsCompared(Message, frozen=True, kw_only=True):
    """The exchange's lists were compared after a restart. From positions.

    What they say of another process's orders was told before it.
    """


class OwnershipChanged(Message, frozen=True, kw_only=True):
    """Whether another process may hold this position too. From positions, or from an operator.

    While it may, no further order rests, and an exit sells at most what a fresh balance shows
    beyond coins that are not ours.
    """

    is_contested: bool
    reason: str
    look_back_at: str = ""
    """What ids of its orders begin with that another process placed; empty: none are looked up."""
    look_back_upto: int = 0
    """The number of the last of its exits that was seen: at least so many are looked up."""
    shared_at: str = ""
    """What ids of its orders begin with in an epoch of ours in which a twin places orders: they are
    looked up when a person names this process the owner. Empty: in none."""


class Resync(Message, frozen=True, kw_only=True):
    """It may have missed something: ask again for everything.

    From its own shell, where it raised on a message, or from the recovery after a restart.
    """

    skipped: str
    """The type of the message; of a restart, ``everything``."""
    error: str
    down_since: Timestamp | None = None
    """After a restart: from then until now nothing in the process covered what is held."""
    recovery: int = 0
    """Of a restart; see ``BeginRecovery``."""
    exits_recorded: bool = False
    """Of a restart: memory that outlives the process says that no exit left without a record."""
    awaits_lists: bool = False
    """Of a restart: the exchange's lists are compared with the journal; see ``ListsCompared``."""
    order_prefix: str = ""
    """The exchange's clock jumped: what its further client order ids begin with. A copy of the
    process may have acted since ``down_since``; this one was not down as far as it knows."""
