"""The simulated disk forgets what was not synced, and the real store keeps its word on it."""

from contextlib import suppress
from pathlib import Path

import pytest

from actors.journal import segment
from actors.journal.inspection import Found, JournalLostError, find
from actors.journal.lease import Lease
from actors.journal.port import JournalError
from actors.journal.store import FileJournal
from tests.actors.journal.history import LIMITS, NOW, ORIGIN, holder, records
from tests.actors.journal.test_store import state_after
from verification.simulation.disk import ALL, NONE, SimulatedDisk

FOLDER = Path("/account")
CHOICES = 12
COUNT = 40


def test_what_was_not_synced_is_gone() -> None:
    disk = SimulatedDisk()
    file = disk.open(FOLDER / "one")
    file.write(b"first", 0)
    file.sync()
    disk.sync_folder(FOLDER)
    file.write(b"SECOND", 0)
    assert disk.crashed(NONE).read(FOLDER / "one") == b"first"
    assert disk.crashed(ALL).read(FOLDER / "one") == b"SECOND"
    found = {disk.crashed(choice).read(FOLDER / "one") for choice in range(2, 40)}
    assert {b"first", b"Sirst", b"SECOND"} < found, "also torn"


def test_a_name_that_was_not_synced_is_undone() -> None:
    disk = SimulatedDisk()
    disk.open(FOLDER / "new").write(b"x", 0)
    disk.sync_folder(FOLDER)
    disk.rename(FOLDER / "new", FOLDER / "old")
    assert disk.crashed(NONE).names(FOLDER) == ["new"]
    assert disk.crashed(ALL).names(FOLDER) == ["old"]


def journal_on(disk: SimulatedDisk, found: Found | None = None) -> FileJournal:
    return FileJournal(Lease(FOLDER, holder(), disk), ORIGIN, LIMITS, found, NOW)


def looked_at(disk: SimulatedDisk) -> Found:
    found = find(FOLDER, disk)
    assert found is not None
    return found


@pytest.mark.parametrize("choice", range(CHOICES))
def test_what_is_durable_survives(choice: int) -> None:
    disk = SimulatedDisk()
    journal = journal_on(disk)
    for record in records()[:COUNT]:
        journal.append(record)
        if record.sequence % 3 == 0:
            journal.commit()
        found = looked_at(disk.crashed(choice))
        assert found.losses == ()
        assert found.snapshot.sequence == journal.durable
        assert found.snapshot.actors == state_after(records()[: journal.durable]).entities()


def test_no_fsync_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "_SYNC", "PRAGMA synchronous=OFF")
    with pytest.raises((AssertionError, JournalLostError)):
        test_what_is_durable_survives(NONE)


def test_one_failed_operation_anywhere_loses_nothing() -> None:
    """Also where a failed sync forgets what it was for, and the next one says that all is well."""
    begun = SimulatedDisk()
    journal_on(begun)
    for at in range(begun.operations + 1, begun.operations + 100):
        disk = SimulatedDisk()
        disk.fail_at = frozenset({at})
        journal = journal_on(disk)
        for record in records()[:COUNT]:
            journal.append(record)
            if record.sequence % 3 == 0:
                with suppress(JournalError):
                    journal.commit()
        journal.commit()
        assert journal.durable == COUNT
        for choice in (NONE, ALL, at):
            found = looked_at(disk.crashed(choice))
            assert (found.losses, found.snapshot.sequence) == ((), COUNT), at
            assert found.snapshot.actors == state_after(records()[:COUNT]).entities()
