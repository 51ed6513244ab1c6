"""A replay beside an independent reckoning: any candles and plans, holes, cooldowns, entries that
wait, several markets.
"""

import random
from fractions import Fraction
from pathlib import Path

import pytest

from actors.runtime.dispatcher import ProductionDispatcher
from config.settings import CandlePath
from messages.base import Symbol
from tests.replay import oracle
from tests.replay.exit_cases import FLAT, T0, at_age, earliest, market, sold_at
from tests.replay.oracle import (
    Expected,
    Hit,
    Point,
    check,
    in_ticks,
    price_at,
    reaches,
    to_tick,
)
from tests.replay.scene import (
    BEGIN,
    HOUR,
    Bar,
    EntersAt,
    candle_file,
    play,
    played_bars,
)

ABC = Symbol("ABC/USDT")
TICK = 'market."ABC/USDT".tick_size=0.01'


def whole_plan(
    points: list[Point], ages: list[tuple[int, str]], stop: str, limit: int
) -> Expected | None:
    """Target by age, stop and time limit, whichever is first; at one moment, in this order."""
    first = earliest(
        (reaches(points, Fraction(stop), T0, up=False), "stop_loss"),
        (sold_at(points, T0 + limit), "time_limit") if T0 + limit <= points[-1].at else (None, ""),
    )
    ends = [*(T0 + age for age, _ in ages[1:]), points[-1].at + 1]
    for (age, price), end in zip(ages, ends, strict=True):
        hit = reaches(points, Fraction(price), T0 + age, up=True)
        if hit is not None and hit.at < end and (first is None or hit.at < first[0].at):
            return market(hit), "take_profit"
    return first


