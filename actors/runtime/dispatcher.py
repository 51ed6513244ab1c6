"""Who runs the actors: the protocol, and the threads of production.

Owns threads and the fairness between mailboxes. One thread runs all actors but the pinned ones;
each of those has its own. An actor is only ever run by one thread at a time.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from loguru import logger
from pykka import Future

from actors.runtime.hand_page import NO_ID, SLOTS, HandPage, HandWriter
from actors.runtime.mailbox import Delivery, Lane, Mailbox, Note
from messages.base import Address, MessageId
from messages.envelope import Envelope
from messages.money import install_money_context

_BATCH_LIMIT = 64
_SWITCH_INTERVAL_SECONDS = 0.0005
_SHARED = Address("dispatcher")


class Dispatcher(Protocol):
    """Runs actors."""

    def lane(self, address: Address, *, pinned: bool) -> Lane:
        """Return what will run the actor at ``address``."""
        ...

    def replace(self, lane: Lane) -> Lane:
        """Abandon the lane of a pinned actor, whose thread hangs or died; return a new one."""
        ...

    def release(self, lane: Lane) -> None:
        """Let go of the lane of an actor that has stopped."""
        ...

    def ask(self, mailbox: Mailbox, envelope: Envelope, timeout_seconds: float) -> object:
        """Return the actor's answer. Raises what it raised, ``pykka.Timeout``, ``ActorDeadError``.

        Never from an actor: for main and tools.
        """
        ...

    def wait_for(self, future: Future[Any], timeout_seconds: float) -> object:
        """Return what the future gets. Raises as ``ask`` does, and for the same callers."""
        ...

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until every mailbox is empty and no actor is at work; False if time ran out."""
        ...

    def shutdown(self, timeout_seconds: float) -> bool:
        """Finish what waits, then end; False if time ran out and some threads were left behind."""
        ...


