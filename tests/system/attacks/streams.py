"""Outputs that take nothing: full pipes, and terminals that are stopped or closed."""

import fcntl
import os
import pty
import select
import struct
import termios
import threading
from typing import Self

_SMALL = 4096


def blocked_pipe() -> tuple[int, int]:
    """Return both ends of a pipe that is full already."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _SMALL)
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * _SMALL)
    except BlockingIOError:
        os.set_blocking(writing, True)
    return reading, writing


class Terminal:
    """A terminal of the program's own; somebody looks at it until it is stopped or closed."""

    def __init__(self) -> None:
        self.screen, self.inside = pty.openpty()
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.said = b""
        self._is_open = True
        self._looks = threading.Thread(target=self._look, daemon=True)
        self._looks.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def control(self) -> None:
        """Make it the controlling terminal; in the child, before the program."""
        os.setsid()
        fcntl.ioctl(self.inside, termios.TIOCSCTTY, 0)

    def type(self, keys: bytes) -> None:
        """Press keys: Ctrl-S is 0x13, Ctrl-Z 0x1a."""
        os.write(self.screen, keys)

    def close(self) -> None:
        """Close the window: what runs in it gets SIGHUP, then EIO."""
        if not self._is_open:
            return
        self._is_open = False
        self._looks.join()
        os.close(self.screen)
        os.close(self.inside)

    def _look(self) -> None:
        while self._is_open:
            try:
                if select.select([self.screen], [], [], 0.05)[0]:
                    self.said += os.read(self.screen, 65_536)
            except OSError:
                return
