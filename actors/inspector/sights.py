"""What each thread has in hand, and since when: seen from outside, so also of one that hangs."""

import sys
import traceback
from collections import Counter

from actors.runtime.dispatcher import ProductionDispatcher, ThreadLane
from actors.runtime.mailbox import Delivery
from messages.base import Address, Milliseconds
from messages.inspection import ThreadStatus, TimeSampled, TimeShare

STACK_FROM_MS = 500
"""A message that is in hand for so long is shown with where it is in the code."""
_FRAMES_MAX = 30


class Sights:
    """Remembers since when each thread has had the same message in hand."""

    def __init__(self, dispatcher: ProductionDispatcher) -> None:
        """Begin without a look."""
        self._dispatcher = dispatcher
        self._seen: dict[ThreadLane, tuple[Delivery | None, float]] = {}

    def look(self, now: float) -> None:
        """Look at every thread once. ``now`` in seconds, of a clock that never goes back."""
        self._seen = {lane: self._sight(lane, now) for lane in self._dispatcher.lanes}

    def threads(self, now: float) -> tuple[ThreadStatus, ...]:
        """Return what each thread has in hand."""
        self.look(now)
        return tuple(_status(lane, *seen, now) for lane, seen in self._seen.items())

    def _sight(self, lane: ThreadLane, now: float) -> tuple[Delivery | None, float]:
        before = self._seen.get(lane)
        in_hand = lane.in_hand
        if before is not None and before[0] is in_hand:
            return before
        return in_hand, now


class TimeSampling:
    """Looks many times a second at whose turn it is, for a while."""

    def __init__(self, dispatcher: ProductionDispatcher, until: float) -> None:
        """Begin; it is over at ``until``."""
        self.until = until
        self._dispatcher = dispatcher
        self._looks = 0
        self._counts: Counter[tuple[Address, str]] = Counter()

    def look(self) -> None:
        """Look at every thread once."""
        for lane in self._dispatcher.lanes:
            self._looks += 1
            mailbox, in_hand = lane.mailbox, lane.in_hand
            if mailbox is not None and in_hand is not None:
                self._counts[mailbox.address, type(in_hand.message).__name__] += 1

    def answer(self) -> TimeSampled:
        """Return what was seen."""
        shares = (
            TimeShare(actor=actor, message_type=kind, samples=samples)
            for (actor, kind), samples in self._counts.most_common()
        )
        return TimeSampled(samples=self._looks, shares=tuple(shares))


def _status(lane: ThreadLane, delivery: Delivery | None, since: float, now: float) -> ThreadStatus:
    mailbox = lane.mailbox
    for_ms = Milliseconds(int((now - since) * 1000)) if delivery is not None else Milliseconds(0)
    return ThreadStatus(
        name=lane.name,
        is_alive=lane.thread.is_alive(),
        actor=None if mailbox is None or delivery is None else mailbox.address,
        message_type=None if delivery is None else type(delivery.message).__name__,
        for_ms=for_ms,
        stack=_stack(lane) if for_ms >= STACK_FROM_MS else (),
    )


def _stack(lane: ThreadLane) -> tuple[str, ...]:
    frames = sys._current_frames()  # noqa: SLF001 - the only way in
    frame = frames.get(lane.thread.ident or 0)
    if frame is None:
        return ()
    summary = traceback.extract_stack(frame)[-_FRAMES_MAX:]
    return tuple(f"{one.filename}:{one.lineno} {one.name}: {one.line or ''}" for one in summary)
