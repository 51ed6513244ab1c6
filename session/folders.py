"""A session's folder: where it is, that it can be written, and how many are kept.

Owns ``sessions/`` and nothing outside of it: only folders named as ours are ever removed, and none
that a session still uses. A folder that was there keeps its mode.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from actors.plain_files import new_file
from terminal.errors import UsageError

SESSIONS = Path("sessions")
SESSION_NAME = "session.json"
"""What a paper session writes first."""

_OURS = re.compile(r"\d{8}-\d{6}-(paper|replay|dry-run|sandbox|live)(-\d+)?")
_IN_USE = ".in-use"
"""Locked while a process uses the folder: then it is not removed, however many come after it."""
_OWNER_ONLY = 0o700

_held: list[int] = []
"""The locks of this process's sessions, kept until it ends."""


def session_folder(given: Path | None, kind: str, keep: int) -> Path:
    """Return the folder for a run of ``kind``, made and writable; by default a new one.

    Of the default ones the newest ``keep`` stay, and those that are in use.

    Raises:
        UsageError: it can't be written, or holds a paper session's files.

    """
    folder = given or SESSIONS
    if os.path.lexists(folder / SESSION_NAME):
        raise UsageError(f"--session-dir {folder} holds another session's files; name an empty one")
    try:
        if given is None:
            folder = _new_folder(kind)
            _prune(keep)
        else:
            folder.mkdir(_OWNER_ONLY, parents=True, exist_ok=True)
            if _OURS.fullmatch(folder.name):
                _use(folder)
        _check_writable(folder)
    except OSError as error:
        problem = f"--session-dir {folder} can't be written: {error.strerror}"
        raise UsageError(f"{problem}; name a folder of yours") from None
    return folder


def _check_writable(folder: Path) -> None:
    """Make a file of a name that nothing has, and remove it. Raises ``OSError``."""
    descriptor, name = tempfile.mkstemp(prefix=".writable-", dir=folder)
    os.close(descriptor)
    Path(name).unlink()


def _new_folder(kind: str) -> Path:
    """Make a folder that is in use before it has its name: until then it is not removed."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}"
    SESSIONS.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=SESSIONS))
    _use(made)
    for folder in _candidates(name):
        try:
            made.rename(folder)
        except OSError:
            if not os.path.lexists(folder):
                raise
            continue
        return folder
    raise AssertionError("the candidates have no end")


def _candidates(name: str) -> Iterator[Path]:
    yield SESSIONS / name
    yield from (SESSIONS / f"{name}-{number}" for number in count(2))


def _use(folder: Path) -> None:
    """Mark a folder as in use until this process ends. Raises ``OSError``."""
    lock = new_file(folder / _IN_USE)
    fcntl.flock(lock, fcntl.LOCK_EX)
    _held.append(lock)


def _prune(keep: int) -> None:
    """Remove the oldest folders of ours that no process uses."""
    folders = sorted(f for f in SESSIONS.iterdir() if _OURS.fullmatch(f.name) and f.is_dir())
    for folder in folders[:-keep]:
        if not _is_in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    try:
        lock = os.open(folder / _IN_USE, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # it has none: an older program made it
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
