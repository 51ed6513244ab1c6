"""What commands print on: as wide as the terminal; what is piped is not wrapped at all.

Owns the width. A pipe or file has none: a line ends where its text ends, so that ``grep`` finds it.
``COLUMNS`` sets a width for either.
"""

import os
import sys
from typing import TextIO

from rich.console import Console

_UNBOUNDED = 100_000
"""Cells: no line of ours is as long."""


def new_console(file: TextIO | None = None, *, soft_wrap: bool = False) -> Console:
    """Return a console that prints words as they are to ``file``, by default standard output.

    ``soft_wrap``: a terminal wraps, not this program.
    """
    out = Console(
        file=sys.stdout if file is None else file,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=soft_wrap,
    )
    unwrap(out)
    return out


def unwrap(console: Console) -> None:
    """Wrap nothing where ``console`` is no terminal and nobody set a width."""
    if not console.is_terminal and not has_given_width():
        console.width = _UNBOUNDED


def has_given_width() -> bool:
    """Tell whether the environment sets a width, as rich reads it."""
    return os.environ.get("COLUMNS", "").isdigit()
