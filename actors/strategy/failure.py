"""How a strategy's exception is shown: in short with the user's line, in full for the log. Pure."""

import sys
import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import NamedTuple

from messages.border import one_line

_TEXT_MOST = 300
"""Characters of what an exception says."""
_FRAMES_MOST = 50
_OURS = frozenset(
    {
        "actors",
        "commands",
        "config",
        "exchange",
        "inspection",
        "messages",
        "replay",
        "session",
        "supervisor",
        "terminal",
    }
)
"""Packages whose lines are not the user's."""
_INSTALLED = ("site-packages", "dist-packages")


class Failure(NamedTuple):
    """An exception of a user's code."""

    text: str
    """In one line: ``ValueError: odd (my_rules.py, line 12)``."""
    details: str
    """The traceback."""


def failure_of(error: BaseException) -> Failure:
    """Return how an exception is shown. Its own code may raise, too."""
    try:
        # a SyntaxError's own text names the place too
        said = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except Exception:  # noqa: BLE001 - a user's code may raise anything
        said = "(its text can't be made)"
    said = one_line(said, _TEXT_MOST)
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    place = _place(error)
    return Failure(text if place is None else f"{text} ({place})", _details(error))


def _place(error: BaseException) -> str | None:
    """Return file and line of the user's code: where it raised, or called what raised."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return _shown(error.filename, error.lineno or 0)
    found = None
    for frame, line in _walk(error.__traceback__):
        if _is_users(frame):
            found = _shown(frame.f_code.co_filename, line)
    return found


def _walk(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _is_users(frame: FrameType) -> bool:
    file, module = frame.f_code.co_filename, str(frame.f_globals.get("__name__", ""))
    if file.startswith("<") or any(part in file for part in _INSTALLED):
        return False
    package = module.partition(".")[0]
    return package not in _OURS and package not in sys.stdlib_module_names


def _shown(file: str, line: int) -> str:
    return f"{one_line(file.rpartition('/')[2])}, line {line}"


def _details(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error, limit=_FRAMES_MOST))
    except Exception:  # noqa: BLE001 - as above
        return "".join(traceback.format_tb(error.__traceback__, limit=_FRAMES_MOST))
