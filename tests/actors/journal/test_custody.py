"""Files and folders are removed, moved, replaced or marked under a journal that is in use."""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.journal.files import Files, Sight
from actors.journal.inspection import ANCHOR, find
from actors.journal.port import CustodyError
from actors.journal.segment import segment_path
from messages.addresses import GUARDIAN, JOURNAL
from messages.guardian import JournalFailed, JournalHealed
from messages.journal import InspectFiles
from messages.orders import Purpose
from tests.actors.journal.history import journal_in, records
from tests.actors.journal.test_actor import Stage, place

WHAT = ("folder", "lock", "epoch", ANCHOR, "segment-000001.sqlite", "segment-000001.sqlite-wal")
FILES = WHAT[1:]


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def move(path: Path) -> None:
    path.rename(_aside(path))


def put_a_copy(path: Path) -> None:
    """Put back what a copy made, as from a backup."""
    copy = path.with_name(path.name + ".copy")
    shutil.copytree(path, copy) if path.is_dir() else shutil.copy2(path, copy)
    path.rename(_aside(path))
    copy.rename(path)


def put_a_link(path: Path) -> None:
    path.rename(_aside(path))
    path.symlink_to(_aside(path))


def put_another(path: Path) -> None:
    is_folder = path.is_dir()
    path.rename(_aside(path))
    path.mkdir() if is_folder else path.write_bytes(b"another")


def mark_read_only(path: Path) -> None:
    path.chmod(0o500 if path.is_dir() else 0o400)


ATTACKS = (remove, move, put_a_copy, put_a_link, put_another, mark_read_only)
_LEAVE_AS_IT_WAS = (put_a_copy, put_a_link, mark_read_only)
"""Of the epoch counts what it says."""
CASES = [
    (what, attack)
    for what in WHAT
    for attack in ATTACKS
    if what != "epoch" or attack not in _LEAVE_AS_IT_WAS
]


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".aside")


def staged(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "account")
    stage.tell(place(1))
    assert [order_id for order_id, _ in stage.venue.left] == ["he1p1b1"]
    return stage


def last_failure(stage: Stage) -> JournalFailed:
    return [m for m in stage.heard_by(GUARDIAN) if isinstance(m, JournalFailed)][-1]


def target(tmp_path: Path, what: str) -> Path:
    return tmp_path / "account" if what == "folder" else tmp_path / "account" / what


def looked(stage: Stage) -> None:
    stage.system.tell(JOURNAL, InspectFiles())
    stage.dispatcher.run_until_idle()


@pytest.mark.parametrize(("what", "attack"), CASES)
def test_it_is_noticed_when_looked_at_and_no_entry_leaves(
    tmp_path: Path, what: str, attack: Callable[[Path], None]
) -> None:
    stage = staged(tmp_path)
    looked(stage)
    assert stage.told == []
    path = target(tmp_path, what)
    attack(path)
    looked(stage)
    assert stage.told == [JournalFailed], "the session takes no new risk"
    failed = last_failure(stage)
    assert str(path) in failed.text
    looked(stage)
    assert stage.told == [JournalFailed], "people hear it once"
    stage.tell(place(2))
    stage.wait(10_000)
    assert [order_id for order_id, _ in stage.venue.left] == ["he1p1b1"]
    assert stage.journal.pending


@pytest.mark.parametrize(
    ("what", "advice"), [("lock", "start again"), ("segment-000001.sqlite", "restore a backup")]
)
def test_a_lost_lock_needs_a_new_start_and_a_lost_journal_a_backup(
    tmp_path: Path, what: str, advice: str
) -> None:
    stage = staged(tmp_path)
    target(tmp_path, what).unlink()
    looked(stage)
    assert "was removed" in last_failure(stage).text
    assert advice in last_failure(stage).text


@pytest.mark.parametrize("what", [one for one in WHAT if one != "epoch"])
@pytest.mark.parametrize("attack", ATTACKS[:-1])
def test_a_commit_notices_it_before_a_look_and_loses_nothing(
    tmp_path: Path, what: str, attack: Callable[[Path], None]
) -> None:
    journal, lease = journal_in(tmp_path / "account")
    journal.append(records()[0])
    journal.commit()
    before = {file.name: file.read_bytes() for file in (tmp_path / "account").iterdir()}
    attack(target(tmp_path, what))
    journal.append(records()[1])
    with pytest.raises(CustodyError):
        journal.commit()
    assert (journal.durable, journal.pending) == (1, 1)
    for file in (tmp_path / "account").glob("*"):
        if not file.is_symlink() and file.read_bytes() != b"another":
            assert file.read_bytes() == before[file.name.removesuffix(".aside")]
    journal.close()
    lease.close()


def test_a_folder_that_is_moved_back_is_gone_on_with(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    account = tmp_path / "account"
    account.rename(tmp_path / "elsewhere")
    looked(stage)
    assert str(tmp_path / "elsewhere") in last_failure(stage).text
    stage.tell(place(2))
    (tmp_path / "elsewhere").rename(account)
    stage.wait(5_000)
    looked(stage)
    assert stage.told == [JournalFailed, JournalHealed]
    stage.tell(place(3))
    assert [order_id for order_id, _ in stage.venue.left][-1] == "he1p3b1"
    found = find(account)
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), stage.journal.durable)


