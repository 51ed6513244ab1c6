"""What a paper session costs: memory and processor time of the process, as the system counts them.

Ten symbols at one quote a second each, in real time and at the default speed, with and without the
live view (on a terminal of 160 × 45).

    python -m benchmarks.session [SECONDS]
"""

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import machine, show

SECONDS = 20.0
"""Measured, of each session, after it has started."""
_START_SECONDS = 4.0
_ROWS, _COLUMNS = 45, 160
_SUPERVISOR = Path(__file__).parent.parent / "supervisor.py"
_SESSIONS = (
    ("real time, lines", ("--speed", "1", "--headless")),
    ("real time, live view", ("--speed", "1")),
    ("60 times, lines", ("--headless",)),
    ("60 times, live view", ()),
)


def main(seconds: float) -> None:
    """Measure every session and print what it cost."""
    rows = [(name, *_cost(options, seconds)) for name, options in _SESSIONS]
    print(machine())
    show(f"A paper session over {seconds:g} s", ("session", "core", "memory", "at most"), rows)


def _cost(options: Sequence[str], seconds: float) -> tuple[str, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        screen, inside = pty.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        folders = ("--session-dir", f"{folder}/session", "--state-dir", f"{folder}/state")
        process = subprocess.Popen(  # noqa: S603 - our own Python
            [sys.executable, str(_SUPERVISOR), *options, *folders],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(inside)
        _watch(screen, _START_SECONDS)
        before = _processor_seconds(process.pid)
        _watch(screen, seconds)
        used = _processor_seconds(process.pid) - before
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        process.send_signal(signal.SIGTERM)
        while process.poll() is None:
            _watch(screen, 0.1)
        os.close(screen)
    return f"{used / seconds:.1%}", _megabytes(status, "VmRSS"), _megabytes(status, "VmHWM")


def _watch(screen: int, seconds: float) -> None:
    """Read what is shown, as a terminal does, for so long."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([screen], [], [], left)[0]:
            try:
                os.read(screen, 65_536)
            except OSError:  # it has ended
                return


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(status: str, name: str) -> str:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return "?" if found is None else f"{int(found[1]) / 1024:.0f} MB"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=SECONDS)
    main(parser.parse_args().seconds)
