"""Every fault of the wire at every call: one order per intent, and no fill is lost."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count, product
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from exchange.server.control import DropSockets, Release, SetBalance
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Milliseconds
from messages.money import amount_in
from messages.order_router import OrderReported
from messages.orders import OrderStatus
from tests.exchange.live.driving import Driver, rest
from tests.exchange.live.wire import DIALECTS, STILL, WireVenue, wire_venue
from tests.exchange.venue import BTC, SYMBOL, USDT, holding


class Wrong(NamedTuple):
    """What goes wrong with a request."""

    kind: WireFaultKind
    acted: bool


ON_REQUESTS = [
    Wrong(kind, acted)
    for kind, acted in (
        (WireFaultKind.STALL, False),
        (WireFaultKind.STALL, True),
        (WireFaultKind.RESET, False),
        (WireFaultKind.RESET, True),
        (WireFaultKind.TRUNCATED, False),
        (WireFaultKind.TRUNCATED, True),
        (WireFaultKind.BAD_GATEWAY, False),
        (WireFaultKind.BAD_GATEWAY, True),
        (WireFaultKind.UNAVAILABLE, False),
        (WireFaultKind.UNKNOWN_OUTCOME, False),
        (WireFaultKind.UNKNOWN_OUTCOME, True),
        (WireFaultKind.TOO_MANY_REQUESTS, False),
    )
]
ON_EVENTS = [
    WireFaultKind.LOST,
    WireFaultKind.DUPLICATED,
    WireFaultKind.REORDERED,
    WireFaultKind.DROPPED,
    WireFaultKind.HALF_OPEN,
]
HASTY = replace(
    STILL,
    request_timeout_ms=Milliseconds(400),
    reconcile_ms=Milliseconds(300),
    reconcile_again_ms=Milliseconds(100),
    keep_alive_ms=Milliseconds(200),
    reconnect_most_ms=Milliseconds(100),
)
NAMES = (f"i{number}" for number in count())


@pytest.fixture(scope="module", params=DIALECTS)
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with wire_venue(request.param, HASTY) as one:
        one.exchange.subscribe(SYMBOL, one.now)
        one.move(100.0)
        one.wait(0)
        yield one


@pytest.fixture(autouse=True)
def without_faults(venue: WireVenue) -> Iterator[None]:
    """Each test begins with the same coins and ends with the same price."""
    for money in holding():
        venue.server.send(SetBalance(money.currency, money.amount))
    yield
    venue.server.plan()
    venue.server.send(Release())
    venue.move(100.0)


def fails(venue: WireVenue, kind: WireFaultKind, call: Call, *, acted: bool = False) -> None:
    venue.server.plan(WireFault(on=call, kind=kind, acted=acted))


@pytest.mark.parametrize("wrong", ON_REQUESTS)
def test_a_submit_that_fails_is_one_order_and_its_fill_is_heard(
    venue: WireVenue, wrong: Wrong
) -> None:
    before = venue.total(BTC)
    fails(venue, wrong.kind, Call.SUBMIT, acted=wrong.acted)
    facts = Driver(venue).buy(next(NAMES), "2")
    assert venue.total(BTC) - before == Decimal(2)
    assert (facts.status, facts.filled, facts.cost) == (
        OrderStatus.FILLED,
        Decimal(2),
        Decimal(200),
    )
    assert amount_in(facts.fees, USDT) == Decimal("0.4")


@pytest.mark.parametrize("wrong", ON_REQUESTS)
def test_a_cancel_that_fails_ends_in_a_canceled_order(venue: WireVenue, wrong: Wrong) -> None:
    name = next(NAMES)
    rest(venue, name)
    fails(venue, wrong.kind, Call.CANCEL, acted=wrong.acted)
    assert Driver(venue).cancel(name).status is OrderStatus.CANCELED
    assert venue.locked(BTC) == 0


@pytest.mark.parametrize("wrong", ON_REQUESTS)
def test_a_look_up_that_fails_finds_the_order_in_the_end(venue: WireVenue, wrong: Wrong) -> None:
    name = next(NAMES)
    rest(venue, name)
    fails(venue, wrong.kind, Call.LOOK_UP, acted=wrong.acted)
    facts = Driver(venue).look_up(name)
    assert facts is not None
    assert facts.status is OrderStatus.OPEN
    Driver(venue).cancel(name)


@pytest.mark.parametrize(
    ("kind", "call"), list(product(ON_EVENTS, (Call.ORDER_EVENT, Call.TRADE_EVENT)))
)
def test_whatever_happens_to_its_events_a_fill_is_heard_with_its_fee(
    venue: WireVenue, kind: WireFaultKind, call: Call
) -> None:
    name = next(NAMES)
    rest(venue, name)
    fails(venue, kind, call)
    venue.move(105.0)
    venue.wait_until(lambda: venue.facts(name).status is OrderStatus.FILLED)
    venue.wait_until(lambda: bool(venue.facts(name).fees))
    facts = venue.facts(name)
    assert (facts.filled, facts.cost) == (Decimal(1), Decimal(105))
    assert amount_in(facts.fees, USDT) == Decimal("0.105")
    venue.wait_until(lambda: venue.is_up)


def test_what_filled_while_the_sockets_were_gone_is_heard_after_the_reconnect(
    venue: WireVenue,
) -> None:
    name = next(NAMES)
    rest(venue, name)
    venue.server.send(DropSockets())
    venue.server.move(SYMBOL, 105.0)
    venue.wait_until(lambda: venue.facts(name).status is OrderStatus.FILLED)
    assert venue.facts(name).filled == 1


def test_fills_that_could_not_be_fetched_are_fetched_again(venue: WireVenue) -> None:
    name = next(NAMES)
    rest(venue, name)
    event = Call.ORDER_EVENT if venue.dialect == "binance" else Call.TRADE_EVENT
    venue.server.plan(
        WireFault(on=event, kind=WireFaultKind.LOST),
        WireFault(on=Call.TRADES, kind=WireFaultKind.BAD_GATEWAY, times=2),
    )
    venue.move(105.0)
    venue.wait_until(lambda: bool(venue.facts(name).fees))
    told = [event.facts for event in venue.events if isinstance(event, OrderReported)]
    filled = [facts for facts in told if facts.client_order_id == name and facts.filled]
    fees = [amount_in(facts.fees, USDT) for facts in filled]
    assert fees == [0, Decimal("0.105")], "first as it is, then with its fee"
    assert venue.server.read().to_come == ()
