"""The trigger index of one symbol: which registrations does a quote touch?

Owns registrations, their generations and the heaps over their prices. Knows no clock, no mailbox
and not whether a quote may be believed.

A registration fires once, with all its levels that the quote touches; so of each direction only
its nearest level needs a place in a heap. Replaced, disarmed and fired registrations stay in the
heaps as dead entries until they reach the top or are the greater half.
"""

import heapq
from collections.abc import Iterator
from itertools import chain
from math import inf
from typing import NamedTuple

from messages.base import PositionId
from messages.inspection import Armed
from messages.market import Quote
from messages.market_data import ArmTriggers, Level, NextLevel
from messages.plan import TriggerSource
from messages.position import LevelName
from messages.prices import extremes, price_of

TOLERANCE_RATIO = 1e-12
"""A price this near counts as touching: bid and mid are sums of floats, off by a last digit."""

_SMALL = 64
"""Heaps up to this size may hold any share of dead entries."""

_URGENCY = {name: place for place, name in enumerate(LevelName)}
"""The stop first."""


class Fired(NamedTuple):
    """A registration that a quote touched, and which of its levels, the stop first."""

    position_id: PositionId
    generation: int
    levels: tuple[LevelName, ...]


class _Registration:
    """What one position armed. Dead once it fired or was replaced."""

    __slots__ = (
        "above",
        "below",
        "generation",
        "is_live",
        "levels",
        "position_id",
        "source",
        "stops_above",
    )

    def __init__(self, message: ArmTriggers) -> None:
        self.position_id = message.position_id
        self.generation = message.generation
        self.source = message.source
        self.levels = message.levels
        self.is_live = True
        self.below: float | None = None
        """The highest level that fires at a price or lower; a fall meets it first."""
        self.above: float | None = None
        """The lowest level that fires at a price or higher."""
        self.stops_above: float | None = None
        """The lowest of those at which a rise must be published."""
        for level in message.levels:
            if level.is_above:
                self.above = _lower(self.above, level.price)
                if not level.follows:
                    self.stops_above = _lower(self.stops_above, level.price)
            else:
                self.below = level.price if self.below is None else max(self.below, level.price)


_Entry = tuple[float, int, _Registration]
"""Reach at which it fires, number of the registration (earlier first), the registration."""


class _Side:
    """The levels of one price source in one direction, the nearest on top.

    Its unit is the *reach*: a price above the market as it is, below the market negated; so on both
    sides a level is touched when its reach is at most the market's.
    """

    __slots__ = ("dead", "entries", "is_above")

    def __init__(self, *, is_above: bool) -> None:
        self.is_above = is_above
        self.entries: list[_Entry] = []
        self.dead = 0

    def price(self, registration: _Registration) -> float | None:
        """Return the registration's level on this side."""
        return registration.above if self.is_above else registration.below

    def add(self, registration: _Registration, number: int) -> None:
        price = self.price(registration)
        if price is not None:
            entry = (_reach(price, above=self.is_above), number, registration)
            heapq.heappush(self.entries, entry)

    def bury(self, registration: _Registration) -> None:
        """Count the entry of a registration that has just died."""
        if self.price(registration) is not None:
            self.dead += 1

    def clean(self) -> float:
        """Drop the dead from the top, and everywhere once they are the greater half.

        Return the reach of the nearest level; infinite where there is none.
        """
        entries = self.entries
        if self.dead * 2 > len(entries) > _SMALL:
            self.entries = entries = [entry for entry in entries if entry[2].is_live]
            heapq.heapify(entries)
            self.dead = 0
        while entries and not entries[0][2].is_live:
            heapq.heappop(entries)
            self.dead -= 1
        return entries[0][0] if entries else inf

    def pop_touched(self, price: float) -> Iterator[_Registration]:
        """Take out, nearest first, the live registrations that the market's price touches."""
        reach = price if self.is_above else -price
        while self.entries and self.entries[0][0] <= reach:
            registration = heapq.heappop(self.entries)[2]
            if registration.is_live:
                yield registration
            self.dead -= 1

    def first_met(self, start: float, end: float, *, is_walked: bool) -> float | None:
        """Return the nearest level beyond ``start`` and up to ``end``, prices of this source."""
        self.clean()
        if not self.entries:
            return None
        reach, _, top = self.entries[0]
        price = self._met(top, start, end, is_walked=is_walked)
        passes_on = is_walked and self.is_above and top.stops_above != top.above
        if not passes_on and (price is not None or reach > self._market_reach(start)):
            return price
        # The top needs no stop, or is touched already by a quote that was not used: look behind it.
        met = (
            self._met(entry[2], start, end, is_walked=is_walked)
            for entry in self.entries
            if entry[2].is_live
        )
        return (min if self.is_above else max)((p for p in met if p is not None), default=None)

    def _met(
        self, registration: _Registration, start: float, end: float, *, is_walked: bool
    ) -> float | None:
        price = self.price(registration)
        if is_walked and self.is_above:
            price = registration.stops_above
        if price is None:
            return None
        reach = _reach(price, above=self.is_above)
        is_met = self._market_reach(start) < reach <= self._market_reach(end)
        return price if is_met else None

    def _market_reach(self, price: float) -> float:
        return price if self.is_above else -price


