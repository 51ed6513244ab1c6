"""The keys that a person presses while the live view has the terminal. Waits for none."""

import os
import select
import sys
import termios
import tty
from contextlib import suppress

_MOST = 64
"""Bytes read at a time; a paste has more, and means nothing."""


class Keys:
    """Reads single keys of standard input, without echo, where it is a terminal.

    Ctrl-C stays a signal. Where standard input is no terminal, or another program's, there are no
    keys.
    """

    def __init__(self) -> None:
        """Change nothing yet."""
        self._before: list[object] | None = None
        self._fd = -1

    def start(self) -> None:
        """Have each key at once, not each line."""
        with suppress(OSError, ValueError, AttributeError, termios.error):
            fd = sys.stdin.fileno()
            if os.isatty(fd) and not _is_of_others(fd):
                self._before, self._fd = termios.tcgetattr(fd), fd
                tty.setcbreak(fd, termios.TCSANOW)

    def stop(self) -> None:
        """Give the terminal its lines and its echo back."""
        if self._before is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, self._before)  # type: ignore[arg-type] # as it was got
            self._before = None

    def pressed(self) -> str:
        """Return the keys since the last time; empty: none."""
        if self._before is None:
            return ""
        with suppress(OSError, ValueError):
            if select.select([self._fd], [], [], 0)[0]:
                return os.read(self._fd, _MOST).decode("ascii", "replace").lower()
        return ""


def _is_of_others(fd: int) -> bool:
    """Return whether another job of the terminal reads its keys now."""
    try:
        return os.tcgetpgrp(fd) != os.getpgrp()
    except OSError:  # not the terminal that controls this process
        return False
