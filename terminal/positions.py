"""The living positions: state, size, stop and target, where the stop works, profit."""

from decimal import Decimal

from rich.segment import Segment

from messages.base import Timestamp, quote_currency
from messages.money import ZERO, currency_digits
from messages.session import PositionRow, SessionPicture
from terminal.bar import TITLE, price_bar
from terminal.table import (
    ALARM,
    BAD,
    BOLD,
    GOOD,
    Cell,
    Column,
    Line,
    cut,
    gap_of,
    lay_out,
    note,
)
from terminal.words import NOTHING, duration, percent, price

_PROTECTING, _CLOSING = "protecting", "closing"
_NAME_WIDTHS = (9, 12)
"""Least and most cells of a symbol."""


def position_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return the living positions, oldest first; where some are left out, never one in trouble."""
    shown, more = cut(picture.positions, rows, _is_in_trouble)
    id_width = max((len(row.position_id) for row in shown), default=0)
    cells = [_cells(row, id_width, picture.at) for row in shown]
    lines = lay_out(_columns(len(picture.positions), id_width), cells, width, gap_of(width))
    if not shown and not more:
        more = [note("none open; the strategy waits for its moment")]
    return lines + more


def _columns(positions: int, id_width: int) -> list[Column]:
    title = f"positions {positions}"
    least, most = (max(len(title), id_width + 1 + size) for size in _NAME_WIDTHS)
    return [
        Column(title, least, most),
        Column("state", 9, 9),
        Column("size", 7, 14, right=True),
        Column("stop", 7, 14, right=True),
        Column("target", 7, 14, right=True),
        Column("price", 7, 14, right=True, rank=3),
        Column("entry", 7, 14, right=True, rank=5),
        Column(TITLE, 15, 40, rank=6),
        Column("stop at", 7, 7, rank=2),
        Column("mode", 9, 10, rank=7),
        Column("in the exit slot", 24, 40, rank=8),
        Column("PnL", 6, 12, right=True),
        Column("return", 8, 9, right=True, rank=1),
        Column("age", 5, 6, right=True, rank=4),
    ]


def _cells(row: PositionRow, id_width: int, now: Timestamp) -> list[Cell]:
    entry = None if row.average_entry is None else float(row.average_entry)
    pnl = None if row.pnl is None else float(row.pnl)
    style = None if not pnl else GOOD if pnl > 0 else BAD
    decimals = currency_digits(quote_currency(row.symbol))
    return [
        Segment(f"{row.position_id:<{id_width}} {row.symbol}", BOLD),
        _state(row),
        Segment(NOTHING if row.held <= ZERO else f"{row.held:f}"),
        Segment(_price(row.stop), BAD if row.stop is not None else None),
        Segment(_price(row.target), GOOD if row.target is not None else None),
        Segment(price(row.last)),
        Segment(price(entry)),
        lambda width: price_bar(row, width),
        _place(row),
        Segment(row.mode.replace("_", " ")),
        Segment(row.resting or NOTHING),
        Segment(NOTHING if pnl is None else f"{pnl:+,.{decimals}f}", style),
        Segment(percent(row.return_ratio, signed=True), style),
        Segment(duration(now - row.began_at)),
    ]


def _state(row: PositionRow) -> Segment:
    """Return the state as a trader says it: covered is protected, held and not covered is not."""
    if row.is_stuck:
        return Segment("STUCK", ALARM)
    if row.held > ZERO and not row.is_covered and row.state != _CLOSING:
        return Segment("UNCOVERED", ALARM)
    return Segment("protected", GOOD) if row.state == _PROTECTING else Segment(row.state)


def _place(row: PositionRow) -> Segment:
    """Return where the stop works: at the venue, also without us, or in this process only."""
    if row.held <= ZERO:
        return Segment(NOTHING)
    if not row.is_covered:
        return Segment("nowhere", ALARM)
    return Segment("venue", GOOD) if row.lives_at_venue else Segment("process")


def _price(level: Decimal | None) -> str:
    return price(None if level is None else float(level))


def _is_in_trouble(row: PositionRow) -> bool:
    return row.is_stuck or (row.held > ZERO and not row.is_covered)