class _Source:
    """Both directions of one price source."""

    __slots__ = ("above", "below", "source")

    def __init__(self, source: TriggerSource) -> None:
        self.source = source
        self.below = _Side(is_above=False)
        self.above = _Side(is_above=True)


class TriggerIndex:
    """The registrations of all positions on one symbol."""

    __slots__ = ("_latest", "_number", "_sources", "quiet_above", "quiet_below")

    def __init__(self) -> None:
        """Begin with nothing armed."""
        self._latest: dict[PositionId, _Registration] = {}
        self._sources = {source: _Source(source) for source in TriggerSource}
        self._number = 0
        self.quiet_below = -inf
        """Over this price, whatever its source, no level below the market is touched."""
        self.quiet_above = inf
        """Under this price no level above the market is touched."""

    def armed(self) -> list[Armed]:
        """Return the live registrations. From any thread."""
        return [
            Armed(
                position_id=r.position_id,
                generation=r.generation,
                source=r.source,
                levels=r.levels,
            )
            for r in list(self._latest.values())
            if r.is_live
        ]

    def __len__(self) -> int:
        """Count the live registrations."""
        return sum(registration.is_live for registration in self._latest.values())

    @property
    def size(self) -> int:
        """Count the entries of all heaps, dead ones included."""
        return sum(len(s.below.entries) + len(s.above.entries) for s in self._sources.values())

    def arm(self, message: ArmTriggers) -> bool:
        """Replace the position's registration; return False if a newer one is known."""
        latest = self._latest.get(message.position_id)
        if latest is not None:
            if message.generation < latest.generation:
                return False
            self._kill(latest)
        self._number += 1
        registration = self._latest[message.position_id] = _Registration(message)
        source = self._sources[message.source]
        source.below.add(registration, self._number)
        source.above.add(registration, self._number)
        self._settle()
        return True

    def disarm(self, position_id: PositionId, generation: int) -> bool:
        """Forget the position; return False if a newer registration is known."""
        latest = self._latest.get(position_id)
        if latest is None:
            return True
        if generation < latest.generation:
            return False
        self._kill(latest)
        del self._latest[position_id]
        self._settle()
        return True

    def touch(self, quote: Quote, *, conflated: bool = True) -> list[Fired]:
        """Fire what the quote touches, what lies below the market first, the nearest first.

        With ``conflated`` the extremes since the quote before count too, where it has them.
        """
        fired: list[Fired] = []
        for source in self._sources.values():
            if not source.below.entries and not source.above.entries:
                continue
            price = price_of(quote, source.source)
            lowest, highest = extremes(quote, source.source) if conflated else (price, price)
            touched = chain(source.below.pop_touched(lowest), source.above.pop_touched(highest))
            # One at a time: firing a registration kills its entry on the other side.
            fired.extend(self._fire(registration, lowest, highest) for registration in touched)
        self._settle()
        return fired

    def next_level(self, move: NextLevel, quote: Quote | None) -> float | None:
        """Return the ``last`` at which a move of it first meets a level.

        Bid and mid are taken to keep the ratio to ``last`` that they have in ``quote``.
        """
        start, end = move.start, move.end
        if start == end:
            return None
        is_up = end > start
        met = []
        for source in self._sources.values():
            side = source.above if is_up else source.below
            if side.entries:
                scale = price_of(quote, source.source) / quote.last if quote else 1.0
                price = side.first_met(start * scale, end * scale, is_walked=move.is_walked)
                if price is not None:
                    # The tolerance may put it a last digit beyond the end.
                    met.append(min(price / scale, end) if is_up else max(price / scale, end))
        return (min if is_up else max)(met, default=None)

    def _fire(self, registration: _Registration, lowest: float, highest: float) -> Fired:
        self._kill(registration)
        touched = [
            level.name for level in registration.levels if _is_touched(level, lowest, highest)
        ]
        touched.sort(key=_URGENCY.__getitem__)
        return Fired(registration.position_id, registration.generation, tuple(touched))

    def _kill(self, registration: _Registration) -> None:
        if registration.is_live:
            registration.is_live = False
            source = self._sources[registration.source]
            source.below.bury(registration)
            source.above.bury(registration)

    def _settle(self) -> None:
        """Clean the heaps and set the quiet band anew."""
        below, above = inf, inf
        for source in self._sources.values():
            if source.below.entries:
                below = min(below, source.below.clean())
            if source.above.entries:
                above = min(above, source.above.clean())
        self.quiet_below, self.quiet_above = -below, above


def _lower(known: float | None, price: float) -> float:
    return price if known is None else min(known, price)


def _reach(price: float, *, above: bool) -> float:
    return (price if above else -price) - price * TOLERANCE_RATIO


def _is_touched(level: Level, lowest: float, highest: float) -> bool:
    reach = _reach(level.price, above=level.is_above)
    return reach <= (highest if level.is_above else -lowest)
