"""Which session is attached to: the newest that runs, or the one that was named."""

import os
from pathlib import Path

import pytest

from inspection.errors import NoSessionError
from inspection.session_lookup import attach
from tests.actors.inspector.scene import playing


def session(name: str) -> Path:
    folder = Path("sessions") / name
    folder.mkdir(parents=True)
    (folder / "session.json").write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_newest_that_runs_is_attached_to_and_the_others_are_named() -> None:
    old, new = session("20261120-000000-paper"), session("20261121-000000-paper")
    with playing(old, 1), playing(new, 1):
        os.utime(old / "inspect.sock", (1, 1))
        connection, others = attach(None)
        connection.close()
    assert others == [old]


def test_a_socket_that_a_dead_process_left_is_passed_over() -> None:
    dead, living = session("20261122-000000-paper"), session("20261120-000000-paper")
    with playing(living, 1):
        (dead / "inspect.sock").touch()
        connection, others = attach(None)
        connection.close()
    assert others == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere", "there is no such folder"),
        ("empty", "is no session's folder"),
        ("over", "does not run"),
        ("dead", "its process died"),
    ],
)
def test_a_session_that_can_not_be_attached_to_says_why(name: str, why: str) -> None:
    Path("empty").mkdir()
    for kind in ("over", "dead"):
        Path(kind).mkdir()
        Path(kind, "session.json").write_text("{}")
    Path("dead", "inspect.sock").touch()
    with pytest.raises(NoSessionError, match=why):
        attach(Path(name))


def test_where_nothing_runs_it_says_how_to_start_one() -> None:
    with pytest.raises(NoSessionError, match=r"python supervisor\.py"):
        attach(None)


def test_where_none_runs_the_last_one_is_named() -> None:
    with pytest.raises(NoSessionError, match="no session runs in sessions/; start one"):
        attach(None)
    last = session("20261121-000000-paper")
    with pytest.raises(NoSessionError, match=f"inspect --session {last}, or start one"):
        attach(None)
