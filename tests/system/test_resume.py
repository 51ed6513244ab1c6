"""A paper session is killed and started again as a person would: it goes on, and its books hold."""

import signal
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from actors.journal.codec import Snapshot, decode
from actors.journal.inspection import find
from actors.journal.segment import read_segment
from actors.portfolio.accounts import Account
from commands.verify import Verdict, verify
from exchange.matching.state import Balance
from messages.addresses import GATEWAY, PORTFOLIO
from messages.base import Currency
from messages.money import ZERO
from session.account import account_folder
from tests.system.running import Finished, run_supervisor
from verification.sources import ROOT

GOLDEN = ROOT / "tests" / "actors" / "journal" / "golden"
LIVELY = ("--headless", "--speed", "300", "--set", "drop.drop_ratio=0.3%")
KILLS = 3
HOUR_MS = 3_600_000


def trade(folder: Path, *more: str) -> Finished:
    return run_supervisor(
        "run",
        *LIVELY,
        "--state-dir",
        folder / "state",
        "--session-dir",
        folder / f"session-{len(list(folder.iterdir()))}",
        *more,
    )


def cut_of(folder: Path) -> Snapshot:
    found = find(account_folder(folder / "state", ""))
    assert found is not None
    assert found.losses == ()
    return found.snapshot


def check_books(snapshot: Snapshot) -> None:
    """Free and reserved cash and coins held are what the venue has, and totals add up."""
    by_actor = {one.actor: one.entities for one in snapshot.actors}
    venue = {
        entity.currency: entity.total for entity in by_actor[GATEWAY] if isinstance(entity, Balance)
    }
    for account in by_actor[PORTFOLIO]:
        if isinstance(account, Account):
            assert account.free + account.reserved + account.invested == account.total
            ours = account.free + account.reserved + account.held
            assert ours == venue.get(account.currency, ZERO), account.currency


def test_the_second_start_goes_on_and_a_fresh_one_does_not(tmp_path: Path) -> None:
    first = trade(tmp_path, "--duration", "4")
    assert first.exit_code == 0, first.stderr
    assert "a new account" in first.stdout
    steps = cut_of(tmp_path).sequence
    assert steps > 0
    second = trade(tmp_path, "--duration", "1")
    assert second.exit_code == 0, second.stderr
    assert "resuming, " in second.stdout
    assert "--fresh" in second.stdout
    snapshot = cut_of(tmp_path)
    assert snapshot.sequence > steps
    assert Currency("USDT") in {
        entity.currency
        for one in snapshot.actors
        for entity in one.entities
        if isinstance(entity, Account)
    }
    fresh = trade(tmp_path, "--duration", "1", "--fresh")
    assert fresh.exit_code == 0, fresh.stderr
    assert "a new account" in fresh.stdout
    assert list((account_folder(tmp_path / "state", "")).glob("before-*/segment-*"))


def test_a_resumed_market_says_the_seed_it_goes_on_with(tmp_path: Path) -> None:
    assert "seed 9" in trade(tmp_path, "--duration", "1", "--seed", "9").stdout
    resumed = trade(tmp_path, "--duration", "1").stdout
    assert "seed 9 · speed" in resumed
    assert "goes on with seed 9; seed 1 needs --fresh" in resumed
    assert "seed 1 · speed" in trade(tmp_path, "--duration", "1", "--fresh").stdout


def test_a_second_session_on_the_account_is_refused_by_name(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        try:
            refused = trade(tmp_path, "--duration", "1")
        finally:
            process.kill()
    assert refused.exit_code == 2
    assert f"in use by process {process.pid}" in refused.stderr


@pytest.mark.parametrize("seed", [3])
def test_killed_again_and_again_it_goes_on_with_exact_books(tmp_path: Path, seed: int) -> None:
    for _ in range(KILLS):
        with started(tmp_path, "--seed", str(seed)) as process:
            assert process.stdout is not None
            seen = 0
            for line in process.stdout:  # it trades: killed in the middle of that
                seen += "bought" in line or "BUY" in line or "opened" in line or "position" in line
                if seen > 6:
                    break
            process.send_signal(signal.SIGKILL)
        cut_of(tmp_path)
    ended = trade(tmp_path, "--duration", "2")
    assert ended.exit_code == 0, ended.stderr
    check_books(cut_of(tmp_path))


@pytest.mark.parametrize("version", ["paper-1", "paper-2"])
def test_a_session_of_an_older_version_goes_on_with_exact_books(
    tmp_path: Path, version: str
) -> None:
    copytree(GOLDEN / version, account_folder(tmp_path / "state", ""))
    assert verify(tmp_path / "state", None) is Verdict.NOT_RERUN
    before = cut_of(tmp_path)
    resumed = trade(tmp_path, "--duration", "2")
    assert resumed.exit_code == 0, resumed.stderr
    assert "resuming, 7 open positions" in resumed.stdout
    check_books(cut_of(tmp_path))
    with read_segment(account_folder(tmp_path / "state", ""), 2) as reader:
        first = decode(next(next(reader.batches()).encoded))
    assert first.sequence == before.sequence + 1
    assert 0 <= first.now - before.at < HOUR_MS, "the market's clock goes on where it was"
    assert verify(tmp_path / "state", None) is Verdict.NOT_RERUN


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    """Start a session; return once its first screen is there."""
    name = f"session-{len(list(folder.iterdir()))}"
    arguments = [*LIVELY, "--state-dir", folder / "state", "--session-dir", folder / name, *more]
    process = subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, str(ROOT / "supervisor.py"), "run", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "stop   Ctrl-C" in line:
            break
    return process
