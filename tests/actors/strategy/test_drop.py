"""The drop strategy, by tables: closes in, wishes out."""

import msgspec
import pytest

from actors.strategy.drop import DropStrategy
from config.settings import DropSettings
from messages.base import Milliseconds, Symbol, Timestamp
from tests.actors.strategy.markets import MINUTE, SYMBOL, view

SETTINGS = DropSettings(drop_ratio=0.015, lookback_ms=Milliseconds(3 * MINUTE))


def entries(closes: list[float], settings: DropSettings = SETTINGS) -> list[int]:
    """Return at which of the closes, one a minute, it wishes to enter."""
    strategy = DropStrategy(settings)
    return [n for n, close in enumerate(closes, 1) if strategy.on_market(view(n, close))]


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ([100, 98.6], []),
        ([100, 98.5], [2]),
        ([100, 99.5, 99, 98.5], []),
        ([100, 99.5, 98.5], [3]),
        ([99, 100, 98.5, 98.5, 98.5], [3, 4]),
        ([100, 98.5, 97], [2, 3]),
        ([100, 102, 100.4], [3]),
        ([98.5, 100, 101], []),
        ([7.0, 6.895], [2]),
    ],
)
def test_it_enters_when_a_close_is_low_enough_under_the_highest_of_the_look_back(
    closes: list[float], expected: list[int]
) -> None:
    assert entries(closes) == expected


def test_it_does_not_enter_while_a_position_lives_on_the_symbol() -> None:
    strategy = DropStrategy(SETTINGS)
    strategy.on_market(view(1, 100))
    assert strategy.on_market(view(2, 98, is_busy=True)) is None
    assert strategy.on_market(view(3, 98)) is not None


def test_after_a_position_ended_only_closes_since_then_count() -> None:
    strategy = DropStrategy(SETTINGS)
    strategy.on_market(view(1, 100))
    ended_at = 2 * MINUTE
    assert strategy.on_market(view(2, 98, ended_at=ended_at)) is None
    assert strategy.on_market(view(3, 98, ended_at=ended_at)) is None
    assert strategy.on_market(view(4, 96, ended_at=ended_at)) is not None


def test_it_decides_on_closed_candles_only() -> None:
    strategy = DropStrategy(SETTINGS)
    strategy.on_market(view(1, 100))
    tick = view(2, 90)
    without_candle = type(tick)(
        now=tick.now, quote=tick.quote, candle=None, atr=None, is_busy=False, ended_at=None
    )
    assert strategy.on_market(without_candle) is None


@pytest.mark.parametrize(
    ("symbols", "expected"), [((SYMBOL,), [2]), ((Symbol("ETH/USDT"),), []), ((), [2])]
)
def test_it_trades_where_it_is_told_to(symbols: tuple[Symbol, ...], expected: list[int]) -> None:
    settings = DropSettings(drop_ratio=0.015, symbols=symbols)
    assert entries([100, 98], settings) == expected


def test_the_wish_says_what_was_seen() -> None:
    strategy = DropStrategy(SETTINGS)
    strategy.on_market(view(1, 100))
    enter = strategy.on_market(view(2, 98))
    assert enter is not None
    assert enter.budget == SETTINGS.budget
    assert enter.reason == (
        "closed at 98, 2.00% under the highest close 100 of the last 3 min (asked: 1.50%)"
    )


def test_a_candle_told_late_is_history_and_no_reason_to_enter() -> None:
    strategy = DropStrategy(SETTINGS)
    strategy.on_market(view(1, 100))
    on_time = view(2, 98)
    late = msgspec.structs.replace(on_time, now=Timestamp(on_time.now + MINUTE + 1))
    assert strategy.on_market(late) is None
    assert strategy.on_market(view(3, 98)) is not None, "the past still tells how far it fell"
