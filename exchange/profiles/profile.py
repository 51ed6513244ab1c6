"""What one exchange does on spot: a table, believed because it is tested, not because ccxt says so.

Owns the words of a profile. ``exchange.profiles.calls`` writes orders by it, the gateway connects
by it, ``doctor`` and docs/exchanges.md show it.
"""

from enum import StrEnum

import msgspec

from exchange.profiles.order_ids import IdForm
from exchange.profiles.promises import Deadline, Reads
from exchange.profiles.quote_sizes import QuoteSizes
from messages.base import Milliseconds
from messages.market import Capabilities, FeeCurrency
from messages.order_router import FailureKind
from messages.orders import OrderType, RejectReason


class CancelBy(StrEnum):
    """By which id an order is canceled."""

    CLIENT_ID = "client_id"
    CLIENT_ID_AS_ID = "client_id_as_id"
    """The client id goes where ccxt wants the exchange's (Gate)."""
    EXCHANGE_ID = "exchange_id"
    """The client id is of no use: look the order up first (Coinbase)."""


class PageBy(StrEnum):
    """How the next page of a list is asked for."""

    NUMBER = "number"
    """By its number, from 1."""
    LOWEST_ID = "lowest_id"
    """By the lowest order id of the page before."""
    CURSOR = "cursor"
    """By a word that the page before names."""


class OpenPages(msgspec.Struct, frozen=True, kw_only=True):
    """The pages of an exchange's list of open orders."""

    rows: int
    """Asked for; the exchange's most."""
    by: PageBy
    param: str
    cursor_field: str = ""
    """Of CURSOR: where a row that the exchange answered with has the word."""


class NativeTrigger(StrEnum):
    """Which price a native stop watches."""

    LAST = "last"
    NONE = "none"
    """No native stop is used here."""


class ErrorRule(msgspec.Struct, frozen=True, kw_only=True):
    """What an error of a submit means where ccxt's exception class doesn't say it."""

    code: str = ""
    """The exchange's code; empty: any."""
    text: str = ""
    """Stands in the message, in any case; empty: any."""
    reason: RejectReason = RejectReason.OTHER
    kind: FailureKind = FailureKind.REJECTED
    is_late: bool = False
    """Of RETRYABLE: refused for its time, which a later deadline mends."""


