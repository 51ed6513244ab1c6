"""Taps: what actors are handed, seen as it happens, at no cost to those that nobody taps.

A tapped actor is handed its messages through a function of ours; it goes with the last tap, and
is away while the only tap of an actor may take no more: what its mailbox handled meanwhile is
counted from there. Owns what was seen and not yet sent, within a bound: what is more is counted and
let go.
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
        "hung_up",
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
        self.hung_up: deque[Wire] = deque()
        """Those that hear nothing until it may take more."""
        self.matched = 0
        """Messages it would have shown, had it been allowed to; of those hung up not the last."""
        self.taken = 0
        self.granted = min(per_second, WAITING_MAX)
        self.is_wanted: dict[type, bool] | None = None if message_type == "*" else {}
        """By class of message; None: all are."""
        self._left = 0.0

    @property
    def dropped(self) -> int:
        """How many were not taken."""
        return self.matched + sum(wire.unseen for wire in list(self.hung_up)) - self.taken

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


class Wire:
    """One actor, heard by one tap alone, that hangs up while the tap may take no more.

    A lane asks for an actor's ``process`` at the beginning of a batch and counts it at its end, so
    what the mailbox counts is exact whenever a batch begins.
    """

    __slots__ = ("_counted", "_line", "actor", "mailbox")

    def __init__(self, line: TapLine, mailbox: Mailbox, actor: LaneActor) -> None:
        """Hear nothing yet."""
        self.mailbox = mailbox
        self.actor = actor
        self._line = line
        self._counted: int | None = None
        """Of the mailbox's messages; None: it has heard none yet."""

    @property
    def unseen(self) -> int:
        """Messages that were handled past it and are not counted yet."""
        counted = self._counted
        return 0 if counted is None else max(0, self.mailbox.processed - counted)

    def __call__(self, delivery: Delivery) -> None:
        """Have the tap hear a message, or hang up; then let the actor have it. On the lane."""
        line = self._line
        if self._counted is None:
            self._counted = self.mailbox.processed
        self.settle()
        self._counted += 1
        if line.taken < line.granted:
            line.hear(self.mailbox.address, delivery)
        else:
            line.matched += 1
            self._hang_up()
        type(self.actor).process(self.actor, delivery)

    def settle(self) -> None:
        """Count what was handled past it: not on the lane only while it is hung up."""
        unseen = self.unseen
        if unseen and self._counted is not None:
            self._counted += unseen
            self._line.matched += unseen

    def _hang_up(self) -> None:
        handler = vars(self.actor).pop(_PROCESS, None)
        if handler is self:
            self._line.hung_up.append(self)
        elif handler is not None:  # another tap's, that came meanwhile
            vars(self.actor)[_PROCESS] = handler


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
            _settle(line)
            self._lines = tuple(other for other in self._lines if other is not line)
            if not self._lines:
                self._system.on_seated = None
            self._attach_all()

    def resume(self, line: TapLine) -> None:
        """Have those hear again that hung up, if the tap may take something."""
        if line.taken >= line.granted:
            return
        with self._lock:
            for wire in _settle(line):
                if wire.actor is wire.mailbox.actor and self._lines_of(wire.mailbox) == [line]:
                    vars(wire.actor)[_PROCESS] = wire
                else:
                    self._attach(wire.mailbox)

    def _attach_new(self, mailbox: Mailbox) -> None:
        with self._lock:
            self._attach(mailbox)

    def _attach_all(self) -> None:
        for line in self._lines:
            _settle(line)
        for mailbox in list(self._system.mailboxes.values()):
            self._attach(mailbox)

    def _attach(self, mailbox: Mailbox) -> None:
        actor = mailbox.actor
        if not isinstance(actor, LaneActor):
            return
        lines = self._lines_of(mailbox)
        before = vars(actor).pop(_PROCESS, None)  # what its class does
        if isinstance(before, Wire):
            before.settle()
        if len(lines) == 1 and lines[0].is_wanted is None:
            vars(actor)[_PROCESS] = Wire(lines[0], mailbox, actor)
        elif lines:
            vars(actor)[_PROCESS] = _heard_by(lines, mailbox.address, actor.process)

    def _lines_of(self, mailbox: Mailbox) -> list[TapLine]:
        return [line for line in self._lines if fnmatchcase(mailbox.address, line.actor)]


def _settle(line: TapLine) -> list[Wire]:
    """Count what was handled past those that hung up; return them: they are hung up no more."""
    wires = [line.hung_up.popleft() for _ in range(len(line.hung_up))]
    for wire in wires:
        wire.settle()
    return wires


def _heard_by(
    lines: list[TapLine], address: Address, process: Callable[[Delivery], None]
) -> Callable[[Delivery], None]:
    """Return ``process`` with the taps before it: each wants to see which messages they are."""

    def tapped(delivery: Delivery) -> None:
        for line in lines:
            line.hear(address, delivery)
        process(delivery)

    return tapped
