"""A strategy in a process of its own, as the program sees it.

Owns the pipes, the thread that reads them, and the start of the process: a fresh interpreter with
an environment that holds no key, below a ``warden`` that bounds it. Nothing here waits for the
strategy but that thread.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec
from loguru import logger

from actors.strategy.wire import Answer, Frames, Question, Ready, Start, WireError, answer_of, frame
from messages.border import one_line

_ROOT = Path(__file__).parents[2]
_WARDEN = """
import sys
sys.path.insert(0, sys.argv[1])
from actors.strategy.warden import run
run(sys.argv[2])
"""
_GUEST = """
import sys
sys.path.insert(0, sys.argv[1])
from actors.strategy.guest import main
main(int(sys.argv[2]), int(sys.argv[3]))
"""
_CHUNK = 65_536
_END_SECONDS = 10.0
"""What a warden may take to end everything, before it is killed itself."""
_REPORT_SECONDS = 2.0
"""What a warden may take to tell the end of a process whose pipe is closed."""
_LOOK_MS = 250
_SEND_MS = 10
_LINES_KEPT = 100

PASSED = frozenset(
    {
        *("HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "PYTHONHASHSEED"),
        *("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV"),
    }
)
"""The environment that a strategy gets, with ``LC_*`` and ``strategy.environment``."""


class Ended(msgspec.Struct, frozen=True):
    """The process has ended, with all that it started."""

    why: str


Said = Ready | Answer | Ended
Hear = Callable[[Said], None]
"""Called on the process's thread. After ``Ended`` nothing comes any more."""


def environment(given: Iterable[str], of: dict[str, str]) -> dict[str, str]:
    """Return the part of an environment that a strategy may see."""
    names = {*PASSED, *given}
    return {name: value for name, value in of.items() if name in names or name.startswith("LC_")}


