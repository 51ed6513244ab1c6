"""A recording's feed: it moves the embedded market and the clock together.

Inside a candle the price moves in a straight line from one recorded point to the next. On the way
the feed stops at each price that an order rests at or a trigger is armed at, and at each deadline:
there it publishes the price of that moment first, then the timers fire, then it looks for levels
again. So orders and triggers fill where the path crosses them, also those that a deadline inside a
leg armed. A gap is a jump: the old price holds until then, and what it jumps over fills at the new
one. A candle within which nothing waits, neither for a price nor for a time, is not walked: its
close alone is published.

Several recordings share one clock: at each moment every market stands at its price of that moment.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import inf

import msgspec

from actors.runtime.clock import VirtualClock
from actors.runtime.system import System
from config.settings import CandlePath
from exchange.candles import PricePoint
from messages.addresses import GATEWAY, MARKET_DATA
from messages.base import Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle
from messages.market_data import CandleReceived, NextLevel, OnlyQuotesDue
from replay.items import FeedItem, walked_items

IDLE_TIMEOUT_SECONDS = 60.0
"""How long one point may keep the actors busy before the replay is given up."""

_NEAR_RATIO = 1e-9
"""A price this near to a level may touch it: floats are off by a last digit."""


class NotIdleError(Exception):
    """The actors are still busy with a point after ``IDLE_TIMEOUT_SECONDS``."""


class _Band(msgspec.Struct, frozen=True, gc=False):
    """The levels nearest to a price: what waits for a market to get there."""

    below: float
    above: float
    sequence: int
    """How long the journal was then. Without a step, no wait begins or ends."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording does not tell of a market."""

    spread_ratio: float = 0.0
    """(Ask - bid) over the recorded price, which lies in the middle."""
    depth: float | None = None
    """Base that stands at the best price where no trade tells it; None: without limit."""


NOTHING_AROUND = Surroundings()


class _Walk:
    """One market's way: where its price is, and the recorded moment that it is on the way to."""

    __slots__ = ("at", "item", "items", "leg_at", "leg_price", "sequence")

    def __init__(self, items: Iterable[FeedItem]) -> None:
        self.items = iter(items)
        self.item: FeedItem
        self.leg_at = 0
        self.leg_price = 0.0
        """Where the leg under way began."""
        self.at = 0.0
        """How far the leg is walked, ms; a level may lie between two whole ones."""
        self.sequence = -1
        """How long the journal was when the candle under way was found quiet."""

    def take_next(self, sequence: int) -> bool:
        """Set out for the next item; return whether there is one."""
        item = next(self.items, None)
        if item is None:
            return False
        self.item, self.sequence = item, sequence
        return True

    def begin_leg(self, point: PricePoint) -> None:
        """Set out from ``point``."""
        self.at = self.leg_at = point.at
        self.leg_price = point.price

    @property
    def end(self) -> float | None:
        """The price that it moves to now; None: it stands, until a jump or the end."""
        item = self.item
        point = item.point
        if point is None or point.is_gap or item.passed_over is not None:
            return None
        return point.price

    def price_at(self, at: Timestamp) -> float:
        """Return the price of the leg under way at a moment of it."""
        point = self.item.point
        if point is None or point.at <= self.leg_at:
            return self.leg_price
        share = (at - self.leg_at) / (point.at - self.leg_at)
        return self.leg_price + (point.price - self.leg_price) * share

    def time_of(self, level: float) -> float:
        """Return when the leg under way gets to a price between its ends."""
        point = self.item.point
        if point is None or point.price == self.leg_price:
            return self.at
        share = (level - self.leg_price) / (point.price - self.leg_price)
        return max(self.at, self.leg_at + (point.at - self.leg_at) * share)


def _go_on(_at: Timestamp) -> bool:
    return True


