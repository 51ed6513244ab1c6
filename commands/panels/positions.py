"""The living positions: state, protection and where it lives, the price between stop and target."""

from rich.segment import Segment

from commands.panels.bar import TITLE, price_bar
from commands.panels.table import (
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
from commands.panels.words import NOTHING, decimals_of, duration, percent, price
from messages.base import Timestamp
from messages.money import ZERO
from messages.session import PositionRow, SessionPicture

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
        Column("state", 10, 10),
        Column("mode", 10, 10, rank=4),
        Column("protected by", 12, 12),
        Column("in the exit slot", 28, 40, rank=7),
        Column(TITLE, 15, 40, rank=3),
        Column("entry", 9, 14, right=True, rank=6),
        Column("price", 9, 14, right=True, rank=5),
        Column("PnL", 6, 12, right=True),
        Column("return", 8, 9, right=True, rank=1),
        Column("age", 5, 6, right=True, rank=2),
    ]


def _cells(row: PositionRow, id_width: int, now: Timestamp) -> list[Cell]:
    entry = None if row.average_entry is None else float(row.average_entry)
    pnl = None if row.pnl is None else float(row.pnl)
    style = None if not pnl else GOOD if pnl > 0 else BAD
    decimals = decimals_of(float(row.held) * (entry or 0.0))
    return [
        Segment(f"{row.position_id:<{id_width}} {row.symbol}", BOLD),
        Segment("STUCK", ALARM) if row.is_stuck else Segment(row.state),
        Segment(row.mode.replace("_", " ")),
        _protection(row),
        Segment(row.resting or NOTHING),
        lambda width: price_bar(row, width),
        Segment(price(entry)),
        Segment(price(row.last)),
        Segment(NOTHING if pnl is None else f"{pnl:+,.{decimals}f}", style),
        Segment(percent(row.return_ratio, signed=True), style),
        Segment(duration(now - row.began_at)),
    ]


def _protection(row: PositionRow) -> Segment:
    """Return who would sell it at the stop: the venue, also without us, or this process only."""
    if row.held <= ZERO:
        return Segment(NOTHING)
    if not row.is_covered:
        return Segment("NOTHING", ALARM)
    return Segment("venue", GOOD) if row.lives_at_venue else Segment("this process")


def _is_in_trouble(row: PositionRow) -> bool:
    return row.is_stuck or (row.held > ZERO and not row.is_covered)
