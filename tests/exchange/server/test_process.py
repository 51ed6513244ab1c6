"""The server as a process of its own."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from exchange.server.control import Move, SetBalance
from exchange.server.remote import RemoteServer, ServerProcess
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Currency, Symbol
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
