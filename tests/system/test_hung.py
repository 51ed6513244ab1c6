"""A process that hung on a message is started again: that one is skipped, and no other."""

import os
from pathlib import Path

import msgspec
import pytest

from actors.journal import segment
from actors.journal.codec import Snapshot, Undelivered
from actors.journal.port import HungError
from actors.journal.recovery import is_stuck
from actors.runtime.watchdog import STUCK_NOTE, Stuck, end_process
from messages.base import Address, Milliseconds, Timestamp
from session.account import Account
from tests.actors.journal.history import write
from tests.system.crashing import Session
from tests.system.outside import Points
from tests.system.test_crashes import settings


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write without waiting for the disk: a killed process leaves its page cache behind."""
    monkeypatch.setattr(segment, "_SYNC", "PRAGMA synchronous=OFF")
    monkeypatch.setattr(os, "fsync", lambda _: None)


def note_of(message: Undelivered) -> Stuck:
    return Stuck(
        actor=message.to,
        message_type=type(message.message).__name__,
        message_id=message.id,
        for_ms=Milliseconds(30_000),
    )


def test_the_message_that_hung_is_skipped_as_one_that_raised(tmp_path: Path) -> None:
    session = Session(tmp_path, settings("synthetic"), Points(32), is_eager=True)

    def hangs(snapshot: Snapshot) -> Snapshot:
        session.stuck = note_of(snapshot.undelivered[0])
        return snapshot

    session.mend = hangs
    session.play()
    assert session.crashes == 1
    assert session.stuck is not None
    session.check()
    session.end()
    skipped = [one for one in session.records() if one.error is not None]
    assert [(one.id, one.actor) for one in skipped] == [
        (session.stuck.message_id, session.stuck.actor)
    ]
    assert str(skipped[0].error).startswith(HungError.__name__)
    assert session.differences() == []


@pytest.mark.parametrize(
    "other", [{"message_id": (1, 7)}, {"actor": Address("position/p9")}, {"message_type": "Wake"}]
)
def test_an_id_that_was_given_again_is_no_match(tmp_path: Path, other: dict[str, object]) -> None:
    session = Session(tmp_path, settings("synthetic"), Points(32), is_eager=True)
    seen: list[Undelivered] = []

    def look(snapshot: Snapshot) -> Snapshot:
        seen.extend(snapshot.undelivered)
        session.stuck = msgspec.structs.replace(note_of(seen[0]), **other)
        return snapshot

    session.mend = look
    session.play()
    assert is_stuck(note_of(seen[0]), seen[0])
    assert session.skipped() == []
    session.check()
    session.end()


def test_a_note_is_used_once_and_kept(tmp_path: Path) -> None:
    write(tmp_path, 20, 5)
    stuck = Stuck(Address("portfolio"), "Wake", (99, 0), Milliseconds(1))
    end_process(tmp_path / STUCK_NOTE, lambda _: None, lambda _code: None)(stuck)
    with Account(tmp_path, tmp_path / "s", Timestamp(1), is_fresh=False) as account:
        assert account.stuck == stuck
        assert "no record asks for it" in account.told(settings("synthetic"))[-1]
    with Account(tmp_path, tmp_path / "s", Timestamp(1), is_fresh=False) as again:
        assert again.stuck is None
    assert [path.name for path in tmp_path.glob("stuck*")] == ["stuck-2.json"]


def test_half_a_note_stops_nobody(tmp_path: Path) -> None:
    write(tmp_path, 20, 5)
    (tmp_path / STUCK_NOTE).write_bytes(b'{"actor": "por')
    with Account(tmp_path, tmp_path / "s", Timestamp(1), is_fresh=False) as account:
        assert account.stuck is None
