"""What the streams tell, also what came while ccxt woke nobody."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from exchange.server.control import SetBalance
from messages.market_data import QuoteReceived
from messages.orders import OrderStatus
from tests.exchange.live.driving import rest
from tests.exchange.live.wire import DIALECTS, WireVenue, wire_venue
from tests.exchange.venue import BTC, SYMBOL


@pytest.fixture(scope="module", params=DIALECTS)
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with wire_venue(request.param) as one:
        one.exchange.subscribe(SYMBOL, one.now)
        one.move(100.0)
        one.wait(0)
        yield one


@contextmanager
def deaf(venue: WireVenue) -> Iterator[None]:
    """Let what the venue tells meanwhile come all at once."""
    is_deaf, go_on = threading.Event(), threading.Event()

    def hear_nothing() -> None:
        is_deaf.set()
        go_on.wait()

    venue.connection.thread.call(hear_nothing)
    is_deaf.wait()
    try:
        yield
    finally:
        venue.server.read()  # what was pushed is in the client's buffer, or about to be
        go_on.set()


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_of_quotes_that_come_together_the_last_is_heard(venue: WireVenue, count: int) -> None:
    with deaf(venue):
        for number in range(count):
            venue.server.move(SYMBOL, 90.0 + number)
    wanted = 90.0 + count - 1
    venue.wait_until(lambda: quoted(venue) == wanted)
    venue.move(100.0)
    venue.wait(0)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_of_fills_that_come_together_each_is_heard(venue: WireVenue, count: int) -> None:
    venue.server.send(SetBalance(BTC, Decimal(count)))
    names = [f"c{count}n{number}" for number in range(count)]
    for number, name in enumerate(names):
        rest(venue, name, 105.0 + number)
    with deaf(venue):
        for number in range(count):
            venue.server.move(SYMBOL, 105.0 + number)
    venue.wait_until(lambda: all(venue.facts(name).status is OrderStatus.FILLED for name in names))
    venue.move(100.0)
    venue.wait(0)


@pytest.mark.parametrize("name", DIALECTS)
def test_of_events_that_come_together_first_each_is_heard(name: str) -> None:
    """The first event after a stream came up wakes up its loop as quickly as any other."""
    with wire_venue(name) as venue:
        for number, order_id in enumerate("abcd"):
            rest(venue, order_id, 105.0 + number)
        venue.exchange.subscribe(SYMBOL, venue.now)
        venue.move(100.0)
        venue.wait(0)
        with deaf(venue):
            for number in range(4):
                venue.server.move(SYMBOL, 105.0 + number)
        venue.wait_until(
            lambda: all(venue.facts(one).status is OrderStatus.FILLED for one in "abcd")
        )


def quoted(venue: WireVenue) -> float:
    quotes = [event.quote for event in venue.events if isinstance(event, QuoteReceived)]
    return quotes[-1].bid
