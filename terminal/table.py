"""Tables of the live view: columns that are dropped or shortened so that no row ever wraps.

rich's own tables measure, fold and style every cell; a frame of them costs more than the system
that it shows. Here a table is lines of rich's segments, laid out by hand.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from rich.segment import Segment
from rich.style import Style

from terminal.words import fit

BOLD = Style.parse("bold")
DIM = Style.parse("dim")
GOOD = Style.parse("green")
BAD = Style.parse("red")
WARNING = Style.parse("yellow")
ALARM = Style.parse("bold red")
HEADING = Style.parse("bold underline")
SUBHEADING = Style.parse("dim underline")

Line = list[Segment]
Paint = Callable[[int], Line]
"""Draws a cell in exactly the width that it is given."""
Cell = Segment | Paint
Row = TypeVar("Row")

_WIDE = 96
"""From this width on there is room for air."""


class Column(NamedTuple):
    """One column of a table."""

    title: str
    least: int
    """Cells that it needs; at least as many as its title has."""
    most: int
    """Cells beyond which it is cut."""
    right: bool = False
    """A number: right-aligned, and shown whole (up to ``most``) or not at all."""
    rank: int = 0
    """Where there is no room, the highest rank is dropped first; 0 never."""


def lay_out(columns: list[Column], rows: list[list[Cell]], width: int, gap: int) -> list[Line]:
    """Return the headings and the rows as lines of at most ``width``, a margin on both sides."""
    wishes = [_wish(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    widths = _widths(columns, wishes, width - 2, gap)
    last = max(widths)
    lines = [_headings(columns, widths, gap)]
    for row in rows:
        line = [Segment(" ")]
        for at, size in widths.items():
            line += _painted(row[at], size, right=columns[at].right)
            if at != last:
                line.append(Segment(" " * gap))
        lines.append(line)
    return lines


def cut(
    rows: Sequence[Row], room: int, care: Callable[[Row], float] = lambda _: 0.0
) -> tuple[Sequence[Row], list[Line]]:
    """Return what there is room for, and the line that says how many rows are left out.

    Those with the most ``care`` stay, in their order.
    """
    if len(rows) <= room:
        return rows, []
    places = sorted(range(len(rows)), key=lambda at: -care(rows[at]))[: max(0, room - 1)]
    more = [Segment(f" … and {len(rows) - len(places):,} more", DIM)]
    return [rows[at] for at in sorted(places)], [more]


def gap_of(width: int) -> int:
    """Return how far apart columns stand in a terminal of this width."""
    return 2 if width >= _WIDE else 1


def note(text: str) -> Line:
    """Return a line for a table that has no rows."""
    return [Segment(f" {text}", DIM)]


def _headings(columns: list[Column], widths: dict[int, int], gap: int) -> Line:
    line, style = [Segment(" ")], HEADING
    for at, size in widths.items():
        text = fit(columns[at].title, size, right=columns[at].right)
        line.append(Segment(text + " " * (0 if at == max(widths) else gap), style))
        style = SUBHEADING
    return line


def _wish(column: Column, cells: list[Cell]) -> int:
    """Return the width that would show every cell whole."""
    sizes = [cell.cell_length if isinstance(cell, Segment) else column.most for cell in cells]
    return min(column.most, max(column.least, *sizes)) if sizes else column.least


def _widths(columns: list[Column], wishes: list[int], width: int, gap: int) -> dict[int, int]:
    """Return the width of each column that has room, by its place."""
    widths = {at: wishes[at] if column.right else column.least for at, column in enumerate(columns)}
    while (excess := sum(widths.values()) + gap * (len(widths) - 1) - width) > 0:
        at = max(widths, key=lambda at: columns[at].rank)
        if columns[at].rank == 0:
            break
        del widths[at]
    for at, size in widths.items():
        more = min(max(0, -excess), wishes[at] - size)
        widths[at] += more
        excess += more
    return widths


def _painted(cell: Cell, width: int, *, right: bool) -> Line:
    if isinstance(cell, Segment):
        return [Segment(fit(cell.text, width, right=right), cell.style)]
    return cell(width)
