"""Session folders: new ones, taken ones, and how many stay."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from session.folders import SESSION_NAME, SESSIONS, session_folder
from terminal.errors import UsageError
from verification.sources import ROOT

USE = """
import sys
sys.path.insert(0, sys.argv[1])
from session.folders import session_folder
print(session_folder(None, "paper", 20), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_folder_is_made_for_each_run() -> None:
    folders = {session_folder(None, "paper", 10) for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.is_dir() and folder.parent == SESSIONS for folder in folders)


def test_of_the_default_folders_the_newest_are_kept() -> None:
    SESSIONS.mkdir()
    old = [SESSIONS / f"2020010{day}-120000-paper" for day in range(1, 6)]
    for folder in old:
        folder.mkdir()
        (folder / "trades.csv").touch()
    new = session_folder(None, "paper", 3)
    assert sorted(SESSIONS.iterdir()) == sorted([*old[-2:], new])


def test_what_is_not_named_as_ours_is_never_removed() -> None:
    SESSIONS.mkdir()
    for name in ("notes", "20200101-120000-mine", "20200101-120000-paper.txt"):
        (SESSIONS / name).mkdir()
    session_folder(None, "paper", 1)
    session_folder(None, "paper", 1)
    assert {"notes", "20200101-120000-mine", "20200101-120000-paper.txt"} < {
        folder.name for folder in SESSIONS.iterdir()
    }


def test_a_named_folder_is_made_with_its_parents_and_removes_nothing(tmp_path: Path) -> None:
    SESSIONS.mkdir()
    (SESSIONS / "20200101-120000-paper").mkdir()
    given = tmp_path / "a" / "b"
    assert session_folder(given, "paper", 1) == given
    assert list(given.iterdir()) == []
    assert (SESSIONS / "20200101-120000-paper").exists()


def test_another_sessions_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / SESSION_NAME).touch()
    with pytest.raises(UsageError, match="another session"):
        session_folder(tmp_path, "paper", 1)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--session-dir .*file.* can't be written"):
        session_folder(tmp_path / "file" / "s", "paper", 1)


def test_a_folder_that_a_process_uses_stays_however_many_come_after_it() -> None:
    with subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", USE, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        used = Path(process.stdout.readline().strip())
        old = used.with_name("20200101-120000-paper")
        used = used.rename(old)  # of all the first that would go
        subprocess.run(  # noqa: S603 - as above
            [sys.executable, "-c", USE, str(ROOT)], stdin=subprocess.DEVNULL, check=True
        )
        for _ in range(3):
            session_folder(None, "replay", 1)
        assert used.is_dir()
        process.kill()
    session_folder(None, "replay", 1)
    assert not used.exists()


def test_only_a_folder_that_is_made_here_is_its_owners_alone(tmp_path: Path) -> None:
    there, made = tmp_path / "there", tmp_path / "made"
    there.mkdir(mode=0o755)
    for folder in (there, made):
        session_folder(folder, "paper", 1)
    modes = [stat.S_IMODE(folder.stat().st_mode) for folder in (there, made)]
    assert modes == [0o755, 0o700]
    assert stat.S_IMODE(session_folder(None, "paper", 1).stat().st_mode) == 0o700


def test_no_link_in_a_given_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / ".writable").symlink_to(tmp_path / "made")
    (tmp_path / SESSION_NAME).symlink_to(tmp_path / "nothing")
    with pytest.raises(UsageError, match="another session"):
        session_folder(tmp_path, "paper", 1)
    (tmp_path / SESSION_NAME).unlink()
    session_folder(tmp_path, "paper", 1)
    assert not (tmp_path / "made").exists()
