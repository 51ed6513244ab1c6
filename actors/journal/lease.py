"""Who writes an account's journal: one process at a time, by a lock that the kernel holds.

The lock lives as long as the process: kept while it is stopped, free at its death, however it dies.
A venue can't be fenced by it: a request that a dead process sent may still be under way. Against
that stand client order ids that no later process uses for anything else, and the looking up of
every order that is not terminal.

The epoch lies in a file with a checksum, and once more in the lock's: one that was lost or altered
is known from the other, so that no epoch is used again.
"""

import fcntl
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from actors.journal.files import DISK, Files, replace_file
from messages.base import Timestamp

_LOCK = "lock"
_EPOCH = "epoch"
_CHECKSUM_BYTES = 8


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lease."""

    pid: int
    since: Timestamp
    session: str
    """Where its session's files are."""


class _Lock(Holder, frozen=True, kw_only=True):
    """What the lock's file says."""

    epoch: int = 0


class EpochLostError(Exception):
    """Nobody can tell which epochs an account has used."""

    def __init__(self, folder: Path) -> None:
        """Say what a person can do."""
        super().__init__(
            f"neither {folder / _EPOCH} nor the lock beside it can be read: write a number into it "
            "that is larger than any epoch of this account"
        )


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
        """Take it, and count the epoch on.

        Raises:
            AccountInUseError: another process has it.
            EpochLostError: nothing says where the epoch stands.
            OSError: the folder can't be used.
        """
        files.make_folder(folder)
        self.folder, self.files = folder, files
        self._lock = files.open(folder / _LOCK)
        if not self._lock.lock():
            self._lock.close()
            raise AccountInUseError(folder, read_holder(folder))
        self.losses: tuple[str, ...] = ()
        """What is not whole, for people."""
        self.epoch = self._last_epoch() + 1
        """Counts the processes that ever held it; written into every batch."""
        lock = _Lock(**msgspec.structs.asdict(holder), epoch=self.epoch)
        self._lock.truncate()
        self._lock.write(msgspec.json.encode(lock), 0)
        self._lock.sync()
        replace_file(files, folder / _EPOCH, _with_checksum(self.epoch))

    def close(self) -> None:
        """Give it back."""
        self._lock.close()

    def _last_epoch(self) -> int:
        try:
            return _read_epoch(self.files.read(self.folder / _EPOCH))
        except FileNotFoundError:
            lock = _read_lock(self.folder, self.files)
            if lock is None or not lock.epoch:
                return 0
            what = "is gone"
        except ValueError:
            lock = _read_lock(self.folder, self.files)
            if lock is None or not lock.epoch:
                raise EpochLostError(self.folder) from None
            what = "is not as it was written"
        self.losses = (f"the file {_EPOCH} {what}; by the lock's it was {lock.epoch}",)
        return lock.epoch


def read_holder(folder: Path) -> Holder | None:
    """Return who last took the lease; None where nobody did, or it can't be read."""
    lock = _read_lock(folder, DISK)
    return None if lock is None else Holder(pid=lock.pid, since=lock.since, session=lock.session)


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


def _read_lock(folder: Path, files: Files) -> _Lock | None:
    try:
        return msgspec.json.decode(files.read(folder / _LOCK), type=_Lock)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _with_checksum(epoch: int) -> bytes:
    digest = hashlib.blake2b(str(epoch).encode(), digest_size=_CHECKSUM_BYTES).hexdigest()
    return f"blake2b:{digest} {epoch}".encode()


def _read_epoch(content: bytes) -> int:
    """Raises ``ValueError`` where it is not as it was written."""
    text = content.decode()
    epoch = int(text.rpartition(" ")[2])
    # A number alone is an older program's, or a person's.
    if not text.isdecimal() and content != _with_checksum(epoch):
        raise ValueError(text)
    return epoch
