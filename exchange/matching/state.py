"""The state of the matching engine: frozen entities by key, and the indexes derived from them.

Owns orders, balances, trades, the outside market's last word, and which price touches which
order. ``apply`` is the one place where any of it changes; ``exchange.matching.engine`` decides
what.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum

import msgspec

from exchange.matching.price_index import PriceIndex
from exchange.price_grid import nearest_price
from messages.base import ClientOrderId, Currency, Symbol
from messages.envelope import Removed
from messages.gateway import MarketMoved
from messages.market import Capabilities, MarketRules
from messages.money import ONE, ZERO
from messages.orders import OrderFacts, OrderRequest, Side
from messages.reconciler import Trade


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order as the venue keeps it."""

    request: OrderRequest
    sequence: int
    """In order of arrival: the time of price-time priority, and the exchange order id."""
    facts: OrderFacts
    limit: Decimal | None = None
    """Where it rests in the book; None: it doesn't."""
    trigger: Decimal | None = None
    """What its stop leg waits for; None: no stop leg waits."""
    ahead: Decimal = ZERO
    """Outside quantity that came to this price earlier and goes first, base."""
    locked: Decimal = ZERO
    """Base of a sell, quote with fee of a buy, that nothing else can use meanwhile."""
    fills: int = 0

    @property
    def remaining(self) -> Decimal:
        """What is still to be filled."""
        return max(self.request.quantity - self.facts.filled, ZERO)


class Balance(msgspec.Struct, frozen=True, tag="VenueBalance"):
    """What the account holds of one currency."""

    currency: Currency
    total: Decimal = ZERO
    locked: Decimal = ZERO
    """The part of ``total`` that working orders keep."""

    @property
    def free(self) -> Decimal:
        """What an order may use."""
        return self.total - self.locked


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """How much of the outside's quantity the account took since the market last moved."""

    symbol: Symbol
    asks: Decimal = ZERO
    """Base, taken from who sells."""
    bids: Decimal = ZERO


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """The outside's book where a move says how much stands at the best price: levels like it."""

    levels: int = 5
    ticks_apart: int = 1

    def prices(self, best: Decimal, tick: Decimal, side: Side) -> Iterator[Decimal]:
        """Yield the outside's prices on ``side`` from the best on."""
        apart = tick * self.ticks_apart * (1 if side is Side.SELL else -1)
        for level in range(self.levels):
            yield best + apart * level


class SelfTrade(StrEnum):
    """What a venue does with an order that would trade with another of the same account."""

    ALLOWED = "allowed"
    """They pass each other: the account's orders do not trade with one another here."""
    EXPIRE_TAKER = "expire_taker"
    EXPIRE_MAKER = "expire_maker"
    EXPIRE_BOTH = "expire_both"


class ExecutionRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue enforces when orders trade, beside what it demands of them."""

    self_trade: SelfTrade = SelfTrade.ALLOWED
    reference_price: Decimal | None = None
    """Quote; the middle of the price range. None: no range is enforced."""
    range_ratio: Decimal = ZERO
    """Of the reference price, to either side."""
    second_orders: bool = False
    """Whether a stop that triggers becomes a second order, with ids of the venue's making (OKX,
    KuCoin); how the dialects show it."""
    stops_lock: bool = True
    """Whether a stop keeps its coins or cash while it waits for its trigger. False: it is refused
    once it triggers, where another order took them (Bybit's spot ``StopOrder``)."""

    def bounds(self) -> tuple[Decimal, Decimal] | None:
        """Return the lowest and the highest price at which anything trades; None: any."""
        middle = self.reference_price
        if middle is None:
            return None
        return middle * (ONE - self.range_ratio), middle * (ONE + self.range_ratio)


class Market:
    """One symbol: its rules, the outside market, and which orders which price touches."""

    def __init__(self, rules: MarketRules) -> None:
        """Begin with no price and no order."""
        self.rules = rules
        self.execution = ExecutionRules()
        self.moved: MarketMoved | None = None
        self._none_taken = self.taken = Taken(symbol=rules.symbol)
        self.sells = PriceIndex(rising=True)
        self.buys = PriceIndex(rising=False)
        self.stops_above = PriceIndex(rising=True)
        self.stops_below = PriceIndex(rising=False)
        self._has_digits = rules.price_digits is not None  # its tick moves with the price
        self._half_tick = float(rules.tick_size) / 2
        self._watch()

    def touches(self, moved: MarketMoved) -> bool:
        """Return whether ``moved`` may touch an order; quick, since most moves touch none."""
        return (
            self._has_digits
            or moved.bid >= self._sell_from
            or moved.ask <= self._buy_to
            or moved.last <= self._stop_to
            or moved.last >= self._stop_from
        )

    def move(self, moved: MarketMoved) -> None:
        """Let the outside market stand where ``moved`` says, all of its quantity untaken."""
        self.moved = moved
        self.taken = self._none_taken

    def place(self, order: VenueOrder) -> None:
        """Index the legs of ``order``."""
        for index, price in self._legs(order):
            index.add(price, order.sequence, order.request.client_order_id)
        self._watch()

    def take_out(self, order: VenueOrder) -> None:
        """Forget the legs of ``order``."""
        for index, price in self._legs(order):
            index.remove(price, order.sequence, order.request.client_order_id)
        self._watch()

    def stops(self) -> int:
        """Return how many stop legs wait."""
        return len(self.stops_above) + len(self.stops_below)

    def next_level(self, start: float, end: float) -> float | None:
        """Return the first price with an order that a move from ``start`` to ``end`` meets."""
        if end > start:
            met = (self.sells.next(start, end), self.stops_above.next(start, end))
            return min((price for price in met if price is not None), default=None)
        met = (self.buys.next(start, end), self.stops_below.next(start, end))
        return max((price for price in met if price is not None), default=None)

    def price(self, value: float) -> Decimal:
        """Return a quote as a price of this market."""
        return nearest_price(value, self.rules)

    def _legs(self, order: VenueOrder) -> Iterator[tuple[PriceIndex, Decimal]]:
        is_sell = order.request.side is Side.SELL
        if order.limit is not None:
            yield (self.sells if is_sell else self.buys), order.limit
        if order.trigger is not None:
            yield (self.stops_below if is_sell else self.stops_above), order.trigger

    def _watch(self) -> None:
        # Half a tick wider: a quote is compared as it came, and rounded to the tick afterwards.
        self._sell_from = self.sells.best - self._half_tick
        self._buy_to = self.buys.best + self._half_tick
        self._stop_to = self.stops_below.best + self._half_tick
        self._stop_from = self.stops_above.best - self._half_tick


class MatchingBook:
    """Everything the engine knows; ``engine.step`` reads it, ``apply`` changes it."""

    def __init__(
        self, rules: Iterable[MarketRules], capabilities: Capabilities, depth: Depth
    ) -> None:
        """Begin with markets that have no price, no order and no balance."""
        self.capabilities = capabilities
        self.depth = depth
        self.markets = {market.symbol: Market(market) for market in rules}
        self.orders: dict[ClientOrderId, VenueOrder] = {}
        self.finished: deque[ClientOrderId] = deque()
        """Terminal orders, in the order they ended."""
        self.balances: dict[Currency, Balance] = {}
        self.trades: dict[str, Trade] = {}
        """By id, in order."""
        self.last_sequence = 0

    def apply(self, change: msgspec.Struct) -> None:
        """Take one entity in; it replaces the one with its key."""
        match change:
            case MarketMoved():
                self.markets[change.symbol].move(change)
            case VenueOrder():
                self._apply_order(change)
            case Balance():
                self.balances[change.currency] = change
            case Trade():
                self.trades[change.trade_id] = change
            case Taken():
                self.markets[change.symbol].taken = change
            case Removed(kind="VenueOrder"):
                del self.orders[ClientOrderId(change.key)]
                self.finished.popleft()
            case Removed():
                del self.trades[change.key]
            case _:
                raise TypeError(f"no entity of the matching engine: {type(change).__name__}")

    def _apply_order(self, order: VenueOrder) -> None:
        order_id = order.request.client_order_id
        market = self.markets[order.request.symbol]
        before = self.orders.get(order_id)
        legs_before = (before.limit, before.trigger) if before is not None else (None, None)
        if legs_before != (order.limit, order.trigger):
            if before is not None:
                market.take_out(before)
            market.place(order)
        self.orders[order_id] = order
        self.last_sequence = max(self.last_sequence, order.sequence)
        was_over = before is not None and before.facts.is_terminal
        if order.facts.is_terminal and not was_over:
            self.finished.append(order_id)
