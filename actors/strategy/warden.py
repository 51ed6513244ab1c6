"""Keeps a user's strategy: starts its process, bounds what it may use, ends all that came of it.

A program of its own in a bare interpreter: it imports ``family`` and the standard library. It is
the *subreaper* of the strategy: a process that the strategy starts stays below it in the tree of
processes, also after ``setsid`` or a double fork, so that all of them are found and ended.

The strategy's parent is a *launcher*, so that a strategy which kills its parent, or its parent's
group, kills neither the warden nor the program. The warden lives as long as the *lifeline* is open,
a pipe whose other end the program holds: it closes it to end the strategy, and so does its death.

What the strategy prints goes to a pipe that the warden reads, however fast it comes. Of it and of
the end a *report* is written, one JSON object a line, which never waits for a reader.
"""

import ctypes
import json
import os
import resource
import select
import signal
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from actors.strategy.family import descendants, end_all, proportional, resident

LOOK_SECONDS = 0.5
"""Between two looks at memory and processes."""
_LOOK_SHARE = 20
"""Where many processes run a look takes long: the next one comes after so many times as long."""
LINES_A_SECOND = 20
"""Of what the strategy prints; the others are counted."""
LINE_MOST = 500
"""Characters of a line that is reported."""
OUTPUT_SECONDS = 10.0
"""The time in which ``output_bytes`` may be printed."""
_BREATH_SECONDS = 0.005
"""After each output, so that many small ones take little of the processor."""
NICENESS = 10
_MEMORY_FACTOR = 2
"""What one process may ask for at once is refused at so many times its bound: a look in between
finds what grows."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PROC = Path("/proc")
_CHUNK = 65_536
_FLUSHES_MOST = 32
"""Reads of what a pipe still has: it holds no more than as many chunks."""
_PLAIN_STDIN, _PLAIN_STDOUT, _PLAIN_STDERR = 0, 1, 2


class Charge(NamedTuple):
    """What is to be kept, and within which bounds. From the command line, as JSON."""

    command: list[str]
    kept: list[int]
    """Descriptors that the strategy's process inherits beside 0, 1 and 2."""
    lifeline: int
    report: int
    memory_bytes: int
    """Of all its processes together."""
    processes: int
    output_bytes: int
    """Within ``OUTPUT_SECONDS``."""


class Report:
    """Lines for the program; those that it does not read in time are lost."""

    def __init__(self, descriptor: int) -> None:
        """Write to a pipe."""
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def tell(self, **said: object) -> None:
        """Write one line, unless the pipe is full or closed."""
        with suppress(OSError):
            os.write(self._descriptor, json.dumps(said).encode() + b"\n")


class Output:
    """One of the strategy's two outputs: a few lines are reported, all bytes are counted."""

    def __init__(self, name: str, reading: int, report: Report) -> None:
        """Read from a pipe."""
        self.name, self.reading = name, reading
        self.total = self.dropped = 0
        self._report = report
        self._rest = b""
        self._second, self._lines = 0, 0
        os.set_blocking(reading, False)

    def drain(self) -> bool:
        """Take what is there, up to a bound; return False where it is closed."""
        try:
            chunk = os.read(self.reading, _CHUNK)
        except BlockingIOError:
            return True
        self.total += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-LINE_MOST:]
        for line in lines:
            self._tell(line)
        return bool(chunk)

    def flush(self) -> None:
        """Take what the pipe still has; nobody writes to it any more."""
        for _ in range(_FLUSHES_MOST):
            if not self.drain():
                break
        if self._rest:
            self._tell(self._rest)

    def _tell(self, line: bytes) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > LINES_A_SECOND:
            self.dropped += 1
            return
        text = line[:LINE_MOST].decode(errors="replace")
        plain = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
        self._report.tell(stream=self.name, text=plain, dropped=self.dropped, total=self.total)


class Flood:
    """Whether more was printed of late than is allowed."""

    def __init__(self, bytes_most: int) -> None:
        """Begin with nothing printed."""
        self._most = bytes_most
        self._seen: deque[tuple[float, int]] = deque()

    def problem(self, total: int) -> str | None:
        """Return what is wrong, ``total`` bytes having been printed by now."""
        now = time.monotonic()
        if not self._seen or now >= self._seen[-1][0] + _BREATH_SECONDS:
            self._seen.append((now, total))
        while self._seen[0][0] < now - OUTPUT_SECONDS:
            self._seen.popleft()
        printed = total - self._seen[0][1]
        if printed <= self._most:
            return None
        allowed = f"{self._most:,} are allowed"
        return f"it printed {printed:,} bytes within {OUTPUT_SECONDS:g} s: {allowed}"


