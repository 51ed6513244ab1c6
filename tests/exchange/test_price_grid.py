"""Prices by tick and by significant digits: the tick depends on the price."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange.price_grid import ceil_price, floor_price, is_on_grid, nearest_price, tick_at
from messages.market import MarketRules
from tests.exchange.venue import RULES

FIVE_DIGITS = replace(RULES, tick_size=Decimal("1e-8"), price_digits=5)
WHOLE_TOO = replace(FIVE_DIGITS, tick_size=Decimal("0.001"), whole_prices=True)


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("0.515", "0.00001"),
        ("0.49", "0.00001"),
        ("9.9999", "0.0001"),
        ("10", "0.001"),
        ("51234.5", "1"),
        ("123456", "10"),
        ("0.00012345", "1e-8"),
        ("0.0000012", "1e-8"),
    ],
)
def test_of_significant_digits_the_tick_follows_the_price(price: str, tick: str) -> None:
    assert tick_at(FIVE_DIGITS, Decimal(price)) == Decimal(tick)


def test_a_whole_number_is_a_price_where_the_exchange_says_so() -> None:
    assert is_on_grid(Decimal(123_456), WHOLE_TOO)
    assert not is_on_grid(Decimal(123_456), FIVE_DIGITS)
    assert tick_at(WHOLE_TOO, Decimal("1.5")) == Decimal("0.001")


def test_rounding_up_may_reach_the_next_power_of_ten() -> None:
    assert ceil_price(Decimal("9.99991"), FIVE_DIGITS) == 10
    assert is_on_grid(Decimal(10), FIVE_DIGITS)


def test_the_prices_of_bitfinex_that_became_5_and_0() -> None:
    assert ceil_price(Decimal("0.515"), FIVE_DIGITS) == Decimal("0.515")
    assert floor_price(Decimal("0.49"), FIVE_DIGITS) == Decimal("0.49")
    assert nearest_price(0.5123456, FIVE_DIGITS) == Decimal("0.51235")


@given(
    st.decimals(min_value="0.00000001", max_value=10_000_000, places=12),
    st.sampled_from([RULES, FIVE_DIGITS, WHOLE_TOO]),
)
def test_a_price_is_rounded_to_the_grid_and_never_past_a_price_of_it(
    price: Decimal, rules: MarketRules
) -> None:
    low, high = floor_price(price, rules), ceil_price(price, rules)
    assert low <= price <= high
    assert high - low <= tick_at(rules, price)
    assert is_on_grid(low, rules)
    assert is_on_grid(high, rules)
