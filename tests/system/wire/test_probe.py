"""``probe`` as a person runs it, on a server over the wire: it shows all, and nothing stays."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.matching.state import ExecutionRules
from exchange.profiles.evidence import Evidence, IdReuse, Said
from exchange.server.control import ServerHand, SetExecution, VenuePicture
from exchange.server.remote import ServerProcess
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.orders import StopStatus
from session.evidence_file import evidence_path, read_evidence
from tests.system.wire.program import Program
from tests.system.wire.scenes import BALANCES, SCENES, SYMBOL

PRICE = 40_000.0
DIALECTS = {"binance": SCENES[0], "mexc": SCENES[3]}


@contextmanager
def serving(dialect: str, folder: Path) -> Iterator[ServerProcess]:
    with ServerProcess(dialect, [DIALECTS[dialect].rules], BALANCES, folder) as process:
        process.move(SYMBOL, PRICE)
        yield process


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(dialect: str, tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(dialect, tmp_path) as process:
        yield process


def probing(server: ServerHand, dialect: str, folder: Path, *more: str) -> Program:
    return Program(
        server,
        folder,
        *("probe", "--exchange", dialect, "--symbol", SYMBOL, "--mode", "live"),
        *("--state-dir", folder / "state", "--set", "live.accept_unreported_rights=true"),
        *more,
    )


def seen_at(dialect: str, folder: Path) -> Evidence:
    seen = read_evidence(folder / "state", dialect, is_sandbox=False)
    assert seen is not None
    return seen


def begin_and_wait_for_stop(program: Program, server: ServerHand) -> None:
    """Say yes, and wait until the second stop works: it is the one that the market may reach."""
    program.read_until("Type live to go on")
    program.type("live")
    program.read_until("a stop that triggers")
    server.wait_for(lambda picture: near_stops(picture) == 2)


def near_stops(picture: VenuePicture) -> int:
    return sum(facts.stop is not StopStatus.NONE for facts in picture.orders)


def check_nothing_left(server: ServerHand, folder: Path, dialect: str, *, probes: int = 1) -> None:
    """No order works, no coin stays but dust, and no file says that there is something to clear."""
    picture = server.read()
    assert all(facts.is_terminal for facts in picture.orders)
    assert Decimal(0) <= picture.total("BTC") < probes * DIALECTS[dialect].rules.step_size
    assert not list((folder / "state").glob("*-orders.json"))


def test_a_probe_shows_how_the_exchange_behaves_and_leaves_nothing(
    server: ServerProcess, dialect: str, tmp_path: Path
) -> None:
    with probing(server, dialect, tmp_path) as program:
        program.read_until("Type live to go on")
        assert server.read().calls(Call.SUBMIT) == 0
        program.type("live")
        if dialect == "binance":
            program.read_until("a stop that triggers")
            server.wait_for(lambda picture: near_stops(picture) == 2)
            server.move(SYMBOL, PRICE - 10)
        assert program.end() == 0, program.said
    check_nothing_left(server, tmp_path, dialect)
    seen = seen_at(dialect, tmp_path)
    assert seen.mode == "live"
    assert seen.reuse_of_open is IdReuse.REFUSED
    assert (seen.look_up_of_unknown, seen.cancel_of_unknown) == (Said.REFUSED, Said.REFUSED)
    assert seen.cancel_of_canceled is Said.REFUSED
    assert seen.limit_sell_locks_coins is True
    lags = (seen.order_lag, seen.fill_lag)
    assert all(lag.by_id_ms is not None and lag.in_balance_ms is not None for lag in lags)
    if dialect == "binance":
        assert seen.proves_stop
        assert seen.stop_locks_coins is True
        assert (seen.reuse_of_canceled, seen.reuse_of_filled) == (IdReuse.TAKEN, IdReuse.TAKEN)
        assert "proven" in program.said
    else:
        assert seen.stop is None
        assert (seen.reuse_of_canceled, seen.reuse_of_filled) == (IdReuse.REFUSED, IdReuse.REFUSED)
    text = evidence_path(tmp_path / "state", dialect, is_sandbox=False).read_text()
    assert server.reach.api_key not in text
    assert server.reach.secret not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_probe_that_is_asked_to_end_sells_and_cancels_first(
    tmp_path: Path, number: signal.Signals
) -> None:
    with serving("binance", tmp_path) as server:
        with probing(server, "binance", tmp_path) as program:
            begin_and_wait_for_stop(program, server)
            assert server.read().total("BTC") > 0
            program.process.send_signal(number)
            assert program.end() == 130, program.said
        check_nothing_left(server, tmp_path, "binance")
        assert "Traceback" not in program.said
        assert read_evidence(tmp_path / "state", "binance", is_sandbox=False) is None


def test_ctrl_c_at_the_question_ends_it_and_nothing_is_placed(tmp_path: Path) -> None:
    with serving("binance", tmp_path) as server:
        with probing(server, "binance", tmp_path) as program:
            program.read_until("Type live to go on")
            assert program.interrupt() == 130, program.said
        assert server.read().calls(Call.SUBMIT) == 0


def test_what_a_killed_probe_left_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    with serving("binance", tmp_path) as server:
        with probing(server, "binance", tmp_path) as program:
            begin_and_wait_for_stop(program, server)
            program.kill()
        assert server.read().total("BTC") > 0
        with probing(server, "binance", tmp_path) as second:
            second.read_until("an earlier probe was killed")
            second.read_until("Type live to go on")
            assert server.read().total("BTC") < DIALECTS["binance"].rules.step_size
            second.type("live")
            second.read_until("a stop that triggers")
            server.wait_for(lambda picture: near_stops(picture) == 4)
            server.move(SYMBOL, PRICE - 10)
            assert second.end() == 0, second.said
        check_nothing_left(server, tmp_path, "binance", probes=2)


def test_a_stop_that_locks_no_coins_is_told_apart(tmp_path: Path) -> None:
    with serving("binance", tmp_path) as server:
        server.send(SetExecution(SYMBOL, ExecutionRules(stops_lock=False)))
        with probing(server, "binance", tmp_path) as program:
            begin_and_wait_for_stop(program, server)
            server.move(SYMBOL, PRICE - 10)
            assert program.end() == 0, program.said
        check_nothing_left(server, tmp_path, "binance")
    seen = seen_at("binance", tmp_path)
    assert (seen.stop_locks_coins, seen.limit_sell_locks_coins) == (False, True)
    assert seen.proves_stop


def test_a_stop_that_becomes_a_second_order_is_no_proof_and_leaves_nothing(tmp_path: Path) -> None:
    with serving("binance", tmp_path) as server:
        server.send(SetExecution(SYMBOL, ExecutionRules(second_orders=True)))
        with probing(server, "binance", tmp_path) as program:
            begin_and_wait_for_stop(program, server)
            server.move(SYMBOL, PRICE - 10)
            assert program.end() == 0, program.said
        check_nothing_left(server, tmp_path, "binance")
    stop = seen_at("binance", tmp_path).stop
    assert stop is not None
    assert (stop.is_triggered, stop.is_found_by_client_id) == (True, False)
    assert "NOT proven" in program.said


@pytest.mark.parametrize(
    "fault",
    [
        WireFault(on=Call.SUBMIT, kind=WireFaultKind.STALL, acted=True, nth=4),
        WireFault(on=Call.CANCEL, kind=WireFaultKind.UNAVAILABLE, acted=False, nth=3),
    ],
    ids=["the buy's answer is lost", "a cancel is not taken"],
)
def test_a_probe_that_fails_sells_and_cancels_first(tmp_path: Path, fault: WireFault) -> None:
    with serving("binance", tmp_path) as server:
        server.plan(fault)
        with probing(server, "binance", tmp_path) as program:
            program.read_until("Type live to go on")
            program.type("live")
            assert program.end() == 1, program.said
        assert server.read().to_come == ()
        check_nothing_left(server, tmp_path, "binance")
    assert "nothing of the probe is left at the exchange" in program.said
