"""Output that takes nothing, and what it must not change: a stop sells, a session ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.system.attacks.arena import Arena, Victim, heed_signals
from tests.system.attacks.attack import Figures, attack
from tests.system.attacks.streams import Terminal
from verification.sources import ROOT

SOLD, ENDED = "sold after s", "ended after s"
_AT_ONCE_SECONDS = 10.0
"""More than any of these takes on a noisy machine, and far less than any time limit."""
_FULL_BYTES = 3_000_000
_CTRL_S, _CTRL_Z = b"\x13", b"\x1a"


@attack("nothing is disturbed")
def undisturbed(arena: Arena) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    return _falls_and_stops(arena, program)


@attack(
    "full pipe on standard output, error or both",
    cases=("stdout", "stderr", "both"),
    in_tests=("both",),
)
def blocked_pipe(arena: Arena, case: str) -> Figures:
    pipe = arena.blocked_pipe()
    streams: dict[str, Any] = {
        name: pipe for name in ("stdout", "stderr") if case in {name, "both"}
    }
    program = arena.start(**streams)
    arena.wait_until_protected()
    return _falls_and_stops(arena, program)


@attack("pipe that another process made non-blocking, full", in_tests=False)
def non_blocking_pipe(arena: Arena) -> Figures:
    pipe = arena.blocked_pipe()
    os.set_blocking(pipe, False)
    program = arena.start(stdout=pipe, stderr=pipe)
    arena.wait_until_protected()
    return _falls_and_stops(arena, program)


@attack("reader of standard output and error ends", cases=("headless", "watched"), in_tests=False)
def broken_pipe(arena: Arena, case: str) -> Figures:
    reading, writing = os.pipe()
    is_headless = case == "headless"
    program = arena.start(stdout=writing, stderr=writing, is_headless=is_headless)
    os.close(writing)
    arena.wait_until_protected()
    os.close(reading)
    if is_headless:
        return _falls_and_stops(arena, program)
    # The line that meets the broken pipe is the position's own, at the latest that of its end.
    arena.fall()
    assert program.wait(_AT_ONCE_SECONDS) == 0
    return {}


_ALL_CLOSED = "<&- >&- 2>&-"


@attack(
    "standard streams closed before the start",
    cases=(">&-", "2>&-", _ALL_CLOSED),
    in_tests=(_ALL_CLOSED,),
)
def closed_streams(arena: Arena, case: str) -> Figures:
    numbers = [("<&-", ">&-", "2>&-").index(one) for one in case.split()]

    def close() -> None:
        heed_signals()
        for number in numbers:
            os.close(number)

    program = arena.start(preexec_fn=close)
    arena.wait_until_protected()
    return _falls_and_stops(arena, program)


@attack(
    "terminal that is stopped",
    cases=("headless Ctrl-S", "view Ctrl-S", "view Ctrl-Z"),
    in_tests=("view Ctrl-S", "view Ctrl-Z"),
)
def stopped_terminal(arena: Arena, case: str) -> Figures:
    terminal, program = _on_terminal(arena, is_headless="headless" in case)
    arena.wait_until_protected()
    terminal.type(_CTRL_Z if case.endswith("Z") else _CTRL_S)
    _fill(terminal, case)
    return _falls_and_stops(arena, program)


@attack(
    "signals that stop a terminal's job", cases=("SIGTSTP", "SIGTTOU", "SIGTTIN"), in_tests=False
)
def stopped_job(arena: Arena, case: str) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    program.process.send_signal(signal.Signals[case])
    return _falls_and_stops(arena, program)


@attack("terminal that closes", cases=("headless", "view"))
def closed_terminal(arena: Arena, case: str) -> Figures:
    terminal, program = _on_terminal(arena, is_headless=case == "headless")
    arena.wait_until_protected()
    terminal.close()
    if case == "headless":
        return _falls_and_stops(arena, program)
    begun = time.monotonic()
    assert program.wait(_AT_ONCE_SECONDS * 2) == 0, program.log()[-3000:]
    picture = arena.server.read()
    assert any(not one.is_terminal for one in picture.orders), "the take profit was taken away"
    return {ENDED: time.monotonic() - begun}


@attack("FIFOs, links and folders in the place of the session's files", in_tests=False)
def odd_files(arena: Arena) -> Figures:
    folder = arena.folder / "session-0"
    folder.mkdir()
    for name in ("log.jsonl", "trades.csv", "stacks.txt"):
        os.mkfifo(folder / name)
    (folder / "equity.csv").symlink_to("/dev/full")
    (folder / "summary.json").mkdir()
    # The folder is made before ``start`` counts the sessions that there are.
    program = arena.start("--session-dir", folder)
    arena.wait_until_protected()
    figures = _falls_and_stops(arena, program, codes=(1,))
    assert "summary.json: Is a directory" in (arena.folder / "output-0.txt").read_text()
    return figures


def _no_tmpfs() -> str | None:
    return None if os.geteuid() == 0 else "only root can mount a tmpfs"


@attack("disk of a folder is full", cases=("session's", "account's"), needs=_no_tmpfs)
def full_disk(arena: Arena, case: str) -> Figures:
    """Also at the end: exit code 1, and a line that names the disk, not a fault of the program."""
    folder = arena.folder / "small"
    folder.mkdir()
    size = f"size={_FULL_BYTES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)  # noqa: S603, S607 - our own folder
    arena.opened.callback(lambda: subprocess.run(["umount", "-l", folder], check=True))  # noqa: S603, S607 - as above
    option = "--session-dir" if case == "session's" else "--state-dir"
    program = arena.start(
        *(option, folder / "inside"),
        *("--set", "journal.reserve_bytes=0", "--set", "journal.exit_after_seconds=0.5"),
    )
    arena.wait_until_protected()
    with (folder / "rest").open("wb", buffering=0) as rest:
        while _takes(rest.write):
            pass
    figures = _falls_and_stops(arena, program, codes=(1,))
    said = (arena.folder / "output-0.txt").read_text()
    end = said[said.index("stopping: ") :]
    assert "No space left on device" in end or "disk is full" in end, said
    assert "fault of Holdfast" not in said, said
    return figures


@attack(
    "SIGINT ignored or blocked by the parent", cases=("ignored", "blocked"), in_tests=("ignored",)
)
def deaf_parent(arena: Arena, case: str) -> Figures:
    def begin() -> None:
        if case == "ignored":
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    program = arena.start(preexec_fn=begin)
    arena.wait_until_protected()
    return {ENDED: program.stop(signal.SIGINT, within_seconds=_AT_ONCE_SECONDS)}


@attack("inspector's client that asks much and reads nothing", in_tests=False)
def stalled_client(arena: Arena) -> Figures:
    program = arena.start()
    arena.wait_until_protected()
    asks = [*("inspect", "--session", program.folder), *("-c", "tap *")]
    client = subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "supervisor.py", *map(str, asks)],
        cwd=ROOT,
        stdout=arena.blocked_pipe(),
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    arena.opened.callback(client.wait)
    arena.opened.callback(client.kill)
    return _falls_and_stops(arena, program)


def _falls_and_stops(arena: Arena, program: Victim, codes: tuple[int, ...] = (0,)) -> Figures:
    sold = arena.fall(_AT_ONCE_SECONDS)
    assert program.process.poll() is None, "it ended"
    ended = program.stop(codes=codes, within_seconds=2 * _AT_ONCE_SECONDS)
    return {SOLD: sold, ENDED: ended}


def _on_terminal(arena: Arena, *, is_headless: bool) -> tuple[Terminal, Victim]:
    terminal = arena.opened.enter_context(Terminal())

    def begin() -> None:
        heed_signals()
        terminal.control()

    inside: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.inside)
    return terminal, arena.start(is_headless=is_headless, preexec_fn=begin, **inside)


def _fill(terminal: Terminal, case: str) -> None:
    """Have the stopped terminal's buffer be full, so that the next byte would wait."""
    if not case.endswith("S"):
        return
    os.set_blocking(terminal.inside, False)
    while _takes(lambda data: os.write(terminal.inside, data)):
        pass
    os.set_blocking(terminal.inside, True)


def _takes(write: Callable[[bytes], int | None]) -> bool:
    try:
        return bool(write(b"x" * 4096))
    except OSError:
        return False
