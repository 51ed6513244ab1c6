"""Records that a process could not commit before it was ended are written by the next start."""

import os
from pathlib import Path

import pytest

from actors.journal.inspection import find
from actors.journal.mirror import Mirror, write_unwritten
from actors.journal.port import UNWRITTEN
from tests.actors.journal.history import journal_in, records

DURABLE, MORE = 40, 7


def left(folder: Path, *, commits_more: bool = False) -> bytes:
    """Write a journal and end over records that no commit wrote; return what memory held."""
    journal, lease = journal_in(folder)
    mirror = journal.keep_pending()
    for record in records()[:DURABLE]:
        journal.append(record)
    journal.commit()
    for record in records()[DURABLE : DURABLE + MORE]:
        journal.append(record)
    kept = os.pread(mirror.descriptor, os.fstat(mirror.descriptor).st_size, 0)
    if commits_more:
        journal.commit()
    journal.close()
    lease.close()
    return kept


def sequence(folder: Path) -> int:
    found = find(folder)
    assert found is not None
    assert found.losses == ()
    return found.snapshot.sequence


def test_what_waited_for_a_commit_is_written_as_its_batch(tmp_path: Path) -> None:
    (tmp_path / UNWRITTEN).write_bytes(left(tmp_path))
    assert sequence(tmp_path) == DURABLE
    assert write_unwritten(tmp_path) == MORE
    assert sequence(tmp_path) == DURABLE + MORE
    assert write_unwritten(tmp_path) == 0, "it is used once"


def test_what_a_commit_wrote_after_all_is_not_written_twice(tmp_path: Path) -> None:
    (tmp_path / UNWRITTEN).write_bytes(left(tmp_path, commits_more=True))
    assert write_unwritten(tmp_path) == 0
    assert sequence(tmp_path) == DURABLE + MORE


def test_nothing_is_written_where_nothing_waited(tmp_path: Path) -> None:
    left(tmp_path)
    assert write_unwritten(tmp_path) == 0
    assert sequence(tmp_path) == DURABLE


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 70, 500])
def test_half_of_it_is_put_aside(tmp_path: Path, cut: int) -> None:
    kept = left(tmp_path)
    (tmp_path / UNWRITTEN).write_bytes(kept[:cut])
    assert write_unwritten(tmp_path) == 0
    assert sequence(tmp_path) == DURABLE
    assert not (tmp_path / UNWRITTEN).exists()


def test_it_is_never_written_behind_a_journal_that_lost_its_end(tmp_path: Path) -> None:
    kept = left(tmp_path)
    other = tmp_path / "other"
    journal, lease = journal_in(other)
    for record in records()[: DURABLE - 1]:
        journal.append(record)
    journal.commit()
    journal.close()
    lease.close()
    (other / UNWRITTEN).write_bytes(kept)
    assert write_unwritten(other) == 0
    assert sequence(other) == DURABLE - 1


def test_a_new_segment_begins_it_anew(tmp_path: Path) -> None:
    journal, lease = journal_in(tmp_path)
    mirror = journal.keep_pending()
    for record in records()[:DURABLE]:
        journal.append(record)
    journal.commit()
    journal.begin_segment((), records()[DURABLE - 1].now)
    journal.append(records()[DURABLE])
    kept = os.pread(mirror.descriptor, os.fstat(mirror.descriptor).st_size, 0)
    journal.close()
    lease.close()
    (tmp_path / UNWRITTEN).write_bytes(kept)
    assert write_unwritten(tmp_path) == 1
    assert sequence(tmp_path) == DURABLE + 1


def test_what_follows_another_history_is_put_aside(tmp_path: Path) -> None:
    kept = bytearray(left(tmp_path))
    kept[40] ^= 1  # of the head that it follows
    (tmp_path / UNWRITTEN).write_bytes(kept)
    assert write_unwritten(tmp_path) == 0
    assert sequence(tmp_path) == DURABLE


def test_more_than_memory_holds_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.journal.mirror._BYTES_MAX", 132)
    mirror = Mirror(1, 1, bytes(32))
    mirror.add(b"x" * 40)
    whole = os.pread(mirror.descriptor, 100, 0)
    mirror.add(b"x" * 40)
    mirror.add(b"y")
    assert whole[24:32] == (44).to_bytes(8, "little")
    assert os.pread(mirror.descriptor, 100, 0)[24:32] == bytes(8)
    mirror.clear(4, bytes(32))
    mirror.add(b"z")
    first, length = (4).to_bytes(8, "little"), (5).to_bytes(8, "little")
    assert os.pread(mirror.descriptor, 100, 0)[16:69] == first + length + bytes(32) + b"\x01\0\0\0z"
    mirror.close()
