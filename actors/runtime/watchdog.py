"""Looks from outside whether the dispatcher's threads get on.

Owns the limits on how long one message may be in hand. A thread can't be killed: over the hard
limit a pinned actor is given a new one, and the process ends where it is the shared one that hangs.
Costs the threads nothing: it looks, from time to time, at what they have in hand. Where no Python
code can run, it can't look either: then the sentinel ends the process.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from loguru import logger

from actors.plain_files import new_file
from actors.runtime.dispatcher import ProductionDispatcher, ThreadLane
from actors.runtime.hand_page import HandPage
from actors.runtime.mailbox import Delivery
from actors.runtime.stacks import all_stacks
from messages.base import Address, MessageId, Milliseconds
from messages.envelope import Envelope

EXIT_STUCK = 75
"""The process's exit code after the hard limit: start it again, it recovers."""

STUCK_NOTE = "stuck.json"
"""Beside the journal: the message that was in hand when the process ended itself."""

_SAVE_SECONDS = 5.0

_NO_LIMITS: Mapping[Address, Milliseconds] = {}


class Stuck(msgspec.Struct, frozen=True):
    """A message that has been in hand for long."""

    actor: Address
    message_type: str
    message_id: MessageId | None
    """None: what came through a pykka ref."""
    for_ms: Milliseconds
    """At least so long."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long one message may be in hand."""

    soft_ms: Milliseconds = Milliseconds(1_000)
    """The actor is named in the log, and the stacks of all threads are written."""
    hard_ms: Milliseconds = Milliseconds(30_000)
    pinned_ms: Mapping[Address, Milliseconds] = _NO_LIMITS
    """The hard limit of a pinned actor, where it has one of its own."""


def end_process(
    note: Path,
    save: Callable[[Stuck], object],
    end: Callable[[int], object] = os._exit,
    page: Callable[[], HandPage | None] = lambda: None,
) -> Callable[[Stuck], None]:
    """Return what to do at the hard limit: have the message noted, end with ``EXIT_STUCK``.

    ``save`` makes the step durable that sent it: recovery reads the note and skips that message as
    one that raised. It is not waited for longer than ``_SAVE_SECONDS``: a disk may be what hangs.
    With a ``page`` the sentinel writes the note after the death, if the message still lies there;
    and where the message is done with meanwhile, the process goes on.
    """

    def write_and_end(stuck: Stuck) -> None:
        shown = page()
        hand = None if shown is None else shown.hand(0)
        if shown is not None and hand is not None:
            shown.verdict = hand.number
        saving = threading.Thread(target=save, args=(stuck,), name="last commit", daemon=True)
        saving.start()
        saving.join(_SAVE_SECONDS)
        if shown is None:
            _write_note(note, stuck)
        elif shown.hand(0) != hand:
            shown.verdict = 0
            return
        end(EXIT_STUCK)

    return write_and_end


def _write_note(note: Path, stuck: Stuck) -> None:
    with os.fdopen(new_file(note), "wb") as file:
        file.write(msgspec.json.encode(stuck))
        file.flush()
        os.fsync(file.fileno())


class _Sight:
    """What a lane was seen with, since when, and what was said about it."""

    __slots__ = ("delivery", "is_lost", "is_told", "since")

    def __init__(self, delivery: Delivery | None, since: float) -> None:
        self.delivery = delivery
        self.since = since
        self.is_told = False
        self.is_lost = False


class Watchdog:
    """Times what each lane has in hand; a thread of its own between ``start`` and ``stop``."""

    def __init__(
        self,
        dispatcher: ProductionDispatcher,
        limits: Limits,
        *,
        on_hard_limit: Callable[[Stuck], None],
        on_pinned_lost: Callable[[Address, str], None],
        on_soft_limit: Callable[[Stuck], None],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch the lanes of ``dispatcher``; the callbacks run on the watchdog's thread.

        ``on_pinned_lost`` is called for a pinned actor whose thread hangs or died, and why: tell
        the supervisor. ``seconds`` counts the time in which this process could run.
        """
        self._dispatcher = dispatcher
        self._limits = limits
        self._on_hard_limit = on_hard_limit
        self._on_pinned_lost = on_pinned_lost
        self._on_soft_limit = on_soft_limit
        self._seconds = seconds
        self._sights: dict[ThreadLane, _Sight] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look, several times within the shortest limit."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def look(self, now: float) -> None:
        """Look at every lane once. ``now`` in seconds, of a clock that never goes back."""
        lanes = self._dispatcher.lanes
        shared = lanes[0]
        self._sights = {lane: self._seen(lane, now) for lane in lanes}
        for lane, sight in self._sights.items():
            self._judge(lane, sight, now, is_pinned=lane is not shared)

    def _seen(self, lane: ThreadLane, now: float) -> _Sight:
        before = self._sights.get(lane)
        in_hand = lane.in_hand
        if before is not None and before.delivery is in_hand:
            return before
        return _Sight(in_hand, now)

    def _judge(self, lane: ThreadLane, sight: _Sight, now: float, *, is_pinned: bool) -> None:
        if is_pinned and not lane.thread.is_alive():
            self._tell_lost(lane, sight, "its thread died")
            return
        stuck = _stuck(lane, sight, now)
        if stuck is None:
            return
        if stuck.for_ms >= self._limits.soft_ms and not sight.is_told:
            sight.is_told = True
            self._on_soft_limit(stuck)
        if is_pinned and stuck.for_ms >= self._pinned_limit(lane.name):
            self._tell_lost(lane, sight, f"{stuck.message_type} in hand for {stuck.for_ms} ms")
        elif not is_pinned and stuck.for_ms >= self._limits.hard_ms:
            self._on_hard_limit(stuck)

    def _tell_lost(self, lane: ThreadLane, sight: _Sight, why: str) -> None:
        if not sight.is_lost:
            sight.is_lost = True
            self._on_pinned_lost(lane.name, why)

    def _pinned_limit(self, name: Address) -> Milliseconds:
        return self._limits.pinned_ms.get(name, self._limits.hard_ms)

    def _run(self) -> None:
        limits = self._limits
        shortest_ms = min(limits.soft_ms, limits.hard_ms, *limits.pinned_ms.values())
        while not self._ended.wait(shortest_ms / 4000):
            self.look(self._seconds())


def _stuck(lane: ThreadLane, sight: _Sight, now: float) -> Stuck | None:
    mailbox, delivery = lane.mailbox, sight.delivery
    if mailbox is None or delivery is None:
        return None
    return Stuck(
        actor=mailbox.address,
        message_type=type(delivery.message).__name__,
        message_id=delivery.id if isinstance(delivery, Envelope) else None,
        for_ms=Milliseconds(int((now - sight.since) * 1000)),
    )


def tell_stacks(write: Callable[[str], object], where: str) -> Callable[[Stuck], None]:
    """Return what to do at the soft limit: name the message in the log, ``write`` all stacks.

    ``where`` they are found.
    """

    def tell(stuck: Stuck) -> None:
        text = f"{stuck.actor} has had {stuck.message_type} in hand for {stuck.for_ms} ms"
        logger.warning("{}: all stacks are in {}", text, where)
        write(f"{text}\n{all_stacks()}\n")

    return tell
