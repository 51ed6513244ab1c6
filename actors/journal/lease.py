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

from actors.journal.files import DISK, Files, replace_file
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

    def __init__(self, folder: Path, holder: Holder, files: Files = DISK) -> None:
        """Take it, and count the epoch on. Raises ``AccountInUseError``, ``OSError``."""
        files.make_folder(folder)
        self.folder, self.files = folder, files
        self._lock = files.open(folder / _LOCK)
        if not self._lock.lock():
            self._lock.close()
            raise AccountInUseError(folder, read_holder(folder))
        self._lock.truncate()
        self._lock.write(msgspec.json.encode(holder), 0)
        self.epoch = _read_epoch(folder, files) + 1
        """Counts the processes that ever held it; written into every batch."""
        replace_file(files, folder / _EPOCH, str(self.epoch).encode())

    def close(self) -> None:
        """Give it back."""
        self._lock.close()


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


def _read_epoch(folder: Path, files: Files) -> int:
    try:
        return int(files.read(folder / _EPOCH))
    except (FileNotFoundError, ValueError):
        return 0