def main(charge: Charge) -> None:
    """Keep the strategy until it ends, breaks its bounds, or the lifeline is closed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever ends the program closes the lifeline
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    report = Report(charge.report)
    pipes = {name: os.pipe() for name in ("stdout", "stderr")}
    launcher = os.fork()
    if launcher == 0:
        _launch(charge, [writing for _, writing in pipes.values()])
    for descriptor in (*charge.kept, *(writing for _, writing in pipes.values())):
        os.close(descriptor)
    outputs = [Output(name, reading, report) for name, (reading, _) in pipes.items()]
    why = _keep(charge, outputs, launcher)
    status = end_all(launcher)
    for output in outputs:
        output.flush()
    total, dropped = (sum(getattr(one, name) for one in outputs) for name in ("total", "dropped"))
    report.tell(ended=why or _told(status), total=total, dropped=dropped)


def _keep(charge: Charge, outputs: list[Output], launcher: int) -> str | None:
    """Watch; return which bound was broken, None where it ended by itself or by the program."""
    poll, flood = select.poll(), Flood(charge.output_bytes)
    poll.register(charge.lifeline, select.POLLIN)
    with suppress(OSError):  # where a kernel has none, the next look finds its end
        poll.register(os.pidfd_open(launcher), select.POLLIN)
    for output in outputs:
        poll.register(output.reading, select.POLLIN)
    next_look = 0.0
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(LOOK_SECONDS * 1000)}
        if charge.lifeline in ready:
            return "the program ended it"
        for output in outputs:
            if output.reading in ready and not output.drain():
                poll.unregister(output.reading)
        if ready:
            time.sleep(_BREATH_SECONDS)
        if _has_ended(launcher):
            return None
        problem = flood.problem(sum(output.total for output in outputs))
        if problem is None and (begun := time.monotonic()) >= next_look:
            problem = _excess(charge, launcher)
            took = time.monotonic() - begun
            next_look = begun + max(LOOK_SECONDS, _LOOK_SHARE * took)
        if problem is not None:
            return problem


def _has_ended(launcher: int) -> bool:
    """Tell whether the launcher is over, and leave it to be waited for; reap all others."""
    while True:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return False
        if found.si_pid == launcher:
            return True
        os.waitpid(found.si_pid, 0)


def _excess(charge: Charge, launcher: int) -> str | None:
    """Return which bound its processes break together."""
    family = [pid for pid in descendants() if pid != launcher]
    if len(family) > charge.processes:
        return f"it has {len(family)} processes: {charge.processes} are allowed"
    if sum(map(resident, family)) <= charge.memory_bytes:
        return None
    used = sum(map(proportional, family))  # forked processes share most of theirs
    if used <= charge.memory_bytes:
        return None
    return f"it uses {used:,} bytes of memory: {charge.memory_bytes:,} are allowed"


def _told(status: int) -> str:
    """Return how the strategy's process ended by itself."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process exited with code {code}"


def _launch(charge: Charge, outputs: list[int]) -> NoReturn:
    """Start the strategy's process, wait for it, end as it did. Never returns."""
    _end_with_parent()
    strategy = os.fork()
    if strategy == 0:
        _become_strategy(charge, outputs)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    _, status = os.waitpid(strategy, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        with suppress(OSError):  # of SIGKILL, which nothing can change
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _become_strategy(charge: Charge, outputs: list[int]) -> NoReturn:
    _end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), _PLAIN_STDIN)
    for writing, plain in zip(outputs, (_PLAIN_STDOUT, _PLAIN_STDERR), strict=True):
        os.dup2(writing, plain)
    last = 2
    for descriptor in sorted(charge.kept):
        os.closerange(last + 1, descriptor)
        last = descriptor
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))
    for descriptor in charge.kept:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - as the call takes it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _MEMORY_FACTOR * charge.memory_bytes
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    if allowed == resource.RLIM_INFINITY or most < allowed:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    os.nice(NICENESS)
    with suppress(OSError):  # short of memory, the machine ends it first
        (_PROC / "self" / "oom_score_adj").write_text("1000", encoding="ascii")
    os.execv(charge.command[0], charge.command)  # noqa: S606 - no shell is wanted


def _end_with_parent() -> None:
    """Have a session of its own, and end when the parent does."""
    parent = os.getppid()
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before this was asked for


def _prctl(option: int, value: int) -> None:
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def run(charge: str) -> None:
    """Keep what a ``Charge`` as JSON says; what prevents it is reported."""
    read = Charge(**json.loads(charge))
    try:
        main(read)
    except Exception as error:
        Report(read.report).tell(ended=f"its warden failed: {error!r}")
        raise
