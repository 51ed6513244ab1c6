"""Exits of a replay, each with how an independent reckoning of the path finds it.

A case is a plan as a person types it, a few hourly candles, and a small function that reckons from
the path alone when, at which price and why the position leaves. It enters at ``T0``, at 100.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.replay.oracle import (
    Expected,
    Hit,
    Point,
    highest,
    in_ticks,
    price_at,
    reaches,
    to_tick,
)
from tests.replay.scene import BEGIN, HOUR, Bar

T0 = BEGIN + HOUR - 1
"""The end of the first candle: the entry, at 100."""
FLAT: Bar = ("100", "100", "100", "100")
SWINGS = [FLAT, *[("100", "101", "99", "100")] * 6]
RISES = [
    FLAT,
    ("100", "104", "99", "103"),
    ("103", "110", "102", "109"),
    ("109", "112", "90", "91"),
]
FALLS = [FLAT, ("100", "101", "97", "98"), ("98", "99", "90", "92"), ("92", "95", "85", "94")]
ROUND = [FLAT, ("100", "106", "98", "104"), ("104", "105", "95", "96"), ("96", "99", "94", "98")]
JUMPS_DOWN = [FLAT, ("100", "101", "99", "100"), ("93", "94", "91", "92"), ("92", "93", "91", "92")]
JUMPS_UP = [FLAT, ("100", "101", "99", "100"), ("107", "109", "106", "108"), FLAT]

Reckons = Callable[[list[Point]], Expected | None]


class Case(NamedTuple):
    """A plan, the candles, and how the exit is reckoned."""

    name: str
    bars: Sequence[Bar]
    plan: tuple[str, ...]
    reckons: Reckons


CASES: list[Case] = []


def case(bars: Sequence[Bar], *plan: str) -> Callable[[Reckons], Reckons]:
    def add(reckons: Reckons) -> Reckons:
        CASES.append(Case(reckons.__name__.strip("_"), bars, plan, reckons))
        return reckons

    return add


def market(hit: Hit) -> Hit:
    return Hit(hit.at, to_tick(hit.price))


def sold_at(points: list[Point], at: int) -> Hit:
    """By a market order at that moment."""
    return Hit(Fraction(at), to_tick(price_at(points, at)))


def earliest(*found: tuple[Hit | None, str]) -> Expected | None:
    hits = [(hit, cause) for hit, cause in found if hit is not None]
    return min(hits, key=lambda one: one[0].at, default=None)


# A target, a stop, or both


@case(RISES, "plan.take_profit_ratio=5%")
def a_target_that_rests(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(105), T0, up=True), "take_profit"))


@case(RISES, "plan.take_profit_ratio=5%", "plan.protection_mode=triggers")
def a_target_that_is_watched(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(105), T0, up=True), "take_profit"))


@case(JUMPS_UP, "plan.take_profit_ratio=5%")
def a_jump_over_the_target(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(105), T0, up=True), "take_profit"))


@case(FALLS, "plan.stop_loss_ratio=3.333%")
def a_stop_that_is_watched(points: list[Point]) -> Expected | None:
    stop = in_ticks(Fraction(100) * (1 - Fraction("0.03333")), up=False)
    return earliest((reaches(points, stop, T0, up=False), "stop_loss"))


@case(FALLS, "plan.stop_loss_ratio=5%", "plan.protection_mode=stop_rests")
def a_stop_that_rests(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(95), T0, up=False), "stop_loss"))


@case(JUMPS_DOWN, "plan.stop_loss_ratio=5%")
def a_jump_over_the_stop(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(95), T0, up=False), "stop_loss"))


@case(JUMPS_DOWN, "plan.stop_loss_ratio=5%", "plan.protection_mode=stop_rests")
def a_jump_over_a_stop_that_rests(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(95), T0, up=False), "stop_loss"))


@case(ROUND, "plan.take_profit_ratio=5.5%", "plan.stop_loss_ratio=1.5%")
def target_or_stop_whichever_is_first(points: list[Point]) -> Expected | None:
    return earliest(
        (reaches(points, Fraction("105.5"), T0, up=True), "take_profit"),
        (reaches(points, Fraction("98.5"), T0, up=False), "stop_loss"),
    )


# A time limit


def at_age(hours: str) -> int:
    return T0 + int(Fraction(hours) * HOUR)


@case(SWINGS, "plan.time_limit_seconds=7200")
def a_time_limit_at_a_recorded_point(points: list[Point]) -> Expected | None:
    return sold_at(points, at_age("2")), "time_limit"


@case(SWINGS, "plan.time_limit_seconds=7200.001")
def a_time_limit_at_an_open(points: list[Point]) -> Expected | None:
    return sold_at(points, at_age("2") + 1), "time_limit"


@case(RISES, "plan.time_limit_seconds=4500")
def a_time_limit_on_the_way_down_or_up(points: list[Point]) -> Expected | None:
    return sold_at(points, at_age("1.25")), "time_limit"


@case(RISES, "plan.time_limit_seconds=9000", "plan.stop_loss_ratio=20%")
def a_time_limit_between_the_extremes(points: list[Point]) -> Expected | None:
    return sold_at(points, at_age("2.5")), "time_limit"


@case(ROUND, "plan.time_limit_seconds=4500", "plan.stop_loss_ratio=4%", "plan.take_profit_ratio=9%")
def a_time_limit_before_the_stop(points: list[Point]) -> Expected | None:
    return earliest(
        (sold_at(points, at_age("1.25")), "time_limit"),
        (reaches(points, Fraction(96), T0, up=False), "stop_loss"),
    )


@case(RISES, "plan.time_limit_seconds=3600", "paper.latency_seconds=7")
def a_slow_sale_at_the_time_limit(points: list[Point]) -> Expected | None:
    # The entry takes 7 s to the venue, its fill 7 s back, and the sale 7 s to the venue.
    return sold_at(points, T0 + 14_000 + HOUR + 7_000), "time_limit"


# A target that falls with age


def aged(points: list[Point], *targets: tuple[str, str]) -> Hit | None:
    """The earliest moment at which the price is at the target of that age."""
    ages = [*(at_age(hours) for hours, _ in targets), points[-1].at + 1]
    for (_, price), begin, end in zip(targets, ages, ages[1:], strict=False):
        hit = reaches(points, Fraction(price), begin, up=True)
        if hit is not None and hit.at < end:
            return market(hit)
    return None


@case(
    RISES,
    "plan.take_profit_ratio=9%",
    "plan.take_profit_by_age=[{after_seconds=600,take_profit_ratio=0.02}]",
)
def a_target_falls_before_the_price_rises_to_it(points: list[Point]) -> Expected | None:
    return earliest((aged(points, ("0", "109"), ("1/6", "102")), "take_profit"))


@case(
    ROUND,
    "plan.take_profit_ratio=9%",
    "plan.take_profit_by_age=[{after_seconds=2700,take_profit_ratio=0.02}]",
)
def a_target_falls_under_the_price(points: list[Point]) -> Expected | None:
    return earliest((aged(points, ("0", "109"), ("3/4", "102")), "take_profit"))


@case(
    ROUND,
    "plan.protection_mode=triggers",
    "plan.take_profit_ratio=9%",
    "plan.take_profit_by_age=[{after_seconds=2700,take_profit_ratio=0.02}]",
)
def a_watched_target_falls_under_the_price(points: list[Point]) -> Expected | None:
    return earliest((aged(points, ("0", "109"), ("3/4", "102")), "take_profit"))


@case(
    ROUND,
    "plan.take_profit_ratio=9%",
    "plan.take_profit_by_age=[{after_seconds=900,take_profit_ratio=0.07},"
    "{after_seconds=4000,take_profit_ratio=0.01},{after_seconds=7000,take_profit_ratio=-0.03}]",
)
def a_target_falls_three_times(points: list[Point]) -> Expected | None:
    ages = ("0", "109"), ("1/4", "107"), ("10/9", "101"), ("35/18", "97")
    return earliest((aged(points, *ages), "take_profit"))


@case(
    FALLS,
    "plan.stop_loss_ratio=6%",
    "plan.take_profit_by_age=[{after_seconds=5400,take_profit_ratio=-0.05}]",
)
def a_target_under_the_entry_on_the_way_down(points: list[Point]) -> Expected | None:
    return earliest(
        (aged(points, ("3/2", "95")), "take_profit"),
        (reaches(points, Fraction(94), T0, up=False), "stop_loss"),
    )


# A stop that follows


def trails(points: list[Point], activation: str, distance: str) -> Hit | None:
    """A stop under the highest price since the entry, looked at along each leg: a tick's step."""
    active = reaches(points, Fraction(activation), T0, up=True)
    if active is None:
        return None
    at = active.at
    for point in (p for p in points if p.at > active.at):
        top_price = highest(points, T0, at)
        stop = in_ticks(top_price * (1 - Fraction(distance)), up=False)
        hit = reaches(points, stop, at, up=False)
        if hit is not None and hit.at <= point.at:
            return hit
        at = Fraction(point.at)
    return None


