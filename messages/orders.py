"""The words for orders: what is asked of a venue, and how an order stands there."""

from decimal import Decimal
from enum import IntEnum, StrEnum

import msgspec

from messages.base import (
    ClientOrderId,
    ExchangeOrderId,
    Milliseconds,
    PositionId,
    Symbol,
    Timestamp,
)
from messages.money import CENT_OF_SATOSHI, ZERO, Money, divide_down


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """What kind of order. ``OCO`` is a limit leg and a stop leg of which one cancels the other."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    """A market order, sent when the trigger price is touched."""
    STOP_LIMIT = "stop_limit"
    """A limit order, sent when the trigger price is touched."""
    OCO = "oco"


class TimeInForce(StrEnum):
    """How long an order lives."""

    GTC = "gtc"
    """Until canceled."""
    IOC = "ioc"
    """Fill at once what fills, cancel the rest."""


class Purpose(StrEnum):
    """What an order is for; it decides what goes first."""

    ENTRY = "entry"
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"
    CLOSE = "close"
    """An exit that is under way: the ladder's orders."""


class Priority(IntEnum):
    """What leaves first, lowest first; no request overtakes an earlier one of the same order."""

    EXIT = 0
    """Exits that reduce now, and the cancels they wait for."""
    PROTECTION = 1
    ENTRY = 2
    QUERY = 3


class OrderStatus(StrEnum):
    """How an order stands, as the router knows it."""

    NEW = "new"
    """Accepted by the router, not sent."""
    SUBMITTED = "submitted"
    """Sent, not answered."""
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    UNKNOWN = "unknown"
    """Sent, and nobody can say yet what became of it. It may be live."""
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


LIVE_STATUSES = frozenset({OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})
"""The venue has it in its book."""

TERMINAL_STATUSES = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
)
"""Nothing more happens to these, says the venue. A fill after it is booked all the same."""


class StopStatus(StrEnum):
    """How the stop leg of a STOP, STOP_LIMIT or OCO order stands at the venue."""

    NONE = "none"
    """The order has no stop leg."""
    WORKING = "working"
    TRIGGERED = "triggered"
    """Touched: its market or limit order is in the book or done."""
    GONE = "gone"
    """Canceled or expired: it protects nothing any more."""


class FillSource(IntEnum):
    """Where a fill was told of; of two that differ the higher one is believed, field by field."""

    ORDER_EVENT = 0
    """Inside an event of the order: ccxt adds such fees up itself, in floats."""
    STREAM = 1
    """The stream of fills: at once, but some venues leave the fee out or name another currency."""
    ANSWER = 2
    """Inside the answer to a request: the matching engine's own reply."""
    LIST = 3
    """The account's list of fills: the venue's ledger."""


