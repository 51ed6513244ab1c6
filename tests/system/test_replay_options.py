"""The options that a replay shares with a session."""

import json
from pathlib import Path

from tests.system.running import run_supervisor
from verification.sources import ROOT

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


def test_ctrl_c_keeps_what_was_replayed(tmp_path: Path) -> None:
    """The strategy itself presses it, at its 1,000th candle: of the chosen path, and no other."""
    (tmp_path / "mine.py").write_text(
        "import os, signal\n"
        "from actors.strategy.drop import DropStrategy\n"
        "class Stops(DropStrategy):\n"
        "    def __init__(self, settings):\n"
        "        super().__init__(settings.drop)\n"
        "        self.seen = 0\n"
        "    def on_market(self, market):\n"
        "        self.seen += 1\n"
        "        if self.seen == 1000:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "        return super().on_market(market)\n"
    )
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    done = run_supervisor("replay", BTC, "--headless", "--session-dir", whole)
    assert done.exit_code == 0, done.stderr
    assert "trades-high_first.csv" in done.stdout
    done = run_supervisor(
        *("replay", BTC, "--strategy", "mine:Stops", "--headless", "--session-dir", cut),
        cwd=tmp_path,
    )
    assert done.exit_code == 0, done.stderr
    assert "cut short: Ctrl-C" in done.stdout
    (summary,) = json.loads((cut / "summary.json").read_text())
    begin = 1_704_067_200_000
    assert begin < summary["cut_at"] < begin + 1_100 * 60_000
    trades, all_trades = (rows(folder / "trades.csv") for folder in (cut, whole))
    assert 1 < len(trades) < len(all_trades)
    assert trades[:-1] == all_trades[: len(trades) - 1]
    assert summary["trades"] == len(trades) - 1
    assert not (cut / "trades-high_first.csv").exists()
    # What was held until the cut is compared with holding until the cut.
    bars = [line.split(",") for line in BTC.read_text().splitlines()[1:]]
    last = next(float(bar[4]) for bar in bars if int(bar[0]) + 59_999 >= summary["cut_at"])
    ratio = 100 * (last / float(bars[0][1]) - 1)
    assert f"buy and hold BTC/USDT: {ratio:.2f} %" in done.stdout


def test_what_a_strategy_did_until_it_failed_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from actors.strategy.drop import DropStrategy\n"
        "class Fails(DropStrategy):\n"
        "    def __init__(self, settings):\n"
        "        super().__init__(settings.drop)\n"
        "        self.seen = 0\n"
        "    def on_market(self, market):\n"
        "        self.seen += 1\n"
        "        if self.seen == 1000:\n"
        "            raise ValueError('odd')\n"
        "        return super().on_market(market)\n"
    )
    folder = tmp_path / "s"
    done = run_supervisor(
        *("replay", BTC, "--strategy", "mine:Fails", "--headless", "--session-dir", folder),
        cwd=tmp_path,
    )
    assert done.exit_code == 1
    assert done.stderr.strip() == (
        "error: strategy mine:Fails on BTC/USDT: raised ValueError: odd (mine.py, line 9);"
        " what was replayed until then is kept"
    )
    (summary,) = json.loads((folder / "summary.json").read_text())
    assert summary["cut_at"] == 1_704_067_200_000 + 1_000 * 60_000 - 1
    assert summary["trades"] == len(rows(folder / "trades.csv")) - 1 > 1
    assert summary["open_positions"] == 0


def test_the_trades_of_both_paths_are_written(tmp_path: Path) -> None:
    done = run_supervisor("replay", BTC, "--headless", "--session-dir", tmp_path)
    assert done.exit_code == 0, done.stderr
    assert "reading BTC-USDT-1m.csv" in done.stdout
    for ending, summary in zip(
        ("", "-high_first"), json.loads((tmp_path / "summary.json").read_text()), strict=True
    ):
        trades = rows(tmp_path / f"trades{ending}.csv")[1:]
        assert summary["trades"] == len(trades) > 5
        assert len(rows(tmp_path / f"equity{ending}.csv")) > 10
    assert rows(tmp_path / "trades.csv") != rows(tmp_path / "trades-high_first.csv")


def rows(path: Path) -> list[str]:
    return path.read_text().splitlines()
