"""A held market that changes or goes, as a person meets it: its position waits, others trade."""

import re
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from exchange.server.control import SetRules, SetStatus
from exchange.server.remote import ServerProcess
from exchange.server.venue import MarketStatus
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.base import Symbol
from messages.orders import OrderStatus
from tests.system.running import run_supervisor
from tests.system.wire.program import ENOUGH_SECONDS, Program, trading
from tests.system.wire.scenes import BALANCES, SCENES, SYMBOL

SCENE = SCENES[0]._replace(plan=("plan.protection_mode=synthetic",))
ETH = Symbol("ETH/USDT")
BOTH = ("--set", f'drop.symbols=["{SYMBOL}", "{ETH}"]')


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    rules = [SCENE.rules, replace(SCENE.rules, symbol=ETH)]
    with ServerProcess("binance", rules, BALANCES, tmp_path) as process:
        process.move(SYMBOL, 40_000.0)
        process.move(ETH, 2_000.0)
        yield process


def session(server: ServerProcess, folder: Path, *more: str) -> Program:
    return Program(server, folder, *trading(SCENE, folder, "Always", "--yes", *more))


def move_until(server: ServerProcess, program: Program, symbol: Symbol, price: float) -> None:
    """Let the market move by a little until something is bought there."""
    end = time.monotonic() + ENOUGH_SECONDS
    while f"{symbol} bought" not in program.said:
        assert time.monotonic() < end, program.said
        server.move(symbol, price)
        price += 0.01
        program.read_some(0.2)


@pytest.mark.parametrize("is_closing", [False, True], ids=["held", "closing"])
def test_a_held_market_that_is_gone_strands_its_position_alone(
    server: ServerProcess, tmp_path: Path, is_closing: object
) -> None:
    with session(server, tmp_path) as first:
        first.read_until("open → protecting")
        if is_closing:
            server.send(SetStatus(SYMBOL, MarketStatus.CANCEL_ONLY))
            server.move(SYMBOL, 39_000.0)
            first.read_until("can't be sold: BTC/USDT takes no orders now")
        assert first.interrupt() == 0, first.said
    server.send(SetStatus(SYMBOL, MarketStatus.DELISTED))
    with session(server, tmp_path, *BOTH) as second:
        second.read_until("its positions are kept, the other markets are traded")
        second.read_until("can't be sold: BTC/USDT is not listed any more")
        second.read_until("without-core")
        by_hand = re.findall(r"close p\d+ without-core", second.said)[-1]
        second.read_until("trading is active: ")
        move_until(server, second, ETH, 2_000.0)
        folder = tmp_path / "session-1"
        asked = run_supervisor(
            *("inspect", "--session", folder, "--operate", "--yes"),
            *("--reason", "sold by hand"),
            *("-c", by_hand),
        )
        assert asked.exit_code == 0, asked.stderr
        second.read_until("→ closed: by hand")
        assert second.interrupt() == 0, second.said
    assert "BadSymbol" not in second.said
    held = server.read().total("BTC")
    assert held > 0, "nothing of it was sold"


def test_a_step_that_grows_while_coins_are_held_costs_a_rest_and_no_exit(
    server: ServerProcess, tmp_path: Path
) -> None:
    with session(server, tmp_path) as program:
        program.read_until("open → protecting")
        coarse = replace(SCENE.rules, step_size=Decimal("0.001"), min_quantity=Decimal("0.001"))
        server.send(SetRules(coarse))
        server.move(SYMBOL, 39_000.0)
        program.read_until("step_size")
        program.read_until("→ closed: stop loss")
        assert program.interrupt() == 0, program.said
    refused = program.said.count("refused")
    assert refused <= 3, program.said
    sold = [order for order in server.read().orders if order.status is OrderStatus.FILLED]
    assert len(sold) == 2


def killed_while_holding(server: ServerProcess, folder: Path) -> Path:
    """Let a session buy and keep its market, and kill it; return the file of kept markets."""
    kept = folder / "state" / "markets-live-binance-main.json"
    with session(server, folder) as first:
        first.read_until("open → protecting")
        end = time.monotonic() + ENOUGH_SECONDS
        while not kept.exists():
            assert time.monotonic() < end, first.said
            first.read_some(0.1)
        first.kill()
    return kept


def test_where_the_markets_do_not_come_a_start_sells_by_those_of_the_last_run(
    server: ServerProcess, tmp_path: Path
) -> None:
    killed_while_holding(server, tmp_path)
    silent = WireFault(on=Call.MARKETS, kind=WireFaultKind.STALL, times=FOR_EVER)
    server.plan(silent)
    server.move(SYMBOL, 39_000.0)
    with session(server, tmp_path) as second:
        second.read_until("→ closed: stop loss")
        server.plan()
        assert second.interrupt() == 0, second.said
    assert server.read().total("BTC") < SCENE.rules.step_size


def test_an_exit_by_a_step_that_grew_since_is_sent_again_by_the_fresh_rules(
    server: ServerProcess, tmp_path: Path
) -> None:
    killed_while_holding(server, tmp_path)
    coarse = replace(SCENE.rules, step_size=Decimal("0.001"), min_quantity=Decimal("0.001"))
    server.send(SetRules(coarse))
    server.move(SYMBOL, 39_000.0)
    with session(server, tmp_path) as second:
        second.read_until("→ closed: stop loss")
        assert second.interrupt() == 0, second.said
    sold = [order for order in server.read().orders if order.status is OrderStatus.FILLED]
    assert len(sold) == 2
    assert server.read().total("BTC") < coarse.step_size


def test_a_damaged_file_of_kept_markets_is_named_and_does_no_harm(
    server: ServerProcess, tmp_path: Path
) -> None:
    kept = killed_while_holding(server, tmp_path)
    kept.write_bytes(kept.read_bytes()[:-9])
    server.move(SYMBOL, 39_000.0)
    with session(server, tmp_path) as second:
        second.read_until("markets-live-binance-main.json is damaged")
        second.read_until("→ closed: stop loss")
        assert second.interrupt() == 0, second.said
