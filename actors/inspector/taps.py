"""Taps: what actors are handed, seen as it happens, at no cost to those that nobody taps.

A tapped actor is handed its messages through a function of ours; it goes with the last tap. Owns
what was seen and not yet sent, within a bound: what is more is counted and let go.
"""

import threading
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import NamedTuple

from actors.runtime.hooks import LaneActor
from actors.runtime.mailbox import Delivery, Mailbox
from actors.runtime.system import System
from messages.base import Address, Timestamp

WAITING_MAX = 500
"""Messages of one tap that wait for a slow reader."""
_BURST_SECONDS = 1.0
_PROCESS = "process"


class Seen(NamedTuple):
    """One message that was handed over."""

    at: Timestamp
    to: Address
    delivery: Delivery


class TapLine:
    """One tap: what it wants, how much it may have, and what it has."""

    __slots__ = (
        "_left",
        "actor",
        "granted",
        "is_wanted",
        "matched",
        "message_type",
        "now",
        "per_second",
        "taken",
        "waiting",
    )  # fmt: skip

    def __init__(
        self, actor: str, message_type: str, per_second: int, now: Callable[[], Timestamp]
    ) -> None:
        """Begin with nothing seen, and a second's worth granted."""
        self.actor = actor
        self.message_type = message_type
        self.per_second = per_second
        self.now = now
        self.waiting: deque[Seen] = deque()
        self.matched = 0
        """Messages it would have shown, had it been allowed to."""
        self.taken = 0
        self.granted = min(per_second, WAITING_MAX)
        self.is_wanted: dict[type, bool] | None = None if message_type == "*" else {}
        """By class of message; None: all are."""
        self._left = 0.0

    @property
    def dropped(self) -> int:
        """How many were not taken."""
        return self.matched - self.taken

    def hear(self, to: Address, delivery: Delivery) -> None:
        """Take a message, or count it. On the thread that hands it over: nothing waits here."""
        if self.is_wanted is not None and not self._wants(type(delivery.message)):
            return
        self.matched += 1
        if self.taken < self.granted:
            self.taken += 1
            self.waiting.append(Seen(self.now(), to, delivery))

    def grant(self, seconds: float) -> None:
        """Allow what the rate has room for after so much time, as far as there is place."""
        self._left = min(self._left + seconds * self.per_second, _BURST_SECONDS * self.per_second)
        may = min(int(self._left), WAITING_MAX - len(self.waiting))
        open_ = self.granted - self.taken
        if may > open_:
            self.granted = self.taken + may
            self._left -= may - open_

    def take_waiting(self) -> list[Seen]:
        """Take what was seen, oldest first."""
        return [self.waiting.popleft() for _ in range(len(self.waiting))]

    def _wants(self, kind: type) -> bool:
        wanted = self.is_wanted
        if wanted is None:
            return True
        if kind not in wanted:
            wanted[kind] = fnmatchcase(kind.__name__, self.message_type)
        return wanted[kind]


class Taps:
    """All taps of a system."""

    def __init__(self, system: System) -> None:
        """Tap nobody."""
        self._system = system
        self._lines: tuple[TapLine, ...] = ()
        self._lock = threading.Lock()

    def add(self, line: TapLine) -> None:
        """Begin to tap: those who live, and whoever is spawned."""
        with self._lock:
            self._lines = (*self._lines, line)
            self._system.on_seated = self._attach_new
            self._attach_all()

    def remove(self, line: TapLine) -> None:
        """End a tap; who is tapped by no other is left alone again."""
        with self._lock:
            self._lines = tuple(other for other in self._lines if other is not line)
            if not self._lines:
                self._system.on_seated = None
            self._attach_all()

    def _attach_new(self, mailbox: Mailbox) -> None:
        with self._lock:
            self._attach(mailbox)

    def _attach_all(self) -> None:
        for mailbox in list(self._system.mailboxes.values()):
            self._attach(mailbox)

    def _attach(self, mailbox: Mailbox) -> None:
        actor = mailbox.actor
        if not isinstance(actor, LaneActor):
            return
        lines = [line for line in self._lines if fnmatchcase(mailbox.address, line.actor)]
        vars(actor).pop(_PROCESS, None)  # what its class does
        if lines:
            vars(actor)[_PROCESS] = _heard_by(lines, mailbox.address, actor.process)


def _heard_by(
    lines: list[TapLine], address: Address, process: Callable[[Delivery], None]
) -> Callable[[Delivery], None]:
    """Return ``process`` with the taps before it."""
    if len(lines) == 1:
        return _heard_by_one(lines[0], address, process)

    def tapped(delivery: Delivery) -> None:
        for line in lines:
            line.hear(address, delivery)
        process(delivery)

    return tapped


def _heard_by_one(
    line: TapLine, address: Address, process: Callable[[Delivery], None]
) -> Callable[[Delivery], None]:
    """Return ``process`` with one tap before it; in a storm most it does is to count."""
    if line.is_wanted is not None:

        def tapped_by_type(delivery: Delivery) -> None:
            line.hear(address, delivery)
            process(delivery)

        return tapped_by_type

    def tapped(delivery: Delivery) -> None:
        if line.taken < line.granted:
            line.hear(address, delivery)
        else:
            line.matched += 1
        process(delivery)

    return tapped
