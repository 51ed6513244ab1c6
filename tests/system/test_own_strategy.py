"""A user's own class, in the program as a person runs it."""

import json
from pathlib import Path

from tests.system.running import Finished, run_supervisor
from verification.sources import ROOT

RECORDING = ROOT / "tests" / "data" / "BTC-USDT-1m.csv"
_ROWS = 100
RAISES = """\
import threading, time

class Rules:
    def __init__(self, settings):
        threading.Thread(target=time.sleep, args=(10_000,)).start()

    def on_market(self, market):
        print("\\x1b[2J what it prints")
        return self.decide(market.candle)

    def decide(self, candle):
        raise ValueError("odd\\x1b[2J")
"""
PLACE = "raised ValueError: odd [2J (my_own_rules.py, line 12)"
LOOKS_ON = RAISES.replace('raise ValueError("odd\\x1b[2J")', "return None")


def ran(folder: Path, text: str, *arguments: str | Path) -> Finished:
    (folder / "my_own_rules.py").write_text(text)
    return run_supervisor(
        *arguments,
        *("--headless", "--strategy", "my_own_rules:Rules", "--session-dir", folder / "session"),
        cwd=folder,
    )


def recording(folder: Path) -> Path:
    """Return the first rows of a recording: they are enough."""
    few = folder / RECORDING.name
    few.write_text("".join(RECORDING.read_text().splitlines(keepends=True)[:_ROWS]))
    return few


def traceback_logged(folder: Path) -> str:
    lines = (folder / "session" / "log.jsonl").read_text().splitlines()
    logged = map(json.loads, lines)
    text = "the strategy's own traceback"
    return next(str(line["error"]) for line in logged if line["text"] == text)


def test_an_exception_in_a_session_is_shown_in_short_and_logged_in_full(tmp_path: Path) -> None:
    state = ("--state-dir", tmp_path / "state", "--duration", "2", "--speed", "240")
    done = ran(tmp_path, RAISES, *state)
    assert done.exit_code == 0, done.stderr
    assert PLACE in done.stdout
    for shown in (done.stdout, done.stderr):
        assert "Traceback" not in shown
        assert "\x1b[2J" not in shown
        assert "what it prints" not in shown
    logged = traceback_logged(tmp_path)
    assert 'my_own_rules.py", line 9, in on_market' in logged
    assert 'my_own_rules.py", line 12, in decide' in logged
    assert (
        r"strategy stdout: \\x1b[2J what it prints"
        in (tmp_path / "session" / "log.jsonl").read_text()
    )


def test_an_exception_in_a_replay_is_shown_in_short_and_logged_in_full(tmp_path: Path) -> None:
    done = ran(tmp_path, RAISES, "replay", recording(tmp_path))
    assert done.exit_code == 1
    assert PLACE in done.stderr
    assert "Traceback" not in done.stderr
    assert 'my_own_rules.py", line 12, in decide' in traceback_logged(tmp_path)


def test_a_strategys_own_threads_do_not_delay_the_end_of_the_process(tmp_path: Path) -> None:
    # Its thread sleeps for hours: without a deadline of the end, this run would never finish.
    done = ran(tmp_path, LOOKS_ON, "replay", recording(tmp_path))
    assert done.exit_code == 0, done.stderr
    state = ("--state-dir", tmp_path / "state", "--duration", "1", "--debug")
    done = ran(tmp_path, LOOKS_ON, *state)
    assert done.exit_code == 0, done.stderr
