"""A disk that is slow, full or read-only, under the real store: told, survived, healed."""

from pathlib import Path
from threading import Thread

import apsw
import pytest
from msgspec.structs import replace

from actors.journal.codec import encode
from actors.journal.inspection import find
from actors.journal.port import JournalError
from actors.journal.segment import SegmentWriter, segment_numbers
from actors.journal.store import JournalLimits
from messages.addresses import OBSERVERS
from messages.guardian import JournalFailed, JournalHealed
from messages.observers import Alarm, AlarmOver
from messages.order_router import ReleaseOrders
from tests.actors.journal.history import NOW, journal_in, records
from tests.actors.journal.test_actor import ORDER, SETTINGS, Stage, place
from verification.simulation.disk import NONE, SimulatedDisk

FOLDER = Path("/account")
LIMITS = JournalLimits(reserve_bytes=60_000, pending_bytes=20_000)
CALM_MS = 60_000


class Watch:
    """Real seconds; a sync takes some."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.a_sync_takes = 0.0

    def sync(self) -> None:
        self.seconds += self.a_sync_takes


def alarms(stage: Stage) -> list[str]:
    return [message.text for message in stage.heard_by(OBSERVERS) if isinstance(message, Alarm)]


def ended(stage: Stage) -> list[str]:
    return [one.text for one in stage.heard_by(OBSERVERS) if isinstance(one, AlarmOver)]


def commit_one(stage: Stage) -> None:
    stage.tell(ReleaseOrders(position_id=ORDER.position_id))
    stage.wait(SETTINGS.linger_ms)
    assert stage.journal.pending == 0


def test_a_slow_disk_is_told_once_and_its_end_too() -> None:
    disk, watch = SimulatedDisk(), Watch()
    disk.on_sync = watch.sync
    stage = Stage(FOLDER, files=disk, seconds=lambda: watch.seconds)
    commit_one(stage)
    assert alarms(stage) == []
    watch.a_sync_takes = SETTINGS.slow_ms / 1_000 + 0.5
    for _ in range(3):
        commit_one(stage)
    assert alarms(stage) == ["the journal's disk is slow: a commit took 1.5 s"]
    watch.a_sync_takes = 0
    commit_one(stage)
    assert len(alarms(stage)) == 1, "one quick commit is no end"
    stage.wait(CALM_MS)
    commit_one(stage)
    assert ended(stage) == ["the journal's disk is quick again: no commit took over 1 s"]
    commit_one(stage)
    assert (len(alarms(stage)), len(ended(stage))) == (1, 1)
    assert stage.told == [], "trading goes on"


def test_a_full_disk_lives_on_its_reserve() -> None:
    disk = SimulatedDisk()
    stage = Stage(FOLDER, limits=LIMITS, files=disk)
    disk.capacity = disk.size
    stage.tell(place(1))
    assert stage.told == [JournalFailed]
    assert "reserve" not in disk.names(FOLDER)
    stage.wait(100)
    assert stage.told == [JournalFailed, JournalHealed], "into what the reserve held"
    stage.tell(place(2))
    assert [order_id for order_id, _ in stage.venue.left] == ["he1p2b1"]


def test_a_disk_that_stays_full_bounds_what_waits_and_heals_without_a_restart() -> None:
    disk = SimulatedDisk()
    journal, _ = journal_in(FOLDER, limits=LIMITS, files=disk)
    disk.capacity = disk.size - LIMITS.reserve_bytes
    taken = 0
    while taken == 0 or sum(len(encode(one)) for one in records()[:taken]) < LIMITS.pending_bytes:
        journal.append(records()[taken])
        taken += 1
        with pytest.raises(JournalError, match="no space"):
            journal.commit()
    with pytest.raises(JournalError, match="nothing more can be taken"):
        journal.append(records()[taken])
    assert (journal.durable, journal.pending) == (0, taken)
    assert "reserve" not in disk.names(FOLDER)
    disk.capacity = None
    journal.commit()
    journal.append(records()[taken])
    journal.commit()
    assert "reserve" in disk.names(FOLDER)
    found = find(FOLDER, disk.crashed(NONE))
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), taken + 1)


def test_a_full_disk_leaves_the_old_segment_in_use() -> None:
    disk = SimulatedDisk()
    journal, _ = journal_in(FOLDER, limits=LIMITS, files=disk)
    journal.append(records()[0])
    journal.commit()
    disk.capacity = disk.size
    with pytest.raises(JournalError, match="no space"):
        journal.begin_segment((), NOW)
    disk.capacity = None
    journal.append(records()[1])
    journal.commit()
    found = find(FOLDER, disk.crashed(NONE))
    assert found is not None
    assert (found.losses, found.snapshot.sequence, found.last_number) == ((), 2, 1)


def test_a_segment_that_can_not_be_begun_is_told_once_and_stops_no_trading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = SimulatedDisk()
    stage = Stage(FOLDER, limits=replace(LIMITS, segment_bytes=1), files=disk)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "rename", _refuse)
        for number in range(1, 4):
            stage.tell(place(number))
            stage.wait(1_000)
    assert [order_id for order_id, _ in stage.venue.left] == ["he1p1b1", "he1p2b1", "he1p3b1"]
    assert len(alarms(stage)) == 1
    assert "old file goes on" in alarms(stage)[0]
    assert segment_numbers(FOLDER, disk) == [1]
    stage.wait(10_000)
    commit_one(stage)
    assert segment_numbers(FOLDER, disk) == [1, 2]
    assert len(alarms(stage)) == 1
    assert ended(stage) == ["the journal goes on in a new file again"]
    assert stage.told == []


def test_a_segment_that_was_given_up_does_not_come_back_with_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = SimulatedDisk()
    journal, _ = journal_in(FOLDER, limits=LIMITS, files=disk)
    journal.append(records()[0])
    journal.commit()
    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, "__init__", _refuse)  # when its name is durable already
        with pytest.raises(JournalError):
            journal.begin_segment((), NOW)
    journal.append(records()[1])
    journal.commit()
    found = find(FOLDER, disk.crashed(NONE))
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), 2)


def _refuse(*_: object) -> None:
    raise apsw.CantOpenError("unable to open database file")


def test_a_read_only_disk_is_told_and_heals_without_a_restart() -> None:
    disk = SimulatedDisk()
    stage = Stage(FOLDER, files=disk)
    disk.is_read_only = True
    stage.tell(place(1))
    stage.wait(5_000)
    assert stage.told == [JournalFailed], "told once"
    assert stage.venue.left == []
    disk.is_read_only = False
    stage.wait(5_000)
    assert stage.told == [JournalFailed, JournalHealed]
    stage.tell(place(2))
    found = find(FOLDER, disk.crashed(NONE))
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), stage.journal.durable)


def test_an_account_on_a_read_only_disk_is_refused_clearly() -> None:
    disk = SimulatedDisk()
    disk.is_read_only = True
    with pytest.raises(OSError, match="read-only"):
        journal_in(FOLDER, files=disk)


def test_a_journal_is_not_closed_while_another_thread_commits() -> None:
    """A second Ctrl-C ends the main thread, while the dispatcher's may be in a commit."""
    disk = SimulatedDisk()
    journal, lease = journal_in(FOLDER, files=disk)
    refused: list[JournalError] = []

    def close() -> None:
        try:
            journal.close()
        except JournalError as error:
            refused.append(error)

    def press_ctrl_c() -> None:
        disk.on_sync = None
        main = Thread(target=close)
        main.start()
        main.join()

    record = records()[0]
    journal.append(record)
    disk.on_sync = press_ctrl_c
    journal.commit()
    assert "a commit is under way" in str(refused[0])
    assert journal.durable == record.sequence, "nothing was let go of"
    journal.close()
    lease.close()
