"""The bar from a position's stop to its target, with its entry and the price on it.

``S────┼──●─────T``: S the stop, T the target, ┼ the average entry, ● the price; ◄ and ► a price
beyond an end.
"""

from rich.segment import Segment

from messages.session import PositionRow
from terminal.table import ALARM, BAD, BOLD, DIM, GOOD, Line
from terminal.words import fit

TITLE = "stop ┼ ● target"

_OPEN_RATIO = 0.01
"""Without a stop or without a target the scale reaches as far as the other end, or this far."""


def price_bar(row: PositionRow, width: int) -> Line:
    """Return the bar in exactly ``width`` cells."""
    if row.average_entry is None:
        return [Segment(fit("nothing bought yet", width), DIM)]
    if row.stop is None and row.target is None:
        return [Segment(fit("no stop, no target", width), ALARM)]
    entry = float(row.average_entry)
    low, high = _scale(row, entry)
    marks: dict[int, Segment] = {}
    if low < entry < high:
        marks[_place(entry, low, high, width)] = Segment("┼")
    if row.last is not None:
        marks[_place(row.last, low, high, width)] = _price_mark(row.last, low, high, entry)
    return [
        Segment("─", DIM) if row.stop is None else Segment("S", BAD),
        *_rail(marks, width),
        Segment("─", DIM) if row.target is None else Segment("T", GOOD),
    ]


def _scale(row: PositionRow, entry: float) -> tuple[float, float]:
    """Return the prices at the bar's ends."""
    if row.stop is not None and row.target is not None:
        low, high = float(row.stop), float(row.target)
        return low, max(high, low * (1 + _OPEN_RATIO))
    end = float(row.stop if row.stop is not None else row.target or 0)
    reach = abs(end - entry) or entry * _OPEN_RATIO
    if row.stop is not None:
        return end, max(end, entry) + reach
    return min(end, entry) - reach, end


def _place(price: float, low: float, high: float, width: int) -> int:
    """Return the cell of a price: from 1 to ``width`` - 2, between the ends."""
    share = min(1.0, max(0.0, (price - low) / (high - low)))
    return 1 + round(share * (width - 3))


def _price_mark(price: float, low: float, high: float, entry: float) -> Segment:
    if price < low:
        return Segment("◄", ALARM)
    if price > high:
        return Segment("►", BOLD + GOOD)
    return Segment("●", BOLD + (GOOD if price >= entry else BAD))


def _rail(marks: dict[int, Segment], width: int) -> Line:
    line, at = [], 1
    for place in sorted(marks):
        line += [Segment("─" * (place - at), DIM), marks[place]]
        at = place + 1
    return [*line, Segment("─" * (width - 1 - at), DIM)]
