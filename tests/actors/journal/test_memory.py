"""Same records, same chain; one byte of difference, another."""

from decimal import Decimal

import msgspec
import pytest

from actors.journal.memory import MemoryJournal
from actors.journal.port import Journal, JournalError, Record
from messages.addresses import ORDER_ROUTER, PORTFOLIO
from messages.base import Currency, Message, Timestamp
from messages.envelope import Removed, Send
from messages.money import Money
from messages.portfolio import AllotCapital


class Account(msgspec.Struct, frozen=True, tag=True):
    """An entity as a core might keep it."""

    currency: Currency
    free: Decimal
    by_day: dict[str, Decimal]


class Unencodable(msgspec.Struct, frozen=True, tag=True):
    """An entity that no journal can take."""

    callback: object


CAPITAL = AllotCapital(capital=(Money(Currency("USDT"), Decimal("1000.50")),))


def record(sequence: int, *, free: str = "1", message: Message = CAPITAL) -> Record:
    return Record(
        sequence=sequence,
        actor=PORTFOLIO,
        now=Timestamp(1_000 + sequence),
        id=(0, sequence),
        cause=None,
        sender=ORDER_ROUTER,
        message=message,
        changes=(
            Account(Currency("USDT"), Decimal(free), {"monday": Decimal("0.1")}),
            Removed("Account", "BTC"),
        ),
        outbox=(Send(ORDER_ROUTER, message),),
    )


def head_of(*records: Record, keep: bool = True) -> str:
    journal = MemoryJournal(keep=keep)
    for each in records:
        journal.append(each)
    return journal.head


def test_a_journal_counts_from_one_and_is_durable_as_written() -> None:
    journal: Journal = MemoryJournal()
    assert (journal.next_sequence, journal.durable) == (1, 0)
    journal.append(record(1))
    journal.append(record(2))
    assert (journal.next_sequence, journal.durable) == (3, 2)


def test_the_same_records_give_the_same_head_kept_or_not() -> None:
    heads = {head_of(record(1), record(2), keep=keep) for keep in (True, False)}
    assert len(heads) == 1


@pytest.mark.parametrize(
    "other",
    [
        (record(1, free="1.0"), record(2)),
        (record(1), record(2, message=AllotCapital(capital=()))),
        (record(1),),
        (record(1), record(2), record(3)),
    ],
)
def test_any_difference_gives_another_head(other: tuple[Record, ...]) -> None:
    assert head_of(*other) != head_of(record(1), record(2))


def test_a_difference_in_an_old_record_shows_in_every_later_head() -> None:
    tail = [record(sequence) for sequence in range(2, 50)]
    assert head_of(record(1, free="2"), *tail) != head_of(record(1), *tail)


def test_a_gap_in_the_sequence_is_refused() -> None:
    journal = MemoryJournal()
    with pytest.raises(JournalError, match="record 2 of portfolio: 1 is next"):
        journal.append(record(2))
    assert journal.next_sequence == 1


def test_what_can_not_be_encoded_is_refused_and_leaves_the_chain_as_it_was() -> None:
    journal = MemoryJournal()
    head = journal.head
    unencodable = msgspec.structs.replace(record(1), changes=(Unencodable(object()),))
    with pytest.raises(JournalError, match="record 1 of portfolio can't be encoded"):
        journal.append(unencodable)
    assert (journal.head, journal.next_sequence) == (head, 1)


def test_encoded_records_name_the_types_of_messages_and_entities() -> None:
    journal = MemoryJournal()
    journal.append(record(1))
    decoded = msgspec.msgpack.decode(journal.encoded[0])
    assert decoded["message"]["type"] == "AllotCapital"
    assert [change["type"] for change in decoded["changes"]] == ["Account", "Removed"]
    assert decoded["changes"][0]["free"] == "1"
    assert journal.total_bytes == len(journal.encoded[0])


def test_a_journal_that_keeps_nothing_still_counts() -> None:
    journal = MemoryJournal(keep=False)
    journal.append(record(1))
    assert journal.encoded == []
    assert journal.total_bytes > 0
    assert journal.durable == 1
