"""Who writes an account's journal: one process at a time, by a lock that the kernel holds.

The lock lives as long as the process: kept while it is stopped, free at its death, however it dies.
Two files are locked: the folder itself, so that who removes the lock's file lets no second process
in, and the lock's file, which names the holder. It is made anew by each holder. Who starts takes a
third lock, ``turn``, for as long as that takes.

A venue can't be fenced by it: a request that a dead process sent may still be under way. Against
that stand client order ids that no later process uses for anything else, and the looking up of
every order that is not terminal.

The epoch lies in a file with a checksum, and once more in the lock's: one that was lost or altered
is known from the other, so that no epoch is used again.
"""

import fcntl
import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from actors.journal.files import DISK, File, Files, replace_file
from actors.journal.holder import Holder, ProcessMark, is_dead, lock_takers, this_process

_LOCK = "lock"
_TURN = "turn"
EPOCH = "epoch"
"""The epoch's file in the account's folder."""
_CHECKSUM_BYTES = 8


class _Lock(Holder, frozen=True, kw_only=True):
    """What the lock's file says."""

    epoch: int = 0
    process: ProcessMark | None = None


class EpochLostError(Exception):
    """Nobody can tell which epochs an account has used."""

    def __init__(self, folder: Path) -> None:
        """Say what a person can do."""
        super().__init__(
            f"neither {folder / EPOCH} nor the lock beside it can be read: write a number into it "
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
        self.losses: tuple[str, ...] = ()
        """What is not whole, for people."""
        self.guard = files.open_folder(folder)
        turn = files.open(folder / _TURN)
        try:
            self._take(turn)
            self.epoch = self._last_epoch() + 1
            """Counts the processes that ever held it; written into every batch."""
            self.lock = self._make_lock(holder)
            replace_file(files, folder / EPOCH, _with_checksum(self.epoch))
        except BaseException:
            self.guard.close()
            raise
        finally:
            turn.close()

    def count_from(self, epoch: bytes) -> None:
        """Let the next epoch be later than one that a file says, too. Raises ``OSError``."""
        with suppress(ValueError):  # a damaged one says nothing
            epoch_then = _read_epoch(epoch)
            if epoch_then > self.epoch:
                self.epoch = epoch_then
                replace_file(self.files, self.folder / EPOCH, _with_checksum(self.epoch))

    def is_held(self) -> bool:
        """Tell whether this process still has it. Raises ``OSError``."""
        return self.lock.lock() and _lock_folder(self.guard)

    def close(self) -> None:
        """Give it back."""
        self.lock.close()
        self.guard.close()

    def _take(self, turn: File) -> None:
        """Lock the folder, and see that the lock's file is free. Raises ``AccountInUseError``."""
        is_ours = turn.lock() and _lock_folder(self.guard)
        old = self._old_lock()
        if old is not None:
            is_ours = old.lock() and is_ours
            old.close()
        if not is_ours and not self._is_left_behind(turn):
            raise AccountInUseError(self.folder, read_holder(self.folder))

    def _old_lock(self) -> File | None:
        seen = self.files.sight(self.folder / _LOCK)
        if seen is None or seen.is_link:  # it is replaced, never followed
            return None
        return self.files.open(self.folder / _LOCK)

    def _is_left_behind(self, turn: File) -> bool:
        """Tell whether the lock is a dead process's, which a child of it keeps."""
        lock, seen = _read_lock(self.folder, self.files), self.files.sight(self.folder / _LOCK)
        if lock is None or seen is None or not is_dead(lock.process):
            return False
        if lock_takers(turn.sight()) != frozenset((os.getpid(),)):
            return False  # another starts just now, or the system tells too little to be sure
        return lock_takers(self.guard.sight()) == lock_takers(seen) == frozenset()

    def _make_lock(self, holder: Holder) -> File:
        """Put a lock's file of this process's own in the place of the last one's."""
        beside = self.folder / f"{_LOCK}.new"
        lock = self.files.create(beside)
        try:
            lock.lock()
            content = _Lock(
                **msgspec.structs.asdict(holder), epoch=self.epoch, process=this_process()
            )
            lock.write(msgspec.json.encode(content), 0)
            lock.sync()
            self.files.rename(beside, self.folder / _LOCK)
            self.files.sync_folder(self.folder)
        except BaseException:
            lock.close()
            raise
        return lock

    def _last_epoch(self) -> int:
        try:
            return _read_epoch(self.files.read(self.folder / EPOCH))
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
        self.losses = (f"the file {EPOCH} {what}; by the lock's it was {lock.epoch}",)
        return lock.epoch


def read_holder(folder: Path) -> Holder | None:
    """Return who last took the lease; None where nobody did, or it can't be read."""
    lock = _read_lock(folder, DISK)
    return None if lock is None else Holder(pid=lock.pid, since=lock.since, session=lock.session)


def is_held(folder: Path) -> bool:
    """Tell whether a process holds the lease now. Changes nothing."""
    is_locked = any(_is_locked(path) for path in (folder, folder / _LOCK))
    if not is_locked:
        return False
    lock = _read_lock(folder, DISK)
    return lock is None or not is_dead(lock.process)


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a folder on a network's disk
        return False
    finally:
        os.close(file)
    return False


def _lock_folder(folder: File) -> bool:
    """Lock it; True also where the disk knows no locks of folders: the lock's file is left."""
    with suppress(OSError):
        return folder.lock()
    return True


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
