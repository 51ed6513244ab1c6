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
    try:
        return read().strip()
    except EOFError:
        return ""


def read_line() -> str:
    """Return the next line. Raises ``EOFError`` where the input has ended.

    It waits in short turns: a Ctrl-C just before a read begins would count only after a line came.
    """
    while not select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
        pass
    return input()
