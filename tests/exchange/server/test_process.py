"""The server as a process of its own."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from exchange.server.control import Move, SetBalance
from exchange.server.ledger import (
    Answered,
    Asked,
    Filled,
    LedgerReader,
    Moved,
    OrderStood,
)
from exchange.server.remote import RemoteServer, ServerProcess
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Currency, Symbol
from messages.orders import OrderStatus, Side
from tests.exchange.server.clients import SYMBOL, connected, error_of, run
from tests.exchange.venue import RULES, holding
from tests.system.running import run_python


def test_a_process_serves_clients_and_is_moved_through_its_endpoint(tmp_path: Path) -> None:
    with ServerProcess("binance", [RULES], holding(), tmp_path) as server:
        server.move(SYMBOL, 100.0)
        server.send(SetBalance(Currency("BTC"), Decimal(3)))

        async def scenario() -> None:
            async with connected(server) as client:
                await client.create_order(SYMBOL, "market", "sell", 1, None)
                server.plan(WireFault(on=Call.BALANCES, kind=WireFaultKind.BAD_GATEWAY))
                await error_of(client.fetch_balance())

        run(scenario())
        picture = server.wait_for(lambda venue: venue.calls(Call.BALANCES) == 1)
        assert picture.total("BTC") == Decimal(2)
        assert picture.total("USDT") == Decimal("10099.8")


def test_the_endpoint_wants_the_token_and_commands_that_make_sense(tmp_path: Path) -> None:
    with ServerProcess("mexc", [RULES], holding(), tmp_path) as server:
        stranger = RemoteServer(msgspec.structs.replace(server.reach, control_token=""))
        with pytest.raises(ValueError, match="403"):
            stranger.read()
        with pytest.raises(ValueError, match="400"):
            server.send(Move(symbol=Symbol("DOGE/USDT"), bid=1.0, ask=1.0, last=1.0))


@pytest.mark.parametrize(
    ("content", "text"),
    [('{"dialect": "nyse", "markets": [], "balances": []}', "nyse"), ("{", "setup.json")],
)
def test_a_wrong_setup_is_told_and_ends_it(tmp_path: Path, content: str, text: str) -> None:
    file = tmp_path / "setup.json"
    file.write_text(content)
    finished = run_python("-m", "exchange.server", str(file))
    assert finished.exit_code == 2
    assert text in finished.stderr


def test_the_ledger_has_a_line_for_each_event_with_the_venues_time(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    with ServerProcess("binance", [RULES], holding(), tmp_path, ledger=file) as server:
        server.move(SYMBOL, 100.0)
        reset = WireFault(on=Call.BALANCES, kind=WireFaultKind.RESET, times=10)
        server.plan(reset)

        async def scenario() -> None:
            async with connected(server) as client:
                await client.create_order(SYMBOL, "market", "sell", 1, None)
                await error_of(client.fetch_order("99", SYMBOL))
                await error_of(client.fetch_balance())

        run(scenario())
        reader = LedgerReader(file)
        entries = reader.read()
        now = server.read().now
        assert reader.read() == []
    (moved,) = [one for one in entries if isinstance(one, Moved)]
    assert (moved.bid, moved.ask) == (100.0, 100.0)
    (fill,) = [one for one in entries if isinstance(one, Filled)]
    assert (fill.side, fill.quantity, fill.fee.currency) == (Side.SELL, Decimal(1), "USDT")
    order = [one for one in entries if isinstance(one, OrderStood)][-1]
    assert (order.status, order.filled) == (OrderStatus.FILLED, Decimal(1))
    asked = {one.number: one for one in entries if isinstance(one, Asked)}
    answered = {one.number: one for one in entries if isinstance(one, Answered)}
    assert list(asked) == list(range(1, len(asked) + 1))
    balances = [one for one in asked.values() if one.call is Call.BALANCES]
    assert balances
    assert {one.fault for one in balances} == {WireFaultKind.RESET}
    assert not {one.number for one in balances} & set(answered)
    (refused,) = [one for one in answered.values() if one.call is Call.LOOK_UP]
    assert (refused.status, "-2013" in refused.text) == (400, True)
    assert [one.at for one in entries] == sorted(one.at for one in entries)
    assert entries[-1].at <= now
    assert "signature" not in file.read_text()
