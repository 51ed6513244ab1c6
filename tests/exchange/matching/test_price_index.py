"""Orders by price: the order in which a moving market meets them."""

from decimal import Decimal
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.matching.price_index import PriceIndex
from messages.base import ClientOrderId


def an_index(*prices: str, rising: bool) -> PriceIndex:
    index = PriceIndex(rising=rising)
    for sequence, price in enumerate(prices):
        index.add(Decimal(price), sequence, ClientOrderId(f"{price}-{sequence}"))
    return index


def ids(index: PriceIndex, price: str) -> list[str]:
    return [order_id for _, _, order_id in index.reached(Decimal(price))]


def test_a_rising_market_meets_the_lowest_first_and_equals_by_arrival() -> None:
    index = an_index("103", "101", "102", "101", rising=True)
    assert index.best == 101.0
    assert ids(index, "102") == ["101-1", "101-3", "102-2"]


def test_a_falling_market_meets_the_highest_first_and_equals_by_arrival() -> None:
    index = an_index("97", "99", "98", "99", rising=False)
    assert index.best == 99.0
    assert ids(index, "98") == ["99-1", "99-3", "98-2"]


def test_an_empty_index_is_infinitely_far_away() -> None:
    assert PriceIndex(rising=True).best == inf
    assert PriceIndex(rising=False).best == -inf
    assert PriceIndex(rising=True).next(1.0, 2.0) is None


def test_what_is_removed_is_met_no_more() -> None:
    index = an_index("101", "102", rising=True)
    index.remove(Decimal("101.0"), 0, ClientOrderId("101-0"))
    assert index.best == 102.0
    assert len(index) == 1


PRICES = st.lists(st.integers(1, 60), max_size=12)


@settings(deadline=None, max_examples=200)
@given(prices=PRICES, start=st.integers(1, 60), end=st.integers(1, 60))
def test_the_next_level_is_the_nearest_after_the_start_up_to_the_end(
    prices: list[int], start: int, end: int
) -> None:
    index = an_index(*map(str, prices), rising=end > start)
    between = [price for price in prices if start < price <= end or end <= price < start]
    nearest = min(between, key=lambda price: abs(price - start), default=None)
    assert index.next(float(start), float(end)) == nearest
