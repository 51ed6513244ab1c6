"""How the program begins and ends as a process: its descriptors, its signals, its deadline.

An end waits for no thread, no reader and no exit handler beyond a deadline: a strategy's thread or
a stopped terminal must not keep a process alive that a service manager wants to start again.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from terminal.spool import drain_all

EXIT_FAILED = 1
_HANDLERS_SECONDS = 2.0
"""How long exit handlers may take, of libraries and of a user's code."""
_DRAIN_SECONDS = 1.0
_STREAMS = 3
"""Standard input, output and error."""


def begin_process() -> None:
    """Undo what a parent may have left: closed streams, ignored or blocked signals.

    A script's background job gets SIGINT ignored; ``kill -INT`` must work there too.
    """
    for number in range(_STREAMS):
        try:
            os.fstat(number)
        except OSError:  # a journal that gets this number would be written to by any print in C
            os.open(os.devnull, os.O_RDWR)
    asked = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, asked)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # outside a session there is nothing to dump


def run_to_end(main: Callable[[], int]) -> NoReturn:
    """Run ``main`` and end the process with the code that it returns."""
    begin_process()
    try:
        code = main()
    except BaseException as error:  # noqa: BLE001 - reported as Python does it, then the end
        sys.excepthook(type(error), error, error.__traceback__)
        code = 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else EXIT_FAILED
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # a reader that is gone; no stream
            stream.flush()
    with may_end_process():
        end_within(_HANDLERS_SECONDS, code)
        atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter's own end also joins threads
        end_now(code)


def end_now(code: int) -> NoReturn:
    """End the process once the spools are empty, or after a second."""
    drain_all(_DRAIN_SECONDS)
    os._exit(code)


_disarmed = threading.Event()
_is_command = False


@contextmanager
def may_end_process() -> Iterator[None]:
    """Let ``end_within`` act: this is a command, not a test that calls a part of one."""
    global _is_command  # noqa: PLW0603 - one process, one command
    _is_command = True
    try:
        yield
    finally:
        _is_command = False
        disarm()


def end_within(seconds: float, code: int = EXIT_FAILED, why: str = "") -> None:
    """End the process after ``seconds``, wherever its threads are; not once its command ended."""
    global _disarmed  # noqa: PLW0603 - as above
    if not _is_command:
        return
    _disarmed.set()
    armed = _disarmed = threading.Event()

    def wait_and_end() -> None:
        if armed.wait(seconds):
            return
        if why:
            sys.stderr.write(why + "\n")
        end_now(code)

    try:
        threading.Thread(target=wait_and_end, name="last resort", daemon=True).start()
    except (
        RuntimeError
    ):  # no thread, no memory: the end goes its way, and the kernel keeps the time
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def disarm() -> None:
    """Take back the last ``end_within``."""
    _disarmed.set()
