"""What time it is, and who is woken when.

Owns the timers: one per address and key, kept in a heap. A set or canceled timer leaves its old
entry behind; those are skipped when they come up and swept out when they are the majority.
"""

import heapq
import threading
import time
from collections.abc import Callable
from math import inf
from typing import Protocol

from messages.base import Address, Timestamp

Wake = Callable[[Address, str], None]
"""Told that the timer with this key, of the actor at this address, is due."""

_SWEEP_FROM = 64
_LONGEST_WAIT_SECONDS = 3600.0


def _nothing() -> None:
    """Do nothing."""


class Clock(Protocol):
    """Time as the actors see it."""

    def now(self) -> Timestamp:
        """Return the time."""
        ...

    def set_timer(self, address: Address, key: str, at: Timestamp | None) -> None:
        """Wake ``address`` with ``key`` at ``at``, instead of when it was set before; None: never.

        From any thread.
        """
        ...

    def pending(self) -> list[tuple[Address, str, Timestamp]]:
        """Return every timer that is set, in no order. From any thread."""
        ...

    def bind(self, wake: Wake) -> None:
        """Say who is told of due timers; once, before the first is set."""
        ...

    def close(self) -> None:
        """Wake nobody any more."""
        ...


class Timers:
    """Deadlines by address and key, the earliest first; equal ones in order of registration."""

    def __init__(self) -> None:
        """Begin empty."""
        self._heap: list[tuple[int, int, Address, str]] = []
        self._current: dict[tuple[Address, str], tuple[int, int]] = {}
        self._registrations = 0
        self.not_before: float = inf
        """No timer is due earlier: the heap's top, whether or not it was moved since."""

    def __len__(self) -> int:
        """Count the timers that are set."""
        return len(self._current)

    def set(self, address: Address, key: str, at: Timestamp | None) -> None:
        """Set, move or cancel a timer; one set again for the same time keeps its place."""
        current = self._current.get((address, key))
        if at is None:
            if current is not None:
                del self._current[address, key]
            return
        if current is not None and current[0] == at:
            return
        self._registrations += 1
        self._current[address, key] = (at, self._registrations)
        heapq.heappush(self._heap, (at, self._registrations, address, key))
        if len(self._heap) > _SWEEP_FROM + 2 * len(self._current):
            self._sweep()
        self.not_before = self._heap[0][0]

    def pending(self) -> list[tuple[Address, str, Timestamp]]:
        """Return every timer that is set, in no order."""
        return [(address, key, Timestamp(at)) for (address, key), (at, _) in self._current.items()]

    def next_deadline(self) -> Timestamp | None:
        """Return when the earliest timer is due; None if none is set."""
        heap = self._heap
        while heap and not self._is_current(heap[0]):
            heapq.heappop(heap)
        self.not_before = heap[0][0] if heap else inf
        return Timestamp(heap[0][0]) if heap else None

    def pop_due(self, now: Timestamp) -> tuple[Address, str] | None:
        """Take the earliest timer that is due at ``now``; None if none is."""
        deadline = self.next_deadline()
        if deadline is None or deadline > now:
            return None
        _, _, address, key = heapq.heappop(self._heap)
        self.not_before = self._heap[0][0] if self._heap else inf
        del self._current[address, key]
        return address, key

    def _is_current(self, entry: tuple[int, int, Address, str]) -> bool:
        at, registration, address, key = entry
        return self._current.get((address, key)) == (at, registration)

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if self._is_current(entry)]
        heapq.heapify(self._heap)


