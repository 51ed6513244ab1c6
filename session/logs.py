"""Where log lines go: JSON lines into the session's folder, lines for people to the terminal.

Owns the sinks and the form of a line. What is logged, and at which level, is said where it happens:
``CRITICAL`` is an alarm, ``ERROR`` a fault of ours, ``DEBUG`` for the file only.
"""

import os
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from loguru import logger

from actors.observers.events import Event
from config.settings import LogSettings
from messages.base import Timestamp
from messages.border import one_line
from session.log_file import LogFile
from terminal.errors import UsageError
from terminal.spool import Spool, drain_all

if TYPE_CHECKING:
    from loguru import Record

LOG_NAME = "log.jsonl"

_LINGER_SECONDS = 0.1
"""How long a line waits for others to be written with it: a kill loses no more than that."""
_OPEN_SECONDS = 5.0
"""How long a start waits for the log's place; then it trades, and lines wait in memory."""
_DRAIN_SECONDS = 2.0

_LOGS: list[Path] = []
"""The files that lines go to; none before a session has its folder."""

_LINE_MOST = 4_000
"""Characters of a line for people."""
_TEXT_MOST = 20_000
"""Characters of a text in the log."""

_WORDS = {"CRITICAL": "ALARM"}
"""What a level is called before people, where it isn't its own name."""


class LogSink:
    """Takes loguru's lines into a spool: a thread that logs never waits for the disk."""

    def __init__(self, path: Path, settings: LogSettings) -> None:
        """Begin the file, on the spool's thread."""
        place = LogFile(path, settings.rotate_bytes, settings.keep)
        self.spool = Spool(
            path.name,
            place,
            bytes_max=settings.pending_bytes,
            linger_seconds=_LINGER_SECONDS,
            note=_lost_lines,
        )

    def write(self, line: str) -> None:
        """Take a line."""
        self.spool.put(line.encode(errors="replace"))

    def stop(self) -> None:
        """Write what waits and let go of the file: nothing more is logged."""
        self.spool.close(_DRAIN_SECONDS)


def log_to(folder: Path, settings: LogSettings) -> Spool:
    """Write every line from now on to ``log.jsonl`` in ``folder``; return the way there.

    A line waits a tenth of a second at most for the thread that writes it, longer only where the
    disk takes none.

    Raises:
        UsageError: the file can't be written.

    """
    path = folder / LOG_NAME
    logger.remove()
    sink = LogSink(path, settings)
    if not sink.spool.opens_within(_OPEN_SECONDS) and sink.spool.problem is not None:
        problem = f"the log {path} can't be written: {sink.spool.problem.strerror}"
        sink.spool.close(0.0)
        raise UsageError(f"{problem}; name a folder of yours")
    logger.add(sink, format=_json_line, level="DEBUG")
    if not sink.spool.is_open:
        logger.warning("{} takes no line yet: they wait in memory", path)
    _LOGS.append(path)
    return sink.spool


def _lost_lines(lost: int) -> bytes:
    text = f"{lost} lines before this one are lost: the disk took none"
    return msgspec.json.encode({"level": "error", "event": "log", "text": text}) + b"\n"


def log_times_of(now: Callable[[], Timestamp]) -> None:
    """Tell the market's time with every line from now on, also where who logs knows none."""
    logger.configure(patcher=lambda record: record["extra"].setdefault("at", now()))


def log_for_people(write: Callable[[str], None]) -> int:
    """Give ``write`` a line for everything people should see; return what ends it."""
    return logger.add(write, format=_line_for_people, level="INFO")


def stop_logging_for_people(handler: int) -> None:
    """End what ``log_for_people`` began."""
    logger.remove(handler)


@contextmanager
def faults_of_threads_logged() -> Iterator[None]:
    """Log what ends a thread, where Python would print a traceback over the view."""
    before = threading.excepthook

    def log(fault: threading.ExceptHookArgs) -> None:
        name = fault.thread.name if fault.thread else "a thread"
        logger.opt(exception=fault.exc_value).critical("{} ended: {}", name, fault.exc_value)

    threading.excepthook = log
    try:
        yield
    finally:
        threading.excepthook = before


def write_fault(error: BaseException) -> Path:
    """Write an error that nobody expected, with its traceback, and return the file that has it."""
    if _LOGS:
        logger.opt(exception=error).critical("the program failed: {}", error)
        if not any(spool.name == LOG_NAME for spool in drain_all(_DRAIN_SECONDS)):
            return _LOGS[-1]
    return write_text("".join(traceback.format_exception(error)))


def write_text(text: str) -> Path:
    """Write a text that is too long for a screen, where no session has a log; return its file."""
    handle, name = tempfile.mkstemp(prefix="holdfast-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)


def _json_line(record: "Record") -> str:
    record["extra"]["json"] = msgspec.json.encode(_as_json(record)).decode()
    return "{extra[json]}\n"


def _as_json(record: "Record") -> dict[str, Any]:
    """Return what a line says; an event of a session comes with its ids."""
    line: dict[str, Any] = {
        "time": record["time"].astimezone(UTC).isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "event": "log",
        "text": one_line(record["message"], _TEXT_MOST),
    }
    if "at" in record["extra"]:
        line["at_ms"] = record["extra"]["at"]
    event = record["extra"].get("event")
    if isinstance(event, Event):
        told = msgspec.to_builtins(event)
        ids = ("position", "symbol", "order", "decision", "id", "cause", "sequence")
        line["event"] = event.name
        line |= {name: told[name] for name in ids if told[name] is not None}
    if "traceback" in record["extra"]:  # of another process: a strategy's
        line["error"] = record["extra"]["traceback"]
    elif record["exception"] is not None:
        line["error"] = "".join(traceback.format_exception(record["exception"].value))
    return line


def _line_for_people(record: "Record") -> str:
    """Return the market's time, what kind of news it is, and the text; never a traceback."""
    level = record["level"].name
    at_ms = record["extra"].get("at")
    at = record["time"] if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
    head = f"{at.astimezone(UTC):%H:%M:%S} {_WORDS.get(level, level.lower()):<8}"
    # What an exchange or a strategy wrote may stand in it: no line of it may look like ours.
    record["extra"]["line"] = f"{head} {one_line(record['message'], _LINE_MOST)}"
    return "{extra[line]}\n"
