"""The table of positions."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from commands.panels.positions import position_lines
from messages.session import PositionRow
from tests.commands.pictures import busy, position


def told(row: PositionRow, width: int = 200) -> list[str]:
    """Return headings and the row, one text."""
    picture = replace(busy(), positions=(row,))
    return ["".join(part.text for part in line) for line in position_lines(picture, width, 5)]


@pytest.mark.parametrize(
    ("row", "protection"),
    [
        (position(lives_at_venue=True), "venue"),
        (position(lives_at_venue=False), "this process"),
        (position(is_covered=False), "NOTHING"),
        (position(is_covered=False, lives_at_venue=True), "NOTHING"),
        (position(held=Decimal(0), is_covered=False), "–"),
    ],
)
def test_a_row_says_who_would_sell_it(row: PositionRow, protection: str) -> None:
    headings, line = told(row)
    start = headings.index("protected by")
    assert line[start : start + 12].rstrip() == protection


def test_a_narrow_table_drops_the_same_columns_from_headings_and_rows() -> None:
    headings, line = told(position(), 80)
    assert headings.split() == [
        *("positions", "1", "state", "protected", "by"),
        *("stop", "┼", "●", "target", "PnL", "return", "age"),
    ]
    assert line.split()[-3:] == ["+0.90", "%", "12m00"]
    assert "synthetic" not in line


def test_a_number_is_never_cut_for_its_column() -> None:
    _, line = told(position(pnl=Decimal("-12345.67"), held=Decimal(2000)), 80)
    assert "-12,345.67" in line


def test_what_is_paid_in_small_numbers_shows_more_decimals() -> None:
    row = position(held=Decimal("0.5"), average_entry=Decimal("0.01"), pnl=Decimal("0.000012"))
    assert "+0.000012" in told(row)[1]


def test_an_entry_of_unknown_profit_shows_none() -> None:
    _, line = told(position(pnl=None, return_ratio=None))
    assert line.split()[-3:] == ["–", "–", "12m00"]
