"""A plan whose levels the market's ticks move far away: refused by check, replay and a session."""

from pathlib import Path

import pytest

from config.loading import load
from replay.stage import look_at
from session.paper import check_market
from terminal.errors import UsageError

COARSE = """timestamp,open,high,low,close,volume
1640995200000,2,3,1,2,100
1640995260000,2,3,1,2,100
1640995320000,2,2,1,2,100
"""


def test_a_check_names_the_level_and_its_numbers() -> None:
    settings = load(None, ['drop.symbols=["BTC/USDT"]', "plan.stop_loss_ratio=0.00000001"])
    with pytest.raises(UsageError, match=r"plan\.stop_loss_ratio lies .* % from the price"):
        check_market(settings)


def test_the_defaults_can_be_had_on_the_embedded_market() -> None:
    check_market(load(None, []))


def recording(folder: Path) -> Path:
    path = folder / "COARSE-USDT-1m.csv"
    path.write_text(COARSE)
    return path


def test_a_replay_of_a_market_whose_tick_is_half_of_the_price_is_refused(
    tmp_path: Path,
) -> None:
    settings = load(None, ["plan.stop_loss_ratio=2%"])
    with pytest.raises(UsageError, match=r"a tick of COARSE/USDT is 1 \(50 %\)"):
        look_at((recording(tmp_path),), None, settings)


def test_it_is_played_with_a_plan_that_its_ticks_can_have(tmp_path: Path) -> None:
    plan = ("plan.stop_loss_ratio=50%", "plan.take_profit_ratio=50%")
    settings = load(None, [*plan, "plan.protection_mode=synthetic"])
    assert look_at((recording(tmp_path),), None, settings).scenes
