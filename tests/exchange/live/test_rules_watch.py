"""Market rules that change at the venue, over the wire: when they are read, and what is told."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

import exchange.live.rules_watch as watch
from config.live import LiveSettings
from exchange.port import UnknownSymbolError
from exchange.server.control import SetRules, SetStatus
from exchange.server.thread import ServerThread
from exchange.server.venue import MarketStatus
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.base import Milliseconds, Symbol
from messages.market import MarketPhase
from messages.market_data import QuoteReceived
from messages.positions import MarketGoneReported, MarketRulesReported
from tests.exchange.live.wire import STILL, WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

OTHER = replace(RULES, symbol=Symbol("ETH/USDT"))
COARSE = replace(RULES, step_size=Decimal(1), min_quantity=Decimal(1))


@pytest.fixture(params=["binance", "mexc"])
def venue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WireVenue]:
    monkeypatch.setattr(watch, "APART_SECONDS", 0.05)
    with ServerThread(request.param, [RULES, OTHER], holding()) as server:
        one = WireVenue(server, request.param)
        try:
            one.exchange.subscribe(SYMBOL, one.now)
            yield one
        finally:
            one.close()
            one.connection.close()


def events(venue: WireVenue) -> list[MarketRulesReported | MarketGoneReported]:
    kinds = MarketRulesReported | MarketGoneReported
    return [event for event in venue.events if isinstance(event, kinds)]


def last(venue: WireVenue) -> MarketRulesReported:
    event = events(venue)[-1]
    assert isinstance(event, MarketRulesReported)
    return event


def read(venue: WireVenue) -> None:
    venue.exchange.read_market_rules(SYMBOL, venue.now)
    assert venue.exchange.wait_idle(10.0)


def test_a_read_shows_rules_that_changed_since_the_connection_was_opened(
    venue: WireVenue,
) -> None:
    venue.server.send(SetRules(COARSE))
    read(venue)
    assert last(venue).rules.step_size == 1
    assert venue.connection.listing(SYMBOL).rules.min_quantity == 1


@pytest.mark.parametrize("status", [MarketStatus.HALTED, MarketStatus.CANCEL_ONLY])
def test_a_halt_and_its_end_are_seen(venue: WireVenue, status: MarketStatus) -> None:
    venue.server.send(SetStatus(SYMBOL, status))
    read(venue)
    assert last(venue).phase is MarketPhase.HALTED
    venue.server.send(SetStatus(SYMBOL, MarketStatus.TRADING))
    read(venue)
    assert last(venue).phase is MarketPhase.OPEN


def test_a_market_that_is_gone_is_told_and_its_orders_can_still_be_asked_for(
    venue: WireVenue,
) -> None:
    venue.server.send(SetStatus(SYMBOL, MarketStatus.DELISTED))
    read(venue)
    assert isinstance(events(venue)[-1], MarketGoneReported)
    with pytest.raises(UnknownSymbolError, match="has delisted it"):
        venue.connection.listing(SYMBOL)
    assert SYMBOL in venue.connection.client.markets
    venue.server.send(SetStatus(SYMBOL, MarketStatus.TRADING))
    read(venue)
    assert last(venue).phase is MarketPhase.OPEN


def test_a_venue_that_lists_nothing_at_all_did_not_answer(venue: WireVenue) -> None:
    for symbol in (SYMBOL, OTHER.symbol):
        venue.server.send(SetStatus(symbol, MarketStatus.DELISTED))
    read(venue)
    assert events(venue) == []
    assert venue.connection.listing(SYMBOL).rules.step_size == RULES.step_size


def test_a_read_that_fails_changes_nothing(venue: WireVenue) -> None:
    venue.server.plan(WireFault(on=Call.MARKETS, kind=WireFaultKind.UNAVAILABLE, times=FOR_EVER))
    venue.exchange.read_market_rules(SYMBOL, venue.now)
    assert venue.exchange.wait_idle(10.0)
    assert events(venue) == []
    assert venue.connection.listing(SYMBOL).rules.step_size == RULES.step_size


def test_two_who_ask_at_the_same_time_share_a_read(venue: WireVenue) -> None:
    before = venue.server.read().calls(Call.MARKETS)
    for _ in range(5):
        venue.exchange.read_market_rules(SYMBOL, venue.now)
    assert venue.exchange.wait_idle(10.0)
    assert len(events(venue)) == 5
    assert venue.server.read().calls(Call.MARKETS) - before <= 2


def test_a_change_is_found_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    settings: LiveSettings = replace(STILL, rules_ms=Milliseconds(50))
    with ServerThread("binance", [RULES], holding()) as server:
        venue = WireVenue(server, "binance", settings)
        try:
            venue.exchange.subscribe(SYMBOL, venue.now)
            monkeypatch.setattr(watch, "APART_SECONDS", 0.05)
            venue.server.send(SetRules(COARSE))
            venue.wait_until(lambda: bool(events(venue)))
            assert last(venue).rules.step_size == 1
        finally:
            venue.close()
            venue.connection.close()


def test_a_read_that_failed_is_made_up_for_also_where_nothing_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of rules that count after two equal reads the second one is told, too."""
    monkeypatch.setattr(watch, "APART_SECONDS", 0.05)
    monkeypatch.setattr(watch, "AGAIN_SECONDS", 0.05)
    with ServerThread("binance", [RULES], holding()) as server:
        venue = WireVenue(server, "binance")
        try:
            venue.exchange.subscribe(SYMBOL, venue.now)
            fault = WireFault(on=Call.MARKETS, kind=WireFaultKind.UNAVAILABLE, times=3)
            venue.server.plan(fault)
            venue.exchange.read_market_rules(SYMBOL, venue.now)
            venue.wait_until(lambda: bool(events(venue)))
            assert last(venue).rules.step_size == RULES.step_size
            assert len(events(venue)) == 1
        finally:
            venue.close()
            venue.connection.close()


@pytest.mark.parametrize("dialect", ["binance", "mexc"])
def test_the_only_market_is_gone_at_a_start_and_listed_again_later(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "APART_SECONDS", 0.05)
    settings: LiveSettings = replace(STILL, rules_ms=Milliseconds(50))
    with ServerThread(dialect, [RULES, OTHER], holding()) as server:
        server.send(SetStatus(SYMBOL, MarketStatus.DELISTED))
        venue = WireVenue(server, dialect, settings)
        try:
            with pytest.raises(UnknownSymbolError):
                venue.exchange.subscribe(SYMBOL, venue.now)
            venue.wait_until(lambda: venue.is_up)
            server.send(SetStatus(SYMBOL, MarketStatus.TRADING))
            venue.wait_until(lambda: bool(events(venue)))
            assert last(venue).phase is MarketPhase.OPEN
            venue.move(100.0)
            venue.wait_until(lambda: any(isinstance(e, QuoteReceived) for e in venue.events))
        finally:
            venue.close()
            venue.connection.close()
