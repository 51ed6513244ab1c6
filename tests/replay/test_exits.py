"""Every exit of a replay is where an independent reckoning of the same path says it is.

Both candle paths; price and cause must be equal, the time to the millisecond that a walk rounds
away.
"""

from pathlib import Path

import pytest

from config.settings import CandlePath
from tests.replay import oracle
from tests.replay.exit_cases import CASES, Case
from tests.replay.oracle import check
from tests.replay.scene import BEGIN, played_bars


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_a_position_leaves_when_and_where_the_path_says(
    one: Case, path: CandlePath, tmp_path: Path
) -> None:
    bars = dict(enumerate(one.bars))
    points = oracle.points_of(bars, low_first=path is CandlePath.LOW_FIRST, begin=BEGIN)
    trades = played_bars(tmp_path, one.bars, path, *one.plan)
    check(trades, one.reckons(points), points[-1], told_after_ms=7_000 if "slow" in one.name else 0)