class RejectReason(StrEnum):
    """Why a venue refused, in the words that decide what to do next."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    """Not the coins it takes: locked by another order, or a fee took some. MEXC: 30005."""
    BELOW_MINIMUM = "below_minimum"
    """Quantity or notional under the market's minimum."""
    ABOVE_MAXIMUM = "above_maximum"
    """Quantity or notional over the market's maximum for such an order."""
    PRECISION = "precision"
    """Price or quantity is off its tick or step."""
    PRICE_OUT_OF_RANGE = "price_out_of_range"
    """The order's price is too far from the market's. (Binance: PERCENT_PRICE.)"""
    WOULD_TRIGGER_AT_ONCE = "would_trigger_at_once"
    """The stop's trigger price is already passed. (Binance -2010.)"""
    WOULD_TAKE = "would_take"
    """Post-only, and it would have matched."""
    TOO_MANY_STOPS = "too_many_stops"
    """The symbol's limit of algo orders is reached. (Binance -2010, MAX_NUM_ALGO_ORDERS.)"""
    DUPLICATE_ID = "duplicate_id"
    """The client order id is in use: the order is live already; look it up."""
    UNKNOWN_SYMBOL = "unknown_symbol"
    MARKET_HALTED = "market_halted"
    NOT_SUPPORTED = "not_supported"
    """This venue, or our profile of it, has no such order."""
    NO_LIQUIDITY = "no_liquidity"
    """A market or IOC order found an empty book."""
    PRICE_RANGE = "price_range"
    """Expired: it would have traded outside of the venue's range around a reference price. What
    filled before stands. (Binance: EXECUTION_RULE_PRICE_RANGE_EXCEEDED.)"""
    SELF_TRADE = "self_trade"
    """Ended by self-trade prevention: it met an order of the same account."""
    DEAD_MANS_SWITCH = "dead_mans_switch"
    """Canceled by a venue's switch that cancels all orders of a silent client. Holdfast never arms
    one: another program of the account did."""
    NEVER_PLACED = "never_placed"
    """Its outcome was unknown; several look-ups on a healthy stream did not find it."""
    WITHDRAWN = "withdrawn"
    """Canceled before it was sent."""
    AUTHENTICATION = "authentication"
    OTHER = "other"


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One order as it is asked of a venue."""

    client_order_id: ClientOrderId
    position_id: PositionId
    symbol: Symbol
    side: Side
    type: OrderType
    purpose: Purpose
    quantity: Decimal
    """Base currency, a multiple of the market's step."""
    price: Decimal | None = None
    """Limit price of LIMIT, STOP_LIMIT and of OCO's limit leg; None for MARKET and STOP."""
    trigger_price: Decimal | None = None
    """Of STOP, STOP_LIMIT and of OCO's stop leg."""
    stop_limit_price: Decimal | None = None
    """OCO only: limit price of the stop leg; None makes it a market order when triggered."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    wait_ms: Milliseconds | None = None
    """How long the order may work before the router cancels it (a ladder's rung); None: for
    ever."""


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a venue says that an order is, beside how it stands: told when it is looked up."""

    symbol: Symbol
    side: Side
    quantity: Decimal
    """Base currency, as asked for."""
    placed_at: Timestamp | None = None
    """None: the venue does not say."""
    price: Decimal | None = None
    """Limit price; None: it has none, or the venue does not say."""
    trigger_price: Decimal | None = None
    """As ``price``."""
    step_size: Decimal | None = None
    """Of the market: values nearer than this are one quantity; None: ``quantity`` is exact."""
    tick_size: Decimal | None = None
    """As ``step_size``, of prices around these."""


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How an order stands at the venue: cumulative, so hearing it twice or late does no harm."""

    client_order_id: ClientOrderId
    status: OrderStatus
    filled: Decimal = ZERO
    """Base currency, over all fills."""
    cost: Decimal = ZERO
    """Quote currency, exact, without fees, of all that is filled but ``unpriced``."""
    fees: tuple[Money, ...] = ()
    """Total per currency, sorted by currency; negative where the exchange paid a rebate."""
    stop: StopStatus = StopStatus.NONE
    exchange_order_id: ExchangeOrderId | None = None
    reason: RejectReason | None = None
    """Of REJECTED and EXPIRED; of CANCELED where the venue itself did it and says why; of UNKNOWN
    where another order has its id."""
    text: str = ""
    """What the venue said of it, for people; no secrets."""
    at: Timestamp = Timestamp(0)
    """When the venue says so."""
    unpriced: Decimal = ZERO
    """Base of ``filled`` whose cost is not known yet: it cost something, not nothing."""
    fees_missing: Decimal = ZERO
    """Base of ``filled`` whose fees are not known yet: there may be some."""
    fee_source: FillSource = FillSource.LIST
    """The least trusted source of ``fees``."""

    @property
    def is_complete(self) -> bool:
        """Whether cost and fees of all that is filled are known."""
        return not self.unpriced and not self.fees_missing

    @property
    def is_in_conflict(self) -> bool:
        """Whether the venue has another order under this id: ours may be there too, or not."""
        return self.status is OrderStatus.UNKNOWN and self.reason is RejectReason.DUPLICATE_ID

    def average_price(self, step: Decimal = CENT_OF_SATOSHI) -> Decimal | None:
        """Return quote per base over all fills, rounded down to ``step``, for people.

        None: nothing is filled, or what it cost is not known yet.
        """
        return (
            divide_down(self.cost, self.filled, step) if self.filled and not self.unpriced else None
        )

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status in TERMINAL_STATUSES
