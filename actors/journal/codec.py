"""Records as bytes: msgpack, in which every message and entity carries its tag.

Owns the encoding and which tags there are. A tag is a class's name, and names one shape for ever.
What may change in it: a new field with a default. What changes otherwise is a new class with a tag
of its own (``Name.2``), beside which the old one stays until no journal holds it. Golden journals
in the tests hold this.

Entities and facts that mostly hold their defaults are written without them (``omit_defaults``):
such a default is part of the shape, and never changes either. What people choose, plans and
settings, is always written whole.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import GenericAlias
from typing import Any, Union

import msgspec

import messages
from actors.journal.entities import KEYS, Entities
from actors.journal.port import JournalError, Record
from messages.base import Address, Message, MessageId, Timestamp
from messages.envelope import Removed, Send

FORMAT = 2
"""Of segments. In format 1 the snapshot of an opening held the entities, which now lie in parts."""

_PART_ENTITIES = 1_000
"""A part of an opening is then about a megabyte: writing or reading it takes no more memory."""


class UnreadableError(Exception):
    """Bytes that are no record of this program: damaged, or written by a later one."""


class AddressedRaw(msgspec.Struct, frozen=True):
    """One message of an outbox, not decoded."""

    to: Address
    message: msgspec.Raw


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What recovery needs of a record: of its messages only what was sent to whom."""

    sequence: int
    actor: Address
    now: Timestamp
    id: MessageId
    sender: Address
    changes: tuple[msgspec.Struct, ...]
    outbox: tuple[AddressedRaw, ...]


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a recorded step sent, and no record says that it was received."""

    to: Address
    sender: Address
    id: MessageId
    cause: MessageId | None
    message: Message


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A cut of the whole system: what a segment of the journal goes on from."""

    sequence: int
    """Of the last record before it; 0: nothing has happened yet."""
    at: Timestamp
    """Of that record."""
    actors: tuple[Entities, ...] = ()
    undelivered: tuple[Undelivered, ...] = ()
    """Oldest first."""


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    sequence: int
    actor: Address
    now: Timestamp
    id: MessageId
    cause: MessageId | None
    sender: Address
    message: msgspec.Raw
    changes: msgspec.Raw
    outbox: tuple[AddressedRaw, ...]
    error: str | None = None


class _StoredOutline(msgspec.Struct, frozen=True, kw_only=True):
    sequence: int
    actor: Address
    now: Timestamp
    id: MessageId
    sender: Address
    changes: msgspec.Raw
    outbox: tuple[AddressedRaw, ...]


class _StoredEntities(msgspec.Struct, frozen=True):
    actor: Address
    entities: msgspec.Raw


class _StoredUndelivered(msgspec.Struct, frozen=True, kw_only=True):
    to: Address
    sender: Address
    id: MessageId
    cause: MessageId | None
    message: msgspec.Raw


class _StoredSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    sequence: int
    at: Timestamp
    actors: tuple[_StoredEntities, ...]
    undelivered: tuple[_StoredUndelivered, ...]


def _tagged(classes: Iterable[type[msgspec.Struct]]) -> dict[str, type[msgspec.Struct]]:
    by_tag: dict[str, type[msgspec.Struct]] = {}
    for one in classes:
        tag = str(one.__struct_config__.tag)
        if by_tag.setdefault(tag, one) is not one:
            raise TypeError(f"{one.__module__} and {by_tag[tag].__module__} share the tag {tag}")
    return by_tag


def _all_messages() -> list[type[Message]]:
    for module in pkgutil.iter_modules(messages.__path__):
        importlib.import_module(f"messages.{module.name}")
    found = [one for one in Message.__subclasses__() if one.__module__.startswith("messages.")]
    return sorted(found, key=lambda one: one.__name__)


def _one_of(by_tag: dict[str, type[msgspec.Struct]]) -> Any:  # noqa: ANN401 - a type made at run time
    return Union[tuple(by_tag.values())]  # noqa: UP007 - as above


MESSAGES = _tagged(_all_messages())
"""By tag."""
ENTITIES = _tagged([*KEYS, Removed])
"""By tag."""

