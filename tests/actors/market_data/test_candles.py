"""Closed candles and the average true range."""

from math import inf, nan

import msgspec
import pytest

from actors.market_data.candles import CANDLES_KEPT, CandleHistory
from messages.base import Milliseconds, Timestamp
from messages.market import Candle

MINUTE = 60_000


def candle(number: int, low: float, high: float, close: float) -> Candle:
    return Candle(
        start=Timestamp(number * MINUTE),
        interval_ms=Milliseconds(MINUTE),
        open=low,
        high=high,
        low=low,
        close=close,
        volume=1.0,
    )


def test_the_average_true_range_is_wilders() -> None:
    history = CandleHistory(atr_candles=3)
    # True ranges 4 (high - low), 6 (12 - 6), 5 (gap: 17 - 12), 9 (gap: 16 - 7).
    seen = []
    for number, (low, high, close) in enumerate([(6, 10, 8), (6, 12, 12), (14, 17, 16), (7, 9, 8)]):
        assert history.add(candle(number, low, high, close))
        seen.append(history.atr)
    # Mean of the first three, then (5 * 2 + 9) / 3.
    assert seen == [None, None, pytest.approx(5.0), pytest.approx(19 / 3)]


@pytest.mark.parametrize("number", [0, 1])
def test_an_old_or_repeated_candle_changes_nothing(number: int) -> None:
    history = CandleHistory(atr_candles=1)
    history.add(candle(1, 6, 10, 8))
    assert not history.add(candle(number, 1, 100, 50))
    assert history.atr == 4.0
    assert len(history.candles) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"low": 0.0}, {"low": 9.0}, {"high": 7.0}, {"high": inf}, {"close": nan}, {"volume": -1.0}],
)
def test_a_candle_that_no_market_makes_is_not_taken(wrong: dict[str, float]) -> None:
    history = CandleHistory(atr_candles=1)
    assert not history.add(msgspec.structs.replace(candle(1, 6, 10, 8), **wrong))
    assert not history.candles


def test_only_the_last_candles_are_kept() -> None:
    history = CandleHistory(atr_candles=14)
    for number in range(CANDLES_KEPT + 5):
        history.add(candle(number, 6, 10, 8))
    assert len(history.candles) == CANDLES_KEPT
    assert history.candles[0].start == 5 * MINUTE
