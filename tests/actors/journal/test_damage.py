"""A journal that is cut or altered anywhere: what is whole is used, the rest is named."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from actors.journal.anchor import read_anchor
from actors.journal.cut import Cut
from actors.journal.entities import Entities
from actors.journal.finding import ANCHOR, Found, JournalLostError, find, nothing
from actors.journal.segment import segment_path
from tests.actors.journal.history import NOW, journal_in, records, write

COUNT = 24
BATCH = 6
PAGE_BYTES = 4_096


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


def judge(folder: Path) -> Found | None:
    """Look, and hold: a whole cut, and everything that is missing from it is named."""
    try:
        found = find(folder)
    except JournalLostError:
        return None  # named, and nothing is used
    assert found is not None
    sequence = found.snapshot.sequence
    assert found.snapshot.actors == whole_states()[sequence]
    assert bool(found.losses) == (sequence < COUNT), found.losses
    return found


def crashed(folder: Path) -> Path:
    """Leave a folder as a killed process does: the last commits in the write-ahead log."""
    live = folder / "live"
    journal, lease = journal_in(live)
    for record in records()[:COUNT]:
        journal.append(record)
        if record.sequence % BATCH == 0:
            journal.commit()
    dead = folder / "dead"
    shutil.copytree(live, dead)
    journal.close()
    lease.close()
    assert len(whole_states()) == COUNT // BATCH + 1
    return dead


def log_of(folder: Path) -> Path:
    path = segment_path(folder, 1)
    return path.with_name(path.name + "-wal")


def test_what_a_killed_process_left_is_whole(tmp_path: Path) -> None:
    found = judge(crashed(tmp_path))
    assert found is not None
    assert found.losses == ()


def test_the_log_cut_at_every_byte_of_its_last_page(tmp_path: Path) -> None:
    folder = crashed(tmp_path)
    log = log_of(folder)
    data = log.read_bytes()
    used = set()
    for cut in range(len(data) - PAGE_BYTES, len(data), 7):
        log.write_bytes(data[:cut])
        found = judge(folder)
        assert found is not None
        used.add(found.snapshot.sequence)
    assert used == {COUNT - BATCH}


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_any_flipped_byte_of_the_log(tmp_path: Path, start: int) -> None:
    folder = crashed(tmp_path)
    log = log_of(folder)
    data = log.read_bytes()
    outcomes = set()
    for place in range(start * 97, len(data), 389):
        log.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
        found = judge(folder)
        outcomes.add(None if found is None else found.snapshot.sequence)
    assert len(outcomes) >= 3


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_any_flipped_byte_of_the_file(tmp_path: Path, start: int) -> None:
    write(tmp_path, COUNT, BATCH)
    path = segment_path(tmp_path, 1)
    data = path.read_bytes()
    outcomes = set()
    for place in range(start * 101, len(data), 409):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        found = judge(tmp_path)
        outcomes.add(None if found is None else found.snapshot.sequence)
    assert len(outcomes) >= 3


def test_the_file_cut_at_every_page_and_within_its_last(tmp_path: Path) -> None:
    write(tmp_path, COUNT, BATCH)
    path = segment_path(tmp_path, 1)
    data = path.read_bytes()
    cuts = [*range(0, len(data), PAGE_BYTES), *range(len(data) - PAGE_BYTES, len(data), 11)]
    for cut in cuts:
        path.write_bytes(data[:cut])
        judge(tmp_path)


def test_a_flipped_byte_of_the_anchor_is_no_silent_loss(tmp_path: Path) -> None:
    write(tmp_path, COUNT, BATCH)
    anchor = tmp_path / ANCHOR
    data = anchor.read_bytes()
    for place in range(len(data)):
        anchor.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert judge_with_any_anchor(tmp_path) == whole_states()[COUNT]
    anchor.write_bytes(data)
    assert read_anchor(anchor) is not None


def judge_with_any_anchor(folder: Path) -> tuple[Entities, ...]:
    found = find(folder)
    assert found is not None
    return found.snapshot.actors
