"""Which process holds a lease, and whether it is dead.

The kernel frees a lock when the last process that inherited it ends. A child that a dead process
left behind may therefore keep its lock: it writes no journal, so the lock counts as free, but only
where it is certain that the holder is dead and no other process took the lock.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from actors.journal.files import Sight
from messages.base import Timestamp

_PROC = Path("/proc")
_START = 19
"""Place of a process's start in /proc/PID/stat, counted behind its name: field 22 of proc(5)."""
_STATE = 0
_DEAD = ("Z", "X")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lease."""

    pid: int
    since: Timestamp
    session: str
    """Where its session's files are."""


class ProcessMark(msgspec.Struct, frozen=True, kw_only=True):
    """One process, for ever: a pid alone is used again."""

    pid: int
    start: str
    """When it began, in the kernel's own count."""
    boot: str
    namespace: int
    """Of process ids: in another container the same pid is another process."""


def this_process() -> ProcessMark | None:
    """Return the mark of this process; None where the system does not tell."""
    with suppress(OSError, IndexError):
        pid = os.getpid()
        return ProcessMark(
            pid=pid, start=_fields(pid)[_START], boot=_boot(), namespace=_namespace()
        )
    return None


def is_dead(mark: ProcessMark | None) -> bool:
    """Tell whether the process is certainly dead; False where that can't be known."""
    if mark is None:
        return False
    try:
        if mark.boot != _boot() or mark.namespace != _namespace():
            return False
        fields = _fields(mark.pid)
        return fields[_START] != mark.start or fields[_STATE] in _DEAD
    except FileNotFoundError:
        return True
    except (OSError, IndexError):
        return False


def lock_takers(sight: Sight) -> frozenset[int] | None:
    """Return the living processes that took a lock on this file; None: the system does not tell.

    A lock that a dead process took and its child keeps is not among them.
    """
    name = f"{os.major(sight.device):02x}:{os.minor(sight.device):02x}:{sight.inode}"
    try:
        lines = (_PROC / "locks").read_text().splitlines()
    except OSError:
        return None
    pids = {line.split()[4] for line in lines if " FLOCK " in line and f" {name} " in line}
    return frozenset(int(pid) for pid in pids if (_PROC / pid).exists())


def _fields(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def _namespace() -> int:
    return (_PROC / "self/ns/pid").stat().st_ino
