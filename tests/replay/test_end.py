"""How a replay ends: what is open is sold at the last price, and what is left says so."""

from decimal import Decimal
from pathlib import Path

import pytest

from config.settings import CandlePath
from messages.base import Symbol
from tests.replay.scene import BEGIN, HOUR, EntersAt, candle_file, play

ABC = Symbol("ABC/USDT")
TICK = 'market."ABC/USDT".tick_size=0.01'
BARS = {
    0: ("100", "100", "100", "100"),
    1: ("100", "102", "99", "101"),
    2: ("101", "103", "100", "102.5"),
}
END = BEGIN + 3 * HOUR - 1

WAYS = {
    "plain": (),
    "slow": ("paper.latency_seconds=3",),
    "patient": (
        "plan.exit_ladder=[{type='limit',offset_ratio=-0.05,wait_seconds=300},{type='market'}]",
        "plan.stop_rung=1",
    ),
    "with a target": ("plan.take_profit_ratio=50%",),
    "with a stop": ("plan.stop_loss_ratio=50%", "plan.protection_mode=stop_rests"),
    "slow with a stop": (
        "plan.stop_loss_ratio=50%",
        "plan.protection_mode=stop_rests",
        "paper.latency_seconds=3",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_open_is_sold_at_the_last_price(way: str, tmp_path: Path) -> None:
    file = candle_file(tmp_path, "ABC/USDT", BARS)
    played = play([file], CandlePath.LOW_FIRST, lambda: EntersAt({ABC: (0,)}), TICK, *WAYS[way])
    (trade,) = played.report.trades
    assert (trade.cause.value, trade.exit_price) == ("end_of_recording", Decimal("102.5"))
    assert played.summary.open_positions == 0
    assert END <= trade.closed_at <= END + 60_000


def test_a_thin_book_is_sold_into_bit_by_bit(tmp_path: Path) -> None:
    file = candle_file(tmp_path, "ABC/USDT", BARS)
    rules = 'market."ABC/USDT"={tick_size=0.01,depth_quantity=0.9}'
    played = play([file], CandlePath.LOW_FIRST, lambda: EntersAt({ABC: (0,)}), rules)
    (trade,) = played.report.trades
    assert played.summary.open_positions == 0
    assert trade.cause.value == "end_of_recording"
    assert Decimal("102.4") < (trade.exit_price or 0) < Decimal("102.5")


def test_the_time_that_an_open_position_was_not_covered_is_in_the_summary(tmp_path: Path) -> None:
    """No stop, so nothing covers it from its entry to the end; it is not sold."""
    file = candle_file(tmp_path, "ABC/USDT", BARS)
    played = play(
        [file],
        CandlePath.LOW_FIRST,
        lambda: EntersAt({ABC: (0,)}),
        TICK,
        "replay.close_at_end=false",
        "plan.take_profit_ratio=50%",
    )
    assert played.summary.open_positions == 1
    assert played.summary.unprotected_ms == {"opening": 2 * HOUR}
    assert played.summary.trades == 0
    assert played.summary.account_trades == 0


def test_the_days_loss_limit_ends_with_the_day(tmp_path: Path) -> None:
    """A loss of 2 % an hour, and a limit that one trade reaches: one trade a day, each day."""
    hours = 5 * 24
    bars = dict.fromkeys(range(1, hours), ("100", "100", "97", "100")) | {0: BARS[0]}
    file = candle_file(tmp_path, "ABC/USDT", bars)
    limit = ("plan.stop_loss_ratio=2%", "portfolio.daily_loss_limit=15")
    every = EntersAt({ABC: range(hours)})
    played = play([file], CandlePath.LOW_FIRST, lambda: every, TICK, *limit)
    days = [(trade.closed_at - BEGIN) // (24 * HOUR) for trade in played.report.trades]
    assert days == [0, 1, 2, 3, 4]
    assert played.summary.alarms == {"daily_loss_limit": 5}
    assert played.summary.refusals.keys() <= {"not_active", "daily_loss_limit"}