class VirtualClock:
    """Time that stands still until a driver moves it: for replays and tests."""

    def __init__(self, start: Timestamp = Timestamp(0)) -> None:  # noqa: B008 - an int
        """Stand at ``start``."""
        self._now = start
        self._timers = Timers()
        self._lock = threading.Lock()
        self._wake: Wake | None = None

    def now(self) -> Timestamp:
        """Return where the driver has moved it."""
        return self._now

    def set_timer(self, address: Address, key: str, at: Timestamp | None) -> None:
        """Set, move or (None) cancel; a timer in the past is due at the next ``advance_to``."""
        with self._lock:
            self._timers.set(address, key, at)

    def pending(self) -> list[tuple[Address, str, Timestamp]]:
        """Return every timer that is set."""
        with self._lock:
            return self._timers.pending()

    def bind(self, wake: Wake) -> None:
        """Say who is told of due timers."""
        self._wake = wake

    def close(self) -> None:
        """Wake nobody any more."""
        self._wake = None

    def next_deadline(self) -> Timestamp | None:
        """Return when the earliest timer is due; None if none is set."""
        with self._lock:
            return self._timers.next_deadline()

    def deadline_before(self, at: Timestamp) -> Timestamp | None:
        """Return when the earliest timer is due, if that is before ``at``; quick where none is."""
        if self._timers.not_before >= at:
            return None
        deadline = self.next_deadline()
        return deadline if deadline is not None and deadline < at else None

    def is_due(self, at: Timestamp) -> bool:
        """Tell, quickly, whether a timer may be due at ``at``: one that was moved since counts."""
        return self._timers.not_before <= at

    def due_addresses(self, at: Timestamp) -> set[Address]:
        """Return whose timers are due at ``at``."""
        return {address for address, _, due in self.pending() if due <= at}

    def move_to(self, at: Timestamp) -> None:
        """Move to ``at`` and wake no actor: what is due by then fires at the next ``advance_to``.

        For a driver that first has something to say of that moment. Time never goes back.
        """
        self._now = max(self._now, at)

    def advance_to(self, at: Timestamp, settle: Callable[[], object] = _nothing) -> None:
        """Move to ``at``, stopping at each deadline on the way to wake who is due then.

        ``settle`` runs after the wakes of each deadline, with the time standing there: give it the
        dispatcher's ``run_until_idle`` or ``wait_idle``, so that what they cause happens at that
        time. Timers set meanwhile and due before ``at`` are part of the way. Time never goes back.
        """
        timers = self._timers
        while timers.not_before <= at and (deadline := self._due_at(at)) is not None:
            self._now = max(self._now, deadline)
            self._wake_due()
            settle()
        self._now = max(self._now, at)

    def _due_at(self, at: Timestamp) -> Timestamp | None:
        """Return the earliest deadline, if it is due at ``at``."""
        deadline = self.next_deadline()
        return deadline if deadline is not None and deadline <= at else None

    def _wake_due(self) -> None:
        while True:
            with self._lock:
                due = self._timers.pop_due(self._now)
            if due is None:
                return
            if self._wake is not None:
                self._wake(*due)


class WallClock:
    """Real time, or with ``speed`` a multiple of it; wakes from a thread of its own.

    Follows the system's monotonic clock from the moment it is made, so it never goes back.
    """

    def __init__(self, *, start: Timestamp | None = None, speed: float = 1.0) -> None:
        """Begin at ``start`` (None: the system's time)."""
        if speed <= 0:
            raise ValueError(f"speed is {speed}: a clock needs one above 0")
        self._speed = speed
        self._start = time.time() * 1000 if start is None else float(start)
        self._origin = time.monotonic()
        self._timers = Timers()
        self._changed = threading.Condition()
        self._wake: Wake | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def now(self) -> Timestamp:
        """Return the time."""
        return Timestamp(int(self._start + (time.monotonic() - self._origin) * 1000 * self._speed))

    def set_timer(self, address: Address, key: str, at: Timestamp | None) -> None:
        """Set, move or (None) cancel; a timer in the past is due at once."""
        with self._changed:
            before = self._timers.next_deadline()
            self._timers.set(address, key, at)
            after = self._timers.next_deadline()
            if after is not None and (before is None or after < before):
                self._changed.notify()

    def pending(self) -> list[tuple[Address, str, Timestamp]]:
        """Return every timer that is set."""
        with self._changed:
            return self._timers.pending()

    def bind(self, wake: Wake) -> None:
        """Say who is told of due timers, and begin to watch them."""
        self._wake = wake
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wake nobody any more, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (due := self._wait_for_due()) is not None:
            if self._wake is not None:
                self._wake(*due)

    def _wait_for_due(self) -> tuple[Address, str] | None:
        """Return the next due timer when it is due; None once the clock is closed."""
        with self._changed:
            while not self._closed:
                due = self._timers.pop_due(self.now())
                if due is not None:
                    return due
                self._changed.wait(self._seconds_to_next())
            return None

    def _seconds_to_next(self) -> float:
        deadline = self._timers.next_deadline()
        if deadline is None:
            return _LONGEST_WAIT_SECONDS
        # One millisecond more: ``now`` is rounded down, and a wait may end a little early.
        wait_ms = deadline + 1 - self.now()
        return min(max(0.0, wait_ms / 1000 / self._speed), _LONGEST_WAIT_SECONDS)
