"""How the live view writes numbers, times and foreign text: short, and never wider than told.

Everything here is for the eye: money is rounded, and none of it goes back into a computation.
"""

from datetime import UTC, datetime
from decimal import Decimal
from math import floor, log10

from rich.cells import cell_len, set_cell_size

from messages.base import Timestamp
from messages.border import one_line

NOTHING = "–"
ELLIPSIS = "…"

_SECOND_MS, _MINUTE, _HOUR, _DAY = 1000, 60, 3600, 86_400
_PRICE_DIGITS = 6
"""Significant digits of a price."""


def price(value: float | None) -> str:
    """Return a price with six significant digits and at most eight decimals."""
    if value is None:
        return NOTHING
    return f"{value:,.{min(8, max(0, _PRICE_DIGITS - 1 - _magnitude(value)))}f}"


def percent(ratio: float | Decimal | None, *, signed: bool = False) -> str:
    """Return a ratio as a percentage with two decimals, with a plus sign where ``signed``."""
    if ratio is None:
        return NOTHING
    return f"{ratio * 100:+.2f} %" if signed else f"{ratio * 100:.2f} %"


def duration(ms: int) -> str:
    """Return a duration in at most five characters: 12s, 3m04, 2h05, 3d04."""
    seconds = max(0, ms) // _SECOND_MS
    if seconds < _MINUTE:
        return f"{seconds}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m{seconds % _MINUTE:02}"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02}"
    return f"{seconds // _DAY}d{seconds % _DAY // _HOUR:02}"


def date_and_time(at: Timestamp) -> str:
    """Return a time as ``2026-11-20 14:03:22``, UTC."""
    return datetime.fromtimestamp(at // _SECOND_MS, UTC).strftime("%Y-%m-%d %H:%M:%S")


def time_of_day(at: Timestamp) -> str:
    """Return a time as ``14:03:22``, UTC."""
    return date_and_time(at)[-8:]


def count(number: int, what: str, many: str | None = None) -> str:
    """Return ``1 trade``, ``2 trades``."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return ``text`` in exactly ``width`` cells: padded, or cut with an ellipsis.

    What a terminal would obey or wrap at is replaced: an exchange's error may hold anything.
    """
    text = one_line(text, max(len(text), 1))
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + ELLIPSIS if width > 0 else ""
    return " " * (width - size) + text if right else text + " " * (width - size)


def fit_end(text: str, width: int) -> str:
    """Return the end of ``text``, in at most ``width`` cells: the end of a path tells most."""
    return text if len(text) <= width else ELLIPSIS + text[len(text) - max(0, width - 1) :]


def joined(parts: list[str], width: int, separator: str) -> str:
    """Return as many of the first ``parts`` as fit into ``width``."""
    while len(parts) > 1 and cell_len(separator.join(parts)) > width:
        parts = parts[:-1]
    return separator.join(parts)


def _magnitude(value: float) -> int:
    return floor(log10(abs(value))) if value else 0
