"""A submit whose answer is missing, and the stream has shown its order: nothing waits for it."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from exchange.server.control import Release
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import ClientOrderId, Milliseconds
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.order_router import OrderReported, SubmitFailed
from messages.orders import OrderStatus, OrderType, Priority, Side
from tests.exchange.live.wire import STILL, WireVenue
from tests.exchange.venue import RULES, SYMBOL, a_request, holding

ORDER = ClientOrderId("h0e1p1x1")
LATE_MS = Milliseconds(600_000)
"""Longer than a test lasts: what waits for the answer to a submit waits for ever."""


@pytest.fixture(params=("binance", "mexc"))
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with ServerThread(request.param, [RULES], holding()) as server:
        settings = replace(STILL, request_timeout_ms=LATE_MS, call_timeout_ms=LATE_MS)
        one = WireVenue(server, request.param, settings)
        one.exchange.subscribe(SYMBOL, one.now)
        one.move(100.0)  # once the stream is heard
        yield one
        server.send(Release())
        one.close()


def told(venue: WireVenue, status: OrderStatus) -> bool:
    return any(
        isinstance(event, OrderReported) and event.facts.status is status for event in venue.events
    )


def place_in_silence(venue: WireVenue) -> None:
    """Place a sell that rests; the exchange has it, and its answer does not come."""
    venue.server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.STALL, acted=True))
    request = a_request(ORDER, Side.SELL, OrderType.LIMIT, "1", price="103")
    venue.exchange.submit(SubmitOrder(request=request, priority=Priority.PROTECTION), venue.now)
    venue.wait_until(lambda: told(venue, OrderStatus.OPEN))


def test_it_is_canceled_at_once(venue: WireVenue) -> None:
    place_in_silence(venue)
    cancel = CancelAtVenue(
        client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL, priority=Priority.EXIT
    )
    venue.exchange.cancel(cancel, venue.now)
    venue.wait_until(lambda: told(venue, OrderStatus.CANCELED))
    assert not [event for event in venue.events if isinstance(event, SubmitFailed)]


def test_it_is_looked_up_at_once(venue: WireVenue) -> None:
    place_in_silence(venue)
    look = LookUpOrder(client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL)
    venue.exchange.look_up(look, venue.now)
    venue.wait_until(
        lambda: any(isinstance(e, OrderReported) and e.terms is not None for e in venue.events)
    )
