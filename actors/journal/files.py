"""The disk as the journal uses it: every file call that is not SQLite's goes through here.

Owns no file. SQLite's own calls go through the VFS that ``connect`` gives it. A test puts a disk of
its own in the place of both, so that the store itself runs on it.
"""

import fcntl
import os
from contextlib import closing
from pathlib import Path
from typing import Protocol

import apsw

DISK_ERRORS = (OSError, apsw.Error)
"""What a disk that fails raises, from a file call or out of SQLite."""
OLD = apsw.SQLITE_OPEN_READWRITE
NEW = OLD | apsw.SQLITE_OPEN_CREATE


class File(Protocol):
    """An open file."""

    def lock(self) -> bool:
        """Lock it until it is closed or the process ends; False: another process has."""
        ...

    def write(self, data: bytes, at: int) -> None:
        """Write; not durable before ``sync``. Raises ``OSError``."""
        ...

    def truncate(self) -> None:
        """Empty it. Raises ``OSError``."""
        ...

    def reserve(self, size: int) -> None:
        """Have the disk give it so many bytes. Raises ``OSError``."""
        ...

    def sync(self) -> None:
        """Make its content durable; its name is not. Raises ``OSError``."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Content(Protocol):
    """What is in a file, to be looked at piece by piece."""

    size: int
    """Bytes, when it was opened."""

    def read(self, amount: int, at: int) -> bytes:
        """Return so many bytes from there on, fewer at the end. Raises ``OSError``."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Files:
    """The machine's own disk. Everything raises ``OSError``."""

    def connect(self, path: Path, flags: int) -> apsw.Connection:
        """Open an SQLite file. Raises ``apsw.Error``."""
        return apsw.Connection(str(path), flags=flags)

    def make_folder(self, folder: Path) -> None:
        """Have a folder there."""
        folder.mkdir(parents=True, exist_ok=True)

    def names(self, folder: Path) -> list[str]:
        """Return what is in a folder, in no order; a folder that is not there is empty."""
        return [path.name for path in folder.glob("*")]

    def open(self, path: Path) -> File:
        """Open a file for writing; one that is not there is made."""
        return _File(path)

    def read(self, path: Path) -> bytes:
        """Return all of a file. Raises ``FileNotFoundError``."""
        return path.read_bytes()

    def look(self, path: Path) -> Content:
        """Open a file for looking at it. Raises ``FileNotFoundError``."""
        return _Content(path)

    def rename(self, path: Path, to: Path) -> None:
        """Give a file another's name; not durable before ``sync_folder``."""
        path.replace(to)

    def remove(self, path: Path) -> None:
        """Forget a file, if it is there."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a folder durable."""
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class _File:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def lock(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, data: bytes, at: int) -> None:
        os.pwrite(self._file, data, at)

    def truncate(self) -> None:
        os.ftruncate(self._file, 0)

    def reserve(self, size: int) -> None:
        os.posix_fallocate(self._file, 0, size)

    def sync(self) -> None:
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


class _Content:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._file).st_size

    def read(self, amount: int, at: int) -> bytes:
        return os.pread(self._file, amount, at)

    def close(self) -> None:
        os.close(self._file)


class Held:
    """The content of a file that is held in memory."""

    def __init__(self, data: bytes) -> None:
        """Hold it."""
        self._data = data
        self.size = len(data)

    def read(self, amount: int, at: int) -> bytes:
        """Return so many bytes from there on, fewer at the end."""
        return self._data[at : at + amount]

    def close(self) -> None:
        """Have nothing to let go of."""


NOTHING = Held(b"")
"""Of a file that is not there."""

DISK = Files()
"""Where a journal lies unless a test says otherwise."""


def replace_file(files: Files, path: Path, content: bytes) -> None:
    """Put a whole file in the place of another, or leave that as it was. Raises ``OSError``."""
    beside = path.with_name(path.name + ".new")
    with closing(files.open(beside)) as file:
        file.truncate()
        file.write(content, 0)
        file.sync()
    files.rename(beside, path)
    files.sync_folder(path.parent)


def use_alone(connection: apsw.Connection) -> None:
    """Have no other connection use the file. Raises ``apsw.Error``.

    Then SQLite shares no memory with others, and needs no file for that; the lease is the lock.
    """
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
