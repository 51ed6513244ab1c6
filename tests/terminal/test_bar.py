"""The bar from stop to target."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.session import PositionRow
from terminal.bar import price_bar
from tests.terminal.pictures import position


def text_of(row: PositionRow, width: int) -> str:
    return "".join(segment.text for segment in price_bar(row, width))


@pytest.mark.parametrize(
    ("last", "bar"),
    [
        (97.9, "S◄───┼──────T"),
        (98.0, "S●───┼──────T"),
        (99.0, "S──●─┼──────T"),
        (100.0, "S────●──────T"),
        (101.5, "S────┼──●───T"),
        (103.0, "S────┼─────●T"),
        (103.1, "S────┼─────►T"),
        (None, "S────┼──────T"),
    ],
)
def test_the_price_stands_where_it_is_between_stop_and_target(last: float | None, bar: str) -> None:
    assert text_of(position(last=last), 13) == bar


def test_a_stop_above_the_entry_leaves_no_mark_of_the_entry() -> None:
    assert text_of(position(stop=Decimal("100.5")), 13) == "S──●────────T"


def test_without_a_target_the_right_end_is_open() -> None:
    assert text_of(position(target=None), 13) == "S─────┼──●───"


def test_without_a_stop_the_left_end_is_open() -> None:
    assert text_of(position(stop=None), 13) == "──────┼─●───T"


def test_a_position_without_stop_and_target_says_so() -> None:
    assert text_of(position(stop=None, target=None), 20) == "no stop, no target  "


def test_a_position_that_bought_nothing_says_so() -> None:
    assert text_of(position(average_entry=None), 20) == "nothing bought yet  "


PRICES = st.decimals("0.0001", "100000", places=4)


@settings(deadline=None, max_examples=100)
@given(
    entry=PRICES,
    stop=st.none() | PRICES,
    target=st.none() | PRICES,
    last=st.none() | st.floats(0, 2e5),
    width=st.integers(15, 40),
)
def test_a_bar_is_as_wide_as_it_is_told_whatever_the_prices(
    entry: Decimal, stop: Decimal | None, target: Decimal | None, last: float | None, width: int
) -> None:
    row = position(average_entry=entry, stop=stop, target=target, last=last)
    assert len(text_of(row, width)) == width
