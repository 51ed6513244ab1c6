"""Quotes and candles over the wire, also where the stream says nothing any more."""

from collections.abc import Iterator
from functools import partial

import pytest
from msgspec.structs import replace

from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import WatchSymbols
from messages.market import Candle
from messages.market_data import CandleReceived, QuoteReceived
from tests.exchange.live.wire import DIALECTS, STILL, WireVenue
from tests.exchange.venue import RULES, SYMBOL, holding

OTHER = Symbol("ETH/USDT")
MARKETS = (RULES, replace(RULES, symbol=OTHER))
MINUTE = 60_000


@pytest.fixture(params=DIALECTS)
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with ServerThread(request.param, MARKETS, holding()) as server:
        one = WireVenue(server, request.param, replace(STILL, keep_alive_ms=Milliseconds(600_000)))
        yield one
        one.close()


def prices(venue: WireVenue, symbol: Symbol) -> list[float]:
    quotes = [event.quote for event in venue.events if isinstance(event, QuoteReceived)]
    return [quote.bid for quote in quotes if quote.symbol == symbol]


def is_streamed(venue: WireVenue, symbol: Symbol) -> bool:
    """Move the market and look whether it was heard: but by the stream nothing is."""
    venue.server.move(symbol, max(prices(venue, symbol)) - 1.0)
    return len(set(prices(venue, symbol))) > 1


def test_a_stream_that_says_nothing_any_more_is_polled_the_held_symbol_first(
    venue: WireVenue,
) -> None:
    for symbol in (SYMBOL, OTHER):
        venue.server.move(symbol, 100.0)
        venue.exchange.subscribe(symbol, venue.now)
    venue.wait_until(lambda: bool(prices(venue, SYMBOL) and prices(venue, OTHER)))
    # The first prices may have been asked for: these come by the stream.
    for symbol in (SYMBOL, OTHER):
        venue.wait_until(partial(is_streamed, venue, symbol))
    half_open = WireFault(on=Call.QUOTE_EVENT, kind=WireFaultKind.HALF_OPEN)
    venue.server.plan(half_open)
    venue.server.move(SYMBOL, 101.0)
    venue.server.move(OTHER, 102.0)
    venue.exchange.watch(
        WatchSymbols(
            held=(OTHER,),
            held_poll_ms=Milliseconds(50),
            others=(SYMBOL,),
            poll_ms=Milliseconds(600_000),
        )
    )
    venue.wait_until(lambda: 102.0 in prices(venue, OTHER))
    assert 101.0 not in prices(venue, SYMBOL)


def test_candles_that_are_closed_come_with_the_subscription() -> None:
    at = [Timestamp(1_700_000_000_000 - 1_700_000_000_000 % MINUTE)]
    with ServerThread("binance", [RULES], holding(), clock=lambda: at[0]) as server:
        for number in range(4):
            server.move(SYMBOL, 100.0 + number)
            at[0] = Timestamp(at[0] + MINUTE)
        venue = WireVenue(server, "binance", replace(STILL, first_candles=500))
        try:
            venue.connection.client.milliseconds = lambda: at[0]
            venue.exchange.subscribe(SYMBOL, at[0])
            venue.wait_until(lambda: len(candles(venue)) >= 3)
            assert [candle.close for candle in candles(venue)][:3] == [100.0, 101.0, 102.0]
        finally:
            venue.close()


def candles(venue: WireVenue) -> list[Candle]:
    return [event.candle for event in venue.events if isinstance(event, CandleReceived)]
