"""Where a price is and when it gets somewhere, by fractions: uses nothing of the product.

A path is a list of points; between two of them the price moves in a straight line, but for a jump,
which holds the old price until then. Exact: no float, no clock, no order.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from actors.observers.trades import Trade

HOUR = 3_600_000


class Point(NamedTuple):
    """A recorded moment."""

    at: int
    price: Fraction
    jumps: bool


class Hit(NamedTuple):
    """When a price is traded, and at which."""

    at: Fraction
    price: Fraction


def points_of(bars: Mapping[int, Sequence[str]], *, low_first: bool, begin: int) -> list[Point]:
    """Walk hourly bars by number: open, the two extremes, close 1 ms before the end."""
    points = []
    for number, bar in sorted(bars.items()):
        opened, high, low, close = map(Fraction, bar)
        start = begin + number * HOUR
        second, third = (low, high) if low_first else (high, low)
        points += [
            Point(start, opened, jumps=True),
            Point(start + HOUR // 3, second, jumps=False),
            Point(start + HOUR * 2 // 3, third, jumps=False),
            Point(start + HOUR - 1, close, jumps=False),
        ]
    return points


def price_at(points: Sequence[Point], at: Fraction | int) -> Fraction:
    """Return the price at a moment of the path, or its last one."""
    before = points[0]
    for point in points:
        if point.at > at:
            if point.jumps:
                return before.price
            share = Fraction(at - before.at) / (point.at - before.at)
            return before.price + (point.price - before.price) * share
        before = point
    return before.price


def reaches(
    points: Sequence[Point], level: Fraction, after: Fraction | int, *, up: bool
) -> Hit | None:
    """Return when the price first is at ``level`` or beyond, from ``after`` on."""
    sign = 1 if up else -1

    def is_there(price: Fraction) -> bool:
        return sign * price >= sign * level

    now = price_at(points, after)
    if is_there(now):
        return Hit(Fraction(after), now)
    at = Fraction(after)
    for point in points:
        if point.at <= after:
            continue
        if is_there(point.price):
            if point.jumps:
                return Hit(Fraction(point.at), point.price)
            share = (level - now) / (point.price - now)
            return Hit(at + (point.at - at) * share, level)
        at, now = Fraction(point.at), point.price
    return None


def highest(points: Sequence[Point], after: int, until: Fraction | int) -> Fraction:
    """Return the highest price from ``after`` to ``until``."""
    between = [point.price for point in points if after <= point.at <= until]
    return max([price_at(points, after), price_at(points, until), *between])


def in_ticks(price: Fraction, *, up: bool) -> Fraction:
    """Round to the tick of 0.01."""
    cents = price * 100
    whole = (
        -((-cents.numerator) // cents.denominator) if up else cents.numerator // cents.denominator
    )
    return Fraction(whole, 100)


def to_tick(price: Fraction) -> Fraction:
    """Round to the nearest tick of 0.01, half even: what a market order gets at this price."""
    return Fraction(round(price * 100), 100)


Expected = tuple[Hit, str]
"""When and at which price a position leaves, and why."""


def check(
    trades: list[Trade], expected: Expected | None, last: Point, told_after_ms: int = 0
) -> None:
    (trade,) = trades
    hit, cause = expected or (Hit(Fraction(last.at), last.price), "end_of_recording")
    assert (trade.cause.value, Fraction(trade.exit_price or 0)) == (cause, hit.price)
    assert abs(trade.closed_at - told_after_ms - hit.at) <= 1
