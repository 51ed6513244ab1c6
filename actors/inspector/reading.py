"""Answers that need nobody's time: read from what actors publish, on the inspector's own thread.

Entities are frozen and replaced as a whole, so a reference to one is a picture that stays true.
Owns how much of it one answer may hold.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

import msgspec

from actors.inspector.sights import Sights
from actors.inspector.suspension import Suspensions
from actors.journal.codec import encode, encode_entities
from actors.journal.port import Record
from actors.journal.snapshot import Cut
from actors.market_data.actor import MarketDataActor
from actors.position.position import Position
from actors.runtime.actor import CoreActor
from actors.runtime.mailbox import Mailbox
from actors.runtime.system import System
from messages.addresses import MARKET_DATA, POSITIONS, STRATEGY, STRATEGY_RUNNER, SUPERVISOR
from messages.base import Address
from messages.inspection import (
    ActorStatus,
    Answer,
    BuriedMessage,
    DeadLettersRead,
    EntitiesOf,
    EntitiesRead,
    Question,
    ReadDeadLetters,
    ReadEntities,
    ReadRecords,
    ReadTimers,
    ReadTree,
    ReadTriggers,
    RecordsRead,
    Refused,
    TimerSet,
    TimersRead,
    TreeRead,
    TriggersRead,
)

RECORDS_KEPT = 4_096
"""Of the last steps, to be looked at without the disk."""
_RECORDS_MAX = 2_000
_PARENTS = {STRATEGY_RUNNER: STRATEGY}
_NIL = msgspec.Raw(b"\xc0")


class Reading:
    """What can be seen of a running system without asking anybody in it."""

    def __init__(self, system: System, cut: Cut, sights: Sights, suspensions: Suspensions) -> None:
        """Look at ``system``; ``cut`` is what its records tell. Keep the last records from now."""
        self._system = system
        self._cut = cut
        self._sights = sights
        self._suspensions = suspensions
        self._records: deque[Record] = deque(maxlen=RECORDS_KEPT)
        system.observe(self._records.append)

    def answer(self, question: Question) -> Answer:
        """Return the answer. Raises ``TypeError`` for a question that others answer."""
        match question:
            case ReadTree():
                return self._tree()
            case ReadEntities():
                return self._entities(question)
            case ReadRecords():
                return self._last_records(question)
            case ReadTimers():
                return self._timers(question)
            case ReadTriggers():
                return self._triggers(question)
            case ReadDeadLetters():
                return self._dead_letters()
            case _:
                raise TypeError(f"{type(question).__name__} is answered elsewhere")

    def _tree(self) -> TreeRead:
        system = self._system
        return TreeRead(
            at=system.clock.now(),
            sequence=self._cut.sequence,
            durable=system.journal.durable,
            actors=tuple(self._status(box) for box in list(system.mailboxes.values())),
            threads=self._sights.threads(time.monotonic()),
            dead_letters=system.dead_letters.count,
        )

    def _status(self, mailbox: Mailbox) -> ActorStatus:
        address = mailbox.address
        return ActorStatus(
            address=address,
            parent=_parent(address),
            kind=type(mailbox.actor).__name__,
            thread=str(getattr(mailbox.lane, "name", "suspended")),
            is_recorded=isinstance(mailbox.actor, CoreActor),
            state=self._state(address),
            depth=len(mailbox.queue),
            processed=mailbox.processed,
            skipped=mailbox.skipped,
            restarts=mailbox.restarts,
            is_suspended=address in self._suspensions,
        )

    def _state(self, address: Address) -> str:
        if not address.startswith("position/"):
            return ""
        found = (e.state.value for e in self._cut.of(address) if isinstance(e, Position))
        return next(found, "")

    def _entities(self, question: ReadEntities) -> EntitiesRead:
        room, left_out, kept = max(0, question.limit), 0, []
        for address in self._wanted(question.actors):
            wanted = [
                entity
                for entity in self._cut.of(address)
                if not question.kinds or type(entity).__name__ in question.kinds
            ]
            shown = wanted[-room:] if room else []  # the newest are last
            left_out += len(wanted) - len(shown)
            room -= len(shown)
            if shown:
                raw = msgspec.Raw(encode_entities(shown))
                kept.append(EntitiesOf(actor=address, entities=raw))
        return EntitiesRead(
            at=self._system.clock.now(),
            sequence=self._cut.sequence,
            actors=tuple(kept),
            left_out=left_out,
        )

    def _wanted(self, patterns: tuple[str, ...]) -> Iterator[Address]:
        if patterns and not any(is_pattern(one) for one in patterns):
            yield from (Address(one) for one in patterns)
            return
        for address in self._cut.addresses():
            if not patterns or any(fnmatchcase(address, one) for one in patterns):
                yield address

    def _last_records(self, question: ReadRecords) -> RecordsRead:
        records = list(self._records)
        found: deque[Record] = deque(maxlen=min(max(0, question.limit), _RECORDS_MAX))
        found.extend(record for record in records if concerns(record, question.actor))
        return RecordsRead(
            records=tuple(encode(record) for record in found),
            kept_from=records[0].sequence if records else self._cut.sequence + 1,
        )

    def _timers(self, question: ReadTimers) -> TimersRead:
        timers = sorted(
            (
                timer
                for timer in self._system.clock.pending()
                if fnmatchcase(timer[0], question.actor)
            ),
            key=lambda timer: timer[2],
        )
        shown = (TimerSet(actor=a, key=key, at=at) for a, key, at in timers[: question.limit])
        return TimersRead(at=self._system.clock.now(), timers=tuple(shown), total=len(timers))

    def _triggers(self, question: ReadTriggers) -> Answer:
        mailbox = self._system.mailboxes.get(MARKET_DATA)
        if mailbox is None or not isinstance(mailbox.actor, MarketDataActor):
            return Refused(text="there is no market data here")
        armed = mailbox.actor.armed(question.symbol)
        shown = armed[: max(0, question.limit)]
        at, left_out = self._system.clock.now(), len(armed) - len(shown)
        return TriggersRead(at=at, armed=tuple(shown), left_out=left_out)

    def _dead_letters(self) -> DeadLettersRead:
        letters = self._system.dead_letters
        last = (
            BuriedMessage(to=one.to, sender=one.sender, message=raw(one.message))
            for one in letters.last
        )
        return DeadLettersRead(count=letters.count, last=tuple(last))


def concerns(record: Record, pattern: str) -> bool:
    """Return whether the record is of an actor, was caused by it, or told it something."""
    addresses: Iterable[Address] = (
        record.actor,
        record.sender,
        *(send.to for send in record.outbox),
    )
    return any(fnmatchcase(address, pattern) for address in addresses)


def raw(message: object) -> msgspec.Raw:
    """Return a message as bytes with its tag; nil for what is none, or can't be written."""
    if not isinstance(message, msgspec.Struct):
        return _NIL
    try:
        return msgspec.Raw(msgspec.msgpack.encode(message))
    except (TypeError, ValueError):
        return _NIL


def is_pattern(text: str) -> bool:
    """Return whether many may be meant: ``position/*``."""
    return any(sign in text for sign in "*?[")


def _parent(address: Address) -> Address | None:
    if address == SUPERVISOR:
        return None
    if address.startswith("position/"):
        return POSITIONS
    return _PARENTS.get(address, SUPERVISOR)