def random_bars(chance: random.Random) -> list[Bar]:
    bars, price = [FLAT], 10_000
    for _ in range(6):
        opened = price + chance.choice((0, 0, 0, chance.randint(-150, 150)))
        price = opened + chance.randint(-200, 200)
        high = max(opened, price) + chance.randint(0, 150)
        low = min(opened, price) - chance.randint(0, 150)
        bars.append(tuple(f"{cents / 100:.2f}" for cents in (opened, high, low, price)))  # type: ignore[arg-type]
    return bars


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("seed", range(40))
def test_any_candles_and_any_plan(seed: int, path: CandlePath, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - candles that can be repeated
    bars = random_bars(chance)
    later = sorted(chance.sample(range(60, 5 * 3600), 2))
    ratios = [Fraction(chance.randint(100, 400), 10_000), Fraction(chance.randint(0, 150), 10_000)]
    ratios.append(Fraction(chance.randint(-150, 50), 10_000))
    stop = Fraction(chance.randint(100, 400), 10_000)
    limit = chance.randint(3600, 6 * 3600)
    plan = (
        f"plan.protection_mode={chance.choice(('synthetic', 'triggers'))}",
        f"plan.take_profit_ratio={float(ratios[0])}",
        f"plan.stop_loss_ratio={float(stop)}",
        f"plan.time_limit_seconds={limit}",
        "plan.take_profit_by_age=["
        + ",".join(
            f"{{after_seconds={at},take_profit_ratio={float(ratio)}}}"
            for at, ratio in zip(later, ratios[1:], strict=True)
        )
        + "]",
    )
    points = oracle.points_of(
        dict(enumerate(bars)), low_first=path is CandlePath.LOW_FIRST, begin=BEGIN
    )
    ages = [
        (at * 1000, str(100 * (1 + ratio))) for at, ratio in zip((0, *later), ratios, strict=True)
    ]
    expected = whole_plan(points, ages, str(100 * (1 - stop)), limit * 1000)
    check(played_bars(tmp_path, bars, path, *plan), expected, points[-1])


@pytest.mark.parametrize("path", list(CandlePath))
def test_in_a_hole_the_price_stands_until_the_next_candle(path: CandlePath, tmp_path: Path) -> None:
    bars = {0: FLAT, 1: ("100", "101", "99", "100.5"), 3: ("104", "108", "103", "107"), 4: FLAT}
    points = oracle.points_of(bars, low_first=path is CandlePath.LOW_FIRST, begin=BEGIN)
    file = candle_file(tmp_path, "ABC/USDT", bars)
    for limit in ("1.5", "2", "2.25"):
        played = play(
            [file],
            path,
            lambda: EntersAt({ABC: (0,)}),
            TICK,
            f"plan.time_limit_seconds={float(Fraction(limit) * 3600)}",
        )
        check(played.report.trades, (sold_at(points, at_age(limit)), "time_limit"), points[-1])


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("cooldown", [0, 1, 3599, 3600, 3601, 7200, 9000])
def test_the_next_entry_is_at_the_first_candle_after_the_cooldown(
    cooldown: int, path: CandlePath, tmp_path: Path
) -> None:
    bars = [FLAT, *[("100", "101", "99", "100")] * 11]
    file = candle_file(tmp_path, "ABC/USDT", dict(enumerate(bars)))
    played = play(
        [file],
        path,
        lambda: EntersAt({ABC: range(12)}),
        TICK,
        "plan.time_limit_seconds=4000",
        f"portfolio.cooldown_seconds={cooldown}",
    )
    expected, at = [], T0
    ends = BEGIN + 12 * HOUR - 1
    while at <= ends:
        expected.append(at)
        free = min(at + 4_000_000, ends) + cooldown * 1000
        at += HOUR
        while at < free or at < expected[-1] + 4_000_000:
            at += HOUR
    assert [trade.entered_at for trade in played.report.trades] == expected


LADDER = (
    "plan.entry_ladder=[{type='limit',offset_ratio=-0.004,wait_seconds=900},"
    "{type='limit',offset_ratio=-0.002,wait_seconds=1200},{type='market'}]"
)


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("deadline", [20_000, 2_000, 600])
@pytest.mark.parametrize("low", ["99.9", "99.7", "99"])
def test_an_entry_waits_on_each_rung_and_then_buys_at_the_price_of_that_moment(
    low: str, deadline: int, path: CandlePath, tmp_path: Path
) -> None:
    bars = [FLAT, ("100", "101", low, "100.4"), ("100.4", "101", "100", "100")]
    points = oracle.points_of(
        dict(enumerate(bars)), low_first=path is CandlePath.LOW_FIRST, begin=BEGIN
    )
    trades = played_bars(tmp_path, bars, path, LADDER, f"plan.entry_deadline_seconds={deadline}")
    expected = bought(points, T0 + deadline * 1000)
    assert len(trades) == (expected is not None)
    for trade in trades:
        assert expected is not None
        assert Fraction(trade.entry_price) == expected.price
        assert abs(trade.entered_at - expected.at) <= 1


def bought(points: list[Point], deadline: int) -> Hit | None:
    at = T0
    for offset, wait in ((Fraction("0.996"), 900_000), (Fraction("0.998"), 1_200_000)):
        limit = in_ticks(to_tick(price_at(points, at)) * offset, up=True)
        ends = min(at + wait, deadline)
        filled = reaches(points, limit, at, up=False)
        if filled is not None and filled.at < ends:
            return Hit(filled.at, limit)
        if ends == deadline:
            return None
        at += wait
    return sold_at(points, at)


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("limit", ["7200", "5000", "8000.5"])
def test_at_a_deadline_every_market_stands_at_its_own_price_of_that_moment(
    limit: str, path: CandlePath, tmp_path: Path
) -> None:
    """The one whose recording is read first is no further than the other."""
    of = {
        "ABC/USDT": [FLAT, *[("100", "101", "99", "100")] * 3],
        "XYZ/USDT": [FLAT, ("100", "106", "97", "103"), ("103", "104", "90", "95"), FLAT],
        "QUI/USDT": [FLAT, ("100", "100.01", "99.99", "100"), ("100", "102", "97", "98"), FLAT],
    }
    files = [candle_file(tmp_path, name, dict(enumerate(bars))) for name, bars in of.items()]
    rules = [f'market."{name}".tick_size=0.01' for name in of]
    enters = {Symbol(name): (0,) for name in of}
    played = play(files, path, lambda: EntersAt(enters), *rules, f"plan.time_limit_seconds={limit}")
    assert len(played.report.trades) == len(of)
    for trade in played.report.trades:
        bars = dict(enumerate(of[trade.symbol]))
        points = oracle.points_of(bars, low_first=path is CandlePath.LOW_FIRST, begin=BEGIN)
        expected = sold_at(points, T0 + int(Fraction(limit) * 1000)), "time_limit"
        check([trade], expected, points[-1])


@pytest.mark.parametrize("path", list(CandlePath))
def test_the_same_recording_has_the_same_hash_and_both_dispatchers_agree(
    path: CandlePath, tmp_path: Path
) -> None:
    bars = dict(enumerate(random_bars(random.Random(7)) * 3))  # noqa: S311 - as above
    files = [candle_file(tmp_path, name, bars) for name in ("ABC/USDT", "XYZ/USDT")]
    enters = {Symbol("ABC/USDT"): range(30), Symbol("XYZ/USDT"): range(1, 30)}
    overrides = (
        *(f'market."{name}".tick_size=0.01' for name in enters),
        "plan.time_limit_seconds=4000",
        "plan.stop_loss_ratio=1%",
        "plan.take_profit_ratio=2%",
        "plan.take_profit_by_age=[{after_seconds=1000,take_profit_ratio=0.005}]",
    )
    first, again = (play(files, path, lambda: EntersAt(enters), *overrides) for _ in range(2))
    assert first.summary == again.summary
    assert len(first.report.trades) > 10
    threads = play(
        files, path, lambda: EntersAt(enters), *overrides, new_dispatcher=ProductionDispatcher
    )
    assert threads.report.trades == first.report.trades


# A slow stage: what is asked for takes time to the venue, and its answer back.

SLOW = 7_000
"""Each way, ms; an order's answer comes within the router's limit."""
SLOWLY = f"paper.latency_seconds={SLOW // 1000}"
RISING: list[Bar] = [FLAT, ("100", "104", "99", "103"), ("103", "110", "102", "109"), FLAT]


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("age", [600, 2_700, 4_000])
@pytest.mark.parametrize("ratio", ["0.001", "0.02", "0.05"])
def test_a_slow_target_fills_where_the_price_is_once_it_is_there(
    ratio: str, age: int, path: CandlePath, tmp_path: Path
) -> None:
    """Its age counts from when the fill of the entry is told; then the order takes its way."""
    trades = played_bars(
        tmp_path,
        RISING,
        path,
        SLOWLY,
        f"plan.take_profit_by_age=[{{after_seconds={age},take_profit_ratio={ratio}}}]",
    )
    points = oracle.points_of(
        dict(enumerate(RISING)), low_first=path is CandlePath.LOW_FIRST, begin=BEGIN
    )
    (trade,) = trades
    there = T0 + 2 * SLOW + age * 1000 + SLOW
    target = in_ticks(Fraction(trade.entry_price) * (1 + Fraction(ratio)), up=True)
    hit = reaches(points, target, there, up=True)
    assert trade.entered_at == T0 + 2 * SLOW
    check(trades, earliest((market(hit) if hit else None, "take_profit")), points[-1], SLOW)


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("cooldown", [0, 3_550, 3_580, 3_587, 7_200])
def test_a_cooldown_counts_from_when_the_slow_sale_is_told(
    cooldown: int, path: CandlePath, tmp_path: Path
) -> None:
    file = candle_file(
        tmp_path, "ABC/USDT", dict(enumerate([FLAT, *[("100", "101", "99", "100")] * 11]))
    )
    played = play(
        [file],
        path,
        lambda: EntersAt({ABC: range(12)}),
        *(TICK, SLOWLY, "plan.time_limit_seconds=3600"),
        f"portfolio.cooldown_seconds={cooldown}",
    )
    expected, asked = [], T0
    while asked <= BEGIN + 12 * HOUR - 1:
        expected.append(asked + 2 * SLOW)
        free = asked + 2 * SLOW + HOUR + 2 * SLOW + cooldown * 1000
        asked += HOUR
        while asked < free:
            asked += HOUR
    assert [trade.entered_at for trade in played.report.trades] == expected


@pytest.mark.parametrize("path", list(CandlePath))
def test_a_slow_cancel_holds_up_the_next_rung(path: CandlePath, tmp_path: Path) -> None:
    """The rung waits from its ack; its cancel and the next order take three ways to the venue."""
    wait = 600_000
    ladder = (
        f"plan.exit_ladder=[{{type='limit',offset_ratio=-0.09,wait_seconds={wait // 1000}}},"
        "{type='market'}]"
    )
    trades = played_bars(tmp_path, RISING, path, SLOWLY, "plan.time_limit_seconds=2000", ladder)
    points = oracle.points_of(
        dict(enumerate(RISING)), low_first=path is CandlePath.LOW_FIRST, begin=BEGIN
    )
    acked = T0 + 2 * SLOW + 2_000_000 + 2 * SLOW
    sold = acked + wait + 3 * SLOW
    check(trades, (sold_at(points, sold), "time_limit"), points[-1], SLOW)
