"""A stretch of a journal flown again: production's recorded actors, and what came from outside.

Owns the order of deliveries. As recorded, every step must come out as it was written, byte by byte.
Out of order, what came from outside (edges, and the venue) still says what it said, in the order in
which each of them said it, but the actors' own mail may overtake that of others; then the rules of
``FlightJudge`` must hold, by the router's ledger and the portfolio's books.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from actors.guardian.actor import GuardianActor
from actors.journal.codec import Snapshot, encode
from actors.journal.port import Record
from actors.journal.recovery import restore
from actors.order_router.actor import OrderRouter
from actors.portfolio.actor import PortfolioActor
from actors.positions.actor import PositionsActor
from actors.positions.roster import Numbering
from actors.reconciler.actor import ReconcilerActor
from actors.runtime.actor import Actor, CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.mailbox import Mailbox
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import Settings
from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    MARKET_DATA,
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    STRATEGY,
)
from messages.base import Address, Message
from messages.envelope import Envelope, ReturnedEnvelope, Send

_EDGES = (GATEWAY, MARKET_DATA, OBSERVERS, STRATEGY)


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a journal, and what it begins with."""

    settings: Settings
    epoch: int
    opening: Snapshot
    records: tuple[Record, ...]


class Differs(Exception):  # noqa: N818 - a finding, not a failure of the program
    """A step did not come out as it was recorded."""


class _Edge(Actor):
    """Hears what the recorded actors say to the outside, and answers nothing."""

    def handle(self, message: Message) -> None:
        """Do nothing."""


class _Journal:
    """Takes what the actors record, for whoever compares."""

    def __init__(self, last: int) -> None:
        self.next_sequence = last + 1
        self.taken: list[Record] = []

    @property
    def durable(self) -> int:
        """Return the last: nothing here waits."""
        return self.next_sequence - 1

    def append(self, record: Record) -> None:
        """Take a record."""
        self.next_sequence += 1
        self.taken.append(record)


class Flight:
    """The recorded actors as they stood before the first record."""

    def __init__(self, recording: Recording) -> None:
        opening, settings = recording.opening, recording.settings
        self.recording = recording
        self.clock = VirtualClock(opening.at)
        self.dispatcher = SimulatedDispatcher()
        self.journal = _Journal(opening.sequence)
        self.system = System(self.dispatcher, self.clock, self.journal)
        self.clock.close()  # what woke an actor then was recorded, and wakes it again
        restore(self.system, opening)
        numbering = Numbering(account_tag=settings.account.tag, journal_epoch=recording.epoch)
        spawn = self.system.spawn
        for edge in _EDGES:
            self.system.recovered.pop(edge, None)
            spawn(_Edge, edge)
        spawn(OrderRouter, ORDER_ROUTER, settings.router)
        spawn(PortfolioActor, PORTFOLIO)
        spawn(PositionsActor, POSITIONS, numbering, settings.router.terminal_ttl_ms)
        spawn(ReconcilerActor, RECONCILER, settings)
        spawn(GuardianActor, GUARDIAN, settings.guardian)
        for sent in opening.undelivered:
            self.push(sent.to, Envelope(sent.message, sent.sender, sent.id, sent.cause))

    def push(self, to: Address, envelope: Envelope) -> None:
        """Put a message into a recorded actor's mailbox."""
        mailbox = self.core(to)
        if mailbox is not None:
            mailbox.push(envelope)

    def core(self, address: Address) -> Mailbox | None:
        """Return the mailbox of a recorded actor; None: it is none, or lives no more."""
        mailbox = self.system.mailboxes.get(address)
        return mailbox if mailbox is not None and isinstance(mailbox.actor, CoreActor) else None

    def fly(self) -> Iterator[Record]:
        """Deliver as recorded; yield each record that came out as it was. Raises ``Differs``."""
        for record in self.recording.records:
            self.deliver(record)
            yield record

    def deliver(self, record: Record) -> None:
        """Let the actor receive what it received then. Raises ``Differs``."""
        self.clock.advance_to(max(self.clock.now(), record.now))
        mailbox = self.core(record.actor)
        if mailbox is None:
            self._take_fact(record)
            return
        if record.id[0]:
            self._find(mailbox, record)
        did_nothing = not (record.changes or record.outbox or record.error)
        kind = ReturnedEnvelope if did_nothing else Envelope
        envelope = kind(record.message, record.sender, record.id, record.cause)
        mailbox.queue.appendleft(envelope)
        self.journal.taken.clear()
        mailbox.deliver_next()
        self._compare(record, tuple(self.journal.taken))

    def close(self) -> None:
        """Let go of all actors: pykka's registry is the whole process's."""
        for mailbox in reversed(tuple(self.system.mailboxes.values())):
            actor: Any = mailbox.actor
            if actor is not None:
                actor._stop()

    def _take_fact(self, record: Record) -> None:
        """Take a record of the outside as it is: what it sent is on its way."""
        if record.actor.startswith("position/") or record.actor in (ORDER_ROUTER, PORTFOLIO):
            raise Differs(f"record {record.sequence}: {record.actor} lives no more")
        self.journal.next_sequence = record.sequence + 1
        for place, send in enumerate(record.outbox):
            self.push(send.to, _sent(record, place, send))

    def _find(self, mailbox: Mailbox, record: Record) -> None:
        """Take the message out of the mailbox, with those before it, which did nothing then."""
        while mailbox.queue:
            waiting = mailbox.queue.popleft()
            if isinstance(waiting, Envelope) and waiting.id == record.id:
                return
        name = type(record.message).__name__
        raise Differs(f"record {record.sequence}: nobody sent {record.actor} this {name}")

    def _compare(self, record: Record, taken: Sequence[Record]) -> None:
        if len(taken) == 1 and encode(taken[0]) == encode(record):
            return
        name = type(record.message).__name__
        raise Differs(
            f"record {record.sequence}, {record.actor} on {name}: {_difference(record, taken)}"
        )


def _sent(record: Record, place: int, send: Send) -> Envelope:
    return Envelope(send.message, record.actor, (record.sequence, place), record.id)


def _difference(record: Record, taken: Sequence[Record]) -> str:
    if len(taken) != 1:
        return f"{len(taken)} records now, one then"
    for name in ("error", "changes", "outbox", "now", "id", "cause", "sender", "sequence"):
        then, now = getattr(record, name), getattr(taken[0], name)
        if then != now:
            return f"{name} was {then} and is {now}"
    return "the same values are written otherwise"
