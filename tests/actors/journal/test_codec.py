"""Every record comes back as it was; and those of older versions do, for ever."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from actors.journal.codec import (
    ENTITIES,
    MESSAGES,
    Undelivered,
    UnreadableError,
    decode,
    decode_message,
    decode_outline,
    decode_snapshot,
    encode,
    encode_snapshot,
)
from actors.journal.inspection import find, nothing
from actors.journal.port import JournalError
from actors.journal.segment import read_segment
from actors.journal.snapshot import Cut
from actors.order_router.order import RoutedOrder
from actors.portfolio.accounts import Booking
from actors.position.position import Position
from messages.base import Message
from messages.envelope import Removed
from tests.actors.journal.history import NOW, records

GOLDEN = Path(__file__).parent / "golden"
RECORDED = ("guardian", "order_router", "portfolio", "position", "positions", "reconciler")


def entity_classes() -> Iterator[type[msgspec.Struct]]:
    """Everything tagged that the modules of recorded actors define, messages aside."""
    for package in RECORDED:
        folder = importlib.import_module(f"actors.{package}")
        for module in pkgutil.iter_modules(folder.__path__, f"actors.{package}."):
            for one in vars(importlib.import_module(module.name)).values():
                if isinstance(one, type) and issubclass(one, msgspec.Struct):
                    is_ours = one.__module__ == module.name and not issubclass(one, Message)
                    if is_ours and one.__struct_config__.tag is not None:
                        yield one


def test_a_record_comes_back_as_it_was() -> None:
    for record in records():
        assert decode(encode(record)) == record


def test_a_run_uses_most_of_what_can_be_encoded() -> None:
    changed = {type(change) for record in records() for change in record.changes}
    assert changed >= {RoutedOrder, Position, Booking, Removed}
    assert len(changed) >= 10
    assert changed <= set(ENTITIES.values())


def test_an_outline_says_what_the_record_does() -> None:
    for record in records():
        outline = decode_outline(encode(record))
        assert (outline.sequence, outline.actor, outline.id) == (
            record.sequence,
            record.actor,
            record.id,
        )
        assert outline.changes == record.changes
        sent = [(one.to, decode_message(one.message)) for one in outline.outbox]
        assert sent == [(send.to, send.message) for send in record.outbox]


def test_every_message_can_be_decoded() -> None:
    here = [one for one in Message.__subclasses__() if one.__module__.startswith("messages.")]
    assert len(here) > 50
    assert set(MESSAGES.values()) == set(here)


def test_every_entity_of_a_recorded_actor_is_listed() -> None:
    found = set(entity_classes())
    assert len(found) > 10
    assert found <= set(ENTITIES.values()), "add it to actors/journal/entities.py"


def test_a_cut_comes_back_as_it_was() -> None:
    cut = Cut(nothing(NOW))
    for record in records()[:200]:
        cut.take(record.sequence, record.actor, record.now, record.changes)
    last = records()[200]
    under_way = [
        Undelivered(to=s.to, sender=last.actor, id=(9, n), cause=last.id, message=s.message)
        for n, s in enumerate(records()[0].outbox)
    ]
    snapshot = cut.snapshot(tuple(under_way))
    assert len(snapshot.actors) >= 3
    assert decode_snapshot(encode_snapshot(snapshot)) == snapshot


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", encode(records()[0])[:-1]])
def test_what_is_no_record_is_named_unreadable(data: bytes) -> None:
    for read in (decode, decode_outline, decode_snapshot):
        with pytest.raises(UnreadableError):
            read(data)


def test_a_tag_that_nobody_knows_is_named_unreadable() -> None:
    data = encode(records()[0]).replace(b"AllotCapital", b"AllotCapitol")
    data = data.replace(b"SetLimits", b"SetLimitz")
    with pytest.raises(UnreadableError):
        decode(data)


def test_what_can_not_be_encoded_is_refused() -> None:
    record = msgspec.structs.replace(records()[0], error=object())
    with pytest.raises(JournalError, match="can't be encoded"):
        encode(record)


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_journal_of_an_older_version_still_loads(version: str) -> None:
    """Written once by a version of its time, and never again.

    ``format-1`` by ``write_golden``; the others are what paper sessions left.
    """
    found = find(GOLDEN / version)
    assert found is not None
    assert found.losses == ()
    expected = msgspec.json.decode((GOLDEN / version / "expected.json").read_bytes())
    assert found.snapshot.sequence == expected["sequence"]
    assert [one.actor for one in found.snapshot.actors] == expected["actors"]
    assert sum(len(one.entities) for one in found.snapshot.actors) == expected["entities"]
    with read_segment(GOLDEN / version, 1) as reader:
        decoded = [decode(encoded) for batch in reader.batches() for encoded in batch.encoded]
    assert [record.sequence for record in decoded] == list(range(1, expected["sequence"] + 1))
