"""A recording's feed: it moves the embedded market, and the clock, one point after the other.

Owns the way of a price from one recorded point to the next. The next point waits until every
mailbox is empty. Between two points inside a candle the price stops at each armed or resting price
that it meets, so that orders and triggers fill where the path crosses them; a gap fills at the
open.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from actors.runtime.clock import VirtualClock
from actors.runtime.system import System
from config.settings import CandlePath
from exchange.candles import CandleBuilder, PricePoint, walk
from exchange.recordings import RecordedTrade
from messages.addresses import GATEWAY, MARKET_DATA
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle
from messages.market_data import CandleReceived, NextLevel

IDLE_TIMEOUT_SECONDS = 60.0
"""How long one point may keep the actors busy before the replay is given up."""


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


def candle_items(symbol: Symbol, candles: Iterable[Candle], path: CandlePath) -> Iterator[FeedItem]:
    """Yield the points of each candle, walked along ``path``."""
    for candle in candles:
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


class Feed:
    """Plays items to a running system."""

    def __init__(
        self, system: System, clock: VirtualClock, spread_ratios: dict[Symbol, float]
    ) -> None:
        """Play to ``system``; quotes lie around the recorded price, ``spread_ratios`` apart."""
        self._system = system
        self._clock = clock
        self._spread_ratios = spread_ratios
        self._prices: dict[Symbol, tuple[Timestamp, float]] = {}
        """Per symbol where the walk is."""
        self._quiet: dict[Symbol, tuple[Timestamp, int]] = {}
        """Candles found quiet: their start, and how long the journal was then."""

    def play(self, items: Iterable[FeedItem], on_item: Callable[[FeedItem], None]) -> None:
        """Play all items; ``on_item`` is called after each, with every mailbox empty.

        Raises:
            NotIdleError: a point kept the actors busy for too long.

        """
        for item in items:
            if item.closed is not None:
                self._close(item.symbol, item.closed, item.point.at)
            if item.is_last or not self._is_quiet(item):
                self._move(item.symbol, item.point, item.quantity)
            else:
                self._prices[item.symbol] = (item.point.at, item.point.price)
            if item.is_last and item.candle is not None:
                self._close(item.symbol, item.candle, item.point.at)
            on_item(item)

    def settle(self) -> None:
        """Wait until nothing is under way."""
        if not self._system.dispatcher.wait_idle(IDLE_TIMEOUT_SECONDS):
            raise NotIdleError(f"the actors are still busy after {IDLE_TIMEOUT_SECONDS:.0f} s")

    def _is_quiet(self, item: FeedItem) -> bool:
        """Whether nothing waits for a price of the point's candle, nor for its time.

        Then its end says it all. Found once, it holds for as long as no step was recorded: nothing
        else makes anybody wait.
        """
        candle, known = item.candle, self._prices.get(item.symbol)
        if candle is None or known is None:
            return False
        found = (candle.start, self._system.journal.next_sequence)
        if self._quiet.get(item.symbol) == found:
            return True
        deadline = self._clock.next_deadline()
        if deadline is not None and deadline < candle.start + candle.interval_ms:
            return False
        ends = (candle.low, candle.high)
        if any(self._next_level(item.symbol, known[1], end) is not None for end in ends):
            return False
        self._quiet[item.symbol] = found
        return True

    def _move(self, symbol: Symbol, point: PricePoint, quantity: float | None) -> None:
        """Take the price to ``point``: at once if it is a gap, else past each level on the way."""
        started = self._prices.get(symbol)
        if not point.is_gap and started is not None:
            start_at, start = started
            price = start
            while (level := self._next_level(symbol, price, point.price)) is not None:
                if level == point.price:
                    break
                share = (level - start) / (point.price - start)
                at = Timestamp(start_at + int((point.at - start_at) * share))
                self._tell(symbol, PricePoint(at, level, is_gap=False), quantity)
                price = level
        self._tell(symbol, point, quantity)

    def _tell(self, symbol: Symbol, point: PricePoint, quantity: float | None) -> None:
        # With several symbols, another's point may have taken the clock further already.
        at = max(point.at, self._clock.now())
        self._clock.advance_to(at, self.settle)
        half_spread = point.price * self._spread_ratios.get(symbol, 0.0) / 2
        moved = MarketMoved(
            symbol=symbol,
            at=at,
            bid=point.price - half_spread,
            ask=point.price + half_spread,
            last=point.price,
            quantity=quantity,
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
