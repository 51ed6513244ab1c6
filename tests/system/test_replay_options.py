"""The options that a replay shares with a session."""

import json
from pathlib import Path

from tests.sources import ROOT
from tests.system.running import run_supervisor

BTC = ROOT / "tests" / "data" / "BTC-USDT-1m.csv"


def test_a_paced_replay_is_cut_when_its_time_is_up(tmp_path: Path) -> None:
    pace = ("--speed", "60", "--duration", "1")  # a minute a second, of more than a day
    done = run_supervisor("replay", BTC, *pace, "--session-dir", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "cut short: --duration 1 was over" in done.stdout
    summaries = json.loads((tmp_path / "summary.json").read_text())
    assert len(summaries) == 1  # there was no time for the other path


def test_a_strategy_may_be_named_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Never:\n"
        "    def __init__(self, settings):\n"
        "        pass\n"
        "    def on_market(self, market):\n"
        "        return None\n"
    )
    done = run_supervisor(
        *("replay", BTC, "--strategy", "mine:Never", "--headless", "--session-dir", tmp_path / "s"),
        cwd=tmp_path,
    )
    assert done.exit_code == 0, done.stderr
    assert json.loads((tmp_path / "s" / "summary.json").read_text())[0]["trades"] == 0


def test_its_folder_is_beside_those_of_sessions(tmp_path: Path) -> None:
    done = run_supervisor("replay", BTC, "--headless", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    (made,) = (tmp_path / "sessions").iterdir()
    assert made.name.endswith("-replay")
