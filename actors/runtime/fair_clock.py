"""How long another process could run: what the kernel says of its threads.

Used by the sentinel, so it leans on the standard library only.
"""

import contextlib
import os
import time
from typing import NamedTuple

_WAITS_PER_SECOND = 20
"""A thread that waits for the interpreter's lock wakes often and does little each time."""
_WAITS_RUN_RATIO = 0.05


class Thread(NamedTuple):
    """What the kernel says of a thread, since it began."""

    run_ns: int
    waited_ns: int
    """For a processor."""
    turns: int


class FairClock:
    """Seconds in which a process could run: not stopped, not suspended, not without a processor."""

    def __init__(self, pid: int, period_seconds: float) -> None:
        """Begin at zero."""
        self._pid, self._period = pid, period_seconds
        self._threads: dict[int, Thread] = {}
        self._at = time.monotonic()
        self.seconds = 0.0
        self.waiters: set[int] = set()
        """Threads that waited for the interpreter's lock, by the last look."""

    def look(self) -> float:
        """Return the seconds since the last look in which it could run."""
        now = time.monotonic()
        elapsed, self._at = now - self._at, now
        threads = read_threads(self._pid)
        before, self._threads = self._threads, threads
        share = self._starved_share(before, threads, elapsed)
        # A longer pause than asked for: this process, and so most likely that one, did not run.
        counted = min(elapsed, 2 * self._period) * (1.0 - share)
        if is_stopped(self._pid):
            counted = 0.0
        self.seconds += counted
        return counted

    def _starved_share(
        self, before: dict[int, Thread], after: dict[int, Thread], elapsed: float
    ) -> float:
        """Return the largest share of the time that a thread with work waited for a processor."""
        shares, self.waiters = [0.0], set()
        elapsed_ns = max(elapsed, 1e-6) * 1e9
        for number, thread in after.items():
            old = before.get(number)
            if old is None:
                continue
            runs = (thread.run_ns - old.run_ns) / elapsed_ns
            turns = (thread.turns - old.turns) / max(elapsed, 1e-6)
            if turns > _WAITS_PER_SECOND and runs < _WAITS_RUN_RATIO:
                self.waiters.add(number)
            else:
                shares.append((thread.waited_ns - old.waited_ns) / elapsed_ns)
        return min(1.0, max(shares))


def read_threads(pid: int) -> dict[int, Thread]:
    """Return what the kernel says of each thread; empty where it says nothing."""
    found: dict[int, Thread] = {}
    folder = f"/proc/{pid}/task"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - light: many times a second
            with contextlib.suppress(OSError, ValueError):
                with open(f"{folder}/{name}/schedstat", "rb") as file:  # noqa: PTH123 - as above
                    run, waited, turns = file.read().split()
                found[int(name)] = Thread(int(run), int(waited), int(turns))
    return found


def is_stopped(pid: int) -> bool:
    """Tell whether the process is stopped by a signal or a debugger."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - as above
        return file.read().rpartition(b") ")[2][:1] in {b"T", b"t"}
    return False
