"""The person at the terminal, asked before real money is touched."""

import sys
from collections.abc import Callable


def is_anyone_there(*, is_terminal: bool | None = None) -> bool:
    """Return whether a person can answer; None: look whether the input is a terminal."""
    return sys.stdin.isatty() if is_terminal is None else is_terminal


def typed_by(read: Callable[[], str]) -> str:
    """Return what a person types, without spaces around it; empty where the input has ended."""
    try:
        return read().strip()
    except EOFError:
        return ""
