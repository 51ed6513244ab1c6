"""``doctor`` on a venue over the wire: what it finds, how it says so, and with which exit code."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec
import pytest

from commands.doctor import (
    EXIT_FAILED,
    EXIT_OK,
    Grade,
    Question,
    _borrowing,
    _lives,
    _stops,
    examine,
)
from config.settings import DropSettings, Settings
from exchange.live.connection import Connection, Credentials
from exchange.profiles.registry import PROFILES
from exchange.server.connect import LocalResolver, open_session
from exchange.server.control import SetAccount, SetClock, SetMaintenance, SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import Account, MarketStatus
from exchange.server.wire import Reach
from messages.base import Currency, Symbol, Timestamp
from messages.plan import Plan, ProtectionMode
from session.connection import EXIT_KEY_REFUSED, EXIT_UNAVAILABLE, Way
from session.evidence_file import evidence_path, keep_evidence
from terminal.errors import ConnectFailedError, UsageError
from tests.exchange.live.wire import STILL
from tests.exchange.venue import RULES, SYMBOL, holding
from tests.session.test_evidence_file import PROOF

CANARY = "canary-secret-77c1"
SETTINGS = Settings(capital={Currency("USDT"): Decimal(1)}, drop=DropSettings(symbols=(SYMBOL,)))


@pytest.fixture(scope="module")
def binance() -> Iterator[ServerThread]:
    with ServerThread("binance", [RULES], holding()) as thread:
        yield thread


@pytest.fixture(scope="module")
def mexc() -> Iterator[ServerThread]:
    with ServerThread("mexc", [RULES], holding()) as thread:
        yield thread


def way_to(reach: Reach, name: str = "binance", **variables: str) -> Way:
    keys = {f"{name}_apiKey": reach.api_key, f"{name}_secret": reach.secret, **variables}
    return Way(
        settings=STILL,
        make_session=lambda: open_session(reach),
        environment={key.upper(): value for key, value in keys.items()},
        pause=lambda _: None,
    )


def examined(
    way: Way, settings: Settings = SETTINGS, name: str = "binance", *symbols: str
) -> tuple[int, str]:
    said: list[str] = []
    question = Question(exchange_id=name, symbols=tuple(map(Symbol, symbols)))
    return examine(question, settings, way, said.append), "\n".join(said)


def test_it_says_whether_a_triggered_stop_is_proven_by_a_probe(
    binance: ServerThread, tmp_path: Path
) -> None:
    question = Question(exchange_id="binance", state=tmp_path)
    said: list[str] = []
    examine(question, SETTINGS, way_to(binance.reach), said.append)
    assert any(line.startswith("warning") and "is not proven" in line for line in said)
    keep_evidence(evidence_path(tmp_path, "binance", is_sandbox=False), PROOF)
    said.clear()
    examine(question, SETTINGS, way_to(binance.reach), said.append)
    assert any("probe of 2026-11-30 with BTC/USDT: a triggered stop kept" in line for line in said)
    assert any("locks its coins (probe of 2026-11-30" in line for line in said)


@pytest.mark.parametrize("name", PROFILES)
def test_it_says_how_the_doubt_about_an_exit_ends(name: str) -> None:
    proof, again = _lives(PROFILES[name])
    is_bounded = name == "binance"
    assert proof.grade is (Grade.OK if is_bounded else Grade.WARNING)
    assert ("16.2 s" if is_bounded else "slow proof") in proof.text
    assert ("reads are behind" in proof.text) is (name in {"binance", "kraken"})
    is_refused = name != "hyperliquid"
    assert ("can't borrow" in again.text) is (name in {"okx", "bybit"})
    assert again.grade is (Grade.OK if is_refused else Grade.WARNING)
    assert ("sub-account" in again.text) is is_refused


@pytest.mark.parametrize(("mode", "grade"), [("0", Grade.OK), ("1", Grade.WARNING)])
def test_it_says_whether_the_account_may_borrow(mode: str, grade: Grade) -> None:
    async def state() -> dict[str, object]:
        return {"result": {"spotMarginMode": mode}}

    keys = Credentials(dict.fromkeys(PROFILES["bybit"].credentials, "1" * 32))
    connection = Connection(PROFILES["bybit"], keys, STILL)
    connection.client = SimpleNamespace(private_get_v5_spot_margin_trade_state=state)
    connection.thread = SimpleNamespace(run=asyncio.run)  # type: ignore[assignment]  # no loop runs
    (finding,) = _borrowing(connection)
    assert finding.grade is grade
    assert ("switch spot margin trading off" in finding.text) is (grade is Grade.WARNING)


def test_it_names_stops_that_lock_no_coins() -> None:
    (finding,) = _stops(PROFILES["bybit"])
    assert "locks NO coins (https://bybit-exchange.github.io" in finding.text


def test_a_venue_that_is_well_is_found_well(binance: ServerThread) -> None:
    code, said = examined(way_to(binance.reach))
    assert code == EXIT_OK
    assert "Binance: native protection stop, stop-limit, OCO" in said
    assert "connected; 1 spot markets" in said
    assert "the key is taken" in said
    assert "USDT free, capital allots 1" in said
    assert f"{SYMBOL}: at least 0.01 {RULES.base} and 5 USDT, step 0.01" in said
    assert "FAILED" not in said


def protected_by(mode: ProtectionMode) -> Settings:
    plan = Plan(
        take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"), protection_mode=mode
    )
    return msgspec.structs.replace(SETTINGS, plan=plan)


@pytest.mark.parametrize("mode", ProtectionMode)
def test_a_symbol_is_told_the_protection_it_will_get(
    binance: ServerThread, mode: ProtectionMode
) -> None:
    _, said = examined(way_to(binance.reach), protected_by(mode))
    in_force = ProtectionMode.SYNTHETIC if mode is ProtectionMode.AUTO else mode
    assert f"ok       {SYMBOL}: {in_force.value}:" in said
    is_explained = "not proven what becomes of a native stop here once it triggers" in said
    assert is_explained is (mode is ProtectionMode.AUTO)
    assert "after the end of the process: " in said


def test_where_the_exchange_can_not_the_protection_is_synthetic_and_it_says_so(
    mexc: ServerThread,
) -> None:
    code, said = examined(way_to(mexc.reach, "mexc"), protected_by(ProtectionMode.OCO), "mexc")
    assert code == EXIT_OK
    assert "MEXC: native protection none; its API has no stop order" in said
    assert f"warning  {SYMBOL}: synthetic:" in said
    assert "(oco is not possible here)" in said


def test_a_wrong_key_is_refused_with_its_own_code(binance: ServerThread) -> None:
    with pytest.raises(ConnectFailedError, match="does not take this key") as raised:
        examined(way_to(binance.reach, binance_secret=CANARY))
    assert raised.value.exit_code == EXIT_KEY_REFUSED
    assert CANARY not in str(raised.value)


def test_without_keys_public_data_is_looked_at(binance: ServerThread) -> None:
    code, said = examined(msgspec.structs.replace(way_to(binance.reach), environment={}))
    assert code == EXIT_OK
    assert "no keys given (BINANCE_APIKEY, BINANCE_SECRET): public data only" in said
    assert f"{SYMBOL}: at least" in said


def test_half_a_key_is_a_mistake(binance: ServerThread) -> None:
    way = msgspec.structs.replace(way_to(binance.reach), environment={"BINANCE_APIKEY": "a"})
    with pytest.raises(UsageError, match="BINANCE_SECRET"):
        examined(way)


def test_a_key_file_that_others_can_read_is_refused(binance: ServerThread, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(f'[binance]\napiKey = "a"\nsecret = "{CANARY}"\n', encoding="utf-8")
    file.chmod(0o644)
    question = Question(exchange_id="binance", keys_file=file)
    with pytest.raises(UsageError, match="can be read by others"):
        examine(question, SETTINGS, way_to(binance.reach), lambda _: None)


def test_a_symbol_that_is_not_there_fails_and_near_ones_are_named(binance: ServerThread) -> None:
    code, said = examined(way_to(binance.reach), SETTINGS, "binance", f"{RULES.base}/EUR")
    assert code == EXIT_FAILED
    assert f"FAILED   Binance has no market {RULES.base}/EUR, or has delisted it" in said
    assert SYMBOL in said


def test_a_budget_under_the_minimum_fails(binance: ServerThread) -> None:
    drop = DropSettings(symbols=(SYMBOL,), budget=Decimal(4))
    code, said = examined(way_to(binance.reach), msgspec.structs.replace(SETTINGS, drop=drop))
    assert code == EXIT_FAILED
    assert "drop.budget 4 is under the exchange's minimum of 5 USDT" in said


def test_without_a_network_it_tries_again_and_says_so() -> None:
    nowhere = Reach(hosts=(), port=1, authority_pem="", api_key="a" * 8, secret=CANARY)
    pauses: list[float] = []
    way = msgspec.structs.replace(way_to(nowhere), make_session=_unplugged, pause=pauses.append)
    said: list[str] = []
    with pytest.raises(ConnectFailedError, match=r"can't be reached") as raised:
        examine(Question(exchange_id="binance"), SETTINGS, way, said.append)
    assert raised.value.exit_code == EXIT_UNAVAILABLE
    assert pauses == [2.0, 4.0, 8.0]
    assert sum("trying again" in line for line in said) == 3
    assert CANARY not in "\n".join(said) + str(raised.value)


def _unplugged() -> object:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=LocalResolver((), 1)))


def test_an_exchange_ccxt_does_not_know_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="ccxt has no exchange 'binanse'"):
        examined(Way(environment={}), SETTINGS, "binanse")


@pytest.fixture
def own() -> Iterator[ServerThread]:
    """A venue that a test may change."""
    with ServerThread("binance", [RULES], holding()) as thread:
        yield thread


def account_of(reach: Reach, **rights: Any) -> SetAccount:  # noqa: ANN401 - of several types
    return SetAccount(Account(api_key=reach.api_key, secret=reach.secret, **rights))


@pytest.mark.parametrize("right", ["withdraw", "transfer"])
def test_a_key_that_can_take_money_out_fails(own: ServerThread, right: str) -> None:
    own.send(account_of(own.reach, **{f"can_{right}": True}))
    code, said = examined(way_to(own.reach))
    assert code == EXIT_FAILED
    assert f"FAILED   this key may {right}: take that right from it" in said


def test_a_key_is_told_with_its_addresses_and_its_end(own: ServerThread) -> None:
    ends = Timestamp(1_900_000_000_000)
    own.send(account_of(own.reach, addresses=("10.0.0.1",), expires_at=ends))
    code, said = examined(way_to(own.reach))
    assert code == EXIT_OK
    assert "ok       no right to withdraw" in said
    assert "ok       taken only from its list at the exchange" in said
    assert "ok       expires at 2030-03-17 17:46:40 UTC" in said


def test_a_key_that_is_taken_from_everywhere_is_warned_of(binance: ServerThread) -> None:
    assert "warning  taken from any address" in examined(way_to(binance.reach))[1]


def test_what_the_exchange_does_not_say_of_a_key_is_warned_of() -> None:
    with ServerThread("mexc", [RULES], holding()) as server:
        server.send(account_of(server.reach, can_withdraw=True))
        code, said = examined(way_to(server.reach, "mexc"), SETTINGS, "mexc")
    assert code == EXIT_OK
    assert "warning  the exchange does not say whether this key may withdraw" in said


def test_the_clock_and_its_time_service_are_findings(binance: ServerThread) -> None:
    said = examined(way_to(binance.reach))[1]
    assert "ms ahead the exchange's" in said or "ms behind the exchange's" in said
    assert "time service" in said


def test_a_key_that_may_not_trade_is_refused(own: ServerThread) -> None:
    own.send(account_of(own.reach, can_trade=False))
    with pytest.raises(ConnectFailedError, match="may not trade") as raised:
        examined(way_to(own.reach))
    assert raised.value.exit_code == EXIT_KEY_REFUSED


@pytest.mark.parametrize("status", [MarketStatus.HALTED, MarketStatus.DELISTED])
def test_a_market_that_is_halted_or_delisted_fails(own: ServerThread, status: MarketStatus) -> None:
    own.send(SetStatus(SYMBOL, status))
    code, said = examined(way_to(own.reach))
    assert code == EXIT_FAILED
    assert "FAILED" in said
    assert "delisted" in said


def test_maintenance_is_waited_for_and_named(own: ServerThread) -> None:
    own.send(SetMaintenance(is_on=True))
    with pytest.raises(ConnectFailedError, match="it is in maintenance; try again later") as raised:
        examined(way_to(own.reach))
    assert raised.value.exit_code == EXIT_UNAVAILABLE


def test_an_exchange_that_comes_back_in_time_is_examined(own: ServerThread) -> None:
    own.send(SetMaintenance(is_on=True))
    way = msgspec.structs.replace(
        way_to(own.reach), pause=lambda _: own.send(SetMaintenance(is_on=False))
    )
    code, said = examined(way)
    assert code == EXIT_OK
    assert "trying again in 2 s (1 of 4)" in said


@pytest.mark.parametrize(
    ("offset_ms", "said_of_it"),
    [(2_000, "behind the exchange's: it is corrected"), (20_000, "more than a request's life")],
)
def test_a_clock_that_is_off_is_told(own: ServerThread, offset_ms: int, said_of_it: str) -> None:
    own.send(SetClock(offset_ms))
    code, said = examined(way_to(own.reach))
    assert code == EXIT_OK
    assert said_of_it in said
