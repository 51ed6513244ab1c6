"""Files that are made anew in the place of whatever has their name: no link is ever followed.

A folder that a person names may hold links, set by mistake or on purpose: a file that is opened by
its name would be written where a symbolic link leads, or where a hard link is known too. So the
name is removed, and the new file must be the one that is made.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
MODE = 0o644
"""Of a new file, less what the process's umask takes away."""


def new_file(path: Path, mode: int = MODE, *, replaces: bool = True) -> int:
    """Return the descriptor of a new, empty file, for ``os.fdopen``.

    Raises ``OSError``; ``FileExistsError`` where it is not to replace what is there.
    """
    if replaces:
        with suppress(FileNotFoundError):
            path.unlink()
    return os.open(path, _NEW, mode)


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
