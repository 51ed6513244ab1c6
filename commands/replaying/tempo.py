"""How fast a recording is played, and for how long."""

import time
from collections.abc import Iterable, Iterator

from commands.replaying.feed import FeedItem
from commands.tempo import Deadline


class Tempo:
    """Holds each point of a recording back until it is its time."""

    def __init__(self, deadline: Deadline, speed: float | None) -> None:
        """Play at ``speed`` times real time; None: as fast as it can."""
        self._deadline = deadline
        self._speed = speed

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._deadline.has_passed

    def kept(self, items: Iterable[FeedItem]) -> Iterator[FeedItem]:
        """Yield each item when it is its time, until the time is up."""
        begin = time.monotonic()
        first: int | None = None
        for item in items:
            first = item.point.at if first is None else first
            if self._speed is not None:
                due = begin + (item.point.at - first) / 1000 / self._speed
                time.sleep(self._deadline.within(max(0.0, due - time.monotonic())))
            if self.is_over:
                return
            yield item


AS_FAST_AS_IT_CAN = Tempo(Deadline(None), None)
