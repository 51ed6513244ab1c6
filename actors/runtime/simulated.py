"""A dispatcher without threads, whose schedule decides which mailbox delivers next.

Owns the order of deliveries between mailboxes; within one mailbox it is FIFO, as in production. One
schedule is one history: race tests explore schedules, a replay takes the plain order of sending.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pykka import ActorDeadError, Future

from actors.runtime.mailbox import Delivery, Lane, Mailbox, Note
from messages.base import Address
from messages.envelope import Envelope

Choose = Callable[[Sequence[Address]], int]
"""Given the addresses that have something, oldest message first, picks one by its index."""

Delivered = Callable[[Address, Envelope], None]
"""Told what was just delivered, and where; not of stops and what else is pykka's own."""


class LivelockError(Exception):
    """The actors kept sending for longer than the limit allows."""


def choices(schedule: Iterable[int]) -> Choose:
    """Follow a list of small numbers, taken modulo what there is to choose from; then the oldest.

    0 is the globally oldest message, so that shrinking a schedule removes deviations.
    """
    rest = iter(schedule)
    return lambda addresses: next(rest, 0) % len(addresses)


class SimulatedDispatcher:
    """Delivers one message at a time, on the thread that asks for it; it is its own one lane."""

    abandoned = False
    note: Note | None = None

    def __init__(
        self,
        schedule: Choose | Iterable[int] | None = None,
        *,
        on_delivered: Delivered | None = None,
    ) -> None:
        """Deliver in the order of sending, or as ``schedule`` says.

        ``on_delivered`` is called after every delivery, and what it raises comes out of ``step``:
        the place to check invariants.
        """
        self.in_hand: Delivery | None = None
        self.on_delivered = on_delivered
        self._choose = _as_choose(schedule)
        # One entry per message, so the order of sending; an entry whose mailbox is empty is stale.
        self._arrivals: deque[Mailbox] = deque()
        self.schedule: Callable[[Mailbox], None] = self._arrivals.append
        """Note the arrival of one message; the mailbox stays unscheduled, so that each is noted."""

    def reschedule(self, schedule: Choose | Iterable[int] | None) -> None:
        """Follow another schedule from here on."""
        self._choose = _as_choose(schedule)

    def step(self) -> bool:
        """Deliver one message; False if none waits."""
        while self._arrivals:
            mailbox = self._arrivals.popleft() if self._choose is None else self._chosen()
            if mailbox.queue:
                self._deliver(mailbox)
                return True
        return False

    def run_until_idle(self, limit: int | None = None) -> int:
        """Deliver until nothing waits; return how many. Raises ``LivelockError`` over ``limit``."""
        if self._choose is None and self.on_delivered is None and limit is None:
            return self._run_plain()
        delivered = 0
        while self.step():
            delivered += 1
            if limit is not None and delivered > limit:
                raise LivelockError(f"still busy after {limit} deliveries")
        return delivered

    def lane(self, address: Address, *, pinned: bool) -> Lane:  # noqa: ARG002 - all run here
        """Return itself: a pinned actor is just an actor here."""
        return self

    def replace(self, lane: Lane) -> Lane:
        """Return itself: there is no thread to lose."""
        return lane

    def release(self, lane: Lane) -> None:
        """Do nothing: there is no thread to end."""

    def ask(self, mailbox: Mailbox, envelope: Envelope, timeout_seconds: float) -> object:  # noqa: ARG002 - nothing takes time here
        """Deliver what waits, then let the actor answer at once."""
        self.run_until_idle()
        if mailbox.actor is None:
            raise ActorDeadError(f"{mailbox.address} not found")
        mailbox.processed += 1
        self.in_hand = envelope
        try:
            return mailbox.actor.answer_ask(envelope)
        finally:
            self.in_hand = None
            if self.on_delivered is not None:
                self.on_delivered(mailbox.address, envelope)

    def wait_for(self, future: Future[Any], timeout_seconds: float) -> object:  # noqa: ARG002 - as above
        """Deliver what waits: the answer is there, or will never be."""
        self.run_until_idle()
        return future.get(timeout=0)

    def wait_idle(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - as above
        """Deliver until nothing waits."""
        self.run_until_idle()
        return True

    def shutdown(self, timeout_seconds: float) -> bool:
        """Deliver what waits."""
        return self.wait_idle(timeout_seconds)

    def _deliver(self, mailbox: Mailbox) -> None:
        mailbox.deliver_next()
        delivery, self.in_hand = self.in_hand, None
        if self.on_delivered is not None and isinstance(delivery, Envelope):
            self.on_delivered(mailbox.address, delivery)

    def _run_plain(self) -> int:
        """Do as ``step`` does until nothing waits, where nobody looks on: replays live in here."""
        arrivals = self._arrivals
        delivered = 0
        while arrivals:
            mailbox = arrivals.popleft()
            if mailbox.queue:
                mailbox.deliver_next()
                delivered += 1
        self.in_hand = None
        return delivered

    def _chosen(self) -> Mailbox:
        """Take the arrival that the schedule wants next."""
        waiting = [mailbox for mailbox in dict.fromkeys(self._arrivals) if mailbox.queue]
        if not waiting or self._choose is None:
            return self._arrivals.popleft()
        mailbox = waiting[self._choose([mailbox.address for mailbox in waiting])]
        self._arrivals.remove(mailbox)
        return mailbox


def _as_choose(schedule: Choose | Iterable[int] | None) -> Choose | None:
    if schedule is None or callable(schedule):
        return schedule
    return choices(schedule)
