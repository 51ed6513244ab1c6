"""Files that are made anew in the place of whatever has their name: no link is ever followed.

A folder that a person names may hold links, set by mistake or on purpose: a file that is opened by
its name would be written where a symbolic link leads, or where a hard link is known too. So the
name is removed, and the new file must be the one that is made.
"""

import errno
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SAME = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
MODE = 0o644
"""Of a new file, less what the process's umask takes away."""


def new_file(path: Path, mode: int = MODE, *, replaces: bool = True, appends: bool = False) -> int:
    """Return the descriptor of a new, empty file, for ``os.fdopen``.

    ``appends``: each write goes to the end, also after another program cut the file. Raises
    ``OSError``; ``FileExistsError`` where it is not to replace what is there.
    """
    if replaces:
        with suppress(FileNotFoundError):
            path.unlink()
    return os.open(path, _NEW | (os.O_APPEND if appends else 0), mode)


def append_to(folder: int, name: str) -> int:
    """Return the descriptor of a folder's file, to append to; one that is not there is made.

    Raises ``OSError``, also for a link of either kind and for what is no plain file.
    """
    file = os.open(name, _SAME, MODE, dir_fd=folder)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(file)
        raise OSError(errno.EINVAL, "Not a plain file", name)
    return file


def open_plain(path: Path) -> int:
    """Return the descriptor of a plain file, to read. Raises ``OSError``, also for anything else.

    A FIFO in a file's place would let its reader wait for ever.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "Not a plain file", str(path))
    return file


def read_plain(path: Path) -> bytes:
    """Return all of a plain file. Raises ``OSError``, also for anything else."""
    with os.fdopen(open_plain(path), "rb") as file:
        return file.read()


def write_whole(path: Path, parts: Iterable[bytes], mode: int = MODE) -> None:
    """Put a whole file in the place of another, or leave that as it was. Raises ``OSError``."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(new_file(beside, mode), "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
