"""What the next exit waits for goes out in a pause as an exit does: else it waits for a day."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Milliseconds
from messages.gateway import SubmitOrder
from messages.order_router import LookUpFailed, OrderNotFound, SubmitFailed
from messages.orders import OrderType, Priority, Side
from messages.portfolio import BalancesReported
from tests.exchange.live.wire import STILL, WireVenue
from tests.exchange.venue import RULES, SYMBOL, a_request, holding

EXIT = "h0e1p1x1"
DAY_SECONDS = 86_400


@pytest.fixture(params=("binance", "mexc"))
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with ServerThread(request.param, [RULES], holding()) as server:
        settings = replace(STILL, exit_probe_ms=Milliseconds(1), read_attempts=1)
        one = WireVenue(server, request.param, settings)
        server.move(SYMBOL, 100.0)
        yield one
        one.close()


def paused(call: Call) -> WireFault:
    kind = WireFaultKind.TOO_MANY_REQUESTS
    return WireFault(on=call, kind=kind, retry_after_seconds=DAY_SECONDS)


def place(venue: WireVenue, order_id: str, priority: Priority) -> None:
    request = a_request(order_id, Side.SELL, OrderType.MARKET, "1")
    venue.exchange.submit(SubmitOrder(request=request, priority=priority), venue.now)
    assert venue.exchange.wait_idle(10)


def last(venue: WireVenue, *kinds: type) -> object:
    assert venue.exchange.wait_idle(10)
    return next((event for event in reversed(venue.events) if isinstance(event, kinds)), None)


@pytest.mark.parametrize("priority", [Priority.EXIT, Priority.PROTECTION])
def test_what_the_next_exit_waits_for_probes_a_pause_of_a_day(
    venue: WireVenue, priority: Priority
) -> None:
    unknown = WireFault(on=Call.SUBMIT, kind=WireFaultKind.UNKNOWN_OUTCOME)
    venue.server.plan(unknown, paused(Call.LOOK_UP), paused(Call.BALANCES))
    place(venue, EXIT, priority)
    assert isinstance(last(venue, SubmitFailed), SubmitFailed)
    for _ in range(2):
        venue.fetch_balances()
        assert venue.exchange.wait_idle(10)
    is_exit = priority is Priority.EXIT
    assert (last(venue, BalancesReported) is not None) is is_exit
    for _ in range(2):
        venue.look_up(EXIT)
        assert venue.exchange.wait_idle(10)
    answer = last(venue, OrderNotFound, LookUpFailed)
    assert isinstance(answer, OrderNotFound if is_exit else LookUpFailed)


def test_once_the_next_exit_is_at_the_exchange_balances_are_polled_as_ever(
    venue: WireVenue,
) -> None:
    venue.server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.UNKNOWN_OUTCOME))
    place(venue, EXIT, Priority.EXIT)
    place(venue, "h0e1p1x2", Priority.EXIT)
    venue.server.plan(paused(Call.BALANCES))
    for _ in range(2):
        venue.fetch_balances()
        assert venue.exchange.wait_idle(10)
    assert last(venue, BalancesReported) is None
