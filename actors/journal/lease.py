"""Who writes an account's journal: one process at a time, by a lock that the kernel holds.

The lock lives as long as the process: kept while it is stopped, free at its death, however it dies.
A venue can't be fenced by it: a request that a dead process sent may still be under way. Against
that stand client order ids that no later process uses for anything else, and the looking up of
every order that is not terminal.
"""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from messages.base import Timestamp

_LOCK = "lock"
_EPOCH = "epoch"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lease."""

    pid: int
    since: Timestamp
    session: str
    """Where its session's files are."""


class AccountInUseError(Exception):
    """Another process writes this account's journal."""

    def __init__(self, folder: Path, holder: Holder | None) -> None:
        """Name the holder, as far as it said who it is."""
        who = "another process"
        if holder is not None:
            since = datetime.fromtimestamp(holder.since / 1_000, UTC).isoformat(timespec="seconds")
            who = f"process {holder.pid} (session {holder.session}, since {since})"
        super().__init__(
            f"the account in {folder} is in use by {who}: stop it first, or use another account"
        )
        self.holder = holder


class Lease:
    """The right to write into an account's folder, until it is closed or the process ends."""

    def __init__(self, folder: Path, holder: Holder) -> None:
        """Take it, and count the epoch on. Raises ``AccountInUseError``, ``OSError``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise AccountInUseError(folder, read_holder(folder)) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, msgspec.json.encode(holder), 0)
        self.epoch = _read_epoch(folder) + 1
        """Counts the processes that ever held it; written into every batch."""
        replace_file(folder / _EPOCH, str(self.epoch).encode())

    def close(self) -> None:
        """Give it back."""
        os.close(self._lock)


def read_holder(folder: Path) -> Holder | None:
    """Return who last took the lease; None where nobody did, or it can't be read."""
    try:
        return msgspec.json.decode((folder / _LOCK).read_bytes(), type=Holder)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def is_held(folder: Path) -> bool:
    """Tell whether a process holds the lease now. Changes nothing."""
    try:
        file = os.open(folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def replace_file(path: Path, content: bytes) -> None:
    """Put a whole file in the place of another, or leave that as it was. Raises ``OSError``."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read_epoch(folder: Path) -> int:
    try:
        return int((folder / _EPOCH).read_text())
    except (FileNotFoundError, ValueError):
        return 0
