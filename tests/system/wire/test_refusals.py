"""What keeps a live session from starting: one clear line, an exit code, and no order sent."""

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from loguru import logger
from msgspec.structs import replace

import supervisor
from commands.app import run_command
from commands.explaining import EXIT_USAGE
from exchange.server.connect import open_session
from exchange.server.control import Control, SetAccount, SetMaintenance, SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import Account, MarketStatus
from exchange.server.wire import Call, Reach
from session.connection import EXIT_KEY_REFUSED, EXIT_UNAVAILABLE, Way
from tests.system.wire.__main__ import way_to
from tests.system.wire.program import keys_named
from tests.system.wire.scenes import BALANCES, OFTEN, SCENES, SYMBOL, Scene

KEY, SECRET = "canarykey0123456789", "canarysecret9876543210"
DIALECTS = (SCENES[0], SCENES[3])


@pytest.fixture(params=DIALECTS, ids=str)
def scene(request: pytest.FixtureRequest) -> Scene:
    found: Scene = request.param
    return found


@pytest.fixture
def server(scene: Scene) -> Iterator[ServerThread]:
    with ServerThread(scene.dialect, [scene.rules], BALANCES) as thread:
        thread.send(SetAccount(Account(api_key=KEY, secret=SECRET)))
        thread.move(SYMBOL, 40_000.0)
        yield thread


class Typed:
    """``--mode live`` on a server, as it is typed."""

    def __init__(self, server: ServerThread, scene: Scene, folder: Path) -> None:
        self.server, self.scene, self.folder = server, scene, folder
        self.waits: list[float] = []

    def run(self, *sets: str, way: Way | None = None) -> int:
        sets = (*OFTEN, "portfolio.max_budget=2000", "portfolio.daily_loss_limit=500", *sets)
        if not any(one.startswith("drop.symbols") for one in sets):
            sets = (*sets, f'drop.symbols=["{SYMBOL}"]')
        arguments = ["--mode", "live", "--exchange", self.scene.dialect, "--yes", "--headless"]
        arguments += ["--duration", "0.2", "--session-dir", str(self.folder / "session")]
        arguments += ["--state-dir", str(self.folder / "state")]
        arguments += [word for one in sets for word in ("--set", one)]
        found = replace(way or way_to(self.server.reach), pause=self.waits.append)
        return run_command(supervisor.start, arguments, lambda: found)


@pytest.fixture
def typed(
    server: ServerThread, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Typed]:
    for name, value in keys_named(server.reach, KEY, SECRET).items():
        monkeypatch.setenv(name, value)
    yield Typed(server, scene, tmp_path)
    assert server.read().calls(Call.SUBMIT) == 0
    logger.remove()
    logger.configure(patcher=lambda _: None)


def heard(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    text = said.out + said.err
    assert "Traceback" not in text
    assert KEY not in text
    assert SECRET not in text
    return text


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (Account(api_key="another", secret=SECRET), "it does not take this key"),
        (Account(api_key=KEY, secret=KEY), "it does not take this key"),
        (Account(api_key=KEY, secret=SECRET, can_trade=False), "this key may not trade"),
    ],
    ids=("key", "secret", "permission"),
)
def test_a_key_that_is_not_taken(
    typed: Typed, account: Account, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.server.send(SetAccount(account))
    assert typed.run() == EXIT_KEY_REFUSED
    assert words in heard(capsys)
    assert typed.waits == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (MarketStatus.DELISTED, "has no market BTC/USDT, or has delisted it"),
        (MarketStatus.HALTED, "BTC/USDT is not traded now: halted or delisted"),
    ],
)
def test_a_market_that_does_not_trade(
    typed: Typed, status: MarketStatus, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.server.send(SetStatus(SYMBOL, status))
    assert typed.run() == EXIT_USAGE
    assert words in heard(capsys)


def test_a_symbol_that_is_not_there_names_those_that_are(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed.run('drop.symbols=["BTC/EUR"]', "capital.EUR=10000") == EXIT_USAGE
    assert "has no market BTC/EUR" in (said := heard(capsys))
    assert "of BTC there are: BTC/USDT" in said


def test_an_amount_under_the_minimum(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed.run("drop.budget=4") == EXIT_USAGE
    said = heard(capsys)
    assert "drop.budget" in said
    assert "BTC/USDT" in said
    assert "minimum of 5 USDT" in said


@pytest.mark.parametrize("command", [SetMaintenance(is_on=True)], ids=("maintenance",))
def test_maintenance_is_waited_for_and_then_given_up(
    typed: Typed, command: Control, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.server.send(command)
    assert typed.run() == EXIT_UNAVAILABLE
    said = heard(capsys)
    assert said.count("it is in maintenance; try again later") == 4
    assert typed.waits == [0.01, 0.02, 0.04]


def test_no_network_is_tried_again_and_then_given_up(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere: Reach = replace(typed.server.reach, port=closed.getsockname()[1])
        way = replace(way_to(typed.server.reach), make_session=partial(open_session, nowhere))
        assert typed.run(way=way) == EXIT_UNAVAILABLE
    said = heard(capsys)
    assert said.count("is there a network?") == 4
    assert said.count("trying again in") == 3
