from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config.settings import CandlePath
from exchange.candles import CandleBuilder, PricePoint, walk
from messages.base import Milliseconds, Timestamp
from messages.market import Candle

CANDLE = Candle(
    start=Timestamp(600_000),
    interval_ms=Milliseconds(60_000),
    open=100.0,
    high=103.0,
    low=98.0,
    close=101.0,
    volume=1.0,
)


def test_low_first_walks_open_low_high_close() -> None:
    assert walk(CANDLE, CandlePath.LOW_FIRST) == (
        PricePoint(Timestamp(600_000), 100.0, is_gap=True),
        PricePoint(Timestamp(620_000), 98.0, is_gap=False),
        PricePoint(Timestamp(640_000), 103.0, is_gap=False),
        PricePoint(Timestamp(659_999), 101.0, is_gap=False),
    )


def test_high_first_walks_open_high_low_close() -> None:
    prices = [point.price for point in walk(CANDLE, CandlePath.HIGH_FIRST)]
    assert prices == [100.0, 103.0, 98.0, 101.0]


@pytest.mark.parametrize("path", CandlePath)
def test_a_walk_moves_forward_in_time_and_stays_in_its_candle(path: CandlePath) -> None:
    points = walk(CANDLE, path)
    assert all(one.at < other.at for one, other in pairwise(points))
    assert points[-1].at < CANDLE.start + CANDLE.interval_ms


def test_a_candle_is_closed_by_the_first_trade_after_its_interval() -> None:
    builder = CandleBuilder(Milliseconds(60_000))
    for at, price, quantity in (
        (600_500, 100.0, 1.0),
        (610_000, 103.0, 0.5),
        (650_000, 98.0, 0.25),
    ):
        assert builder.add(Timestamp(at), price, quantity) is None
    assert builder.add(Timestamp(659_999), 101.0, 0.25) is None
    assert builder.add(Timestamp(660_000), 90.0, 7.0) == replace(CANDLE, volume=2.0)


def test_an_interval_without_trades_has_no_candle() -> None:
    builder = CandleBuilder(Milliseconds(1_000))
    builder.add(Timestamp(500), 1.0, 1.0)
    closed = builder.add(Timestamp(9_500), 2.0, 1.0)
    assert closed is not None
    assert closed.start == 0
    after = builder.close_until(Timestamp(10_000))
    assert after is not None
    assert after.start == 9_000


def test_time_alone_closes_a_candle_once() -> None:
    builder = CandleBuilder(Milliseconds(1_000))
    assert builder.close_until(Timestamp(5_000)) is None
    builder.add(Timestamp(5_200), 1.0, 1.0)
    assert builder.close_until(Timestamp(5_999)) is None
    assert builder.close_until(Timestamp(6_000)) is not None
    assert builder.close_until(Timestamp(6_000)) is None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 3_000), st.floats(1, 1_000), st.floats(0, 10)),
        min_size=1,
        max_size=40,
    )
)
def test_candles_hold_all_that_was_traded_in_order(trades: list[tuple[int, float, float]]) -> None:
    builder, at, candles = CandleBuilder(Milliseconds(1_000)), 0, []
    prices: dict[int, list[float]] = {}
    for pause, price, quantity in trades:
        at += pause
        prices.setdefault(at // 1_000 * 1_000, []).append(price)
        candles.append(builder.add(Timestamp(at), price, quantity))
    candles.append(builder.close_until(Timestamp(at + 1_000)))
    shown = {c.start: (c.open, c.high, c.low, c.close) for c in candles if c is not None}
    assert shown == {start: (p[0], max(p), min(p), p[-1]) for start, p in prices.items()}
