"""What a command shows: something for a terminal, and the same as data.

Owns tables and how they are printed. A table that is too wide is set closer, then cut from its last
column on.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from messages.base import Timestamp
from messages.border import one_line
from terminal.words import time_of_day

NOTHING = "–"
_GAP, _LEAST_GAP = 2, 1
"""Between two columns."""
_LEAST_CELLS = (10, 6)
"""What a column keeps when others need room; and where that is not enough."""

HEAD = "bold"
DIM = "dim"
GOOD = "green"
BAD = "red"
WARN = "yellow"
ALARM = "bold red"


class View(NamedTuple):
    """One answer."""

    shown: RenderableType
    data: object
    """What ``--json`` prints."""


class Column(NamedTuple):
    """One column of a table."""

    title: str
    right: bool = False


Cell = str | Text


class Grid(msgspec.Struct):
    """A table that fits its terminal: the last columns give way first, and no row wraps.

    A column that says nothing in any row is left out.
    """

    columns: list[Column]
    rows: list[list[Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield a line for the headings, and one for each row."""
        widths = [
            max(cell_len(column.title), *(row[place].cell_len for row in self.rows))
            for place, column in enumerate(self.columns)
        ]
        gaps = len(widths) - 1
        gap = _GAP if sum(widths) + _GAP * gaps <= options.max_width else _LEAST_GAP
        widths = self._cut(widths, options.max_width - gap * gaps)
        heads = [Text(column.title, style=HEAD) for column in self.columns]
        for row in (heads, *self.rows):
            yield self._line(row, widths, gap)

    def _cut(self, widths: list[int], room: int) -> list[int]:
        too_much = sum(widths) - room
        for least in _LEAST_CELLS:
            for place in reversed(range(len(widths))):
                given = min(max(0, too_much), max(0, widths[place] - least))
                widths[place] -= given
                too_much -= given
        return widths

    def _line(self, cells: list[Text], widths: list[int], gap: int) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis", end="")
        last = len(widths) - 1
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            shown = cell.copy()
            shown.truncate(width, overflow="ellipsis")
            space = " " * (width - shown.cell_len)
            if self.columns[place].right:
                line.append(space)
            line.append_text(shown)
            if place != last:
                line.append(("" if self.columns[place].right else space) + " " * gap)
        line.append("\n")
        return line


def table(
    columns: Sequence[Column | str], rows: Iterable[Sequence[Cell]], empty: str
) -> Grid | Text:
    """Return a table; ``empty`` is said where there are no rows. A row may lack its last cells."""
    named = [Column(one) if isinstance(one, str) else one for one in columns]
    drawn = []
    for row in rows:
        cells = [plain(cell) for cell in row]
        drawn.append(cells + [Text()] * (len(named) - len(cells)))
    if not drawn:
        return Text(empty, style=DIM)
    told = [place for place in range(len(named)) if any(row[place].plain for row in drawn)]
    return Grid([named[place] for place in told], [[row[place] for place in told] for row in drawn])


def pairs(rows: Iterable[tuple[str, Cell]]) -> Table:
    """Return names with what they are, one under the other."""
    drawn = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    drawn.add_column(style=DIM, no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in rows:
        drawn.add_row(name, plain(value))
    return drawn


def stack(*parts: RenderableType | None) -> Group:
    """Return parts one under the other."""
    return Group(*(part for part in parts if part is not None))


def right(name: str) -> Column:
    """Return a column of numbers."""
    return Column(name, right=True)


def some(names: Sequence[str], most: int = 8) -> str:
    """Return the first names, and that there are more."""
    return ", ".join(names[:most]) + (" …" if len(names) > most else "") or "none"


def title(text: str) -> Text:
    """Return a heading."""
    return Text(f"\n{text}", style=HEAD)


def plain(cell: Cell) -> Text:
    """Return text in which nothing is obeyed by a terminal: a venue's word may hold anything."""
    if isinstance(cell, Text):
        return cell
    return Text(one_line(cell, max(len(cell), 1)))


def number(value: Decimal | float | None) -> str:
    """Return an amount in groups of thousands, without an exponent and without needless zeros."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:,.10g}"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def builtins(data: object) -> object:
    """Return data as JSON has it; money stays exact, as text."""
    return msgspec.to_builtins(data, str_keys=True)


def fields(struct: msgspec.Struct) -> dict[str, object]:
    """Return a struct's fields by name, as JSON has them."""
    named: dict[str, object] = msgspec.to_builtins(struct, str_keys=True)
    return named


def exact_time(at: Timestamp) -> str:
    """Return a time as ``14:03:22.250``, UTC."""
    return f"{time_of_day(at)}.{at % 1000:03}"


def print_view(view: View, to: Console, *, as_json: bool) -> None:
    """Print one answer."""
    if as_json:
        to.file.write(msgspec.json.encode(builtins(view.data)).decode() + "\n")
        to.file.flush()
    else:
        # What is to be pasted elsewhere keeps its lines, however wide.
        is_raw = isinstance(view.shown, Text) and view.shown.overflow == "ignore"
        to.print(view.shown, soft_wrap=is_raw)
