"""A journal's files as they lie there, for SQLite to look at: nothing it does reaches the disk.

SQLite mends and checkpoints what it opens, and what is looked at must stay as it was found. So it
is handed what it asks for, and what it would write is refused.
"""
# ruff: noqa: D102, N802 - the methods are SQLite's: it says what they do

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count

import apsw

from actors.journal.files import Content, use_alone

_NAME = "holdfast-image"
_SECTOR_BYTES = 4_096


class UnsharedFile:
    """What SQLite asks of every file, where no other process can have it open."""

    def xLock(self, _level: int) -> None:
        pass

    def xUnlock(self, _level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xSectorSize(self) -> int:
        return _SECTOR_BYTES

    def xFileControl(self, _operation: int, _pointer: int) -> bool:
        return False

    def xClose(self) -> None:
        pass


class _File(UnsharedFile):
    """One file of an image; SQLite calls what begins with an x."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def xRead(self, amount: int, offset: int) -> bytes:
        return self._content.read(amount, offset)

    def xWrite(self, _data: bytes, _offset: int) -> None:
        raise apsw.ReadOnlyError("an image is not written to")

    def xTruncate(self, _size: int) -> None:
        raise apsw.ReadOnlyError("an image is not written to")

    def xSync(self, _flags: int) -> None:
        pass

    def xFileSize(self) -> int:
        return self._content.size

    def xDeviceCharacteristics(self) -> int:
        return 0


class _Images(apsw.VFS):
    """Holds the files of the images that are open."""

    def __init__(self) -> None:
        super().__init__(_NAME, "")
        self.files: dict[str, Content] = {}
        self.numbers = count(1)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # type: ignore[override]  # apsw takes any object with these methods
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if path not in self.files:
            raise apsw.CantOpenError(path)
        flags[1] = flags[0]
        return _File(self.files[path])

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001 - SQLite's
        pass

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: ARG002 - SQLite's
        return pathname in self.files

    def xFullPathname(self, name: str) -> str:
        return name


_IMAGES = _Images()


@contextmanager
def opened(name: str, data: Content, log: Content) -> Iterator[apsw.Connection]:
    """Open a database and its write-ahead log, maybe empty. Raises ``apsw.Error``."""
    path = f"/{next(_IMAGES.numbers)}/{name}"
    _IMAGES.files[path] = data
    _IMAGES.files[path + "-wal"] = log
    try:
        flags = apsw.SQLITE_OPEN_READONLY
        with closing(apsw.Connection(path, flags=flags, vfs=_NAME)) as connection:
            use_alone(connection)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            yield connection
    finally:
        del _IMAGES.files[path], _IMAGES.files[path + "-wal"]
