"""A backup holds a journal as of one moment; a restored one is marked, and goes on."""

import os
import shutil
from pathlib import Path

import pytest

from actors.journal.inspection import find
from actors.journal.notes import BACKUP_NOTE, RESTORED_NOTE, Backup, read_note, taken_path
from actors.journal.segment import segment_numbers
from commands.backup import backup
from commands.restore import restore
from commands.verify import Verdict, verify
from config.settings import Settings
from messages.base import Timestamp
from session.account import Account
from terminal.errors import RunFailedError, UsageError
from tests.actors.journal.history import NOW, journal_in, records
from tests.commands.test_verify import NAME, contents, write

LATER = Timestamp(NOW + 1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    write(tmp_path / "state", records()[:200])
    return tmp_path / "state"


def restored(tmp_path: Path) -> Path:
    restore(tmp_path / "backup", tmp_path / "other", replaces=False)
    return tmp_path / "other" / NAME


def account(folder: Path) -> Account:
    return Account(folder, Path("sessions/x"), LATER, is_fresh=False)


def test_a_backup_of_a_journal_in_use_is_whole_and_changes_nothing(tmp_path: Path) -> None:
    journal, lease = journal_in(tmp_path / "state" / NAME)
    for number, record in enumerate(records()[:60], 1):
        journal.append(record)
        journal.commit()
        if number == 30:
            journal.begin_segment((), record.now)
    before = contents(tmp_path / "state" / NAME)
    backup(tmp_path / "state", None, tmp_path / "backup")
    assert contents(tmp_path / "state" / NAME) == before
    found = find(tmp_path / "backup" / NAME)
    assert found is not None
    assert (found.losses, found.snapshot.sequence) == ((), 60)
    assert segment_numbers(tmp_path / "backup" / NAME) == [1, 2]
    journal.append(records()[60])
    journal.commit()
    journal.close()
    lease.close()


def test_a_backup_verifies_and_what_is_restored_from_it_too(state: Path, tmp_path: Path) -> None:
    backup(state, None, tmp_path / "backup")
    assert verify(tmp_path / "backup", None) is Verdict.REPRODUCED
    restored(tmp_path)
    assert verify(tmp_path / "other", None) is Verdict.REPRODUCED


def test_a_backup_is_not_written_over_and_follows_no_link(state: Path, tmp_path: Path) -> None:
    backup(state, None, tmp_path / "backup")
    with pytest.raises(UsageError, match="is there already"):
        backup(state, None, tmp_path / "backup")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is there already"):
        backup(state, None, tmp_path / "linked")
    (tmp_path / "linked" / NAME).unlink()
    (tmp_path / "linked" / f".{NAME}.partial").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="can't be written"):
        backup(state, None, tmp_path / "linked")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_journal_that_lost_its_end_is_not_backed_up(state: Path, tmp_path: Path) -> None:
    log = max((state / NAME).glob("segment-*"))
    os.truncate(log, log.stat().st_size // 2)
    with pytest.raises(RunFailedError, match="is not whole"):
        backup(state, None, tmp_path / "backup")
    assert list((tmp_path / "backup").iterdir()) == []


def test_a_session_does_not_trade_in_a_backup(state: Path, tmp_path: Path) -> None:
    backup(state, None, tmp_path / "backup")
    before = contents(tmp_path / "backup" / NAME)
    with pytest.raises(UsageError, match="is a backup"):
        account(tmp_path / "backup" / NAME)
    assert contents(tmp_path / "backup" / NAME) == before


def test_the_next_start_knows_that_it_was_restored_until_something_is_recorded(
    state: Path, tmp_path: Path
) -> None:
    backup(state, None, tmp_path / "backup")
    folder = restored(tmp_path)
    note = read_note(tmp_path / "backup" / NAME / BACKUP_NOTE, Backup)
    assert note is not None
    for _ in range(2):  # it is not forgotten by a start that recorded nothing
        one = account(folder)
        assert one.restored is not None
        assert (one.restored.sequence, one.restored.head) == (note.sequence, note.head)
        assert any("RESTORED: from a backup" in line for line in one.told(Settings()))
        one.close()
    one = account(folder)
    journal = one.open_journal(Settings(), LATER)
    journal.append(records()[200])
    journal.commit()
    one.close()
    after = account(folder)
    assert after.restored is None
    assert not (folder / RESTORED_NOTE).exists()
    assert len(list(folder.glob("restored-*.json"))) == 1
    after.close()


def test_a_start_after_a_restore_counts_on_from_the_backups_epoch(
    state: Path, tmp_path: Path
) -> None:
    backup(state, None, tmp_path / "backup")
    first = account(state / NAME)
    folder = restored(tmp_path)
    second = account(folder)
    assert second.epoch == first.epoch
    assert second.identity.epochs[-1] != first.identity.epochs[-1] or first.identity.epochs
    first.close()
    second.close()


def test_a_journal_that_is_there_is_put_aside_only_when_that_is_asked_for(
    state: Path, tmp_path: Path
) -> None:
    backup(state, None, tmp_path / "backup")
    with pytest.raises(UsageError, match="--replace puts it aside"):
        restore(tmp_path / "backup", state, replaces=False)
    before = find(state / NAME)
    restore(tmp_path / "backup", state, replaces=True)
    (aside,) = (state / NAME).glob("before-*")
    assert find(aside) == before


def test_an_account_in_use_is_not_restored(state: Path, tmp_path: Path) -> None:
    backup(state, None, tmp_path / "backup")
    one = account(state / NAME)
    with pytest.raises(UsageError, match="is in use"):
        restore(tmp_path / "backup", state, replaces=True)
    one.close()


def test_a_restore_that_was_cut_short_is_refused_by_the_next_start(
    state: Path, tmp_path: Path
) -> None:
    backup(state, None, tmp_path / "backup")
    folder = restored(tmp_path)
    for path in folder.glob("segment-*"):
        path.unlink()
    (folder / "anchor").unlink()
    with pytest.raises(UsageError, match=r"was cut short: it holds 0 of 200 records"):
        account(folder)
    restore(tmp_path / "backup", tmp_path / "other", replaces=True)
    account(folder).close()


def test_a_backup_that_was_altered_is_refused_file_by_file(state: Path, tmp_path: Path) -> None:
    backup(state, None, tmp_path / "backup")
    place = tmp_path / "backup" / NAME
    whole = contents(place)
    for name, data in whole.items():
        for damaged in (data[:-2], bytes([data[0] ^ 1]) + data[1:]):
            (place / name).write_bytes(damaged)
            with pytest.raises(UsageError, match=str(place)):
                restore(tmp_path / "backup", tmp_path / "other", replaces=False)
        (place / name).write_bytes(data)
        if name != BACKUP_NOTE:
            (place / name).unlink()
            with pytest.raises(UsageError, match=name):
                restore(tmp_path / "backup", tmp_path / "other", replaces=False)
            os.mkfifo(place / name)
            with pytest.raises(UsageError, match=f"{name} can't be read: Not a plain file"):
                restore(tmp_path / "backup", tmp_path / "other", replaces=False)
            (place / name).unlink()
            (place / name).write_bytes(data)
    assert not (tmp_path / "other").exists()
    with pytest.raises(UsageError, match="holds no backup"):
        restore(state, tmp_path / "other", replaces=False)


def test_a_note_that_names_a_file_elsewhere_is_refused(state: Path, tmp_path: Path) -> None:
    backup(state, None, tmp_path / "backup")
    note = tmp_path / "backup" / NAME / BACKUP_NOTE
    whole = note.read_text()
    for bad in (whole.replace('"epoch"', '"../epoch"'), whole.replace(f'"{NAME}"', '"../x"')):
        note.write_text(bad)
        with pytest.raises(UsageError, match="names"):
            restore(tmp_path / "backup", tmp_path / "other", replaces=False)


def test_a_restore_ends_the_search_for_a_journal_that_was_taken_away(
    state: Path, tmp_path: Path
) -> None:
    backup(state, None, tmp_path / "backup")
    one = account(state / NAME)
    one.open_journal(Settings(), LATER)
    shutil.rmtree(state / NAME)
    one.close()
    assert taken_path(state / NAME).exists()
    restore(tmp_path / "backup", state, replaces=False)
    account(state / NAME).close()
    assert not taken_path(state / NAME).exists()