class EndRule(msgspec.Struct, frozen=True, kw_only=True):
    """How an exchange says why it ended an order by itself."""

    fields: tuple[str, ...]
    """In the order's own answer, and in its stream's event."""
    value: str
    reason: RejectReason


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange."""

    id: str
    """As ccxt names it."""
    name: str
    capabilities: Capabilities
    """Of a symbol without limits of its own; see ``exchange.profiles.symbols``."""
    ids: IdForm
    id_param: str = "clientOrderId"
    """Name of the parameter that carries the client order id into ``create_order``."""
    lists: tuple[str, ...] = ()
    """Methods whose answers are searched for an order, in turn; empty: it can be fetched by its
    client order id. ccxt's ``fetch_closed_orders`` leaves canceled ones out at some exchanges."""
    look_up_param: str = "clientOrderId"
    """Carries the client order id into these; empty: they take none, all orders are read."""
    trades_page: int | None = None
    """Rows that one answer about fills may have, at most; None: what the exchange gives unasked."""
    trades_of_all: bool = False
    """Whether an answer about fills has those of all markets: ccxt leaves out the others, so that a
    page that was cut off looks short."""
    open_pages: OpenPages | None = None
    """None: all open orders of a market come in one answer, or no more is known."""
    trades_window_days: int | None = None
    """The longest stretch of time that one answer about fills is for; None: any."""
    until_param: str = "until"
    """Carries the end of that stretch, in ms."""
    keeps_markets: bool = False
    """Whether ccxt's class needs no more than its markets: then those of the last run will do."""
    lists_whole_account: bool = False
    """Whether one answer lists the open orders of all symbols, whole, where none is named."""
    burst_ms: Milliseconds | None = None
    """What may be asked at once after a silence, as time at the exchange's full rate; None: the
    usual quarter of a second. More only where the limit is on a longer window."""
    cancel_by: CancelBy = CancelBy.CLIENT_ID
    cancel_param: str = "clientOrderId"
    fee_currency: FeeCurrency
    """Without a discount coin; with one, a third currency."""
    max_stops: int = 0
    """Algo orders a symbol may have, where the market itself doesn't say."""
    trigger_source: NativeTrigger = NativeTrigger.NONE
    order_params: frozenset[str]
    """The only parameters an order may carry. All others are refused before ccxt sees them."""
    fixed_params: tuple[tuple[str, str], ...] = ()
    """Go with every order."""
    order_lists: bool = False
    """Whether its OCO is written as Binance's order list."""
    stream_fees: bool = True
    """False: the stream of fills names a wrong fee; the account's list of fills is asked."""
    tells_balances: bool = False
    """Whether the account's stream tells of every change of a balance, deposits and locks too."""
    wrong_in_events: tuple[str, ...] = ()
    """Fields of ccxt's order that hold something else in an order's event: they are not read."""
    event_fields: tuple[tuple[str, str], ...] = ()
    """Fields of ccxt's order that are read of the event's own field of this name, where it is."""
    quote_sizes: QuoteSizes | None = None
    """How rows tell of market orders by cost; None: there are none, or their fields are right."""
    market_buy: bool = True
    """False: a market buy is written in quote currency, so the quantity would not be ours; or it is
    not known (Luno takes the quantity for an amount of quote currency, and says so nowhere)."""
    market_needs_price: bool = False
    """A market order is a limit order away from a price that must be told (Hyperliquid)."""
    errors: tuple[ErrorRule, ...] = ()
    """The first that fits decides."""
    ends: tuple[EndRule, ...] = ()
    """Why an order ended that nobody canceled; the first that fits decides."""
    request_life_ms: Milliseconds | None
    """How long after it was signed the exchange still takes a request; None: nobody promises."""
    deadline: Deadline | None = None
    """None: no order of ours carries one there."""
    no_deadline: str = ""
    """Why there is none, for people."""
    reads: Reads = Reads()
    stream_lag_ms: Milliseconds | None = None
    """How late the account's stream may tell of the engine while its connection lasts; None: not
    known, and a stream without a gap proves nothing."""
    dates_balances: bool = False
    """Whether the time that its balances name is known to be that of the last change in them."""
    unknown_order: ErrorRule | None = None
    """The engine's answer to a cancel by a client order id that no open order has. None: no cancel
    is known to be answered by the engine."""
    locking: tuple[OrderType, ...] = ()
    """Types of sales that keep their coins from other sales, on an account that can't borrow;
    empty: not known. Stops only where ``stop_locks_coins`` says so."""
    locking_source: str = ""
    """Where ``locking`` is known from; empty: from the form of its balances only."""
    may_borrow: bool = False
    """Whether a spot account there may sell coins that it has not; the account's own mode is read
    (``exchange.profiles.borrow_modes``), and counts as such until it says the opposite."""
    credentials: tuple[str, ...] = ("apiKey", "secret")
    """What ccxt wants, in its own names."""
    options: tuple[tuple[str, bool | int | str], ...] = ()
    """ccxt options that keep it from asking, or doing, what nobody asked for."""
    skipped_calls: tuple[str, ...] = ()
    """Methods of ccxt's that must never run: they sign things nobody asked for."""
    uid_field: str = ""
    """Of the answer to the question for balances: the account's own id; empty: it is not told."""
    sandbox: bool = False
    """Whether it has a test exchange with spot that ccxt reaches."""
    default_expiry_seconds: int | None = None
    """After which a stop ends by itself where nothing else is said; None: never."""
    stop_evidence: str = ""
    """What proves what becomes of a native stop once it triggers, with its date; empty: nothing
    does, and mode "auto" uses none with real money."""
    stop_locks_coins: bool | None = None
    """Whether a stop that waits keeps its coins from other orders; None: not known."""
    stop_locks_source: str = ""
    """Where ``stop_locks_coins`` is known from."""
    why_not_native: str = ""
    """Why no native stop is used although the exchange may have one; for people."""
    is_proven: bool = True
    """False: no profile was written for this exchange; only the least is assumed."""
