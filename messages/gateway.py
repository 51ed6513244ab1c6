"""What the gateway receives."""

from messages.base import (
    ClientOrderId,
    ExchangeOrderId,
    Message,
    Milliseconds,
    Symbol,
    Timestamp,
)
from messages.orders import OrderRequest, Priority


class FollowSymbols(Message, frozen=True, kw_only=True):
    """Tell the rules of these symbols, and their quotes from now on. From the supervisor."""

    symbols: tuple[Symbol, ...]


class SubmitOrder(Message, frozen=True, kw_only=True):
    """Send an order to the venue. From the order router."""

    request: OrderRequest
    priority: Priority
    is_traceable: bool = False
    """Whether a start would find it without a record of it: an entry of its position is on one."""
    sign_by: Timestamp | None = None
    """The largest timestamp, on the venue's clock, that may be written into the request: past it
    the request is never signed. None: the venue's clock was not measured."""
    window_ms: Milliseconds | None = None
    """How long after that timestamp the venue may take it. None: the venue's own default."""


class CancelAtVenue(Message, frozen=True, kw_only=True):
    """Cancel an order at the venue. From the order router."""

    client_order_id: ClientOrderId
    exchange_order_id: ExchangeOrderId | None
    symbol: Symbol
    priority: Priority


class LookUpOrder(Message, frozen=True, kw_only=True):
    """Ask the venue how an order stands. From the order router."""

    client_order_id: ClientOrderId
    exchange_order_id: ExchangeOrderId | None
    symbol: Symbol
    wants_time: bool = False
    """Whether to ask for the venue's time first: what is not found is then told with that time."""
    whole_after: Timestamp | None = None
    """Make it a whole look where the venue's time is later than this; see ``WholeLook``. None: the
    order's id alone is asked for."""
    fills_since: Timestamp | None = None
    """Of a whole look: no fill of the order is older, on the venue's clock."""


class ForgetUnrecorded(Message, frozen=True, kw_only=True):
    """All that lived at the start have looked for exits without a record. From positions."""


class SwitchKey(Message, frozen=True, kw_only=True):
    """Sign with the keys of another slot from now on. From the operator; on a real exchange only.

    A key that is refused, of another account, or that may withdraw is not used: an alarm says so.
    """

    slot: int
    """1 or 2."""


class FetchMarketRules(Message, frozen=True, kw_only=True):
    """Read a market's rules at the venue, now. From the positions actor."""

    symbol: Symbol


class FetchBalances(Message, frozen=True, kw_only=True):
    """Ask the venue for the account's balances. From the portfolio."""

    is_routine: bool = False
    """Nothing waits for it or is in doubt: while nothing changed the last answer will do."""


class FetchOpenOrders(Message, frozen=True, kw_only=True):
    """Ask the venue which orders work on a symbol. From the reconciler."""

    symbol: Symbol
    is_awaited: bool = False
    """Entries wait for the answer."""
    gap_ms: Milliseconds = Milliseconds(0)
    """Nothing waits for the answer: it is asked so long after the last such question. 0: now."""


class FetchTrades(Message, frozen=True, kw_only=True):
    """Ask the venue for the account's fills on a symbol. From the reconciler."""

    symbol: Symbol
    since: Timestamp
    is_awaited: bool = False
    """Entries wait for the answer."""
    gap_ms: Milliseconds = Milliseconds(0)
    """As of ``FetchOpenOrders``."""


class MarketMoved(Message, frozen=True, kw_only=True):
    """The embedded market trades at a price. From a recording's feed or a generated market."""

    symbol: Symbol
    at: Timestamp
    bid: float
    ask: float
    last: float
    quantity: float | None = None
    """Base that traded, or stands at the best price; None: without limit."""
    gap: bool = False
    """The market opened here: what it jumped over fills here, not at the prices between."""


class WatchSymbols(Message, frozen=True, kw_only=True):
    """How often to fetch whose quotes where they are polled, from now on. From market data.

    Sent when a position opens on a symbol that none held, and when the last one there ends.
    """

    held: tuple[Symbol, ...]
    held_poll_ms: Milliseconds
    others: tuple[Symbol, ...]
    poll_ms: Milliseconds