_message = msgspec.msgpack.Decoder(_one_of(MESSAGES)).decode
_changes = msgspec.msgpack.Decoder(GenericAlias(tuple, (_one_of(ENTITIES), ...))).decode
_stored = msgspec.msgpack.Decoder(_Stored).decode
_outline = msgspec.msgpack.Decoder(_StoredOutline).decode
_snapshot = msgspec.msgpack.Decoder(_StoredSnapshot).decode
_part = msgspec.msgpack.Decoder(tuple[_StoredEntities, ...]).decode
_to_bytes = msgspec.msgpack.Encoder().encode


def encode(record: Record) -> bytes:
    """Return the record as bytes. Raises ``JournalError`` where a part of it can't be encoded."""
    try:
        return _to_bytes(record)
    except (TypeError, ValueError) as error:
        raise JournalError(
            f"record {record.sequence} of {record.actor} can't be encoded: {error}"
        ) from error


def decode(data: bytes) -> Record:
    """Return the record whole. Raises ``UnreadableError``."""
    try:
        stored = _stored(data)
        return Record(
            sequence=stored.sequence,
            actor=stored.actor,
            now=stored.now,
            id=stored.id,
            cause=stored.cause,
            sender=stored.sender,
            message=_message(stored.message),
            changes=_changes(stored.changes),
            outbox=tuple(Send(sent.to, _message(sent.message)) for sent in stored.outbox),
            error=stored.error,
        )
    except msgspec.DecodeError as error:
        raise UnreadableError(str(error)) from error


def decode_outline(data: bytes) -> Outline:
    """Return what recovery needs of a record. Raises ``UnreadableError``."""
    try:
        stored = _outline(data)
        return Outline(
            sequence=stored.sequence,
            actor=stored.actor,
            now=stored.now,
            id=stored.id,
            sender=stored.sender,
            changes=_changes(stored.changes),
            outbox=stored.outbox,
        )
    except msgspec.DecodeError as error:
        raise UnreadableError(str(error)) from error


def decode_message(raw: msgspec.Raw) -> Message:
    """Return a message that was left undecoded. Raises ``UnreadableError``."""
    try:
        message: Message = _message(raw)
    except msgspec.DecodeError as error:
        raise UnreadableError(str(error)) from error
    return message


def encode_entities(entities: Iterable[msgspec.Struct]) -> bytes:
    """Return entities as bytes, each with its tag."""
    return _to_bytes(tuple(entities))


def decode_entities(data: msgspec.Raw | bytes) -> tuple[msgspec.Struct, ...]:
    """Return entities whole. Raises ``UnreadableError``."""
    try:
        entities: tuple[msgspec.Struct, ...] = _changes(data)
    except msgspec.DecodeError as error:
        raise UnreadableError(str(error)) from error
    return entities


def encode_parts(actors: Iterable[Entities]) -> Iterator[bytes]:
    """Yield all entities as bytes, part by part; those of one actor may lie in several."""
    part: list[Entities] = []
    size = 0
    for one in actors:
        for start in range(0, max(1, len(one.entities)), _PART_ENTITIES):
            piece = Entities(one.actor, one.entities[start : start + _PART_ENTITIES])
            part.append(piece)
            size += len(piece.entities)
            if size >= _PART_ENTITIES:
                yield _to_bytes(part)
                part, size = [], 0
    if part:
        yield _to_bytes(part)


def decode_part(data: bytes) -> tuple[Entities, ...]:
    """Return a part of the entities. Raises ``UnreadableError``."""
    try:
        return _whole_entities(_part(data))
    except msgspec.DecodeError as error:
        raise UnreadableError(str(error)) from error


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the cut as bytes."""
    return _to_bytes(snapshot)


def decode_snapshot(data: bytes) -> Snapshot:
    """Return the cut. Raises ``UnreadableError``."""
    try:
        stored = _snapshot(data)
        return Snapshot(
            sequence=stored.sequence,
            at=stored.at,
            actors=_whole_entities(stored.actors),
            undelivered=tuple(
                Undelivered(
                    to=one.to,
                    sender=one.sender,
                    id=one.id,
                    cause=one.cause,
                    message=_message(one.message),
                )
                for one in stored.undelivered
            ),
        )
    except msgspec.DecodeError as error:
        raise UnreadableError(str(error)) from error


def _whole_entities(stored: Iterable[_StoredEntities]) -> tuple[Entities, ...]:
    return tuple(Entities(one.actor, _changes(one.entities)) for one in stored)
