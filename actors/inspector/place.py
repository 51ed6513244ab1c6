"""Where a session's socket lies, and how one that has a long path is reached.

Owns the name and the permissions: the socket is its owner's alone. The folder's mode is left alone.
"""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_NAME = "inspect.sock"

_PATH_BYTES_MAX = 100
"""Less than the 108 that a socket's address has room for (104 on other systems than Linux)."""
_OPEN_FILES = Path("/proc/self/fd")
_CREDENTIALS = struct.Struct("3i")
"""Process, user and group, as ``SO_PEERCRED`` tells them."""


def listen(folder: Path, backlog: int) -> socket.socket:
    """Return the listening socket of a session's folder. Raises ``OSError``."""
    path = folder / SOCKET_NAME
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # bind makes the file with the socket's own mode
        with short_path(path) as address:
            listener.bind(address)
        listener.listen(backlog)
        listener.settimeout(0)
    except BaseException:
        listener.close()
        raise
    return listener


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Yield an address of ``path`` that fits into a socket's, by way of the open folder.

    Raises ``OSError`` where there is none.
    """
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        yield str(path)
        return
    if not _OPEN_FILES.exists():
        raise OSError(f"{path} is too long for a socket; name a shorter session folder")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_OPEN_FILES / str(folder) / path.name)
    finally:
        os.close(folder)


def user_of(connection: socket.socket) -> int:
    """Return the user at the other end, as the kernel tells it. Raises ``OSError``."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(told)[1]
    return user
