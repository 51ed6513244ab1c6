"""What the guards refuse, and how much is borne when."""

import msgspec
import pytest

from actors.strategy.guards import (
    Setting,
    execution_limits,
    expected_slippage,
    judge,
)
from config.settings import GuardSettings
from tests.actors.strategy.markets import candle, quote

MIN_SHARE = GuardSettings().narrowest_share
SETTINGS = GuardSettings(
    min_volume=1_000, max_spread_ratio=0.01, min_depth=500, max_slippage_ratio=0.004
)
GOOD = Setting(
    quote=quote(spread=0.2, depth=10),
    candle=candle(1, volume=20),
    atr=2,
    budget=200,
    fill_rate=None,
)


def test_a_good_market_passes_every_guard() -> None:
    assert judge(SETTINGS, GOOD).passed


@pytest.mark.parametrize(
    ("market", "guard", "text"),
    [
        (
            GOOD._replace(candle=candle(1, volume=9)),
            "volume",
            "900 traded in the last candle, at least 1000 asked",
        ),
        (
            GOOD._replace(candle=None),
            "volume",
            "0 traded in the last candle, at least 1000 asked",
        ),
        (
            GOOD._replace(quote=quote(spread=2, depth=10)),
            "spread",
            "spread 2.0000%, at most 1.0000% borne now",
        ),
        (
            GOOD._replace(quote=quote(depth=4.5)),
            "depth",
            "450 at the best ask, at least 500 asked",
        ),
        (
            GOOD._replace(quote=quote(spread=0.2, depth=10), budget=10_000),
            "slippage",
            "expected slippage 0.8990% for 10000, at most 0.1000% borne now",
        ),
    ],
)
def test_a_refusal_has_its_guard_and_its_numbers(market: Setting, guard: str, text: str) -> None:
    verdict = judge(SETTINGS, market)
    assert (verdict.passed, verdict.guard, verdict.text) == (False, guard, text)


def test_a_depth_that_is_not_known_refuses_nothing() -> None:
    assert judge(SETTINGS, GOOD._replace(quote=quote(spread=0.2))).passed


@pytest.mark.parametrize(
    ("change", "share"),
    [
        ({}, 1.0),
        ({"atr": None}, 1.0),
        ({"atr": 0.5}, 0.5),
        ({"atr": 0.0}, MIN_SHARE),
        ({"budget": 2_002.0}, 0.5),
        ({"budget": 1e9}, MIN_SHARE),
        ({"atr": 0.5, "fill_rate": 1.0}, 0.5),
        ({"atr": 0.5, "fill_rate": 0.5}, 0.75),
        ({"atr": 0.5, "fill_rate": 0.0}, 1.0),
    ],
)
def test_the_spread_borne_narrows_in_calm_and_thin_markets_and_widens_where_entries_failed(
    change: dict[str, float | None], share: float
) -> None:
    market = GOOD._replace(**change)  # type: ignore[arg-type]  # a table of floats
    limits = execution_limits(SETTINGS, market)
    assert limits.max_spread_ratio == pytest.approx(0.01 * share)


def test_no_limit_is_ever_wider_than_configured() -> None:
    wild = GOOD._replace(atr=50.0, fill_rate=0.0)
    assert execution_limits(SETTINGS, wild) == (0.01, 0.004)


def test_a_limit_of_zero_stays_zero() -> None:
    strict = msgspec.structs.replace(SETTINGS, max_spread_ratio=0.0)
    assert execution_limits(strict, GOOD).max_spread_ratio == 0.0
    assert judge(strict, GOOD).guard == "spread"


@pytest.mark.parametrize(
    ("budget", "expected"), [(100.0, 0.0), (1_001.0, 0.0), (3_003.0, 0.002), (5_005.0, 0.004)]
)
def test_a_budget_beyond_the_best_level_is_expected_to_walk_the_book(
    budget: float, expected: float
) -> None:
    assert expected_slippage(quote(spread=0.2, depth=10), budget) == pytest.approx(expected)
