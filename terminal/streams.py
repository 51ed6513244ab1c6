"""The process's standard output and error, as text streams that never block.

While a session runs, ``sys.stdout`` and ``sys.stderr`` are outlets: whatever prints (a view, a log
line, a warning, a traceback, a strategy's ``print``) puts its text into a bounded buffer.
"""

import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from terminal.spool import GoneError, Place, Spool

_BYTES_MAX = 262_144
"""Of output that waits for a reader."""
_DRAIN_SECONDS = 2.0
"""How long the end waits for a reader that takes nothing."""
_POLL_MS = 1_000
_GONE = {errno.EPIPE, errno.ECONNRESET, errno.EBADF}


class Descriptor:
    """A place: a file descriptor, whatever is behind it."""

    def __init__(self, number: int) -> None:
        """Write to the descriptor ``number``, which stays open."""
        self._number = number
        self._is_terminal = os.isatty(number)

    def open(self) -> None:
        """It is open."""

    def write(self, pieces: list[bytes]) -> None:
        """Write all of it, however long the reader takes."""
        rest = memoryview(b"".join(pieces))
        while rest:
            try:
                rest = rest[os.write(self._number, rest) :]
            except BlockingIOError:  # another process made it non-blocking
                poll = select.poll()
                poll.register(self._number, select.POLLOUT)
                poll.poll(_POLL_MS)
            except OSError as error:
                is_hung_up = self._is_terminal and error.errno in {errno.EIO, errno.ENXIO}
                if error.errno in _GONE or is_hung_up:
                    raise GoneError(error.errno, error.strerror) from None
                raise

    def close(self) -> None:
        """Leave it to the process."""


class Nowhere:
    """A place for output that was closed before the program began."""

    def open(self) -> None:
        """Nothing is to be done."""

    def write(self, pieces: list[bytes]) -> None:
        """Forget it."""

    def close(self) -> None:
        """Nothing is to be done."""


class Wrapped:
    """A place: a text stream without a descriptor, such as a test's."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream

    def open(self) -> None:
        """It is open."""

    def write(self, pieces: list[bytes]) -> None:
        """Write it as text."""
        self._stream.write(b"".join(pieces).decode(self._stream.encoding or "utf-8", "replace"))
        self._stream.flush()

    def close(self) -> None:
        """Leave it to its owner."""


class Outlet(io.TextIOBase):
    """A text stream over a spool; it never raises, and waits no longer than its patience."""

    def __init__(self, stream: TextIO | None, name: str, patience_seconds: float = 0.0) -> None:
        """Stand in for ``stream``; None: it was closed before the program began.

        ``patience_seconds``: how long a write waits for a slow reader before text is dropped.
        """
        self.stream = stream
        self._patience_seconds = patience_seconds
        self._encoding = (stream.encoding if stream is not None else None) or "utf-8"
        self._is_terminal = False
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
                self._is_terminal = stream.isatty()
        self.spool = Spool(name, _place_of(stream), bytes_max=_BYTES_MAX, note=_lost_note)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property here, an attribute there
        """The replaced stream's."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]  # as above
        """A character that the encoding lacks is replaced: output never raises."""
        return "replace"

    @property
    def is_ready(self) -> bool:
        """Whether everything before was taken: else a further picture is not worth drawing."""
        return self.spool.is_idle and not self.spool.is_gone

    def write(self, text: str) -> int:
        """Put text into the buffer, or drop it and count it."""
        data = text.encode(self._encoding, "replace")
        if self._patience_seconds:
            self.spool.put_patiently(data, self._patience_seconds)
        else:
            self.spool.put(data)
        return len(text)

    def flush(self) -> None:
        """Do nothing: the spool's thread writes as soon as the reader takes it."""

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Tell whether the replaced stream is a terminal."""
        return self._is_terminal

    def fileno(self) -> int:
        """Return the replaced stream's descriptor. Raises ``OSError`` where it has none."""
        if self.stream is None:
            raise OSError("the stream was closed before the program began")
        return self.stream.fileno()


def _place_of(stream: TextIO | None) -> Place:
    if stream is None:
        return Nowhere()
    try:
        return Descriptor(stream.fileno())
    except (OSError, ValueError):
        return Wrapped(stream)


def _lost_note(lost: int) -> bytes:
    return f"\n({lost} pieces of output were dropped: the reader was too slow)\n".encode()


@contextmanager
def bounded_streams(patience_seconds: float = 0.0) -> Iterator[None]:
    """Have ``sys.stdout`` and ``sys.stderr`` never block, or for ``patience_seconds`` at most.

    At the end they are given back, but for one whose reader still takes nothing: what is printed
    after that must not wait either.
    """
    if isinstance(sys.stdout, Outlet) or isinstance(sys.stderr, Outlet):
        yield
        return
    out = Outlet(sys.stdout, "stdout", patience_seconds)
    err = Outlet(sys.stderr, "stderr", patience_seconds)
    sys.stdout, sys.stderr = out, err
    drain_seconds = max(_DRAIN_SECONDS, patience_seconds)
    try:
        yield
    finally:
        if out.spool.close(drain_seconds) and sys.stdout is out:
            sys.stdout = out.stream
        if err.spool.close(drain_seconds) and sys.stderr is err:
            sys.stderr = err.stream


def on_output_gone(act: Callable[[], None] | None) -> None:
    """Call ``act`` once, from another thread, when standard output has no reader any more."""
    if isinstance(sys.stdout, Outlet):
        sys.stdout.spool.on_gone = act
        if sys.stdout.spool.is_gone and act is not None:
            act()


def output_is_ready() -> bool:
    """Tell whether standard output took everything that was printed."""
    return sys.stdout.is_ready if isinstance(sys.stdout, Outlet) else True
