"""Starts by the markets of the last run, over the wire: what is asked, told and kept."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

import exchange.live.rules_watch as watch
from exchange.live.kept_markets import KeptMarkets
from exchange.server.control import SetRules
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.base import Timestamp
from messages.positions import MarketGoneReported, MarketRulesReported
from session.kept_markets_file import KeptMarketsFile
from tests.exchange.live.test_kept_markets import a_market, file_of
from tests.exchange.live.test_rules_watch import COARSE, OTHER, events, last
from tests.exchange.live.wire import STILL, WAIT_SECONDS, WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding


@pytest.fixture(params=["binance", "mexc"])
def dialect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(watch, "APART_SECONDS", 0.05)
    monkeypatch.setattr(watch, "SETTLED_SECONDS", 0.05)
    return str(request.param)


@pytest.fixture
def server(dialect: str) -> Iterator[ServerThread]:
    with ServerThread(dialect, [RULES, OTHER], holding()) as one:
        one.move(SYMBOL, 100.0)
        yield one


class Starts:
    """Starts of a program that keeps its markets in a folder."""

    def __init__(self, server: ServerThread, dialect: str, folder: Path) -> None:
        self.server, self.dialect = server, dialect
        self.said: list[str] = []
        self.file = KeptMarketsFile(folder / "live-x-main", self.said.append)

    @property
    def reads(self) -> int:
        """How often the exchange was asked for its markets."""
        return self.server.read().calls(Call.MARKETS)

    def open(self) -> WireVenue:
        return WireVenue(self.server, self.dialect, kept=self.file)

    def until_kept(self, venue: WireVenue) -> None:
        """Follow the market until its rules, read anew, are kept."""
        before = self.file.read()
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.wait_until(lambda: self.file.read() not in (None, before))

    def once(self) -> None:
        """Run once, so that markets are kept."""
        venue = self.open()
        self.until_kept(venue)
        venue.close()


@pytest.fixture
def starts(server: ServerThread, dialect: str, tmp_path: Path) -> Starts:
    return Starts(server, dialect, tmp_path)


def test_a_start_by_kept_markets_asks_for_none_and_tells_that_they_are_kept(
    starts: Starts,
) -> None:
    starts.once()
    before = starts.reads
    venue = starts.open()
    try:
        assert starts.reads == before
        assert venue.connection.opened.is_kept
        venue.exchange.know_orders([], is_holding=True)
        venue.exchange.fetch_market_rules(SYMBOL, venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        assert last(venue).is_kept
        assert last(venue).is_recent
        assert last(venue).rules == venue.connection.listing(SYMBOL).rules
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.exchange.restored()
        venue.wait_until(lambda: not last(venue).is_kept)
        assert starts.reads == before + 1
        first, second = events(venue)[0], last(venue)
        assert isinstance(first, MarketRulesReported)
        fresh = replace(first, is_kept=False, is_recent=False)
        assert second == fresh, "fresh rules are told also where they agree"
    finally:
        venue.close()


def test_kept_markets_older_than_a_session_lets_its_own_become_are_not_recent(
    starts: Starts, tmp_path: Path
) -> None:
    starts.once()
    path = tmp_path / "markets-live-x-main.json"
    kept = msgspec.json.decode(path.read_bytes(), type=KeptMarkets)
    older = replace(kept, read_at=Timestamp(kept.read_at - STILL.rules_ms - 1))
    path.write_bytes(msgspec.json.encode(replace(older, digest=older.true_digest)))
    venue = starts.open()
    try:
        venue.exchange.fetch_market_rules(SYMBOL, venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        assert last(venue).is_kept
        assert not last(venue).is_recent
        assert any("nothing is bought before that" in note for note in venue.notes)
    finally:
        venue.close()


def test_while_something_open_is_not_restored_no_list_of_markets_is_read(starts: Starts) -> None:
    starts.once()
    before = starts.reads
    venue = starts.open()
    try:
        venue.exchange.know_orders([], is_holding=True)
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.move(100.0)
        venue.buy("a", "1")
        venue.wait(0)
        assert starts.reads == before
    finally:
        venue.close()


def test_rules_that_changed_since_the_last_run_are_told_and_kept(starts: Starts) -> None:
    starts.once()
    starts.server.send(SetRules(COARSE))
    venue = starts.open()
    try:
        venue.exchange.fetch_market_rules(SYMBOL, venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        assert last(venue).rules.step_size == RULES.step_size
        starts.until_kept(venue)
        venue.wait_until(lambda: last(venue).rules.step_size == COARSE.step_size)
    finally:
        venue.close()
    venue = starts.open()
    try:
        assert venue.connection.opened.is_kept
        assert venue.connection.listing(SYMBOL).rules.step_size == COARSE.step_size
    finally:
        venue.close()


def test_where_fresh_markets_do_not_come_orders_leave_all_the_same(starts: Starts) -> None:
    starts.once()
    silent = WireFault(on=Call.MARKETS, kind=WireFaultKind.STALL, times=FOR_EVER)
    starts.server.plan(silent)
    venue = starts.open()
    try:
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.move(100.0)
        venue.buy("a", "1")
        venue.wait(0)
        assert venue.fills("a")
        assert venue.connection.opened.is_kept
    finally:
        venue.close()


def assert_loaded_anew(starts: Starts, why: str) -> None:
    """Start where the kept markets can't be used: they are loaded, and a note says ``why``."""
    before = starts.reads
    venue = starts.open()
    try:
        assert not venue.connection.opened.is_kept
        assert starts.reads == before + 1
        assert any(why in note for note in venue.notes)
    finally:
        venue.close()


@pytest.mark.parametrize("content", [b"", b"{}", file_of(a_market(), exchange="kraken")])
def test_a_file_that_is_refused_is_named_and_the_markets_are_loaded(
    starts: Starts, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "markets-live-x-main.json").write_bytes(content)
    assert_loaded_anew(starts, "markets-live-x-main.json")


def test_markets_of_another_account_are_loaded_before_anything_is_traded(
    starts: Starts, tmp_path: Path
) -> None:
    starts.once()
    path = tmp_path / "markets-live-x-main.json"
    kept = msgspec.json.decode(path.read_bytes(), type=KeptMarkets)
    other = replace(kept, account="another")
    path.write_bytes(msgspec.json.encode(replace(other, digest=other.true_digest)))
    assert_loaded_anew(starts, "is of another account")


def test_a_symbol_that_the_last_run_did_not_follow_is_asked_for_and_not_called_gone(
    starts: Starts,
) -> None:
    starts.once()
    venue = starts.open()
    try:
        assert venue.connection.opened.is_kept
        venue.exchange.fetch_market_rules(OTHER.symbol, venue.now)
        venue.exchange.subscribe(OTHER.symbol, venue.now)
        assert venue.exchange.wait_idle(WAIT_SECONDS)
        assert {type(one) for one in events(venue)} <= {MarketRulesReported, MarketGoneReported}
        assert last(venue).rules.symbol == OTHER.symbol
        assert not last(venue).is_kept
    finally:
        venue.close()


def test_a_disk_that_takes_nothing_stops_nothing_and_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "a").write_bytes(b"a file where a folder should be")
    KeptMarketsFile(tmp_path / "a" / "live-x-main", said.append)._write(b"x")
    (text,) = said
    assert "can't be written" in text
