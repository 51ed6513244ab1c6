"""``--mode live`` as a person meets it: what it says and asks, and what stays when it stops."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from commands.verify import Verdict, verify
from exchange.server.control import SetAccount
from exchange.server.remote import ServerProcess
from exchange.server.venue import Account
from exchange.server.wire import Call
from messages.base import Symbol
from messages.orders import OrderStatus
from tests.system.running import run_supervisor
from tests.system.wire.ids import parts_of
from tests.system.wire.program import Program, check_account, keys_named, trading
from tests.system.wire.scenes import BALANCES, SCENES, SYMBOL

KEY, SECRET = "canarykey0123456789", "canarysecret9876543210"
CANARIES = (KEY, SECRET, "signature=", "listenKey=")
OCO = SCENES[0]
OTHER = replace(OCO.rules, symbol=Symbol("ETH/USDT"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess("binance", [OCO.rules, OTHER], BALANCES, tmp_path) as process:
        process.send(SetAccount(Account(api_key=KEY, secret=SECRET)))
        process.move(SYMBOL, 40_000.0)
        yield process


def person(server: ServerProcess, folder: Path, strategy: str, *more: str) -> Program:
    keys = keys_named(server.reach, KEY, SECRET)
    return Program(server, folder, *trading(OCO, folder, strategy, *more), keys=keys)


def test_real_money_is_traded_after_a_yes_and_its_protection_outlives_ctrl_c(
    server: ServerProcess, tmp_path: Path
) -> None:
    begin = server.read()
    with person(server, tmp_path, "Always") as first:
        first.read_until("live on Binance, account main")
        first.read_until("10000.00 USDT")
        first.read_until("a position at most 2000")
        first.read_until("at most 5000 a day")
        first.read_until("Type live to go on")
        assert server.read().calls(Call.SUBMIT) == 0
        first.type("live")
        first.read_until("REAL MONEY")
        first.read_until("open → protecting")
        server.wait_for(lambda picture: picture.orders[-1].status is OrderStatus.OPEN)
        held = parts_of(server.read().orders[-1].client_order_id).position_id
        asked = run_supervisor(
            *("inspect", "--session", tmp_path / "session-0", "--json"),
            *("-c", "tree", "-c", "orders", "-c", f"position {held}"),
        )
        assert asked.exit_code == 0, asked.stderr
        assert f"{held}x1" in asked.stdout
        assert first.interrupt() == 0, first.said
    assert "They are at Binance; the next start goes on with them." in first.said
    pair = server.read().orders[-1]
    assert pair.status is OrderStatus.OPEN, "the protection was taken away"
    # What is held is looked after, also where nothing new is to be opened.
    elsewhere = ("--yes", "--set", f'drop.symbols=["{OTHER.symbol}"]')
    with person(server, tmp_path, "Never", *elsewhere) as second:
        second.read_until("resuming, 1 open position")
        server.wait_for(lambda picture: "btcusdt@bookTicker" in picture.topics)
        server.move(SYMBOL, 40_200.0)
        second.read_until("→ closed: take profit")
        assert second.interrupt() == 0, second.said
    end = server.read()
    placed = [parts_of(facts.client_order_id) for facts in end.orders]
    assert [(one.position_id, one.leg, one.attempt) for one in placed] == [
        (held, "b", 1),
        (held, "x", 1),
    ]
    check_account(OCO, tmp_path, begin, end)
    check_secrets(tmp_path, first.said, second.said, asked.stdout, asked.stderr)


def check_secrets(folder: Path, *said: str) -> None:
    """No sink has a key, a signature or a listen key: screens, logs, journal, session files."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.name == "log.jsonl" for file in files)
    assert any(file.name.startswith("segment-") for file in files)
    texts = {str(file): file.read_bytes().decode(errors="replace") for file in files}
    texts |= {f"screen {place}": text for place, text in enumerate(said)}
    leaks = [name for name, text in texts.items() if any(one in text for one in CANARIES)]
    assert leaks == []


def test_a_dry_run_trades_paper_money_on_the_exchanges_prices_and_asks_with_no_key(
    server: ServerProcess, tmp_path: Path
) -> None:
    dry = trading(OCO, tmp_path, "Always", mode="dry-run")
    with Program(server, tmp_path, *dry, keys={}) as program:
        program.read_until("paper money")
        program.read_until("open → protecting")
        server.move(SYMBOL, 40_200.0)
        program.read_until("→ closed: take profit")
        assert program.interrupt() == 0, program.said
    end = server.read()
    assert end.orders == ()
    asked = {request.path for request in end.requests}
    assert "/api/v3/exchangeInfo" in asked
    assert not [request for request in end.requests if "signature" in request.text]
    assert not any(path in asked for path in ("/api/v3/account", "/api/v3/order"))
    assert "account" not in end.topics
    assert verify(tmp_path / "state", None) is Verdict.REPRODUCED


def test_without_a_yes_nothing_is_traded(server: ServerProcess, tmp_path: Path) -> None:
    with person(server, tmp_path, "Always") as program:
        program.read_until("Type live to go on")
        program.type("yes please")
        assert program.end() == 2
    assert "not confirmed: nothing was traded" in program.said
    assert "Traceback" not in program.said
    assert server.read().calls(Call.SUBMIT) == 0
    assert not (tmp_path / "state").exists()