class StrategyProcess:
    """One process, from its start to its end."""

    def __init__(self, start: Start, hear: Hear, *, has_log: bool) -> None:
        """Start it; what it says goes to ``hear``. Without a log, what it prints is kept."""
        self._start = start
        self._settings = start.settings.strategy
        self._hear = hear
        self._lock = threading.Lock()
        """Of the lifeline, the questions' pipe and who hears."""
        self._printed: deque[str] = deque(maxlen=_LINES_KEPT)
        """What it printed before there was a log."""
        self._has_log = has_log
        self._why: str | None = None
        self._start_by: float | None = time.monotonic() + self._settings.start_ms / 1_000
        self._asked: int | None = None
        """The number of the question under way."""
        self._doomed_at: float | None = None
        self._doom_why = ""
        self._end_by: float | None = None
        self._warden: subprocess.Popen[bytes] | None = None
        self._ended: Ended | None = None
        self._questions, self._lifeline = -1, -1
        self._thread = threading.Thread(target=self._run, name="strategy process", daemon=True)
        self._thread.start()

    def attach(self, hear: Hear) -> None:
        """Let somebody else hear from now on, and log what it prints."""
        with self._lock:
            self._hear, ended = hear, self._ended
            self._has_log = True
        while self._printed:
            logger.debug("{}", self._printed.popleft())
        if ended is not None:
            hear(ended)

    def ask(self, question: Question) -> None:
        """Ask, without waiting. One question is under way at a time: it finds room in the pipe."""
        data = frame(question)
        with self._lock:
            if self._questions < 0:
                return
            self._asked = question.number
            try:
                is_written = os.write(self._questions, data) == len(data)
            except OSError:
                is_written = False
        if not is_written:
            self.end("it does not read what it is asked")

    def end(self, why: str) -> None:
        """End it and all that it started, without waiting; ``Ended`` says when it is done."""
        with self._lock:
            self._why = self._why or why
            self._close()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended; return whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    # On its own thread.

    def _run(self) -> None:
        why = "it could not be started"
        try:
            why = self._keep()
        except Exception as error:  # noqa: BLE001 - its end must be told whatever happens
            logger.opt(exception=error).error("the strategy's process: {}", error)
            why = f"{why}: {error}"
        with self._lock:
            self._close()
            self._ended = Ended(self._why or why)
            hear = self._hear
        hear(self._ended)

    def _keep(self) -> str:
        """Start the process and listen to it; return how it ended."""
        pipes = [os.pipe() for _ in range(4)]
        (asked, questions), (answers, answering), (held, lifeline), (report, reporting) = pipes
        try:
            self._warden = self._spawn(asked, answering, held, reporting)
        except BaseException:
            for descriptor in (questions, answers, lifeline, report):
                os.close(descriptor)
            raise
        finally:
            for descriptor in (asked, answering, held, reporting):
                os.close(descriptor)
        for descriptor in (questions, answers, report):
            os.set_blocking(descriptor, False)
        with self._lock:
            self._questions, self._lifeline = questions, lifeline
            if self._why is not None:
                self._close()
        try:
            return self._listen(answers, report)
        finally:
            os.close(answers)
            os.close(report)
            self._warden.kill()  # it has told its end, or was killed
            self._warden.wait()

    def _spawn(
        self, asked: int, answering: int, held: int, reporting: int
    ) -> "subprocess.Popen[bytes]":
        settings = self._settings
        guest = [sys.executable, "-P", "-u", "-c", _GUEST, str(_ROOT), str(asked), str(answering)]
        charge = {
            "command": guest,
            "kept": [asked, answering],
            "lifeline": held,
            "report": reporting,
            "memory_bytes": settings.memory_bytes,
            "processes": settings.processes,
            "output_bytes": settings.output_bytes,
        }
        return subprocess.Popen(  # noqa: S603 - our own Python
            [sys.executable, "-I", "-S", "-c", _WARDEN, str(_ROOT), json.dumps(charge)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(settings.environment, dict(os.environ)),
            pass_fds=(asked, answering, held, reporting),
            start_new_session=True,
        )

    def _listen(self, answers: int, report: int) -> str:
        """Take in answers and reports until the warden is gone; return its last word."""
        poll, frames, lines, why = select.poll(), Frames(), b"", "its warden was killed"
        unsent = frame(self._start)
        for descriptor in (answers, report):
            poll.register(descriptor, select.POLLIN)
        while True:
            unsent = self._send(unsent)
            for descriptor, _ in poll.poll(_SEND_MS if unsent else _LOOK_MS):
                chunk = _read(descriptor)
                if descriptor == report:
                    if not chunk:
                        return why
                    *whole, lines = (lines + chunk).split(b"\n")
                    for line in whole:
                        why = self._take_report(line) or why
                elif not self._take_answers(frames, chunk):
                    poll.unregister(answers)
            self._look_at_deadlines()

    def _send(self, unsent: bytes) -> bytes:
        """Write what fits of the first message; return what is left of it."""
        with self._lock:
            if not unsent or self._questions < 0:
                return b""
            try:
                return unsent[os.write(self._questions, unsent) :]
            except BlockingIOError:
                return unsent
            except OSError:
                return b""

    def _take_answers(self, frames: Frames, chunk: bytes) -> bool:
        """Hand on what it said; return False where no more is to be read."""
        if not chunk:
            # Its end is reported with its exit code; one that only closed its pipe is ended.
            self._doom(_REPORT_SECONDS, "it closed the pipe of its answers")
            return False
        try:
            for body in frames.feed(chunk):
                said = answer_of(body)
                self._check_turn(said)
                self._hear(said)
        except WireError as error:
            self.end(str(error))
            return False
        return True

    def _check_turn(self, said: Ready | Answer) -> None:
        """Take one answer for each question. Raises ``WireError`` for any other."""
        if isinstance(said, Ready):
            is_asked, self._start_by = self._start_by is not None, None
        else:
            is_asked, self._asked = said.number == self._asked, None
        if not is_asked:
            raise WireError("it answered what it was not asked")

    def _take_report(self, line: bytes) -> str | None:
        """Log a line of the warden's report; return why all has ended, if it says so."""
        with suppress(ValueError, AttributeError):
            told = json.loads(line)
            ended = told.get("ended")
            if ended is None:
                self._log(f"strategy {told.get('stream')}: {told.get('text')}")
            elif told.get("dropped"):
                text = f"strategy: {told['dropped']} lines of {told['total']} bytes are not logged"
                self._log(text)
            return None if ended is None else one_line(ended)
        return None

    def _log(self, text: str) -> None:
        with self._lock:
            if not self._has_log:
                self._printed.append(text)
                return
        logger.debug("{}", text)

    def _doom(self, seconds: float, why: str) -> None:
        """End it in some seconds, unless it does so by itself."""
        self._doomed_at, self._doom_why = time.monotonic() + seconds, why

    def _look_at_deadlines(self) -> None:
        now = time.monotonic()
        if self._doomed_at is not None and now >= self._doomed_at:
            self._doomed_at = None
            self.end(self._doom_why)
        if self._start_by is not None and now >= self._start_by:
            self._start_by = None
            seconds = self._settings.start_ms / 1_000
            self.end(f"it did not start within {seconds:g} s: its import or __init__ takes longer")
        if self._end_by is not None and now >= self._end_by and self._warden is not None:
            self._warden.kill()

    def _close(self) -> None:
        """Close what keeps it alive. With the lock."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            os.close(self._questions)
            self._lifeline = self._questions = -1
            self._end_by = time.monotonic() + _END_SECONDS


def _read(descriptor: int) -> bytes:
    """Return what a pipe has; empty at its end."""
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""
