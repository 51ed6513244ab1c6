"""The files of a session that grow line by line: places for a spool, whole lines only.

A disk that takes nothing leaves the file as it was: the spool keeps the lines and tries again. A
log is begun anew at a size; a few older files are kept beside it.
"""

import os
from contextlib import suppress
from pathlib import Path

from actors.plain_files import append_to, new_file, write_whole


class LineFile:
    """A file that lines are appended to."""

    def __init__(self, path: Path, *, is_lazy: bool = False) -> None:
        """Name the file; nothing is opened yet. ``is_lazy``: not before the first line."""
        self._path, self._is_lazy = path, is_lazy
        self._file = -1

    def open(self) -> None:
        """Begin the file. Raises ``OSError``."""
        if not self._is_lazy:
            self._begin()

    def write(self, pieces: list[bytes]) -> None:
        """Write all of it, or nothing. Raises ``OSError``."""
        if self._file < 0:
            self._begin()
        rest = memoryview(b"".join(pieces))
        size = os.fstat(self._file).st_size  # another program may have cut it
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            # A torn line is taken back: it is written anew as a whole.
            os.ftruncate(self._file, size)
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin(self) -> None:
        self._file = new_file(self._path, appends=True)


class LogFile(LineFile):
    """A line file that is begun anew at ``rotate_bytes``, with ``keep`` older ones beside it.

    Where another program moved or removed it, it goes on under its name, in the same folder.
    """

    def __init__(self, path: Path, rotate_bytes: int, keep: int) -> None:
        """Name the file; nothing is opened yet."""
        super().__init__(path)
        self._rotate_bytes, self._keep = rotate_bytes, keep
        self._folder = -1

    def write(self, pieces: list[bytes]) -> None:
        """Write all of it, or nothing, into a new file where this one is full."""
        if self._file >= 0:
            self._keep_name()
            size = os.fstat(self._file).st_size
            if size and size + sum(map(len, pieces)) > self._rotate_bytes:
                self._begin_anew()
        super().write(pieces)

    def close(self) -> None:
        """Let go of the file and its folder."""
        super().close()
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def _begin(self) -> None:
        super()._begin()
        self._folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def _keep_name(self) -> None:
        """Go on in the file that has the name now; where that can't be, in the one there was."""
        name = self._path.name
        with suppress(OSError):
            try:
                found = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
            except FileNotFoundError:
                found = None
            if found is None or not os.path.samestat(found, os.fstat(self._file)):
                file = append_to(self._folder, name)
                os.close(self._file)
                self._file = file

    def _begin_anew(self) -> None:
        """Number the older files on; the oldest is replaced."""
        for number in range(self._keep, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self.close()  # the next write begins the new one, or tries to

    def _numbered(self, number: int) -> Path:
        name = f"{self._path.stem}.{number}{self._path.suffix}" if number else self._path.name
        return self._path.with_name(name)


class Document:
    """A file that is replaced as a whole; of several versions that wait only the last counts."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is opened yet."""
        self._path = path

    def open(self) -> None:
        """Each version opens a file of its own."""

    def write(self, pieces: list[bytes]) -> None:
        """Replace the file. Raises ``OSError``: the older version stays."""
        write_whole(self._path, pieces[-1:])

    def close(self) -> None:
        """Nothing is open."""