@case(
    RISES,
    "plan.trailing={activation_ratio=0.02,distance_ratio=0.05,step_ratio=0}",
)
def a_stop_follows_every_high(points: list[Point]) -> Expected | None:
    return earliest((trails(points, "102", "0.05"), "trailing_stop"))


@case(
    ROUND,
    "plan.trailing={activation_ratio=0.01,distance_ratio=0.015,step_ratio=0}",
    "plan.stop_loss_ratio=3%",
)
def a_stop_follows_or_stops(points: list[Point]) -> Expected | None:
    return earliest(
        (trails(points, "101", "0.015"), "trailing_stop"),
        (reaches(points, Fraction(97), T0, up=False), "stop_loss"),
    )


@case(
    RISES,
    "plan.protection_mode=stop_rests",
    "plan.stop_loss_ratio=9%",
    "plan.trailing={activation_ratio=0.02,distance_ratio=0.05,step_ratio=0}",
)
def a_stop_that_rests_follows_every_high(points: list[Point]) -> Expected | None:
    return earliest(
        (trails(points, "102", "0.05"), "trailing_stop"),
        (reaches(points, Fraction(91), T0, up=False), "stop_loss"),
    )


@case(
    RISES,
    "plan.trailing={activation_ratio=0.02,distance_ratio=0.05,step_ratio=0.03}",
)
def a_stop_follows_in_steps(points: list[Point]) -> Expected | None:
    best: Hit | None = None
    step = Fraction(102)
    top: Fraction | None = None
    at = Fraction(T0)
    while (hit := reaches(points, step, at, up=True)) is not None:
        fall = (
            None
            if top is None
            else reaches(points, in_ticks(top * Fraction("0.95"), up=False), at, up=False)
        )
        if fall is not None and fall.at < hit.at:
            break
        at, top = hit.at, hit.price
        step = in_ticks(top * Fraction("1.03"), up=True)
    if top is not None:
        best = reaches(points, in_ticks(top * Fraction("0.95"), up=False), at, up=False)
    return earliest((best, "trailing_stop"))


