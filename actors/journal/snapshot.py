"""The state of the whole system as the records tell it: all entities, and what is under way.

Folded record by record, so a cut is there at any moment without asking an actor. Owns no bytes.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from actors.journal.codec import AddressedRaw, Outline, Snapshot, Undelivered, decode_message
from actors.journal.entities import Entities, EntityKey, key_of
from actors.positions.roster import Living
from messages.addresses import (
    GATEWAY,
    JOURNAL,
    MARKET_DATA,
    OBSERVERS,
    STRATEGY,
    SUPERVISOR,
    position_address,
)
from messages.base import Address, MessageId, PositionId, Timestamp
from messages.envelope import Removed

_EDGES = frozenset((GATEWAY, JOURNAL, MARKET_DATA, OBSERVERS, STRATEGY, SUPERVISOR))
"""Not recorded: what they were last sent is asked for again after a start, never sent again."""


_NO_ENTITIES: dict[EntityKey, msgspec.Struct] = {}


class Cut:
    """Entities by actor and key, each dict in the order that the actor's own containers have."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Begin with what a segment begins with."""
        self.sequence = snapshot.sequence
        self.at = snapshot.at
        self._actors: dict[Address, dict[EntityKey, msgspec.Struct]] = {
            one.actor: {key_of(entity): entity for entity in one.entities}
            for one in snapshot.actors
        }

    def take(
        self, sequence: int, actor: Address, now: Timestamp, changes: Iterable[msgspec.Struct]
    ) -> None:
        """Take in the changes of one record."""
        self.sequence, self.at = sequence, now
        for change in changes:
            entities = self._actors.setdefault(actor, {})
            if not isinstance(change, Removed):
                entities[key_of(change)] = change
                continue
            entities.pop((change.kind, change.key), None)
            if change.kind == Living.__name__:  # its actor ends with it
                self._actors.pop(position_address(PositionId(change.key)), None)

    def entities(self) -> tuple[Entities, ...]:
        """Return all there is, actors in the order of their first record."""
        return tuple(
            Entities(actor, tuple(by_key.values())) for actor, by_key in self._actors.items()
        )

    def of(self, actor: Address) -> tuple[msgspec.Struct, ...]:
        """Return what one actor keeps. From any thread, also while records are taken in."""
        return tuple(self._actors.get(actor, _NO_ENTITIES).copy().values())

    def addresses(self) -> tuple[Address, ...]:
        """Return who keeps anything. From any thread, as ``of``."""
        return tuple(self._actors.copy())

    def snapshot(self, undelivered: tuple[Undelivered, ...]) -> Snapshot:
        """Return the cut as a segment begins with it."""
        return Snapshot(
            sequence=self.sequence, at=self.at, actors=self.entities(), undelivered=undelivered
        )


class _Sent(msgspec.Struct, frozen=True):
    id: MessageId
    cause: MessageId
    raw: msgspec.Raw


class UnderWay:
    """What recorded steps sent to recorded actors, and no record says that it was received.

    From one actor to another nothing overtakes: what was sent before a message that arrived has
    arrived too, and did nothing. A few of the last that did nothing are counted as under way: facts
    and requests do no harm when they are heard again, once: then they are recorded.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Begin with what a segment begins with."""
        self._by_pair: dict[tuple[Address, Address], deque[_Sent | Undelivered]] = {}
        for message in snapshot.undelivered:
            self._queue(message.sender, message.to).append(message)

    def take(self, outline: Outline) -> None:
        """Take in one record: what it received, and what it sent."""
        if outline.id[0]:
            queue = self._by_pair.get((outline.sender, outline.actor), ())
            while queue and queue[0].id <= outline.id:
                queue.popleft()
        for place, sent in enumerate(outline.outbox):
            if sent.to not in _EDGES:
                self._send(outline, place, sent)

    def list(self) -> tuple[Undelivered, ...]:
        """Return it all, oldest first. Raises ``UnreadableError``."""
        found = [
            one if isinstance(one, Undelivered) else _whole(one, sender, to)
            for (sender, to), queue in self._by_pair.items()
            for one in queue
        ]
        return tuple(sorted(found, key=lambda one: one.id))

    def _send(self, outline: Outline, place: int, sent: AddressedRaw) -> None:
        one = _Sent((outline.sequence, place), outline.id, sent.message)
        self._queue(outline.actor, sent.to).append(one)

    def _queue(self, sender: Address, to: Address) -> "deque[_Sent | Undelivered]":
        return self._by_pair.setdefault((sender, to), deque())


def _whole(sent: _Sent, sender: Address, to: Address) -> Undelivered:
    message = decode_message(sent.raw)
    return Undelivered(to=to, sender=sender, id=sent.id, cause=sent.cause, message=message)
