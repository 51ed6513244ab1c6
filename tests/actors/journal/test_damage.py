"""A journal that is cut or altered at any byte: what is whole is used, the rest is named."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from actors.journal.anchor import read_anchor
from actors.journal.entities import Entities
from actors.journal.inspection import ANCHOR, Found, JournalLostError, find, nothing
from actors.journal.segment import segment_path
from actors.journal.snapshot import Cut
from tests.actors.journal.history import NOW, journal_in, records, write
from verification.simulation.disk import ALL, SimulatedDisk

COUNT = 12
BATCH = 3
PAGE_BYTES = 4_096
FOLDER = Path("/account")
FILE = segment_path(FOLDER, 1)
LOG = FILE.with_name(FILE.name + "-wal")
PARTS = 4
"""Of a file, each a test: together they are all of its bytes."""


@cache
def whole_states() -> dict[int, tuple[Entities, ...]]:
    """The state after every batch, by the sequence of its last record."""
    cut = Cut(nothing(NOW))
    states: dict[int, tuple[Entities, ...]] = {0: ()}
    for record in records()[:COUNT]:
        cut.take(record.sequence, record.actor, record.now, record.changes)
        if record.sequence % BATCH == 0:
            states[record.sequence] = cut.entities()
    return states


@cache
def closed() -> SimulatedDisk:
    """Return what a process leaves that ends in order: all of it in one file."""
    disk = SimulatedDisk()
    write(FOLDER, COUNT, BATCH, files=disk)
    return disk


@cache
def killed() -> SimulatedDisk:
    """Return what a killed process leaves: the last commits in the write-ahead log."""
    disk = SimulatedDisk()
    journal, _ = journal_in(FOLDER, files=disk)
    for record in records()[:COUNT]:
        journal.append(record)
        if record.sequence % BATCH == 0:
            journal.commit()
    return disk.crashed(ALL)


def judge(disk: SimulatedDisk) -> int | None:
    """Look, and hold: a whole cut, and everything that is missing from it is named.

    Return the sequence of the cut; None: nothing can be used, and that is said.
    """
    try:
        found = find(FOLDER, disk)
    except JournalLostError:
        return None
    assert found is not None
    sequence = found.snapshot.sequence
    assert found.snapshot.actors == whole_states()[sequence]
    assert found.losses or sequence == COUNT
    return sequence


def damaged(disk: SimulatedDisk, path: Path, data: Iterator[bytes]) -> set[int | None]:
    """Return the outcomes of all these in the place of the file's bytes."""
    after = disk.crashed(ALL)
    outcomes = set()
    for one in data:
        after.damage(path, one)
        outcomes.add(judge(after))
    return outcomes


def flips(data: bytes, part: int) -> Iterator[bytes]:
    """Yield the bytes with one of them altered: each in turn; which bit differs."""
    for place in range(part, len(data), PARTS):
        yield data[:place] + bytes([data[place] ^ 1 << place // PARTS % 8]) + data[place + 1 :]


def cuts(data: bytes) -> Iterator[bytes]:
    """Yield the bytes cut at every page, and at every byte of the last one."""
    for end in (*range(0, len(data), PAGE_BYTES), *range(len(data) - PAGE_BYTES, len(data))):
        yield data[:end]


def test_what_a_process_left_is_whole() -> None:
    assert judge(killed()) == COUNT
    assert judge(closed()) == COUNT
    assert killed().read(LOG)
    assert LOG.name not in closed().names(FOLDER)
    assert len(whole_states()) == COUNT // BATCH + 1


def test_the_log_cut_at_every_byte_of_its_last_page() -> None:
    data = killed().read(LOG)
    ends = (data[:end] for end in range(len(data) - PAGE_BYTES, len(data)))
    assert damaged(killed(), LOG, ends) == {COUNT - BATCH}


def test_the_file_cut_at_every_page_and_every_byte_of_its_last() -> None:
    for disk in (closed(), killed()):
        assert None in damaged(disk, FILE, cuts(disk.read(FILE)))


@pytest.mark.parametrize("part", range(PARTS))
def test_any_flipped_byte_of_the_log(part: int) -> None:
    outcomes = damaged(killed(), LOG, flips(killed().read(LOG), part))
    assert outcomes == {0, 3, 6, 9}


@pytest.mark.parametrize("part", range(PARTS))
def test_any_flipped_byte_of_the_file(part: int) -> None:
    outcomes = damaged(closed(), FILE, flips(closed().read(FILE), part))
    assert outcomes == {None, 0, 3, 6, 9, COUNT}


def test_any_flipped_byte_of_the_file_under_a_log() -> None:
    assert damaged(killed(), FILE, flips(killed().read(FILE), 0))


def test_any_flipped_or_cut_byte_of_the_anchor_is_no_silent_loss() -> None:
    whole = closed().read(FOLDER / ANCHOR)
    for place in range(len(whole)):
        for data in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            disk = closed().crashed(ALL)
            disk.damage(FOLDER / ANCHOR, data)
            found = find(FOLDER, disk)
            assert found is not None
            assert found.snapshot.actors == whole_states()[COUNT]
            assert bool(found.losses) == (read_anchor(FOLDER / ANCHOR, disk) is None)


def test_a_lost_end_is_told_by_a_damaged_anchor_too() -> None:
    """The older slot knows of all but the last commit."""
    data = killed().read(LOG)
    anchor = killed().read(FOLDER / ANCHOR)
    newest = read_anchor(FOLDER / ANCHOR, killed())
    assert newest is not None
    disk = killed().crashed(ALL)
    disk.damage(LOG, data[: len(data) // 2])
    disk.damage(FOLDER / ANCHOR, anchor.replace(newest.head, bytes(len(newest.head))))
    found: Found | None = find(FOLDER, disk)
    assert found is not None
    assert any("were durable and are lost" in loss for loss in found.losses)
