"""The table of positions."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from messages.base import Symbol
from messages.session import PositionRow
from terminal.positions import position_lines
from tests.terminal.pictures import busy, position


def told(row: PositionRow, width: int = 200) -> list[str]:
    """Return headings and the row, one text."""
    picture = replace(busy(), positions=(row,))
    return ["".join(part.text for part in line) for line in position_lines(picture, width, 5)]


@pytest.mark.parametrize(
    ("row", "state", "stop_at"),
    [
        (position(lives_at_venue=True), "protected", "venue"),
        (position(lives_at_venue=False), "protected", "process"),
        (position(is_covered=False, state="open"), "UNCOVERED", "nowhere"),
        (position(is_covered=False, lives_at_venue=True), "UNCOVERED", "nowhere"),
        (position(is_covered=False, state="closing"), "closing", "nowhere"),
        (position(is_stuck=True, state="closing"), "STUCK", "process"),
        (position(held=Decimal(0), is_covered=False, state="opening"), "opening", "–"),
    ],
)
def test_a_row_says_whether_it_is_protected_and_where_its_stop_works(
    row: PositionRow, state: str, stop_at: str
) -> None:
    headings, line = told(row)
    start, place = headings.index("state"), headings.index("stop at")
    assert line[start : start + 9].rstrip() == state
    assert line[place : place + 7].rstrip() == stop_at


def test_a_row_shows_size_stop_and_target_as_prices_in_any_width() -> None:
    for width in (80, 100, 120, 160):
        headings, line = told(position(), width)
        for title, value in (("size", "1.99"), ("stop", "98.0000"), ("target", "103.000")):
            end = headings.index(f"{title} ") + len(title)
            assert line[:end].endswith(value), (width, title)


def test_a_narrow_table_drops_the_same_columns_from_headings_and_rows() -> None:
    headings, line = told(position(), 80)
    assert headings.split() == [
        *("positions", "1", "state", "size", "stop", "target"),
        *("stop", "at", "PnL", "return"),
    ]
    assert line.split()[-3:] == ["+1.79", "+0.90", "%"]
    assert "synthetic" not in line


def test_a_number_is_never_cut_for_its_column() -> None:
    _, line = told(position(pnl=Decimal("-12345.67"), held=Decimal(2000)), 80)
    assert "-12,345.67" in line


def test_what_is_paid_in_a_coin_shows_its_eight_decimals() -> None:
    row = position(
        symbol=Symbol("ETH/BTC"),
        held=Decimal("0.5"),
        average_entry=Decimal("0.01"),
        pnl=Decimal("0.000012"),
    )
    assert "+0.00001200" in told(row)[1]


def test_an_entry_of_unknown_profit_shows_none() -> None:
    _, line = told(position(pnl=None, return_ratio=None))
    assert line.split()[-3:] == ["–", "–", "12m00"]
