"""Records become durable commit by commit; what fails is kept and tried again."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import apsw
import msgspec
import pytest

from actors.journal.anchor import read_anchor
from actors.journal.codec import (
    Snapshot,
    UnreadableError,
    decode,
    decode_part,
    encode,
    encode_parts,
)
from actors.journal.entities import Entities
from actors.journal.files import DISK
from actors.journal.hash_chain import NO_HEAD, Batch
from actors.journal.inspection import ANCHOR, JournalLostError, find, nothing
from actors.journal.port import JournalError, Record
from actors.journal.retention import Retention
from actors.journal.segment import (
    Manifest,
    SegmentWriter,
    begin_segment,
    read_segment,
    remove_segment,
    segment_numbers,
    segment_path,
    segment_seen,
)
from actors.journal.snapshot import Cut
from actors.journal.store import JournalLimits
from actors.portfolio.valuation import Rate
from messages.addresses import GUARDIAN, ORDER_ROUTER, PORTFOLIO
from messages.base import Symbol
from tests.actors.journal.history import LIMITS, NOW, journal_in, records, write

SMALL = JournalLimits(
    segment_bytes=20_000,
    retention=Retention(size_bytes=250_000, floor_bytes=20_000),
    reserve_bytes=4_096,
)


def state_after(some: Iterable[Record]) -> Cut:
    cut = Cut(nothing(NOW))
    for record in some:
        cut.take(record.sequence, record.actor, record.now, record.changes)
    return cut


def all_records(folder: Path) -> list[Record]:
    found = []
    for number in segment_numbers(folder):
        with read_segment(folder, number) as reader:
            for batch in reader.batches():
                found += [decode(encoded) for encoded in batch.encoded]
            assert reader.damage is None
    return found


def test_what_was_committed_comes_back_and_nothing_else(tmp_path: Path) -> None:
    journal, lease = journal_in(tmp_path)
    for record in records()[:10]:
        journal.append(record)
    assert (journal.durable, journal.pending) == (0, 10)
    journal.commit()
    assert (journal.durable, journal.pending) == (10, 0)
    for record in records()[10:13]:
        journal.append(record)
    journal.close()
    lease.close()
    assert all_records(tmp_path) == list(records()[:10])
    found = find(tmp_path)
    assert found is not None
    assert found.losses == ()
    assert found.snapshot.sequence == 10
    assert found.snapshot.actors == state_after(records()[:10]).entities()


def test_the_next_start_goes_on_in_a_segment_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, 30, 7)
    journal, lease = journal_in(tmp_path, find(tmp_path))
    assert (journal.next_sequence, journal.durable, lease.epoch) == (31, 30, 2)
    for record in records()[30:40]:
        journal.append(record)
    journal.commit()
    journal.close()
    assert segment_numbers(tmp_path) == [1, 2]
    assert all_records(tmp_path) == list(records()[:40])
    found = find(tmp_path)
    assert found is not None
    assert found.snapshot.actors == state_after(records()[:40]).entities()


def test_segments_follow_each_other_and_old_ones_are_removed(tmp_path: Path) -> None:
    write(tmp_path, len(records()), 5, SMALL)
    numbers = segment_numbers(tmp_path)
    sizes = [segment_seen(tmp_path, number, DISK).size_bytes for number in numbers]
    assert sum(sizes[:-1]) <= SMALL.retention.size_bytes
    assert len(numbers) > 2
    assert numbers[0] > 1
    begins, ends = [], []
    for number in numbers:
        with read_segment(tmp_path, number) as reader:
            begins.append(reader.opening.previous_head)
            assert list(reader.batches())
            ends.append(reader.head)
    assert begins[1:] == ends[:-1]
    found = find(tmp_path)
    assert found is not None
    assert found.losses == ()
    assert found.snapshot.actors == state_after(records()).entities()


def test_the_entities_of_an_actor_come_back_in_order_from_many_parts(tmp_path: Path) -> None:
    rates = tuple(Rate(symbol=Symbol(f"S{n}/USDT"), rate=float(n)) for n in range(2_500))
    actors = (Entities(PORTFOLIO, rates), Entities(ORDER_ROUTER, ()), Entities(GUARDIAN, rates[:1]))
    before = Snapshot(sequence=7, at=NOW, actors=actors)
    manifest = Manifest(number=1, epoch=1, code="", config="", seed=0, created=NOW)
    head = begin_segment(tmp_path, manifest, before, NO_HEAD, DISK)
    parts = [decode_part(part) for part in encode_parts(actors)]
    assert [sum(len(one.entities) for one in part) for part in parts] == [1_000, 1_000, 501]
    with read_segment(tmp_path, 1) as reader:
        assert (reader.opening.snapshot, reader.opening.head) == (before, head)


def test_a_part_that_is_missing_is_noticed(tmp_path: Path) -> None:
    write(tmp_path, len(records()), 5, SMALL)
    number = segment_numbers(tmp_path)[-1]
    with closing(apsw.Connection(str(segment_path(tmp_path, number)))) as database:
        database.execute("DELETE FROM part")
    with pytest.raises(UnreadableError, match="not as it was"), read_segment(tmp_path, number):
        pass


def test_a_gap_is_refused(tmp_path: Path) -> None:
    journal, _ = journal_in(tmp_path)
    with pytest.raises(JournalError, match="1 is next"):
        journal.append(records()[1])


def test_a_failed_commit_keeps_everything_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = journal_in(tmp_path)
    told: list[int] = []
    journal.on_pending = lambda: told.append(journal.pending)
    append = SegmentWriter.append

    monkeypatch.setattr(SegmentWriter, "append", _refuse)
    journal.append(records()[0])
    for _ in range(2):
        with pytest.raises(JournalError, match="disk is full"):
            journal.commit()
    assert not (tmp_path / "reserve").exists(), "the reserve is let go of"
    journal.append(records()[1])
    assert (journal.durable, journal.pending) == (0, 2)
    monkeypatch.setattr(SegmentWriter, "append", append)
    journal.commit()
    assert journal.durable == 2
    assert (tmp_path / "reserve").stat().st_size == LIMITS.reserve_bytes
    assert told == [1]
    assert all_records(tmp_path) == list(records()[:2])


def test_a_commit_of_unknown_outcome_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = journal_in(tmp_path)
    append = SegmentWriter.append

    def written_and_failed(self: SegmentWriter, batch: Batch) -> None:
        append(self, batch)
        raise apsw.IOError("disk I/O error")

    journal.append(records()[0])
    monkeypatch.setattr(SegmentWriter, "append", written_and_failed)
    with pytest.raises(JournalError):
        journal.commit()
    monkeypatch.setattr(SegmentWriter, "append", append)
    journal.append(records()[1])
    journal.commit()
    assert all_records(tmp_path) == list(records()[:2])


def test_a_disk_that_fails_for_long_bounds_what_waits(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, pending_bytes=2_000)
    journal, _ = journal_in(tmp_path, limits=limits)
    taken = 0
    for record in records():
        if sum(len(encode(one)) for one in records()[:taken]) >= limits.pending_bytes:
            break
        journal.append(record)
        taken += 1
    with pytest.raises(JournalError, match="nothing more"):
        journal.append(records()[taken])
    assert journal.next_sequence == taken + 1
    journal.commit()
    journal.append(records()[taken])


def test_a_segment_that_can_not_be_begun_leaves_the_old_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = journal_in(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, "__init__", _refuse)
        with pytest.raises(JournalError):
            journal.begin_segment((), NOW)
    journal.append(records()[0])
    journal.commit()
    assert segment_numbers(tmp_path) == [1]
    found = find(tmp_path)
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), 1)


def _refuse(*_: object) -> None:
    raise apsw.FullError("database or disk is full")


def test_an_empty_folder_has_no_journal(tmp_path: Path) -> None:
    assert find(tmp_path) is None


def test_a_lost_suffix_is_told_by_the_anchor(tmp_path: Path) -> None:
    write(tmp_path, 30, 10)
    anchor = (tmp_path / ANCHOR).read_bytes()
    for file in tmp_path.iterdir():
        file.unlink()
    write(tmp_path, 20, 10)
    (tmp_path / ANCHOR).write_bytes(anchor)  # the same journal, put back from an older copy
    found = find(tmp_path)
    assert found is not None
    assert found.losses == ("records 21 to 30 were durable and are lost",)
    assert found.snapshot.actors == state_after(records()[:20]).entities()


def test_another_history_is_told_by_the_anchor(tmp_path: Path) -> None:
    write(tmp_path / "one", 20, 10)
    write(tmp_path / "two", 20, 5)
    (tmp_path / "one" / ANCHOR).write_bytes((tmp_path / "two" / ANCHOR).read_bytes())
    found = find(tmp_path / "one")
    assert found is not None
    assert found.losses == ("at record 20 the anchor tells of another history",)


def test_a_segment_that_is_gone_is_no_new_beginning(tmp_path: Path) -> None:
    write(tmp_path, 20, 10)
    remove_segment(tmp_path, 1)
    with pytest.raises(JournalLostError, match="20 records"):
        find(tmp_path)


def test_an_anchor_behind_the_journal_is_no_loss(tmp_path: Path) -> None:
    """A crash between a commit and its anchor."""
    write(tmp_path, 20, 10)
    anchor = (tmp_path / ANCHOR).read_bytes()
    journal, _ = journal_in(tmp_path, find(tmp_path))
    begun = (tmp_path / ANCHOR).read_bytes()
    (tmp_path / ANCHOR).write_bytes(anchor)  # between the beginning of a segment and its anchor
    assert find(tmp_path).losses == ()  # type: ignore[union-attr]  # it is there
    (tmp_path / ANCHOR).write_bytes(begun)
    journal.append(records()[20])
    journal.commit()
    (tmp_path / ANCHOR).write_bytes(anchor)
    found = find(tmp_path)
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), 21)


def test_an_unreadable_segment_falls_back_to_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, len(records()), 5, SMALL)
    number = segment_numbers(tmp_path)[-1]
    segment_path(tmp_path, number).write_bytes(b"no database at all" * 100)
    found = find(tmp_path)
    assert found is not None
    assert f"segment {number} can't be read" in found.losses[0]
    assert "are lost" in found.losses[1]
    kept = found.snapshot.sequence
    assert 0 < kept < len(records())
    assert found.snapshot.actors == state_after(records()[:kept]).entities()
    assert found.last_number == number
    assert read_anchor(tmp_path / ANCHOR) is not None
