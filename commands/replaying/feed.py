"""A recording's feed: it moves the embedded market, and the clock, one point after the other.

Owns the way of a price from one recorded point to the next. The next point waits until every
mailbox is empty. Between two points inside a candle the price stops at each armed or resting price
that it meets, so that orders and triggers fill where the path crosses them; a gap fills at the
open. A candle within which nothing waits, neither for a price nor for a time, is not walked: its
end says it all.
"""

from collections.abc import Callable, Iterable, Iterator
from math import inf

import msgspec

from actors.runtime.clock import VirtualClock
from actors.runtime.system import System
from config.settings import CandlePath
from exchange.candles import CandleBuilder, PricePoint, end_of, walk
from exchange.recordings import RecordedTrade
from messages.addresses import GATEWAY, MARKET_DATA
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle
from messages.market_data import CandleReceived, NextLevel

IDLE_TIMEOUT_SECONDS = 60.0
"""How long one point may keep the actors busy before the replay is given up."""

_NEAR_RATIO = 1e-9
"""A price this near to a level may touch it: floats are off by a last digit."""


class NotIdleError(Exception):
    """The actors are still busy with a point after ``IDLE_TIMEOUT_SECONDS``."""


class FeedItem(msgspec.Struct, frozen=True, gc=False):
    """One point of a recording, and the candles around it."""

    symbol: Symbol
    point: PricePoint
    quantity: float | None = None
    """Base that traded; None: without limit."""
    candle: Candle | None = None
    """The candle that the point is part of."""
    is_last: bool = True
    """Whether the candle ends with it."""
    closed: Candle | None = None
    """The candle of trades that ended before it."""
    passed_over: CandlePath | None = None
    """The candle was quiet, so its end is its only point; the others would lie along this path."""


IsQuiet = Callable[[Symbol, Candle], bool]
"""Whether nothing waits for a price within a candle, nor for its time."""


def candle_items(
    symbol: Symbol, candles: Iterable[Candle], path: CandlePath, is_quiet: IsQuiet
) -> Iterator[FeedItem]:
    """Yield the points of each candle, walked along ``path``; of a quiet one its end alone."""
    for candle in candles:
        if is_quiet(symbol, candle):
            yield FeedItem(symbol, end_of(candle), candle=candle, passed_over=path)
            continue
        first, second, third, last = walk(candle, path)
        for point in (first, second, third):
            yield FeedItem(symbol, point, candle=candle, is_last=False)
        yield FeedItem(symbol, last, candle=candle)


def trade_items(
    symbol: Symbol, trades: Iterable[RecordedTrade], interval_ms: Milliseconds
) -> Iterator[FeedItem]:
    """Yield each trade, and with it the candle of ``interval_ms`` that it ended."""
    builder = CandleBuilder(interval_ms)
    for trade in trades:
        closed = builder.add(trade.at, trade.price, trade.quantity)
        point = PricePoint(trade.at, trade.price, is_gap=True)
        yield FeedItem(symbol, point, trade.quantity, closed=closed)


class _Band(msgspec.Struct, frozen=True, gc=False):
    """The prices nearest to where a walk is that something waits for."""

    below: float
    above: float
    sequence: int
    """How long the journal was then. Without a step, nobody begins to wait or ceases to."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording does not tell of a market."""

    spread_ratio: float = 0.0
    """(Ask - bid) over the recorded price, which lies in the middle."""
    depth: float | None = None
    """Base that stands at the best price where no trade tells it; None: without limit."""


NOTHING_AROUND = Surroundings()


