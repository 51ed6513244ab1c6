"""The watchlist: the strategy's own anchor, and what is old."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.observers.watchlist import Watchlist
from actors.strategy.drop import DropStrategy
from config.settings import DropSettings
from messages.base import Milliseconds, Symbol, Timestamp
from tests.actors.strategy.markets import MINUTE, SYMBOL, candle, quote, view

LOOKBACK = Milliseconds(3 * MINUTE)
STALE = Milliseconds(10_000)
ETH = Symbol("ETH/USDT")


def watchlist() -> Watchlist:
    return Watchlist((SYMBOL, ETH), LOOKBACK, STALE)


def drop_of(watched: Watchlist) -> float | None:
    (row,) = watched.rows(Timestamp(0))
    return row.drop_ratio


def test_a_symbol_is_listed_from_its_first_quote_in_the_order_of_the_market() -> None:
    watched = watchlist()
    assert watched.rows(Timestamp(0)) == ()
    watched.on_quote(msgspec.structs.replace(quote(5.0), symbol=ETH))
    watched.on_quote(quote(100.0, spread=1.0))
    btc, eth = watched.rows(Timestamp(0))
    assert (btc.symbol, btc.last, btc.spread_ratio) == (SYMBOL, 100.0, 0.01)
    assert (eth.symbol, eth.drop_ratio) == (ETH, None)


def test_the_fall_is_from_the_highest_close_of_the_lookback() -> None:
    watched = watchlist()
    watched.on_quote(quote(90.0))
    for number, close in enumerate((120.0, 100.0, 95.0), start=1):
        watched.on_candle(SYMBOL, candle(number, close))
    assert drop_of(watched) == pytest.approx(1 - 90 / 120)
    watched.on_candle(SYMBOL, candle(4, 95.0))  # the first is now as old as the look-back
    assert drop_of(watched) == pytest.approx(1 - 90 / 100)


def test_what_closed_before_the_last_position_ended_does_not_count() -> None:
    watched = watchlist()
    watched.on_quote(quote(90.0))
    watched.on_candle(SYMBOL, candle(1, 100.0))
    watched.on_ended(SYMBOL, Timestamp(MINUTE))
    assert drop_of(watched) is None
    watched.on_candle(SYMBOL, candle(2, 91.0))
    assert drop_of(watched) == pytest.approx(1 - 90 / 91)


@pytest.mark.parametrize(("age", "is_stale"), [(9_999, False), (10_000, True)])
def test_an_old_quote_is_marked(age: int, *, is_stale: bool) -> None:
    watched = watchlist()
    watched.on_quote(quote(100.0))
    (row,) = watched.rows(Timestamp(age))
    assert row.is_stale is is_stale


@settings(deadline=None, max_examples=60)
@given(closes=st.lists(st.floats(90, 110), min_size=1, max_size=12), ended=st.integers(0, 12))
def test_it_falls_as_far_as_the_drop_strategy_says(closes: list[float], ended: int) -> None:
    watched = watchlist()
    strategy = DropStrategy(DropSettings(drop_ratio=0.02, lookback_ms=LOOKBACK))
    for number, close in enumerate(closes, start=1):
        ended_at = ended * MINUTE if 0 < ended < number else None
        if ended_at is not None:
            watched.on_ended(SYMBOL, Timestamp(ended_at))
        enters = strategy.on_market(view(number, close, ended_at=ended_at)) is not None
        watched.on_candle(SYMBOL, candle(number, close))
        watched.on_quote(quote(close))
        drop_ratio = drop_of(watched)
        assert drop_ratio is not None
        assert enters is (drop_ratio + 1e-12 >= 0.02)


def test_what_is_held_and_traded_no_more_is_listed_last() -> None:
    watched = Watchlist((ETH,), LOOKBACK, STALE)
    watched.on_candle(SYMBOL, candle(1, 100))
    watched.on_ended(SYMBOL, Timestamp(0))
    watched.on_quote(quote())
    watched.on_quote(msgspec.structs.replace(quote(), symbol=ETH))
    assert [row.symbol for row in watched.rows(Timestamp(0))] == [ETH, SYMBOL]
