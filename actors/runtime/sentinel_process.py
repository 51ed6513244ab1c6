"""Starts the sentinel, keeps it alive, and tells how long this process could run.

Owns the shared page, the memory that a crash or a hang writes its stacks into, and the lock by
which the next start waits for the sentinel's note.
"""

import faulthandler
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
from loguru import logger

from actors.runtime import sentinel
from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.hand_page import HandPage
from messages.base import Milliseconds

NOTE_LOCK = "sentinel.lock"
"""Held by a sentinel until it has written all that it has to write."""
DUMP_SIGNAL = signal.SIGRTMIN + 7
"""Has every thread's stack written into memory, also while no Python code can run."""
_PERIOD_SECONDS = 0.25
_AGAIN_SECONDS = 10.0
"""Before a sentinel that ended by itself is started again."""
_SILENT_SECONDS = 5.0
"""Without a sign of the sentinel; then this process counts by itself."""
_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.02


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sentinel writes."""

    note: Path
    """The message that the next start skips."""
    unwritten: Path
    """Records that were not durable when the process was ended."""
    log: Path
    stacks: Path


class SentinelProcess:
    """A sentinel for this process, between ``start`` and ``stop``."""

    def __init__(
        self,
        dispatcher: ProductionDispatcher,
        hard_ms: Milliseconds,
        places: Places,
        mirror: int = -1,
    ) -> None:
        """Prepare to watch ``dispatcher``; ``mirror`` leads to the records not yet durable."""
        self.page = HandPage()
        self._dispatcher, self._places, self._mirror = dispatcher, places, mirror
        self._hard_seconds = hard_ms / 1000
        self._dump = os.memfd_create("holdfast-stacks")
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = -_AGAIN_SECONDS
        self._fair, self._fair_at = 0.0, time.monotonic()
        self._own = 0.0
        """Seconds that this process counted while the sentinel was silent."""
        self._owns_faults = False

    @property
    def is_alive(self) -> bool:
        """Whether there is a sentinel that will write what is to be written."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the sentinel; where that can't be, say so and go on without."""
        fcntl.fcntl(self._dump, fcntl.F_SETFL, os.O_APPEND)
        faulthandler.register(DUMP_SIGNAL, file=self._dump, all_threads=True)
        if not faulthandler.is_enabled():
            faulthandler.enable(file=self._dump)
            self._owns_faults = True
        self._dispatcher.show_hands(self.page)
        self._spawn()

    def stop(self) -> None:
        """End the sentinel: this process is watched no more."""
        self._dispatcher.show_hands(None)
        self.page.end()
        faulthandler.unregister(DUMP_SIGNAL)
        if self._owns_faults:
            faulthandler.disable()
        if self._process is not None:
            self._process.kill()  # it has nothing to write
            self._process.wait()
        os.close(self._dump)  # the page stays as long as a thread may write on it

    def look(self) -> float:
        """Tell the sentinel that Python code runs; return the seconds in which it could run.

        Called again and again by the watchdog's thread.
        """
        self.page.beat += 1
        if not self.is_alive and time.monotonic() - self._started_at > _AGAIN_SECONDS:
            logger.warning("the sentinel ended by itself: another one is started")
            self._spawn()
        now, fair = time.monotonic(), self.page.fair_seconds
        if fair != self._fair:
            self._fair, self._fair_at = fair, now
        elif now - self._fair_at > _SILENT_SECONDS:
            self._own += min(now - self._fair_at - _SILENT_SECONDS, 2 * _PERIOD_SECONDS)
            self._fair_at = now - _SILENT_SECONDS
        return self._own + fair

    def _spawn(self) -> None:
        self._started_at = time.monotonic()
        orders = sentinel.Orders(
            pid=os.getpid(),
            page=self.page.descriptor,
            dump=self._dump,
            dump_signal=DUMP_SIGNAL,
            hard_seconds=self._hard_seconds,
            grace_seconds=max(0.5, self._hard_seconds / 10),
            period_seconds=min(_PERIOD_SECONDS, self._hard_seconds / 10),
            note=str(self._places.note),
            log=str(self._places.log),
            stacks=str(self._places.stacks),
            mirror=self._mirror,
            unwritten=str(self._places.unwritten),
        )
        command = [sys.executable, "-I", "-S", sentinel.__file__, json.dumps(orders._asdict())]
        kept = [one for one in (self.page.descriptor, self._dump, self._mirror) if one >= 0]
        try:
            lock = os.open(self._places.note.with_name(NOTE_LOCK), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._process = subprocess.Popen(  # noqa: S603 - our own script
                    command,
                    pass_fds=(*kept, lock),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    start_new_session=True,
                )
            finally:
                os.close(lock)
        except OSError as error:
            logger.warning("no sentinel watches this process: {}", error)


def wait_for_note(folder: Path) -> bool:
    """Wait until the last process's sentinel has written its note; False: it hangs over it."""
    try:
        lock = os.open(folder / NOTE_LOCK, os.O_RDWR)
    except OSError:
        return True
    deadline = time.monotonic() + _WAIT_SECONDS
    try:
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(_LOOK_SECONDS)
        return False
    finally:
        os.close(lock)
