"""The log: JSON lines with ids for the file, words for people, and never a traceback for them."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from actors.observers.events import Event
from config.settings import LogSettings
from messages.base import ClientOrderId, PositionId, Symbol, Timestamp
from session.logs import (
    LOG_NAME,
    _lost_lines,
    faults_of_threads_logged,
    log_for_people,
    log_times_of,
    log_to,
    stop_logging_for_people,
    write_fault,
)
from terminal.errors import UsageError
from terminal.spool import Spool, drain_all
from tests.system.running import run_python

AT = Timestamp(1_800_000_000_000)
EVENT = Event(
    name="order.filled",
    text="p1 BTC/USDT bought {all} of it",
    at=AT,
    position=PositionId("p1"),
    symbol=Symbol("BTC/USDT"),
    order=ClientOrderId("h0e1p1b1"),
    decision="0.4",
    id="12.0",
    cause="11.1",
    sequence=13,
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    log_to(tmp_path, LogSettings())
    yield tmp_path / LOG_NAME
    logger.remove()
    logger.configure(patcher=lambda _: None)


def lines(path: Path) -> list[dict[str, Any]]:
    assert drain_all(10.0) == []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def fail(text: str) -> None:
    raise ValueError(text)


def raised() -> ValueError:
    try:
        fail("broken {here}")
    except ValueError as error:
        return error
    raise AssertionError


def test_an_event_is_one_line_of_json_with_all_its_ids(log: Path) -> None:
    logger.bind(at=EVENT.at, event=EVENT).info("{}", EVENT.text)
    (line,) = lines(log)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "order.filled",
        "text": EVENT.text,
        "at_ms": AT,
        "position": "p1",
        "symbol": "BTC/USDT",
        "order": "h0e1p1b1",
        "decision": "0.4",
        "id": "12.0",
        "cause": "11.1",
        "sequence": 13,
    }


def test_every_line_is_in_the_file_in_order_though_nobody_waits_for_it(log: Path) -> None:
    for number in range(2_000):
        logger.info("line {}", number)
    assert [line["text"] for line in lines(log)] == [f"line {n}" for n in range(2_000)]


KILLED = """
import os, signal, sys, time
from pathlib import Path
from loguru import logger
from session.logs import log_to
from config.settings import LogSettings

log_to(Path(sys.argv[1]), LogSettings())
for number in range(1_000):
    logger.info("line {}", number)
time.sleep(1.0)
logger.info("a line of the last second")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_no_line_that_is_a_second_old(tmp_path: Path) -> None:
    assert run_python("-c", KILLED, tmp_path).exit_code == -signal.SIGKILL
    texts = [line["text"] for line in lines(tmp_path / LOG_NAME)]
    assert texts[:1_000] == [f"line {number}" for number in range(1_000)]


class Hung:
    """A file whose disk answers nothing until it is let go on."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.written = b""

    def open(self) -> None:
        self.goes_on.wait()

    def write(self, pieces: list[bytes]) -> None:
        self.written += b"".join(pieces)

    def close(self) -> None:
        pass


def test_a_line_does_not_wait_for_a_log_that_hangs() -> None:
    hung = Hung()
    spool = Spool("log", hung, bytes_max=100, note=_lost_lines)
    for number in range(100):
        spool.put(f"line {number}\n".encode())
    assert not spool.opens_within(0.0)
    assert not spool.drain(0.0)
    assert spool.lost > 80
    hung.goes_on.set()
    assert spool.close(10.0)
    assert hung.written.startswith(b"line 0\nline 1\n")
    assert f"{spool.lost} lines before this one are lost".encode() in hung.written


def test_an_error_is_there_with_its_traceback(log: Path) -> None:
    logger.opt(exception=raised()).error("gateway skipped Wake")
    (line,) = lines(log)
    assert line["event"] == "log"
    assert "Traceback" in line["error"]
    assert "broken {here}" in line["error"]


def test_people_get_words_without_traceback_or_details(log: Path) -> None:
    said: list[str] = []
    handler = log_for_people(said.append)
    logger.bind(at=AT).critical("ALARM of {braces}", braces="{}")
    logger.opt(exception=raised()).error("gateway skipped Wake")
    logger.debug("no entry")
    stop_logging_for_people(handler)
    logger.info("after the end")
    text = "".join(map(str, said))
    assert "08:00:00 ALARM    ALARM of {}\n" in text
    assert "error    gateway skipped Wake\n" in text
    assert "Traceback" not in text
    assert "no entry" not in text
    assert "after" not in text
    assert len(lines(log)) == 4


def test_a_line_of_somebody_without_a_clock_tells_the_markets_time_too(log: Path) -> None:
    log_times_of(lambda: AT)
    logger.info("hello")
    assert lines(log)[0]["at_ms"] == AT


def test_a_log_is_rotated_and_old_files_are_removed(tmp_path: Path) -> None:
    log_to(tmp_path, LogSettings(rotate_bytes=2_000, keep=2))
    for number in range(100):
        logger.info("line {}", number)
        assert number % 10 or drain_all(10.0) == []
    logger.remove()
    assert len(list(tmp_path.iterdir())) == 3
    assert lines(tmp_path / LOG_NAME)[-1]["text"] == "line 99"


def test_a_log_that_can_not_be_opened_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).mkdir()
    with pytest.raises(UsageError, match=r"log\.jsonl can't be written"):
        log_to(tmp_path, LogSettings())


def test_a_thread_that_dies_is_logged(log: Path) -> None:
    with faults_of_threads_logged():
        thread = threading.Thread(target=fail, args=["the thread's own"], name="clock")
        thread.start()
        thread.join()
    (line,) = lines(log)
    assert line["text"] == "clock ended: the thread's own"
    assert "Traceback" in line["error"]


def test_a_fault_is_written_to_the_log_of_the_session(log: Path) -> None:
    assert write_fault(raised()) == log
    assert "Traceback" in lines(log)[0]["error"]