def test_a_copy_in_its_place_is_not_gone_on_with(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    put_a_copy(tmp_path / "account")
    looked(stage)
    copied = {file.name: file.read_bytes() for file in (tmp_path / "account").iterdir()}
    stage.tell(place(2))
    stage.wait(60_000)
    assert stage.told == [JournalFailed]
    stage.journal.close()
    after = {file.name: file.read_bytes() for file in (tmp_path / "account").iterdir()}
    assert after == copied, "nothing is written into it, and no file of it is removed"


def test_the_other_folder_is_told_of_when_it_comes_in_the_place_of_the_moved(
    tmp_path: Path,
) -> None:
    stage = staged(tmp_path)
    move(tmp_path / "account")
    looked(stage)
    (tmp_path / "account").mkdir()
    stage.wait(5_000)
    assert stage.told == [JournalFailed, JournalFailed]
    assert "was replaced by another one" in last_failure(stage).text


@pytest.mark.parametrize("name", [ANCHOR, "segment-000001.sqlite", "segment-000001.sqlite-wal"])
def test_an_older_copy_that_is_written_over_a_file_is_noticed_and_the_right_bytes_heal(
    tmp_path: Path, name: str
) -> None:
    stage = Stage(tmp_path)
    older = (tmp_path / name).read_bytes()
    stage.tell(place(1))
    right = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(older[: len(older) // 2])
    looked(stage)
    assert stage.told == [JournalFailed]
    assert "changed by something else" in last_failure(stage).text
    stage.wait(5_000)
    assert stage.told == [JournalFailed]
    (tmp_path / name).write_bytes(right)
    stage.wait(5_000)
    assert stage.told == [JournalFailed, JournalHealed]
    stage.tell(place(2))
    found = find(tmp_path)
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), stage.journal.durable)


def test_an_epoch_that_goes_back_is_noticed_and_the_right_one_heals(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    right = (tmp_path / "epoch").read_bytes()
    (tmp_path / "epoch").write_bytes(b"0")
    looked(stage)
    assert stage.told == [JournalFailed]
    (tmp_path / "epoch").write_bytes(right)
    stage.wait(5_000)
    assert stage.told == [JournalFailed, JournalHealed]


def test_a_touched_file_is_read_again_and_trading_goes_on(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    for name in FILES:
        os.utime(tmp_path / "account" / name)
    looked(stage)
    stage.tell(place(2))
    assert stage.told == []
    assert len(stage.venue.left) == 2


def test_an_exit_leaves_as_from_a_dead_disk_when_the_journal_is_removed(tmp_path: Path) -> None:
    stage = staged(tmp_path)
    shutil.rmtree(tmp_path / "account")
    looked(stage)
    stage.tell(place(2, Purpose.STOP_LOSS))
    stage.wait(10_000)
    assert [order_id for order_id, _ in stage.venue.left] == ["he1p1b1", "he1p2b1"]


def test_a_forked_child_neither_writes_nor_removes_anything(tmp_path: Path) -> None:
    journal, lease = journal_in(tmp_path)
    journal.append(records()[0])
    journal.commit()
    journal.append(records()[1])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            journal.commit()
        except CustodyError:
            journal._segment._database.close()  # as when an interpreter ends
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    journal.commit()
    assert segment_path(tmp_path, 1).with_name("segment-000001.sqlite-wal").exists()
    found = find(tmp_path)
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), 2)
    journal.close()
    lease.close()


def test_a_folder_behind_a_link_is_used_and_a_link_that_leads_elsewhere_noticed(
    tmp_path: Path,
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "account").symlink_to(tmp_path / "disk")
    stage = staged(tmp_path)
    looked(stage)
    assert stage.told == []
    (tmp_path / "other").mkdir()
    (tmp_path / "account").unlink()
    (tmp_path / "account").symlink_to(tmp_path / "other")
    looked(stage)
    assert stage.told == [JournalFailed]
    assert list((tmp_path / "other").iterdir()) == []


class StaleDisk(Files):
    """A network's disk whose server forgot what it gave out."""

    is_stale = False

    def sight(self, path: Path) -> Sight | None:
        if self.is_stale:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return super().sight(path)

    def folder_sight(self, folder: Path) -> Sight | None:
        return self.sight(folder)


def test_a_network_disk_that_lost_the_folder_is_told_and_heals(tmp_path: Path) -> None:
    disk = StaleDisk()
    stage = Stage(tmp_path, files=disk)
    disk.is_stale = True
    looked(stage)
    assert "can't be looked at: Stale file handle" in last_failure(stage).text
    stage.tell(place(1))
    assert stage.venue.left == []
    disk.is_stale = False
    stage.wait(5_000)
    assert stage.told == [JournalFailed, JournalHealed]


def test_a_lock_that_another_took_is_noticed(tmp_path: Path) -> None:
    """What an inherited descriptor can do: it unlocks, and another process locks."""
    stage = Stage(tmp_path)
    other = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(stage.lease.lock._file, fcntl.LOCK_UN)  # type: ignore[attr-defined]
    looked(stage)
    assert stage.told == [], "it is locked again"
    fcntl.flock(stage.lease.lock._file, fcntl.LOCK_UN)  # type: ignore[attr-defined]
    fcntl.flock(other, fcntl.LOCK_EX)
    looked(stage)
    assert "another process took the lock" in last_failure(stage).text
    os.close(other)
    stage.wait(5_000)
    assert stage.told == [JournalFailed, JournalHealed]
