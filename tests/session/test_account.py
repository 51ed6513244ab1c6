"""What a start finds in an account's folder is used once, and nothing of it is thrown away."""

from pathlib import Path

import msgspec

from actors.runtime.watchdog import STUCK_NOTE, Stuck
from messages.addresses import ORDER_ROUTER
from messages.base import Milliseconds
from session.account import Account
from tests.actors.journal.history import NOW, write

STUCK = Stuck(ORDER_ROUTER, "OrderReported", (9, 0), Milliseconds(30_000))


def test_a_note_of_what_hung_is_taken_once_and_kept(tmp_path: Path) -> None:
    write(tmp_path, 20, 10)
    (tmp_path / STUCK_NOTE).write_bytes(msgspec.json.encode(STUCK))
    found = []
    for _ in range(2):
        with Account(tmp_path, tmp_path / "session", NOW, is_fresh=False) as account:
            found.append(account.stuck)
    assert found == [STUCK, None]
    (kept,) = tmp_path.glob("stuck-*.json")
    assert msgspec.json.decode(kept.read_bytes(), type=Stuck) == STUCK


def test_half_a_note_stops_no_start(tmp_path: Path) -> None:
    (tmp_path / STUCK_NOTE).write_bytes(msgspec.json.encode(STUCK)[:-9])
    with Account(tmp_path, tmp_path / "session", NOW, is_fresh=False) as account:
        assert account.stuck is None