@case(ROUND, "plan.break_even_at_ratio=3%", "plan.stop_loss_ratio=4%")
def a_stop_moves_to_the_entry(points: list[Point]) -> Expected | None:
    reached = reaches(points, Fraction(103), T0, up=True)
    stop = reaches(points, Fraction(96), T0, up=False)
    if reached is None or (stop is not None and stop.at < reached.at):
        return earliest((stop, "stop_loss"))
    return earliest((reaches(points, Fraction(100), reached.at, up=False), "break_even"))


@case(
    ROUND,
    "plan.break_even_at_ratio=3%",
    "plan.take_profit_by_age=[{after_seconds=5400,take_profit_ratio=0.001}]",
)
def a_stop_at_the_entry_or_an_aged_target(points: list[Point]) -> Expected | None:
    reached = reaches(points, Fraction(103), T0, up=True)
    even = None if reached is None else reaches(points, Fraction(100), reached.at, up=False)
    return earliest((even, "break_even"), (aged(points, ("3/2", "100.1")), "take_profit"))


# Ladders, which wait


@case(
    FALLS,
    "plan.stop_loss_ratio=3%",
    "plan.exit_ladder=[{type='limit',offset_ratio=-0.02,wait_seconds=600},{type='market'}]",
)
def a_rung_waits_and_the_market_takes_the_rest(points: list[Point]) -> Expected | None:
    touched = reaches(points, Fraction(97), T0, up=False)
    assert touched is not None
    began = int(touched.at)
    limit = in_ticks(Fraction(97) * Fraction("1.02"), up=False)
    filled = reaches(points, limit, began, up=True)
    ends = began + 600_000
    if filled is not None and filled.at < ends:
        return Hit(filled.at, limit), "stop_loss"
    return sold_at(points, ends), "stop_loss"


@case(
    SWINGS,
    "plan.time_limit_seconds=5000",
    "plan.exit_ladder=[{type='limit',offset_ratio=-0.005,wait_seconds=300},"
    "{type='limit',offset_ratio=-0.003,wait_seconds=1500},{type='market'}]",
    "plan.stop_rung=2",
)
def two_rungs_wait_after_the_time_limit(points: list[Point]) -> Expected | None:
    at = at_age("25/18")
    for offset, wait in (("1.005", 300_000), ("1.003", 1_500_000)):
        limit = in_ticks(to_tick(price_at(points, at)) * Fraction(offset), up=False)
        filled = reaches(points, limit, at, up=True)
        if filled is not None and filled.at < at + wait:
            return Hit(filled.at, limit), "time_limit"
        at += wait
    return sold_at(points, at), "time_limit"


@case(
    FALLS,
    "plan.protection_mode=stop_rests",
    "plan.stop_loss_ratio=3%",
    "plan.stop_limit_offset_ratio=0",
    "plan.stop_fill_seconds=120",
)
def a_stop_limit_fills_where_the_path_crosses_it(points: list[Point]) -> Expected | None:
    return earliest((reaches(points, Fraction(97), T0, up=False), "stop_loss"))


@case(
    JUMPS_DOWN,
    "plan.protection_mode=stop_rests",
    "plan.stop_loss_ratio=3%",
    "plan.stop_limit_offset_ratio=0",
    "plan.stop_fill_seconds=120",
)
def a_stop_limit_that_was_jumped_over_gives_way(points: list[Point]) -> Expected | None:
    touched = reaches(points, Fraction(97), T0, up=False)
    assert touched is not None
    return sold_at(points, int(touched.at) + 120_000), "stop_loss"