class Feed:
    """Plays items to a running system."""

    def __init__(
        self, system: System, clock: VirtualClock, surroundings: dict[Symbol, Surroundings]
    ) -> None:
        """Play to ``system``; of what is in ``surroundings`` the recording tells nothing."""
        self._system = system
        self._clock = clock
        self._surroundings = surroundings
        self._prices: dict[Symbol, tuple[Timestamp, float]] = {}
        """Per symbol where the walk is."""
        self._bands: dict[Symbol, _Band] = {}

    def play(self, items: Iterable[FeedItem], on_item: Callable[[FeedItem], None]) -> None:
        """Play all items; ``on_item`` is called after each, with every mailbox empty.

        Raises:
            NotIdleError: a point kept the actors busy for too long.

        """
        for item in items:
            candle = item.candle
            if item.closed is not None:
                self._close(item.symbol, item.closed, item.point.at)
            if candle is not None and item.passed_over is not None:
                self._catch_up(item.symbol, candle, item.passed_over)
            self._move(item.symbol, item.point, item.quantity)
            if candle is not None and item.is_last:
                self._close(item.symbol, candle, item.point.at)
            on_item(item)

    def settle(self) -> None:
        """Wait until nothing is under way."""
        if not self._system.dispatcher.wait_idle(IDLE_TIMEOUT_SECONDS):
            raise NotIdleError(f"the actors are still busy after {IDLE_TIMEOUT_SECONDS:.0f} s")

    def is_quiet(self, symbol: Symbol, candle: Candle) -> bool:
        """Tell whether nothing waits for a price within ``candle``, nor for its time."""
        deadline = self._clock.next_deadline()
        is_timeless = deadline is None or deadline >= candle.start + candle.interval_ms
        return is_timeless and self._is_clear(symbol, candle.low, candle.high)

    def _catch_up(self, symbol: Symbol, candle: Candle, path: CandlePath) -> None:
        """Walk a candle after all if something began to wait since it was passed over.

        What another symbol's point did may have to do with this one.
        """
        is_as_it_was = self._bands[symbol].sequence == self._system.journal.next_sequence
        if not is_as_it_was and not self.is_quiet(symbol, candle):
            for point in walk(candle, path)[:-1]:
                self._move(symbol, point, None)

    def _is_clear(self, symbol: Symbol, low: float, high: float) -> bool:
        """Tell whether nothing waits for a price from ``low`` to ``high``, where the walk is."""
        known = self._prices.get(symbol)
        if known is None:
            return False
        price, band = known[1], self._bands.get(symbol)
        if (
            band is None
            or band.sequence != self._system.journal.next_sequence
            or not band.below < price < band.above
        ):
            band = self._bands[symbol] = self._ask_band(symbol, price)
        return band.below < low and high < band.above

    def _ask_band(self, symbol: Symbol, price: float) -> _Band:
        below = self._next_level(symbol, price, 0.0)
        above = self._next_level(symbol, price, inf)
        return _Band(
            -inf if below is None else below * (1 + _NEAR_RATIO),
            inf if above is None else above * (1 - _NEAR_RATIO),
            self._system.journal.next_sequence,
        )

    def _move(self, symbol: Symbol, point: PricePoint, quantity: float | None) -> None:
        """Take the price to ``point``: at once if it is a gap, else past each level on the way."""
        started = self._prices.get(symbol)
        if not point.is_gap and started is not None:
            low, high = sorted((started[1], point.price))
            if not self._is_clear(symbol, low, high):
                self._stop_at_levels(symbol, started, point, quantity)
        self._tell(symbol, point, quantity)

    def _stop_at_levels(
        self,
        symbol: Symbol,
        started: tuple[Timestamp, float],
        point: PricePoint,
        quantity: float | None,
    ) -> None:
        start_at, start = started
        price = start
        while (level := self._next_level(symbol, price, point.price)) is not None:
            if level == point.price:
                break
            share = (level - start) / (point.price - start)
            at = Timestamp(start_at + int((point.at - start_at) * share))
            self._tell(symbol, PricePoint(at, level, is_gap=False), quantity)
            price = level

    def _tell(self, symbol: Symbol, point: PricePoint, quantity: float | None) -> None:
        # With several symbols, another's point may have taken the clock further already.
        at = max(point.at, self._clock.now())
        self._clock.advance_to(at, self.settle)
        around = self._surroundings.get(symbol, NOTHING_AROUND)
        half_spread = point.price * around.spread_ratio / 2
        moved = MarketMoved(
            symbol=symbol,
            at=at,
            bid=point.price - half_spread,
            ask=point.price + half_spread,
            last=point.price,
            quantity=around.depth if quantity is None else quantity,
            gap=point.is_gap,
        )
        self._system.tell(GATEWAY, moved)
        self.settle()
        self._prices[symbol] = (at, point.price)

    def _close(self, symbol: Symbol, candle: Candle, at: Timestamp) -> None:
        self._clock.advance_to(at, self.settle)
        self._system.tell(MARKET_DATA, CandleReceived(symbol=symbol, candle=candle))
        self.settle()

    def _next_level(self, symbol: Symbol, start: float, end: float) -> float | None:
        """Ask market data and the exchange for the first price that something waits for."""
        question = NextLevel(symbol=symbol, start=start, end=end)
        answers = [self._system.ask(to, question) for to in (MARKET_DATA, GATEWAY)]
        levels: list[float] = [answer for answer in answers if answer is not None]
        return min(levels, key=lambda level: abs(level - start), default=None)
