"""A paper session as a person runs it: a process, its files, its signals, its terminal."""

import csv
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from messages.base import Timestamp
from session.summary import EQUITY_COLUMNS, TRADE_COLUMNS
from session.table_files import utc
from tests.system.running import TIMEOUT_SECONDS, run_supervisor
from verification.sources import ROOT

FAST = ("--headless", "--seed", "3", "--speed", "1000")
"""An hour of the market in under four seconds."""
HANGS = """
import threading

class Hangs:
    def __init__(self, settings):
        pass

    def on_market(self, market):
        threading.Event().wait()
"""
HANGS_FOR_LONG = """
[guards]
deadline_seconds = 3600

[runtime]
pinned_limit_seconds = 3600
"""


def into(folder: Path) -> tuple[str | Path, ...]:
    """The options that keep a session to its test: its files, and an account of its own."""
    return "--session-dir", folder, "--state-dir", folder.parent / "state"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, str(ROOT / "supervisor.py"), *map(str, arguments)]


def session_of(folder: Path) -> dict[str, Any]:
    session: dict[str, Any] = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    return session


def log_of(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "log.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as rows:
        return list(csv.reader(rows))


def _heed_signals() -> None:
    """What the tests' own shell ignores, as one in the background or ``nohup`` does, is heard."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Running:
    """A session in a process of its own, its output in one pipe."""

    def __init__(self, folder: Path, *arguments: str | Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(  # noqa: S603 - our own Python
            command(*arguments, *into(folder)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"},
            preexec_fn=_heed_signals,  # noqa: PLW1509 - it starts no thread
        )
        self.said = ""

    def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}:\n{self.said}")

    def end(self) -> int:
        rest, _ = self.process.communicate(timeout=TIMEOUT_SECONDS)
        self.said += rest
        return self.process.returncode

    def close(self) -> None:
        """End it, however far a test came."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


Run = Callable[..., Running]


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    started: list[Running] = []

    def start(*arguments: str | Path) -> Running:
        started.append(Running(folder, *arguments))
        return started[-1]

    yield start
    for running in started:
        running.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "session"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder and the output of a session in which something was traded."""
    folder = tmp_path_factory.mktemp("finished") / "session"
    done = run_supervisor(*FAST, "--duration", "12", *into(folder))
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


def test_a_session_trades_and_tells(finished: tuple[Path, str]) -> None:
    folder, said = finished
    first, *_ = said.splitlines()
    assert "paper money · embedded market · seed 3 · speed 1000" in first
    assert str(folder) in said
    assert "stopping: its time is up" in said
    trades = rows_of(folder / "trades.csv")
    assert trades[0] == list(TRADE_COLUMNS)
    assert len(trades) > 1
    times = dict(zip(TRADE_COLUMNS, trades[1], strict=True))
    assert times["closed_at_utc"] == utc(Timestamp(int(times["closed_at_ms"])))
    assert rows_of(folder / "equity.csv")[0] == list(EQUITY_COLUMNS)
    (summary,) = json.loads((folder / "summary.json").read_text())
    assert summary["trades"] == len(trades) - 1
    assert "candle_path" not in summary
    assert summary["errors"] == {}
    pnl = TRADE_COLUMNS.index("pnl")
    earned = sum((Decimal(trade[pnl]) for trade in trades[1:]), Decimal(0))
    assert Decimal(summary["currencies"]["USDT"]["pnl"]) == earned
    assert f"{summary['open_positions']} open" in said or "nothing stays open" in said


def test_session_json_says_what_it_was(finished: tuple[Path, str]) -> None:
    session = session_of(finished[0])
    assert (session["seed"], session["speed"], session["mode"]) == (3, 1000.0, "paper money")
    assert session["settings"]["paper"]["seed"] == 3
    assert session["ended_by"] == "its time is up"
    assert session["started_at"] <= session["ended_at"]
    assert session["last_sequence"] > session["first_sequence"] == 1


def test_every_trade_can_be_followed_in_the_log(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    log = log_of(folder)
    of_position: dict[str, list[str]] = {}
    for line in log:
        if "position" in line:
            of_position.setdefault(line["position"], []).append(line["event"])
            assert line["decision"]
    for position_id, *_ in rows_of(folder / "trades.csv")[1:]:
        events = of_position[position_id]
        assert events[0] == "position.asked"
        assert events[-1] == "position.closed"
        assert events.count("order.filled") >= 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_first_signal_stops_gracefully(run: Run, folder: Path, number: signal.Signals) -> None:
    watched = () if number is signal.SIGHUP else ("--headless",)
    running = run("--seed", "3", *watched)
    running.read_until("next")
    running.process.send_signal(number)
    assert running.end() == 0, running.said
    assert "stopping: " in running.said
    assert "What came of it" in running.said
    assert session_of(folder)["ended_at"] is not None
    assert (folder / "summary.json").exists()


def test_a_lost_sessions_folder_costs_its_reports_only(run: Run, folder: Path) -> None:
    running = run(*FAST)
    running.read_until("entry: buy")
    shutil.rmtree(folder)
    running.read_until("ALARM")
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 1, running.said
    assert f"the session's folder {folder} was removed" in running.said
    assert "the journal is whole: stop this session and start again" in running.said
    assert "written to" not in running.said
    assert not folder.exists()
    again = run("--headless", "--duration", "1")
    assert again.end() == 0, again.said
    assert "resuming" in again.said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_stops_at_once_and_leaves_whole_files(
    run: Run, tmp_path: Path, folder: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "mine.py").write_text(HANGS)
    (tmp_path / "mine.toml").write_text(HANGS_FOR_LONG)
    config = ("--config", tmp_path / "mine.toml", "--strategy", "mine:Hangs")
    # In this process, so that its hang keeps the first stop waiting; a minute's candle at once.
    running = run("--headless", "--debug", *config, "--speed", "1000")
    running.read_until("next")
    while len(rows_of(folder / "equity.csv")) < 20:  # by then the strategy was asked
        assert running.process.poll() is None
    running.process.send_signal(number)
    running.read_until("stopping: ")
    running.process.send_signal(number)
    assert running.end() == code, running.said
    assert "stopped at once" in running.said
    assert "Traceback" not in running.said
    assert session_of(folder)["ended_at"] is None
    width = len(EQUITY_COLUMNS)
    assert all(len(row) == width for row in rows_of(folder / "equity.csv"))
    log_of(folder)


def test_a_strategy_that_hangs_does_not_keep_a_session_from_stopping(
    tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "mine.py").write_text(HANGS)
    (tmp_path / "mine.toml").write_text(HANGS_FOR_LONG)
    config = ("--config", tmp_path / "mine.toml", "--strategy", "mine:Hangs")
    done = run_supervisor(*FAST, *config, "--duration", "1", *into(folder))
    assert done.exit_code == 0, done.stderr
    assert "error in" not in done.stdout
    again = ("--debug", "--state-dir", tmp_path / "other", "--session-dir", tmp_path / "debugged")
    done = run_supervisor(*FAST, *config, "--duration", "1", *again)
    assert done.exit_code == 0, done.stderr
    assert "error in: strategy_runner" in done.stdout, "its thread is left behind"


def test_a_reader_that_goes_away_ends_a_session_that_is_watched(run: Run, folder: Path) -> None:
    running = run(*FAST[1:])
    running.read_until("next")
    assert running.process.stdout is not None
    running.process.stdout.close()
    assert running.process.wait(TIMEOUT_SECONDS) == 0
    assert session_of(folder)["ended_by"] == "its output was closed"


def test_a_reader_or_terminal_that_goes_away_is_no_event_for_a_headless_session(
    run: Run, folder: Path
) -> None:
    running = run(*FAST)
    running.read_until("next")
    assert running.process.stdout is not None
    running.process.stdout.close()
    running.process.send_signal(signal.SIGHUP)
    rows = len(rows_of(folder / "equity.csv"))
    while len(rows_of(folder / "equity.csv")) < rows + 20:
        assert running.process.poll() is None
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(TIMEOUT_SECONDS) == 0
    assert session_of(folder)["ended_by"] == "SIGTERM"


def test_by_default_the_files_are_in_a_folder_of_sessions(tmp_path: Path) -> None:
    done = run_supervisor(*FAST, "--duration", "0.2", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    (made,) = (tmp_path / "sessions").iterdir()
    assert re.fullmatch(r"\d{8}-\d{6}-paper", made.name)
    assert (made / "summary.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "drop.drop_ratioo=2%"], ["drop.drop_ratioo", "drop_ratio?"]),
        (["--strategy", "nowhere:Nobody"], ["nowhere", "import"]),
        (["--speed", "0"], ["paper.speed", "at least 0.1"]),
        (["--config", "nowhere.toml"], ["nowhere.toml"]),
        (["--seed", "-1"], ["paper.seed", "at least 0"]),
    ],
)
def test_a_mistake_is_named_and_nothing_starts(
    folder: Path, arguments: list[str], words: list[str]
) -> None:
    done = run_supervisor(*arguments, *into(folder))
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert not folder.exists()


class Terminal:
    """A session on a terminal of its own."""

    def __init__(self, columns: int, rows: int, *arguments: str | Path) -> None:
        self.screen, inside = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(  # noqa: S603 - our own Python
            command(*arguments),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(inside)
        self.said = ""
        self._heard = 0
        """Where ``said`` was understood up to."""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, key: str) -> None:
        os.write(self.screen, key.encode())

    def read_until(self, words: str) -> None:
        """Read on until ``words`` came, after those that were waited for before."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (found := self.said.find(words, self._heard)) < 0:
            assert time.monotonic() < deadline, f"it never said {words!r}"
            if select.select([self.screen], [], [], 1.0)[0]:
                self.said += os.read(self.screen, 65_536).decode(errors="replace")
        self._heard = found + len(words)


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    shown = Terminal(80, 24, "--seed", "3", *into(folder))
    yield shown
    shown.process.kill()
    shown.process.wait()
    os.close(shown.screen)


def test_on_a_terminal_there_is_a_live_view_that_gives_it_back(terminal: Terminal) -> None:
    terminal.read_until("HOLDFAST")
    terminal.read_until("BTC/USDT")
    terminal.resize(160, 45)
    terminal.read_until("counted")  # a panel that only a wide one has room for
    assert "order_router" not in terminal.said
    terminal.press("m")
    terminal.read_until("order_router")  # mailboxes, in the place of the closed positions
    terminal.process.send_signal(signal.SIGINT)
    terminal.read_until("\x1b[?1049l")
    terminal.read_until("What came of it")
    terminal.read_until("written to")
    assert terminal.process.wait(TIMEOUT_SECONDS) == 0
    assert "Traceback" not in terminal.said
    shows, gives_back = terminal.said.index("\x1b[?1049h"), terminal.said.index("\x1b[?1049l")
    assert shows < gives_back
    assert "\x1b[?25h" in terminal.said[gives_back - 50 :]  # the cursor is back