class Feed:
    """Plays recordings to a running system."""

    def __init__(
        self, system: System, clock: VirtualClock, surroundings: dict[Symbol, Surroundings]
    ) -> None:
        """Play to ``system``; of what is in ``surroundings`` the recording tells nothing."""
        self._system = system
        self._clock = clock
        self._surroundings = surroundings
        self._prices: dict[Symbol, float] = {}
        """Per symbol the price published last."""
        self._bands: dict[Symbol, _Band] = {}

    def play(
        self,
        streams: Sequence[Iterable[FeedItem]],
        on_item: Callable[[FeedItem], None],
        goes_on: Callable[[Timestamp], bool] = _go_on,
    ) -> None:
        """Play a stream of items per market, each in order of time.

        ``on_item`` is called after each item, with every mailbox empty; ``goes_on`` before each
        recorded moment: False ends the replay there.

        Raises:
            NotIdleError: a point kept the actors busy for too long.

        """
        journal = self._system.journal
        walks = [one for one in map(_Walk, streams) if one.take_next(journal.next_sequence)]
        while walks:
            for one in walks:
                if one.item.passed_over is not None and one.sequence != journal.next_sequence:
                    self._look_again(one)
            at = walks[0].item.at if len(walks) == 1 else min(one.item.at for one in walks)
            is_alone_and_quiet = len(walks) == 1 and walks[0].item.passed_over is not None
            if not is_alone_and_quiet and self._stops_before(at, walks):
                continue
            if not goes_on(at):
                return
            walks = self._arrive(at, walks, on_item)

    def settle(self) -> None:
        """Wait until nothing is under way."""
        if not self._system.dispatcher.wait_idle(IDLE_TIMEOUT_SECONDS):
            raise NotIdleError(f"the actors are still busy after {IDLE_TIMEOUT_SECONDS:.0f} s")

    def refresh(self) -> None:
        """Publish every market's last price once more, with any quantity behind it."""
        for symbol, price in self._prices.items():
            self._publish(symbol, PricePoint(self._clock.now(), price, is_gap=False), None)

    def stand_still(self, until: Timestamp, is_done: Callable[[], bool]) -> None:
        """Let time pass with every market at its last price, deadline by deadline."""
        while not is_done():
            deadline = self._clock.next_deadline()
            if deadline is None or deadline > until:
                return
            self._clock.move_to(deadline)
            self.refresh()
            self._clock.advance_to(deadline, self.settle)

    def is_quiet(self, symbol: Symbol, candle: Candle) -> bool:
        """Tell whether nothing waits for a price within ``candle``, nor for its time."""
        end = Timestamp(candle.start + candle.interval_ms - 1)
        if symbol not in self._prices or self._clock.deadline_before(end) is not None:
            return False
        band = self._band(symbol)
        is_above = band.below * (1 + _NEAR_RATIO) < candle.low
        return is_above and candle.high < band.above * (1 - _NEAR_RATIO)

    def _look_again(self, one: _Walk) -> None:
        """Walk a candle after all if a wait began since it was passed over.

        Another market's point may have led to it.
        """
        candle, path = one.item.closes, one.item.passed_over
        one.sequence = self._system.journal.next_sequence
        if candle is not None and path is not None and not self.is_quiet(one.item.symbol, candle):
            self._walk_rest(one, candle, path, self._clock.now())

    def _walk_rest(self, one: _Walk, candle: Candle, path: CandlePath, now: Timestamp) -> None:
        items = list(walked_items(one.item.symbol, candle, path))
        passed = [item.point for item in items if item.at <= now and item.point is not None]
        one.items = chain(items[len(passed) :], one.items)
        one.take_next(one.sequence)
        if passed:
            one.begin_leg(passed[-1])
            self._catch_up(one, now)

    def _stops_before(self, at: Timestamp, walks: list[_Walk]) -> bool:
        """Make the first stop on the way to ``at``, at a level or a deadline, if there is one."""
        deadline = self._clock.deadline_before(at)
        first: tuple[float, float, _Walk] | None = None
        for one in walks:
            level = self._next_level(one)
            if level is not None:
                met = one.time_of(level)
                if met <= at and (first is None or met < first[0]):
                    first = (met, level, one)
        if deadline is not None and (first is None or deadline <= first[0]):
            self._stop_at_deadline(max(deadline, self._clock.now()), walks)
            return True
        if first is None:
            return False
        met, level, one = first
        one.at = met
        point = PricePoint(max(Timestamp(int(met)), self._clock.now()), level, is_gap=False)
        self._publish(one.item.symbol, point, one.item.quantity)
        return True

    def _stop_at_deadline(self, at: Timestamp, walks: list[_Walk]) -> None:
        """Publish every moving market's price of this moment, then let the timers fire.

        A quote that arrives late from a slow venue is an old price: it needs no new one.
        """
        if not self._brings_only_quotes(at):
            for one in walks:
                candle, path = one.item.closes, one.item.passed_over
                if candle is not None and path is not None and candle.start <= at:
                    self._walk_rest(one, candle, path, at)
                self._catch_up(one, at)
        self._clock.advance_to(at, self.settle)

    def _brings_only_quotes(self, at: Timestamp) -> bool:
        if self._clock.due_addresses(at) != {GATEWAY}:
            return False
        return bool(self._system.ask(GATEWAY, OnlyQuotesDue(at=at)))

    def _catch_up(self, one: _Walk, at: Timestamp) -> None:
        """Publish the price of the leg under way at ``at``, if the walk is not beyond it."""
        if one.end is not None and one.at < at:
            one.at = at
            point = PricePoint(at, one.price_at(at), is_gap=False)
            self._publish(one.item.symbol, point, one.item.quantity)

    def _arrive(
        self, at: Timestamp, walks: list[_Walk], on_item: Callable[[FeedItem], None]
    ) -> list[_Walk]:
        """Publish what is recorded at ``at``, let timers fire, close candles; return who goes on.

        A recording of trades may have several at a time: the timers fire after the last.
        """
        self._clock.move_to(at)
        arrived = walks if len(walks) == 1 else [one for one in walks if one.item.at == at]
        more_at_once = False
        for one in arrived:
            item = one.item
            if item.point is not None:
                self._publish(item.symbol, item.point, item.quantity)
                one.begin_leg(item.point)
            more_at_once = more_at_once or item.more_at_once
        if not more_at_once and self._clock.is_due(at):
            self._clock.advance_to(at, self.settle)
        for one in arrived:
            item = one.item
            if item.closes is not None:
                self._close(item.symbol, item.closes)
            on_item(item)
        sequence = self._system.journal.next_sequence
        are_over = [one for one in arrived if not one.take_next(sequence)]
        return [one for one in walks if one not in are_over] if are_over else walks

    def _publish(self, symbol: Symbol, point: PricePoint, quantity: float | None) -> None:
        self._clock.move_to(point.at)
        around, price = self._surroundings.get(symbol, NOTHING_AROUND), point.price
        half_spread = price * around.spread_ratio / 2
        moved = MarketMoved(
            symbol=symbol,
            at=point.at,
            bid=price - half_spread,
            ask=price + half_spread,
            last=price,
            quantity=around.depth if quantity is None else quantity,
            gap=point.is_gap,
        )
        self._system.tell(GATEWAY, moved)
        self.settle()
        self._prices[symbol] = price

    def _close(self, symbol: Symbol, candle: Candle) -> None:
        self._system.tell(MARKET_DATA, CandleReceived(symbol=symbol, candle=candle))
        self.settle()

    def _next_level(self, one: _Walk) -> float | None:
        """Return the first level on the rest of the leg, its end aside."""
        end, symbol = one.end, one.item.symbol
        if end is None:
            return None
        band = self._band(symbol)
        if band.below < end < band.above:
            return None
        level = self._ask(symbol, self._prices[symbol], end, is_walked=True)
        return None if level == end else level

    def _band(self, symbol: Symbol) -> _Band:
        """Return the levels nearest to the symbol's price, as market data and the venue know."""
        price, band = self._prices[symbol], self._bands.get(symbol)
        sequence = self._system.journal.next_sequence
        if band is None or band.sequence != sequence or not band.below < price < band.above:
            below, above = self._ask(symbol, price, 0.0), self._ask(symbol, price, inf)
            band = self._bands[symbol] = _Band(
                -inf if below is None else below, inf if above is None else above, sequence
            )
        return band

    def _ask(
        self, symbol: Symbol, start: float, end: float, *, is_walked: bool = False
    ) -> float | None:
        """Ask market data and the exchange for the first price that something waits for."""
        question = NextLevel(symbol=symbol, start=start, end=end, is_walked=is_walked)
        answers = [self._system.ask(to, question) for to in (MARKET_DATA, GATEWAY)]
        levels: list[float] = [answer for answer in answers if answer is not None]
        return min(levels, key=lambda level: abs(level - start), default=None)
