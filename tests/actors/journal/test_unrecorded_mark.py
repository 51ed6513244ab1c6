"""What memory that outlives the process says of exits without a record, and when it is believed."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.journal.unrecorded_mark import UnrecordedMark
from messages.base import Timestamp
from messages.ids import Identity

FIRST = Identity(account="a" * 8, tag="7", epochs=("b" * 8,), started_at=Timestamp(1_000))
SECOND = FIRST.with_epoch("c" * 8, Timestamp(2_000))


class Machine:
    """Shared memory and a boot id."""

    def __init__(self, folder: Path) -> None:
        self.memory, self.account, self.boot = folder / "shm", folder / "state", folder / "boot_id"
        self.memory.mkdir()
        self.account.mkdir()
        self.start()

    def start(self) -> None:
        """Boot: what was in shared memory is gone."""
        for file in self.memory.iterdir():
            file.unlink()
        self.boot.write_text(os.urandom(16).hex())

    def mark(self) -> UnrecordedMark:
        return UnrecordedMark(self.account, place=self.memory, boot=self.boot)

    @property
    def file(self) -> Path:
        (file,) = self.memory.iterdir()
        return file


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def begun(machine: Machine) -> UnrecordedMark:
    mark = machine.mark()
    mark.begin(FIRST, 1, is_recorded=True)
    return mark


def test_a_process_that_dies_with_all_on_record_leaves_nothing_to_look_for(
    machine: Machine,
) -> None:
    mark = begun(machine)
    mark.is_durable(9)
    assert machine.mark().says_recorded(FIRST, 9)


def test_an_exit_that_left_without_a_record_is_told_until_all_is_on_record(
    machine: Machine,
) -> None:
    mark = begun(machine)
    mark.leaves_unrecorded()
    assert not machine.mark().says_recorded(FIRST, 9)
    mark.all_recorded()
    assert machine.mark().says_recorded(FIRST, 9)


def test_what_an_earlier_process_let_out_is_told_until_it_was_looked_for(machine: Machine) -> None:
    begun(machine).leaves_unrecorded()
    second = machine.mark()
    second.begin(SECOND, 10, is_recorded=second.says_recorded(FIRST, 9))
    second.all_recorded()
    assert not machine.mark().says_recorded(SECOND, 20)
    second.looked_for()
    assert machine.mark().says_recorded(SECOND, 20)


def test_a_start_that_did_not_get_as_far_as_its_own_epoch_changes_nothing(
    machine: Machine,
) -> None:
    begun(machine).leaves_unrecorded()
    machine.mark()
    assert not machine.mark().says_recorded(FIRST, 9)


@pytest.mark.parametrize(
    "last",
    [
        None,
        SECOND,
        replace(FIRST, account="z" * 8),
        replace(FIRST, tag=""),
        replace(FIRST, started_at=Timestamp(999)),
    ],
)
def test_it_is_not_believed_of_another_process(machine: Machine, last: Identity | None) -> None:
    begun(machine)
    assert not machine.mark().says_recorded(last, 9)


def test_it_is_not_believed_where_records_are_missing_that_were_durable(machine: Machine) -> None:
    begun(machine).is_durable(9)
    assert not machine.mark().says_recorded(FIRST, 8)


def test_after_a_boot_it_is_gone(machine: Machine) -> None:
    begun(machine)
    machine.start()
    assert not machine.mark().says_recorded(FIRST, 9)


def test_it_is_not_believed_of_another_boot_where_it_is_left_all_the_same(
    machine: Machine,
) -> None:
    begun(machine)
    machine.boot.write_text("another")
    assert not machine.mark().says_recorded(FIRST, 9)


def test_another_folder_has_another_file(machine: Machine, tmp_path: Path) -> None:
    begun(machine)
    other = UnrecordedMark(tmp_path / "copy", place=machine.memory, boot=machine.boot)
    assert not other.says_recorded(FIRST, 9)
    assert len(list(machine.memory.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"\xff" * 4096, b"\0" * 4096, b"HFEXIT01" * 512])
def test_a_damaged_file_is_not_believed_and_is_used_again(machine: Machine, damage: bytes) -> None:
    begun(machine)
    machine.file.write_bytes(damage)
    mark = machine.mark()
    assert not mark.says_recorded(FIRST, 9)
    mark.begin(SECOND, 10, is_recorded=False)
    mark.looked_for()
    assert machine.mark().says_recorded(SECOND, 10)


def _link(file: Path, folder: Path) -> None:
    target = folder / "target"
    file.replace(target)
    file.symlink_to(target)


def _hard_link(file: Path, folder: Path) -> None:
    os.link(file, folder / "another name")


def _pipe(file: Path, folder: Path) -> None:
    del folder
    file.unlink()
    os.mkfifo(file, 0o600)


def _open_to_all(file: Path, folder: Path) -> None:
    del folder
    file.chmod(0o666)


@pytest.mark.parametrize("attack", [_link, _hard_link, _pipe, _open_to_all])
def test_a_file_that_another_user_may_have_made_is_neither_believed_nor_written(
    machine: Machine, tmp_path: Path, attack: object
) -> None:
    begun(machine)
    assert callable(attack)
    attack(machine.file, tmp_path)
    mark = machine.mark()
    assert not mark.says_recorded(FIRST, 9)
    mark.begin(SECOND, 10, is_recorded=True)
    assert not machine.mark().says_recorded(SECOND, 10)


def test_a_start_removes_what_is_left_of_folders_that_are_gone(
    machine: Machine, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    mark = UnrecordedMark(gone, place=machine.memory, boot=machine.boot)
    mark.begin(FIRST, 1, is_recorded=True)
    stranger = machine.memory / "another program's"
    stranger.write_bytes(b"x" * 5_000)
    begun(machine)
    assert len(list(machine.memory.iterdir())) == 3
    gone.rmdir()
    assert machine.mark().says_recorded(FIRST, 9)
    assert len(list(machine.memory.iterdir())) == 2
    assert stranger.exists()


def test_where_there_is_no_shared_memory_nothing_is_kept_and_nothing_fails(
    machine: Machine, tmp_path: Path
) -> None:
    for _ in range(2):
        mark = UnrecordedMark(machine.account, place=tmp_path / "none", boot=machine.boot)
        assert not mark.says_recorded(FIRST, 9)
        mark.begin(FIRST, 1, is_recorded=True)
        mark.leaves_unrecorded()
        mark.all_recorded()
