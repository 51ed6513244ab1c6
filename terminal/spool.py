"""Bytes on their way to a place that may be slow, full, hung or gone; a caller never waits for it.

Each place has a thread of its own and a bounded buffer; what exceeds the buffer is dropped and
counted, and the count is written once there is room again.
"""

import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

RETRY_SECONDS = 0.25
"""Between two tries of a write that failed."""
_IN_VAIN_SECONDS = 1.0
_BATCH_BYTES = 65_536
"""Of pieces that are written together; one piece may be larger."""


class GoneError(OSError):
    """The place takes nothing any more: its reader ended, its terminal was closed."""


class Place(Protocol):
    """The end that may block. Used by the spool's thread only."""

    def open(self) -> None:
        """Prepare to write. Raises ``OSError``: it is tried again."""
        ...

    def write(self, pieces: list[bytes], /) -> None:
        """Write all of them. Raises ``GoneError`` for good, ``OSError``: they are given again."""
        ...

    def close(self) -> None:
        """Let go of the place."""
        ...


def _no_note(_lost: int) -> bytes:
    return b""


class Spool:
    """A bounded queue of pieces, and the thread that writes them to a place, in order."""

    def __init__(
        self,
        name: str,
        place: Place,
        *,
        bytes_max: int,
        linger_seconds: float = 0.0,
        note: Callable[[int], bytes] = _no_note,
    ) -> None:
        """Start the thread, which opens ``place``.

        ``linger_seconds``: a piece waits so long for others to be written with it. ``note`` returns
        what is written in the place of so many dropped pieces.
        """
        self.name = name
        self.lost = 0
        """Pieces that were dropped, so far."""
        self.problem: OSError | None = None
        """Why the place takes nothing now; None: it took the last piece, or hangs."""
        self.is_gone = False
        self.on_gone: Callable[[], None] | None = None
        """Called once, on the spool's thread, when the place takes nothing any more."""
        self._place, self._note = place, note
        self._bytes_max, self._linger_seconds = bytes_max, linger_seconds
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        """Of what waits, and of what is being written."""
        self._unsaid = 0
        """Dropped pieces that no note tells of yet."""
        self._written = 0
        """Grows with every write: whether the place still takes anything."""
        self._stuck_at: int | None = None
        """What ``_written`` was when a drain ended in vain; None: none did."""
        self.is_open = self._is_hurried = self._is_closed = False
        # Reentrant: a signal's handler may write while its thread is in here.
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._run, name=f"{name} writer", daemon=True)
        self._thread.start()
        _SPOOLS.add(self)

    @property
    def is_idle(self) -> bool:
        """Whether everything was written."""
        return not self._bytes and not self._unsaid

    def put(self, data: bytes) -> bool:
        """Take a piece, whole or not at all; return whether it was taken. From any thread."""
        with self._changed:
            if self.is_gone or self._is_closed:
                return False
            if self._bytes and self._bytes + len(data) > self._bytes_max:
                self.lost += 1
                self._unsaid += 1
                return False
            if self._unsaid:
                self._add(self._take_note())
            if data:
                self._add(data)
            return True

    def put_patiently(self, data: bytes, seconds: float) -> bool:
        """Take a piece as ``put`` does, but wait for room while the place takes something.

        For a program that nothing depends on, such as a replay. A place that took nothing for
        ``seconds`` is not waited for again before it does.
        """
        with self._changed:
            room = max(0, self._bytes_max - len(data))
            while self._bytes > room and self._stuck_at != self._written:
                written = self._written
                if not self._changed.wait(seconds) and self._written == written:
                    self._stuck_at = written
            return self.put(data)

    def opens_within(self, seconds: float) -> bool:
        """Wait until the place is open; False: it can't be (``problem``), or it hangs."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_open or self.problem is not None, seconds)
            return self.is_open

    def drain(self, seconds: float) -> bool:
        """Wait until all is written, or the place took nothing for ``seconds``; tell which.

        A place that was waited for in vain before, and took nothing since, is not waited for again.
        """
        with self._changed:
            if self._is_closed or self._stuck_at == self._written:
                return self.is_idle or self.is_gone
            self._is_hurried = True
            self._changed.notify_all()
            written, until = self._written, time.monotonic() + seconds
            while not (self.is_idle or self.is_gone):
                if not self._changed.wait(max(0.0, until - time.monotonic())):
                    self._stuck_at = self._written if seconds >= _IN_VAIN_SECONDS else None
                    break
                if self._written != written:
                    written, until = self._written, time.monotonic() + seconds
            self._is_hurried = False
            return self.is_idle or self.is_gone

    def close(self, seconds: float) -> bool:
        """Drain, take nothing more, and end the thread; return whether all was written."""
        is_whole = self.drain(seconds)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(seconds if is_whole else 0.0)
        return is_whole

    def _add(self, data: bytes) -> None:
        is_first = not self._waiting
        self._waiting.append(data)
        self._bytes += len(data)
        if is_first or self._bytes > self._bytes_max // 2:
            self._changed.notify_all()

    def _take_note(self) -> bytes:
        note, self._unsaid = self._note(self._unsaid), 0
        return note

    def _run(self) -> None:
        try:
            if not self._tries(self._place.open):
                return
            with self._changed:
                self.is_open = True
                self._changed.notify_all()
            while pieces := self._next():
                if not self._tries(partial(self._place.write, pieces)):
                    return
                with self._changed:
                    self._bytes -= sum(map(len, pieces))
                    self._written += 1
                    self._changed.notify_all()
        except GoneError:
            self._end()
        finally:
            self._place.close()

    def _next(self) -> list[bytes]:
        """Return what waits, up to a batch, once something does; empty: there is nothing more."""
        with self._changed:
            while not self._waiting:
                if self._unsaid:
                    self._add(self._take_note())
                elif self._is_closed:
                    return []
                else:
                    self._changed.wait()
            if self._linger_seconds and not self._is_closed:
                self._changed.wait_for(self._is_due, self._linger_seconds)
            pieces = [self._waiting.popleft()]
            size = len(pieces[0])
            while self._waiting and size + len(self._waiting[0]) <= _BATCH_BYTES:
                pieces.append(self._waiting.popleft())
                size += len(pieces[-1])
            return pieces

    def _is_due(self) -> bool:
        return self._is_hurried or self._is_closed or self._bytes > _BATCH_BYTES

    def _tries(self, act: Callable[[], None]) -> bool:
        """Act until it succeeds; False: the spool was closed before that."""
        while True:
            try:
                act()
            except GoneError:
                raise
            except OSError as error:
                with self._changed:
                    self.problem = error
                    self._changed.notify_all()
                    if self._is_closed or self._changed.wait_for(
                        lambda: self._is_closed, RETRY_SECONDS
                    ):
                        return False
            else:
                self.problem = None
                return True

    def _end(self) -> None:
        """Drop what waits: the place is gone."""
        with self._changed:
            self.is_gone = True
            self._waiting.clear()
            self._bytes = self._unsaid = 0
            self._changed.notify_all()
        if self.on_gone is not None:
            self.on_gone()


_SPOOLS: "weakref.WeakSet[Spool]" = weakref.WeakSet()


def drain_all(seconds: float) -> list[Spool]:
    """Wait until every spool is empty, for at most ``seconds`` together; return those that aren't.

    For the end of the process.
    """
    deadline = time.monotonic() + seconds
    spools = list(_SPOOLS)
    return [one for one in spools if not one.drain(max(0.0, deadline - time.monotonic()))]


atexit.register(drain_all, 2.0)
