"""How fast a recording is played, and for how long."""

import time
from collections.abc import Callable

from commands.tempo import Deadline
from messages.base import Timestamp


class Tempo:
    """Holds each recorded moment back until it is its time."""

    def __init__(self, deadline: Deadline, speed: float | None) -> None:
        """Play at ``speed`` times real time; None: as fast as it can."""
        self._deadline = deadline
        self._speed = speed

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._deadline.has_passed

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
                time.sleep(self._deadline.within(max(0.0, due - time.monotonic())))
            return not self.is_over

        return wait_for


AS_FAST_AS_IT_CAN = Tempo(Deadline(None), None)
