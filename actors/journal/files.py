"""The disk as the journal uses it: every file call that is not SQLite's goes through here.

Owns no file. SQLite's own calls go through the VFS that ``connect`` gives it. A test puts a disk of
its own in the place of both, so that the store itself runs on it.
"""

import fcntl
import os
import stat
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple, Protocol
from weakref import WeakSet

import apsw

from actors.plain_files import open_plain, read_plain

DISK_ERRORS = (OSError, apsw.Error)
"""What a disk that fails raises, from a file call or out of SQLite."""
OLD = apsw.SQLITE_OPEN_READWRITE
NEW = OLD | apsw.SQLITE_OPEN_CREATE


class Sight(NamedTuple):
    """What is seen of a file or folder without opening it."""

    device: int
    inode: int
    mode: int
    size: int
    modified_ns: int

    @property
    def identity(self) -> tuple[int, int]:
        """Of this file alone, as long as somebody has it open."""
        return self.device, self.inode

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)


class Pointer(Protocol):
    """A file or folder that is kept in sight, wherever it is moved, also when it was removed."""

    def sight(self) -> Sight:
        """Return what it looks like now. Raises ``OSError``."""
        ...

    def place(self) -> Path | None:
        """Return where it lies now; None: it was removed, or the system does not tell."""
        ...

    def close(self) -> None:
        """Lose it from sight."""
        ...


class File(Protocol):
    """An open file."""

    def lock(self) -> bool:
        """Lock it until it is closed or the process ends; False: another process has.

        A child that Python forks lets go of it. Locked again, it says whether it still is.
        """
        ...

    def sight(self) -> Sight:
        """Return what it looks like now, under whatever name. Raises ``OSError``."""
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
        """Open a file for writing; one that is not there is made. A link is refused."""
        return _File(path, os.O_RDWR | os.O_CREAT)

    def create(self, path: Path) -> File:
        """Make an empty file in the place of what is there: a link is removed, not followed."""
        with suppress(FileNotFoundError):
            path.unlink()
        return _File(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def open_folder(self, folder: Path) -> File:
        """Open a folder, to lock it."""
        return _File(folder, os.O_RDONLY | os.O_DIRECTORY, follows=True)

    def point_at(self, path: Path) -> Pointer:
        """Keep a file or folder in sight."""
        return _Pointer(path)

    def sight(self, path: Path) -> Sight | None:
        """Return what a name leads to, a link itself; None: to nothing."""
        try:
            return _sight(os.lstat(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def folder_sight(self, folder: Path) -> Sight | None:
        """Return what a folder's name leads to, links followed; None: to nothing."""
        try:
            return _sight(folder.stat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def real_path(self, path: Path) -> Path:
        """Return a path without links in it."""
        return path.resolve()

    def may_write(self, path: Path) -> bool:
        """Tell whether this process may change it, and its own marks say so too.

        The kernel lets root change what is marked as read-only; whoever marked it meant otherwise.
        """
        marks = path.stat().st_mode & _WRITE_MARKS
        return bool(marks) and os.access(path, os.W_OK, effective_ids=True)

    def read(self, path: Path) -> bytes:
        """Return all of a file. Raises ``FileNotFoundError``."""
        return read_plain(path)

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
    def __init__(self, path: Path, flags: int, *, follows: bool = False) -> None:
        self._file = os.open(path, flags | os.O_CLOEXEC | (0 if follows else os.O_NOFOLLOW), 0o600)

    def lock(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _LOCKED.add(self)
        return True

    def sight(self) -> Sight:
        return _sight(os.fstat(self._file))

    def write(self, data: bytes, at: int) -> None:
        os.pwrite(self._file, data, at)

    def truncate(self) -> None:
        os.ftruncate(self._file, 0)

    def reserve(self, size: int) -> None:
        os.posix_fallocate(self._file, 0, size)

    def sync(self) -> None:
        os.fsync(self._file)

    def close(self) -> None:
        _LOCKED.discard(self)
        file, self._file = self._file, _CLOSED
        if file != _CLOSED:
            os.close(file)


_CLOSED = -1
_WRITE_MARKS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_LOCKED: WeakSet[_File] = WeakSet()


def _let_go_in_child() -> None:
    """Have a forked child keep no lock: else it would live on when this process is dead."""
    for file in tuple(_LOCKED):
        file.close()


os.register_at_fork(after_in_child=_let_go_in_child)


class _Pointer:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_PATH | os.O_CLOEXEC)  # O_PATH: closing it frees no lock

    def sight(self) -> Sight:
        return _sight(os.fstat(self._file))

    def place(self) -> Path | None:
        if not os.fstat(self._file).st_nlink:
            return None
        try:
            place = Path(f"/proc/self/fd/{self._file}").readlink()
        except OSError:
            return None
        # A file system that was unmounted while in use ("umount -l") has no place any more.
        return place if os.path.lexists(place) else None

    def close(self) -> None:
        os.close(self._file)


def _sight(found: os.stat_result) -> Sight:
    return Sight(found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns)


class _Content:
    def __init__(self, path: Path) -> None:
        self._file = open_plain(path)
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
    with closing(files.create(beside)) as file:
        file.write(content, 0)
        file.sync()
    files.rename(beside, path)
    files.sync_folder(path.parent)


def use_alone(connection: apsw.Connection) -> None:
    """Have no other connection use the file. Raises ``apsw.Error``.

    Then SQLite shares no memory with others, and needs no file for that; the lease is the lock.
    """
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