class ThreadLane:
    """A thread that runs actors: each in turn, up to ``batch_limit`` messages at a time."""

    def __init__(self, name: Address, batch_limit: int, on_sleep: Callable[[], None]) -> None:
        """Start the thread. ``on_sleep`` runs on it each time it has nothing left to do."""
        self.name = name
        self.in_hand: Delivery | None = None
        self.mailbox: Mailbox | None = None
        """Whose turn it is."""
        self.abandoned = False
        self.wakes = 0
        """How often it went from rest to work."""
        self.note: Note | None = None
        """Called with each message before its step begins."""
        self.slot: int | None = None
        """Its place on the page that shows what is in hand; None: it has none."""
        self._hand: HandWriter | None = None
        self._batch_limit = batch_limit
        self._on_sleep = on_sleep
        self._ready: deque[Mailbox] = deque()
        self._asleep = False
        self._wake = threading.Event()
        self._stopping = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def schedule(self, mailbox: Mailbox) -> None:
        """Give the mailbox a turn, after those that wait for one. From any thread."""
        mailbox.scheduled = True
        self._ready.append(mailbox)
        if self._asleep or self.abandoned:
            self._nudge(mailbox)

    def is_idle(self) -> bool:
        """Tell whether it rests and nothing waits for it."""
        return self._asleep and not self._ready

    def stop(self) -> None:
        """End the thread once nothing waits for it."""
        self._stopping = True
        self._wake.set()

    def abandon(self) -> None:
        """Give up on the thread: what it does from now on does not count."""
        self.abandoned = True
        self.stop()

    def show_hand(self, hand: HandWriter | None) -> None:
        """Write from now on what is in hand where the sentinel sees it; None: no more."""
        if self._hand is not None:
            self._hand.free()
        self._hand = hand
        self.note = None if hand is None else partial(_note_hand, hand.take, _TypeNames())

    def _nudge(self, mailbox: Mailbox) -> None:
        self._wake.set()
        # The sender may still have seen this lane when the mailbox had moved on already.
        if self._stopping and mailbox.lane is not self:
            mailbox.lane.schedule(mailbox)

    def _run(self) -> None:
        install_money_context()  # also where the thread began before the money was imported
        while not self.abandoned:
            if self._ready:
                self._turn(self._ready.popleft())
            elif not self._sleep():
                return

    def _turn(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        try:
            mailbox.deliver(self._batch_limit)
        except BaseException as error:  # noqa: BLE001 - nothing an actor does ends the others
            logger.opt(exception=error).critical("{}: a failure in the runtime", mailbox.address)
        # First say that we no longer know, then look: see the module's text of the mailbox. One
        # that is ours and has no actor gets one soon, which then asks for a turn.
        mailbox.scheduled = False
        if mailbox.queue and (mailbox.actor is not None or mailbox.lane is not self):
            mailbox.lane.schedule(mailbox)

    def _sleep(self) -> bool:
        """Rest until there is something to do; False when there will be nothing any more."""
        self.in_hand = None
        self.mailbox = None
        if self._hand is not None:
            self._hand.rest()
        self._wake.clear()
        self._asleep = True
        if not self._ready:
            self._on_sleep()
            if self._stopping:
                return False
            self._wake.wait()
        self.wakes += 1
        self._asleep = False
        return True


class _TypeNames(dict[type, bytes]):
    """The names of message types as they are written on a page."""

    def __missing__(self, kind: type) -> bytes:
        name = self[kind] = kind.__name__.encode()
        return name


def _note_hand(
    take: Callable[[MessageId, bytes, bytes], None],
    names: _TypeNames,
    delivery: Delivery,
    mailbox: Mailbox,
) -> None:
    envelope = delivery if type(delivery) is Envelope else delivery.message
    if isinstance(envelope, Envelope):  # ours, as it is or within pykka's of an ask
        take(envelope.id, mailbox.address.encode(), names[type(envelope.message)])
    else:
        message = delivery.message
        take(getattr(delivery, "id", NO_ID), mailbox.address.encode(), names[type(message)])


class ProductionDispatcher:
    """One thread for all actors, and one more for each that is pinned."""

    def __init__(
        self,
        *,
        batch_limit: int = _BATCH_LIMIT,
        switch_interval_seconds: float = _SWITCH_INTERVAL_SECONDS,
    ) -> None:
        """Start the shared thread.

        ``switch_interval_seconds`` is set for the whole process until ``shutdown``: with Python's
        default of 5 ms a busy dispatcher starves every other thread.
        """
        self._previous_interval = sys.getswitchinterval()
        sys.setswitchinterval(switch_interval_seconds)
        self._batch_limit = batch_limit
        self._rest = threading.Condition()
        self._waiting = 0
        self._page: HandPage | None = None
        self._shared = self._new_lane(_SHARED)
        self._lanes: tuple[ThreadLane, ...] = (self._shared,)

    @property
    def lanes(self) -> tuple[ThreadLane, ...]:
        """The threads at work, the shared one first. For the watchdog."""
        return self._lanes

    def lane(self, address: Address, *, pinned: bool) -> ThreadLane:
        """Return the shared lane, or start one for a pinned actor."""
        if not pinned:
            return self._shared
        lane = self._new_lane(address)
        with self._rest:
            self._lanes = (*self._lanes, lane)
            taken = {other.slot for other in self._lanes}
            self._show(lane, next((n for n in range(SLOTS) if n not in taken), None))
        return lane

    def replace(self, lane: Lane) -> ThreadLane:
        """Abandon the lane of a pinned actor; return a new one."""
        if not isinstance(lane, ThreadLane) or lane is self._shared:
            raise ValueError("only the thread of a pinned actor can be replaced")
        lane.abandon()
        self._forget(lane)
        return self.lane(lane.name, pinned=True)

    def release(self, lane: Lane) -> None:
        """End the thread of a pinned actor; the shared one goes on."""
        if isinstance(lane, ThreadLane) and lane is not self._shared:
            lane.stop()
            self._forget(lane)

    def ask(self, mailbox: Mailbox, envelope: Envelope, timeout_seconds: float) -> object:
        """Ask through pykka's ref and wait for the answer."""
        if mailbox.ref is None:
            raise ValueError(f"{mailbox.address} has not been started")
        return mailbox.ref.ask(envelope, timeout=timeout_seconds)

    def wait_for(self, future: Future[Any], timeout_seconds: float) -> object:
        """Wait for the answer."""
        return future.get(timeout=timeout_seconds)

    def show_hands(self, page: HandPage | None) -> None:
        """Have every thread write on ``page`` what it has in hand; None: no more.

        Those beyond the page's slots are not shown.
        """
        with self._rest:
            self._page = page
            for lane in self._lanes:
                lane.show_hand(None)
            for slot, lane in enumerate(self._lanes[:SLOTS]):
                self._show(lane, slot)

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until all threads rest at one and the same moment; False if time ran out."""
        deadline = time.monotonic() + timeout_seconds
        with self._rest:
            self._waiting += 1
            try:
                while not self._is_idle():
                    remaining = deadline - time.monotonic()
                    if remaining <= 0 or not self._rest.wait(remaining):
                        return self._is_idle()
                return True
            finally:
                self._waiting -= 1

    def shutdown(self, timeout_seconds: float) -> bool:
        """Finish what waits, then end the threads; False if time ran out before."""
        deadline = time.monotonic() + timeout_seconds
        is_idle = self.wait_idle(timeout_seconds)
        sys.setswitchinterval(self._previous_interval)
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.thread.join(max(0.0, deadline - time.monotonic()))
        return is_idle and not any(lane.thread.is_alive() for lane in self._lanes)

    def _show(self, lane: ThreadLane, slot: int | None) -> None:
        lane.slot = slot
        if self._page is not None and slot is not None:
            thread = lane.thread.native_id or 0
            lane.show_hand(self._page.writer(slot, thread))

    def _new_lane(self, name: Address) -> ThreadLane:
        return ThreadLane(name, self._batch_limit, self._note_rest)

    def _forget(self, lane: ThreadLane) -> None:
        with self._rest:
            self._lanes = tuple(other for other in self._lanes if other is not lane)
            lane.show_hand(None)
            self._rest.notify_all()

    def _note_rest(self) -> None:
        if self._waiting:
            with self._rest:
                self._rest.notify_all()

    def _is_idle(self) -> bool:
        # At rest twice, and not woken from before the first look until after the second: so all
        # rested at the moment between the two, and nobody was left to wake anybody.
        lanes = self._lanes
        wakes = [lane.wakes for lane in lanes]
        for _ in range(2):
            if not all(lane.is_idle() for lane in lanes):
                return False
        return wakes == [lane.wakes for lane in lanes]
