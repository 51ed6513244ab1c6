"""The next start of an account whose journal was taken away under its last session."""

import shutil
from pathlib import Path

import pytest

from actors.journal.inspection import find
from actors.journal.notes import taken_path
from actors.journal.port import CustodyError
from config.settings import Settings
from messages.base import Timestamp
from session.account import Account
from terminal.errors import UsageError
from tests.actors.journal.history import NOW, records, write

LATER = Timestamp(NOW + 1)


def account(folder: Path, *, is_fresh: bool = False) -> Account:
    return Account(folder, Path("sessions/x"), LATER, is_fresh=is_fresh)


def taken(folder: Path) -> Path:
    """Have a session end whose folder was moved; return where the folder is."""
    write(folder, 20, 10)
    one = account(folder)
    journal = one.open_journal(Settings(), LATER)
    for record in records()[20:30]:
        journal.append(record)
    journal.commit()
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    assert str(elsewhere) in one.missing()[0]
    one.close()
    return elsewhere


def test_a_journal_that_is_gone_or_older_is_refused_and_makes_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    write(folder, 20, 10)
    shutil.copytree(folder, tmp_path / "older")
    shutil.rmtree(folder)
    elsewhere = taken(folder)
    with pytest.raises(UsageError, match=f"at record 30 and lay at {elsewhere}. Put it back"):
        account(folder)
    assert not folder.exists()
    (tmp_path / "older").rename(folder)
    with pytest.raises(UsageError, match="was taken away"):
        account(folder)


def test_a_journal_that_is_back_is_gone_on_with_and_the_note_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    taken(folder).rename(folder)
    account(folder).close()
    assert not taken_path(folder).exists()
    shutil.rmtree(folder)
    account(folder).close()


def test_a_start_beside_the_session_and_one_after_its_kill_are_refused_too(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    write(folder, 20, 10)
    one = account(folder)
    journal = one.open_journal(Settings(), LATER)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(CustodyError):
        journal.inspect()
    with pytest.raises(UsageError, match="was taken away"):
        account(folder)
    (tmp_path / "elsewhere").rename(folder)
    journal.inspect()
    assert not taken_path(folder).exists()
    one.close()


def test_a_state_folder_that_is_gone_with_the_account_is_no_new_beginning(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "account"
    write(folder, 20, 10)
    one = account(folder)
    one.open_journal(Settings(), LATER)
    (tmp_path / "state").rename(tmp_path / "elsewhere")
    one.close()
    with pytest.raises(UsageError, match="was taken away"):
        account(folder)
    assert not (tmp_path / "state").exists()
    (tmp_path / "elsewhere").rename(tmp_path / "state")
    account(folder).close()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["state"]


def test_who_begins_anew_need_not_find_it(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    taken(folder)
    account(folder, is_fresh=True).close()
    assert not taken_path(folder).exists()
    assert find(folder) is None


def test_a_note_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "account"
    taken_path(folder).write_text("{")
    with pytest.raises(UsageError, match=r"account\.taken\.json can't be read"):
        account(folder)
