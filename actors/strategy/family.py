"""The processes below this one: which they are, what they use, and the end of all of them.

A process that is a subreaper keeps all of them below it, also those whose parent has ended or that
made a session of their own. The standard library only: see ``warden``.
"""

import os
import resource
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_PAGE = resource.getpagesize()
_STOP_ROUNDS_MOST = 200


def descendants() -> list[int]:
    """Return every process below this one, those that have ended but for their parent left out."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(os.getpid(), ()))
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _processes() -> Iterator[tuple[int, int]]:
    for name in os.listdir(_PROC):  # noqa: PTH208 - their names are wanted
        if name.isdigit():
            with suppress(OSError, ValueError):
                # The name in brackets may contain anything, also brackets.
                told = (_PROC / name / "stat").read_bytes().rpartition(b")")[2]
                state, parent = told.split()[:2]
                if state != b"Z":
                    yield int(name), int(parent)


def end_all(child: int) -> int:
    """Kill everything below this process; return the status of one child.

    First all are stopped, until no more are found: what is stopped starts no other.
    """
    status, stopped = 0, set[int]()
    for _ in range(_STOP_ROUNDS_MOST):
        running = set(descendants()) - stopped
        if not running:
            break
        _signal(running, signal.SIGSTOP)
        stopped |= running
    while True:
        _signal(descendants(), signal.SIGKILL)
        options = 0
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, options))[0]:
                options = os.WNOHANG  # all that have ended by now, before the next look
                if ended[0] == child:
                    status = ended[1]
            continue
        return status


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def resident(pid: int) -> int:
    """Return the memory of a process, shared pages included; 0: it has ended."""
    with suppress(OSError, ValueError):
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE
    return 0


def proportional(pid: int) -> int:
    """Return its memory, with its share only of pages that it shares."""
    with suppress(OSError, ValueError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0
