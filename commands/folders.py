"""A session's folder: where it is, that it can be written, and how many are kept.

Owns ``sessions/`` and nothing outside of it: only folders named as ours are ever removed.
"""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from commands.errors import UsageError

SESSIONS = Path("sessions")
SESSION_NAME = "session.json"
"""What a paper session writes first."""

_OURS = re.compile(r"\d{8}-\d{6}-(paper|replay|dry-run|sandbox|live)(-\d+)?")


def session_folder(given: Path | None, kind: str, keep: int) -> Path:
    """Return the folder for a run of ``kind``, made and writable; by default a new one.

    Of the default ones the newest ``keep`` stay.

    Raises:
        UsageError: it can't be written, or holds a paper session's files.

    """
    folder = given or SESSIONS
    if (folder / SESSION_NAME).exists():
        raise UsageError(f"--session-dir {folder} holds another session's files; name an empty one")
    try:
        if given is None:
            folder = _new_folder(kind)
            _prune(keep)
        else:
            folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        problem = f"--session-dir {folder} can't be written: {error.strerror}"
        raise UsageError(f"{problem}; name a folder of yours") from None
    return folder


def _new_folder(kind: str) -> Path:
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}"
    SESSIONS.mkdir(parents=True, exist_ok=True)
    for folder in _candidates(name):
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("the candidates have no end")


def _candidates(name: str) -> Iterator[Path]:
    yield SESSIONS / name
    yield from (SESSIONS / f"{name}-{number}" for number in count(2))


def _prune(keep: int) -> None:
    """Remove the oldest folders of ours; one that a session still writes is among the newest."""
    folders = sorted(f for f in SESSIONS.iterdir() if _OURS.fullmatch(f.name) and f.is_dir())
    for folder in folders[:-keep]:
        shutil.rmtree(folder, ignore_errors=True)
