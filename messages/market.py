"""The words for markets: rules, quotes, candles and what a venue can do."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Currency, Milliseconds, Symbol, Timestamp, base_currency, quote_currency
from messages.orders import OrderType


class FeeCurrency(StrEnum):
    """In what a venue takes its fee."""

    RECEIVED = "received"
    """Base on a buy, quote on a sell (Binance without BNB)."""
    QUOTE = "quote"
    """Quote both ways (MEXC spot)."""
    THIRD = "third"
    """A third currency (BNB); see ``MarketRules.fee_third_currency``."""


class MarketPhase(StrEnum):
    """Whether a venue takes orders on a market."""

    OPEN = "open"
    HALTED = "halted"
    """Listed, and no order is taken: a halt, a break, cancel-only. It may open again."""
    GONE = "gone"
    """Not listed any more: delisted or renamed."""


class MarketRules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a venue demands of orders on one symbol."""

    symbol: Symbol
    tick_size: Decimal
    """Prices are multiples of it, quote per base."""
    step_size: Decimal
    """Quantities are multiples of it, base."""
    min_quantity: Decimal
    """Base."""
    min_notional: Decimal
    """Price × quantity is at least this, quote."""
    maker_fee_ratio: Decimal
    taker_fee_ratio: Decimal
    fee_currency: FeeCurrency = FeeCurrency.QUOTE
    fee_third_currency: Currency | None = None
    fee_third_rate: Decimal | None = None
    """Quote per unit of the third currency, at which the fee is turned into it."""
    max_stops: int = 5
    """Algo orders a symbol may have at a time (Binance: MAX_NUM_ALGO_ORDERS = 5)."""
    price_digits: int | None = None
    """Significant digits that a price has at most, beside ``tick_size``; None: any number."""
    whole_prices: bool = False
    """Whether a whole number is a price however many digits it has (Hyperliquid)."""
    max_quantity: Decimal | None = None
    """Base in one order (Binance: LOT_SIZE); None: no limit is known."""
    max_market_quantity: Decimal | None = None
    """Base in one market order, a triggered STOP too (Binance: MARKET_LOT_SIZE)."""
    max_notional: Decimal | None = None
    """Price × quantity is at most this, quote (Binance: NOTIONAL)."""
    sell_from_ratio: Decimal | None = None
    """Of the market's price: a sell's limit is at least so much (Binance:
    PERCENT_PRICE_BY_SIDE's askMultiplierDown). None: no limit is known."""
    sell_to_ratio: Decimal | None = None
    """A sell's limit is at most so much of it (askMultiplierUp)."""
    buy_from_ratio: Decimal | None = None
    buy_to_ratio: Decimal | None = None

    @property
    def base(self) -> Currency:
        """The currency that is bought and sold."""
        return base_currency(self.symbol)

    @property
    def quote(self) -> Currency:
        """The currency it is paid in."""
        return quote_currency(self.symbol)


class OcoRemainder(StrEnum):
    """What a venue does to an OCO's stop leg when its limit leg fills in part."""

    CANCELED = "canceled"
    """Binance: the other leg goes at the first fill; what is left has no stop."""
    REDUCED = "reduced"
    """The other leg stays, for what is left."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a venue really does on spot, from its profile; never what a library claims."""

    native_stop: bool = False
    """STOP: a market order at the trigger."""
    native_stop_limit: bool = False
    oco: bool = False
    oco_remainder: OcoRemainder = OcoRemainder.CANCELED
    stop_is_proven: bool = False
    """Whether it is proven what becomes of a native stop once it triggers; mode AUTO uses no
    other."""
    post_only: bool = False
    ioc: bool = True
    market: bool = True

    @property
    def has_native_stop(self) -> bool:
        """Whether the venue takes a stop of any kind."""
        return self.native_stop or self.native_stop_limit


class RequestTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Until when a venue takes an order request, and what its reads prove; from its profile."""

    window_ms: Milliseconds
    """How long after the timestamp in it the venue takes a request, where nothing is urgent."""
    exit_window_ms: Milliseconds
    """The same for what sells, until the venue refuses a request as too late."""
    window_max_ms: Milliseconds
    """The largest window that the venue takes."""
    settle_ms: Milliseconds | None
    """After the window: how long a request that passed the venue's checks may take to its engine.
    None: it is not known until when the engine takes a request, which needs the slow proof."""
    read_lag_ms: Milliseconds
    """How far look-ups, lists and balances may be behind the engine."""
    stream_lag_ms: Milliseconds | None = None
    """How late the account's stream tells of the engine while its connection lasts. None: not
    known; a stream without a gap proves nothing then."""
    locking: tuple[OrderType, ...] = ()
    """Types of sales that keep their coins from other sales, of an account that can't borrow: the
    venue refuses to sell what isn't there. Empty: not known."""


class Quote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Best prices of one symbol at one moment. Floats: for decisions, never for booking."""

    symbol: Symbol
    at: Timestamp
    bid: float
    ask: float
    last: float
    bid_quantity: float = 0.0
    """Base, at the best bid; 0 where it isn't known."""
    ask_quantity: float = 0.0
    low: float | None = None
    """Lowest ``last`` since the quote before, where quotes were conflated; None: no conflation."""
    high: float | None = None
    low_bid: float | None = None
    """Lowest bid likewise; None: it kept its distance from ``last``."""
    high_bid: float | None = None

    @property
    def mid(self) -> float:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2


class Candle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Prices of one interval."""

    start: Timestamp
    interval_ms: Milliseconds
    open: float
    high: float
    low: float
    close: float
    volume: float
    """Base currency."""
