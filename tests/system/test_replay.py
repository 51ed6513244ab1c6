"""``replay`` as a person runs it: files, determinism, both dispatchers, and mistakes."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.system.running import Finished, run_supervisor
from verification.sources import ROOT

DATA = ROOT / "tests" / "data"
BTC = DATA / "BTC-USDT-1m.csv"
ETH = DATA / "ETH-USDT-1m.csv"
TRADES = DATA / "SOL-USDT-trades.csv"


def replayed(folder: Path, *arguments: str | Path, hash_seed: int = 0) -> Finished:
    done = run_supervisor("replay", *arguments, "--session-dir", folder, hash_seed=hash_seed)
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    return done


def trades_in(folder: Path) -> list[dict[str, str]]:
    with (folder / "trades.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_replay_trades_and_writes_what_came_of_it(tmp_path: Path) -> None:
    done = replayed(tmp_path, BTC)
    trades = trades_in(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert len(trades) >= 5
    assert {trade["cause"] for trade in trades} >= {"take_profit", "stop_loss"}
    low_first, high_first = summary
    assert low_first["candle_path"] == "low_first"
    assert high_first["candle_path"] == "high_first"
    assert low_first["trades"] == len(trades)
    earned = sum((Decimal(trade["pnl"]) for trade in trades), Decimal(0))
    assert Decimal(low_first["currencies"]["USDT"]["pnl"]) == earned
    assert low_first["skipped_messages"] == 0
    for word in (
        "1 hole,",
        "trades",
        "won",
        "PnL USDT",
        "max drawdown",
        "fees",
        "exit: stop_loss",
        "hold",
    ):
        assert word in done.stdout
    assert (tmp_path / "equity.csv").read_text().count("\n") > 10
    assert (tmp_path / "log.jsonl").exists()


def test_the_same_replay_twice_writes_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    folders = [tmp_path / str(seed) for seed in (0, 0, 12345)]
    for folder, seed in zip(folders, (0, 0, 12345), strict=True):
        replayed(folder, BTC, ETH, hash_seed=seed)
    for name in ("trades.csv", "equity.csv", "summary.json"):
        assert len({(folder / name).read_bytes() for folder in folders}) == 1


@pytest.mark.parametrize("recording", [BTC, TRADES])
def test_both_dispatchers_make_the_same_trades(tmp_path: Path, recording: Path) -> None:
    simulated, production = tmp_path / "simulated", tmp_path / "production"
    replayed(simulated, recording, "--dispatcher", "simulated")
    replayed(production, recording, "--dispatcher", "production")
    assert trades_in(simulated)
    for name in ("trades.csv", "equity.csv"):
        assert (simulated / name).read_bytes() == (production / name).read_bytes()


def test_a_recording_of_trades_is_played_along_the_one_path_it_tells(tmp_path: Path) -> None:
    replayed(tmp_path, TRADES)
    assert len(json.loads((tmp_path / "summary.json").read_text())) == 1


def test_the_symbol_can_be_named_where_the_file_does_not(tmp_path: Path) -> None:
    nameless = tmp_path / "candles.csv"
    nameless.write_bytes(BTC.read_bytes())
    done = run_supervisor("replay", nameless, "--session-dir", tmp_path / "s")
    assert done.exit_code == 2
    assert "--symbol" in done.stderr
    replayed(tmp_path / "s", nameless, "--symbol", "BTC/USDT")
    assert {trade["symbol"] for trade in trades_in(tmp_path / "s")} == {"BTC/USDT"}


def test_market_rules_of_the_config_are_used_and_shown(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('[market."BTC/USDT"]\ntaker_fee_ratio = 0.01\nstep_size = 0.01\n')
    done = replayed(tmp_path / "s", BTC, "--config", config)
    assert "taker_fee_ratio 0.01 (config)" in " ".join(done.stdout.split())
    for trade in trades_in(tmp_path / "s"):
        assert Decimal(trade["quantity"]) % Decimal("0.01") == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], ["nowhere.csv", "no such file"]),
        ([BTC, "--symbol", "BTCUSDT"], ["BTCUSDT", "BTC/USDT"]),
        ([BTC, "--set", "drop.budget=-5"], ["drop.budget", "-5"]),
        ([BTC, "--set", "drop.budgte=5"], ["drop.budgte", "budget"]),
        ([BTC, "--config", "nowhere.toml"], ["nowhere.toml"]),
        ([BTC, "--candle-path", "sideways"], ["candle_path", "low_first", "sideways"]),
        ([BTC, "--speed", "0"], ["--speed", "0", "above 0"]),
        ([BTC, "--speed", "-1"], ["--speed", "-1", "above 0"]),
        ([BTC, "--speed", "nan"], ["--speed", "nan", "above 0"]),
        ([BTC, "--set", "drop.symbols=['FOO/USDT']"], ["drop.symbols", "FOO/USDT", "BTC/USDT"]),
        ([BTC, "--dispatcher", "threads"], ["threads", "simulated", "production"]),
        ([BTC, BTC], ["BTC/USDT", "played already"]),
        ([BTC, "--set", "strategy.use=nowhere:Nobody"], ["nowhere", "import"]),
        ([BTC, "--set", "capital.USDT=0"], ["USDT", "capital"]),
    ],
)
def test_a_mistake_is_named_in_one_clear_message(
    tmp_path: Path, arguments: list[str | Path], words: list[str]
) -> None:
    done = run_supervisor("replay", *arguments, "--session-dir", tmp_path / "s")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_broken_line_is_named_before_anything_trades(tmp_path: Path) -> None:
    lines = BTC.read_text().splitlines()
    lines[700] = lines[700].replace(",", ";", 1)
    broken = tmp_path / "BTC-USDT-1m.csv"
    broken.write_text("\n".join(lines) + "\n")
    done = run_supervisor("replay", broken, "--session-dir", tmp_path / "s")
    assert done.exit_code == 2
    assert "BTC-USDT-1m.csv:701" in done.stderr
    assert not (tmp_path / "s").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "a file"
    taken.write_text("")
    done = run_supervisor("replay", BTC, "--session-dir", taken / "s")
    assert done.exit_code == 2
    assert "--session-dir" in done.stderr
