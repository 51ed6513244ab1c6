"""A strategy that buys once, and then makes the trouble that ``TROUBLE`` names."""

import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from actors.strategy.port import Enter, MarketView
from config.settings import Settings

LONG_SECONDS = 10_000.0
FORKS = 200
SPINNING = 60
BOMB_SECONDS = 3.0


class Troubled:
    """Enters where nothing is held; where something is, it makes trouble."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def on_market(self, market: MarketView) -> Enter | None:
        if not market.is_busy:
            return Enter(reason="before the trouble")
        Path(os.environ["TROUBLE_FILE"]).touch()
        return TROUBLES[os.environ["TROUBLE"]]()


def regex() -> None:
    """Search for ever, with the interpreter's lock held."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def sleep_in_c() -> None:
    """Sleep in C with the interpreter's lock held: no Python code runs in this process."""
    ctypes.PyDLL(None).sleep(int(LONG_SECONDS))


def exit_at_once() -> None:
    os._exit(7)


def crash() -> None:
    ctypes.string_at(0)


def leak() -> None:
    """Use all the memory there is, and keep it."""
    kept = []
    with suppress(MemoryError):
        while True:
            kept.append(b"x" * 10_000_000)
    time.sleep(LONG_SECONDS)


def flood() -> None:
    while True:
        os.write(1, b"\x1b[2J\x1b]0;mine\x07" * 1_000)
        os.write(2, b"Enter\n" * 1_000)


def forks() -> None:
    """Fork many, in all ways in which a child escapes its parent."""
    for number in range(FORKS):
        if os.fork() == 0:
            if number % 2:
                os.setsid()
            if number % 3 == 0 and os.fork():
                os._exit(0)
            time.sleep(LONG_SECONDS)


def spin() -> None:
    """Use all the processor time there is, in as many processes as are allowed."""
    for _ in range(SPINNING):
        if os.fork() == 0:
            while True:
                pass
    while True:
        pass


def bomb() -> None:
    """Fork for some seconds, each child too."""
    end = time.monotonic() + BOMB_SECONDS
    while time.monotonic() < end:
        with suppress(OSError):
            os.fork()
    time.sleep(LONG_SECONDS)


def huge_answer() -> Enter:
    return Enter(reason="x" * 200_000_000, plan={"exit_ladder": [{}] * 100_000})


def close_pipes() -> None:
    os.closerange(0, 1_000)
    time.sleep(LONG_SECONDS)


def close_output() -> None:
    """Close what is printed to, and go on."""
    os.close(1)
    os.close(2)


def stop_itself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def write_everywhere() -> None:
    """Write into every descriptor that it was given."""
    for descriptor in range(3, 1_000):
        try:
            os.set_blocking(descriptor, False)
            for junk in (b"\xff" * 10_000, b'\x00\x00\x00\x02{}{"type":"Answer","number":1}'):
                os.write(descriptor, junk)
        except OSError:
            pass
    time.sleep(LONG_SECONDS)


def kill_parents_group() -> None:
    """Leave some children behind, and kill whatever started this process, with its group."""
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            time.sleep(LONG_SECONDS)
    os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)
    time.sleep(LONG_SECONDS)


def raise_text() -> None:
    """Raise an error whose text would draw on a screen."""
    raise ValueError("\x1b[2J\r\n00:00:00 ALARM    all is lost\u202e" * 1_000)


def leave() -> None:
    sys.exit(3)


TROUBLES: dict[str, Callable[[], Enter | None]] = {
    one.__name__: one
    for one in (
        regex,
        sleep_in_c,
        exit_at_once,
        crash,
        leak,
        flood,
        forks,
        spin,
        bomb,
        huge_answer,
        close_pipes,
        close_output,
        stop_itself,
        write_everywhere,
        kill_parents_group,
        raise_text,
        leave,
    )
}
