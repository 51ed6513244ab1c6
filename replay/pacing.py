"""How fast a recording is played, and what ends it before it is over."""

import time
from collections.abc import Callable

from messages.base import Timestamp
from session.signals import Stopping
from session.time_scaling import Deadline


class Tempo:
    """Holds each recorded moment back until it is its time."""

    def __init__(
        self, deadline: Deadline, speed: float | None, stopping: Stopping | None = None
    ) -> None:
        """Play at ``speed`` times real time; None: as fast as it can. ``stopping`` ends it."""
        self._deadline = deadline
        self._speed = speed
        self._stopping = stopping
        self._signal: str | None = None

    @property
    def ended_by(self) -> str | None:
        """Why the replay ends before its recordings; None: it does not."""
        if self._signal is None and self._stopping is not None and self._stopping.is_asked:
            self._signal = self._stopping.wait(0)
        if self._signal is not None:
            return self._signal
        is_over = self._deadline.has_passed
        return f"--duration {self._deadline.seconds:g} was over" if is_over else None

    def begin(self) -> Callable[[Timestamp], bool]:
        """Begin a way through the recordings.

        What is returned waits until it is a moment's time, and tells whether the replay goes on.
        """
        begin = time.monotonic()
        first: int | None = None

        def wait_for(at: Timestamp) -> bool:
            nonlocal first
            first = at if first is None else first
            if self._speed is not None:
                due = begin + (at - first) / 1000 / self._speed
                self._wait(self._deadline.within(max(0.0, due - time.monotonic())))
            return self.ended_by is None

        return wait_for

    def _wait(self, seconds: float) -> None:
        if self._stopping is None:
            time.sleep(seconds)
        elif seconds > 0 and self._signal is None:
            self._signal = self._stopping.wait(seconds)


AS_FAST_AS_IT_CAN = Tempo(Deadline(None), None)
