"""Each benchmark runs, and measures what it says: counts are held here, never times."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import (
    candles,
    durable,
    journal,
    latency,
    lifecycles,
    priorities,
    strategies,
    ticks,
    writer,
)
from messages.plan import ProtectionMode
from verification.sources import ROOT


@pytest.fixture(autouse=True)
def names_what_is_switched_on(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert "Switched on:" in capsys.readouterr().out


def test_ticks_are_played_to_every_count_of_positions_with_some_exits() -> None:
    played = ticks.main(["--quick"])
    assert tuple(played) == ticks.QUICK_COUNTS
    for rounds in played.values():
        assert [r.ticks for r in rounds] == [ticks.QUICK_TICKS] * ticks.ROUNDS
        assert sum(r.exits for r in rounds) > 0


def test_every_exit_is_timed_on_both_dispatchers() -> None:
    played = latency.main(["--quick"])
    single, threaded = ([r.requests for r in rounds] for rounds in played.values())
    assert single == threaded
    assert min(single) > 1


def test_an_exit_is_timed_for_every_strategy_in_both_places() -> None:
    taken = strategies.main(["--quick"])
    assert len(taken) == len(strategies.STRATEGIES) * len(strategies.PLACES)
    assert {len(us) for us in taken.values()} == {strategies.QUICK_TICKS}


def test_candles_are_replayed_the_same_way_each_time() -> None:
    rounds = candles.main(["--quick"])
    assert [r.candles for r in rounds] == [candles.QUICK_CANDLES] * candles.ROUNDS
    first = rounds[0]
    assert set(first.exits) == {"stop_loss", "take_profit", "trailing_stop"}
    assert all(r.exits == first.exits for r in rounds)


def test_candles_of_another_hand_are_read(tmp_path: Path) -> None:
    recording = ROOT / "tests" / "data" / "BTC-USDT-1m.csv"
    few = tmp_path / "C00-USDT-1m-50.csv"
    few.write_text("".join(recording.read_text().splitlines(keepends=True)[:51]))
    assert {r.candles for r in candles.main(["--csv", str(few)])} == {50}


def test_lives_end_booked_and_recorded() -> None:
    played = lifecycles.main(["--quick"])
    records = {mode: rounds[0].records / rounds[0].lives for mode, rounds in played.items()}
    assert records[ProtectionMode.TRIGGERS] < records[ProtectionMode.SYNTHETIC]
    assert all(r.recorded > r.records for rounds in played.values() for r in rounds)


def test_exits_are_answered_while_polls_wait_on_both_dialects() -> None:
    played = priorities.main(["--quick"])
    assert tuple(played) == priorities.DIALECTS
    for one in played.values():
        assert len(one.exits_ms) == priorities.QUICK_ROUNDS
        assert one.waiting > priorities.POLLS * 0.9


def test_every_record_is_made_durable_beside_the_raw_limit() -> None:
    written = journal.main(["--quick"])
    assert written.records > 10 * journal.QUICK_LIVES
    assert len(written.commits_ms) == len(written.raw_ms) == -(-written.records // journal.BATCH)
    assert written.recorded > 500 * written.records


def test_requests_leave_after_their_commits() -> None:
    measured = durable.main(["--quick"])
    assert len(measured.requests) == len(measured.raw) == durable.QUICK_TICKS


def test_both_ways_of_committing_are_measured() -> None:
    played = writer.main(["--quick"])
    assert all(len(rounds) == writer.ROUNDS for rounds in played.values())
