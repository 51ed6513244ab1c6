"""The person at the terminal, asked before real money is touched."""

import select
import sys
from collections.abc import Callable

_LOOK_SECONDS = 0.25


def is_anyone_there(*, is_terminal: bool | None = None) -> bool:
    """Return whether a person can answer; None: look whether the input is a terminal."""
    return sys.stdin.isatty() if is_terminal is None else is_terminal


def typed_by(read: Callable[[], str]) -> str:
    """Return what a person types, without spaces around it; empty where the input has ended."""
    if read is input:
        _wait_for_line()
    try:
        return read().strip()
    except EOFError:
        return ""


def _wait_for_line() -> None:
    """Wait in short turns: a Ctrl-C just before a read began would count only after a line came."""
    while not select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
        pass
