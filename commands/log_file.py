"""The file that a session's log goes to: begun anew at a size, a few older ones kept beside it.

A disk that takes nothing costs lines, never a step of who logs; how many is said when it takes
lines again. That a disk is full people hear from the journal.
"""

from io import FileIO
from pathlib import Path

import msgspec

from actors.plain_files import new_file


class LogFile:
    """A sink for lines, on whatever thread logs them; loguru calls it by one at a time."""

    def __init__(self, path: Path, rotate_bytes: int, keep: int) -> None:
        """Begin the file; raises ``OSError``."""
        self._path, self._rotate_bytes, self._keep = path, rotate_bytes, keep
        self._file = _new(path)
        self._lost = 0
        """Lines since the disk last took one."""

    def write(self, line: str) -> None:
        """Write it, or count it as lost."""
        try:
            self._write(self._told_lost() + line.encode())
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def stop(self) -> None:
        """Let go of the file: nothing more is logged."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        size = self._file.tell()
        if size and size + len(data) > self._rotate_bytes:
            self._begin_anew()
            size = 0
        written = self._file.write(data)
        if written != len(data):  # the disk took a part of the line, and will not take the rest
            self._file.truncate(size)
            self._file.seek(size)
            raise OSError("the line is torn")

    def _begin_anew(self) -> None:
        """Number the older files on; the oldest goes."""
        for number in range(self._keep, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._file.close()
        self._file = _new(self._path)

    def _numbered(self, number: int) -> Path:
        name = f"{self._path.stem}.{number}{self._path.suffix}" if number else self._path.name
        return self._path.with_name(name)

    def _told_lost(self) -> bytes:
        if not self._lost:
            return b""
        text = f"{self._lost} lines before this one are lost: the disk took none"
        return msgspec.json.encode({"level": "error", "event": "log", "text": text}) + b"\n"


def _new(path: Path) -> FileIO:
    return FileIO(new_file(path), "wb")
