"""What is no plain file in the place of an account's file is refused by its name, at once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.journal.inspection import ANCHOR
from actors.journal.lease import EPOCH
from actors.journal.notes import RESTORED_NOTE
from actors.journal.port import UNWRITTEN
from actors.journal.segment import segment_path
from actors.runtime.watchdog import STUCK_NOTE
from messages.base import Timestamp
from session.account import Account
from terminal.errors import UsageError

NAMES = ("lock", EPOCH, ANCHOR, UNWRITTEN, STUCK_NOTE, RESTORED_NOTE, segment_path(Path(), 1).name)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", NAMES)
def test_a_start_waits_for_nothing_and_names_the_file(
    tmp_path: Path, name: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / name)
    with pytest.raises(UsageError, match=name):
        Account(tmp_path, tmp_path / "session", Timestamp(0), is_fresh=False)
    (tmp_path / name).rmdir() if make is os.mkdir else (tmp_path / name).unlink()
    Account(tmp_path, tmp_path / "session", Timestamp(0), is_fresh=False).close()
