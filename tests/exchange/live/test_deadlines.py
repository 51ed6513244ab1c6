"""Requests with deadlines, over the wire: never signed past one, soon unknown, mended clocks."""

from collections.abc import Iterator

import pytest

from exchange.port import Event
from exchange.server.control import Release, SetClock
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.gateway import LookUpOrder, SubmitOrder
from messages.order_router import (
    FailureKind,
    OrderNotFound,
    OrderReported,
    RequestTimingMeasured,
    SubmitFailed,
)
from messages.orders import OrderType, Priority, Side
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, a_request, holding

EXIT = "h0e1p1x1"
LONG_MS = 30_000
QUESTION = LookUpOrder(
    client_order_id=ClientOrderId(EXIT), exchange_order_id=None, symbol=SYMBOL, wants_time=True
)


@pytest.fixture
def venue() -> Iterator[WireVenue]:
    with ServerThread("binance", [RULES], holding()) as server:
        one = WireVenue(server, "binance")
        server.move(SYMBOL, 100.0)
        yield one
        server.send(Release())
        one.close()


def place(venue: WireVenue, sign_within_ms: int, window_ms: int = 3_000) -> None:
    request = a_request(EXIT, Side.SELL, OrderType.MARKET, "1")
    order = SubmitOrder(
        request=request,
        priority=Priority.EXIT,
        sign_by=Timestamp(venue.now + sign_within_ms),
        window_ms=Milliseconds(window_ms),
    )
    venue.exchange.submit(order, venue.now)


def failed(venue: WireVenue) -> list[SubmitFailed]:
    return [event for event in venue.events if isinstance(event, SubmitFailed)]


def measured_before(venue: WireVenue, kind: type[Event]) -> list[RequestTimingMeasured]:
    """Return the measurements that were told before the first event of a kind."""
    venue.wait_until(lambda: any(isinstance(one, kind) for one in venue.events))
    place_of = next(i for i, one in enumerate(venue.events) if isinstance(one, kind))
    return [one for one in venue.events[:place_of] if isinstance(one, RequestTimingMeasured)]


def is_at_venue(venue: WireVenue) -> bool:
    return any(facts.client_order_id == EXIT for facts in venue.server.read().orders)


def test_past_its_largest_timestamp_a_request_does_not_leave(venue: WireVenue) -> None:
    place(venue, sign_within_ms=-LONG_MS)
    venue.wait_until(lambda: bool(failed(venue)))
    (failure,) = failed(venue)
    assert failure.kind is FailureKind.RETRYABLE
    assert failure.was_late
    assert failure.signed_at is None
    assert not is_at_venue(venue)


def test_without_an_answer_it_is_unknown_soon_after_its_window(venue: WireVenue) -> None:
    venue.server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.STALL, acted=True))
    before = venue.now
    place(venue, LONG_MS, window_ms=1_000)
    venue.wait_until(lambda: bool(failed(venue)))
    (failure,) = failed(venue)
    assert failure.kind is FailureKind.UNKNOWN
    assert failure.signed_at is not None
    assert before - 2_000 <= failure.signed_at <= venue.now
    venue.server.send(Release())  # the answer comes after all
    venue.wait_until(lambda: any(isinstance(one, OrderReported) for one in venue.events))


def test_an_order_without_an_answer_is_looked_up_before_one_comes(venue: WireVenue) -> None:
    venue.server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.STALL))
    place(venue, LONG_MS, window_ms=1_000)
    before = venue.now
    venue.exchange.look_up(QUESTION, venue.now)
    venue.wait_until(lambda: any(isinstance(one, OrderNotFound) for one in venue.events))
    answer = next(one for one in venue.events if isinstance(one, OrderNotFound))
    assert answer.venue_time is not None
    assert before <= answer.venue_time <= venue.now


def test_a_refused_time_is_told_after_the_clock_was_measured_again(venue: WireVenue) -> None:
    venue.server.send(SetClock(offset_ms=LONG_MS))
    place(venue, 2 * LONG_MS)
    venue.wait_until(lambda: bool(failed(venue)))
    (failure,) = failed(venue)
    assert failure.was_late
    assert failure.signed_at is not None
    measured = measured_before(venue, SubmitFailed)
    assert abs(measured[-1].offset_ms - LONG_MS) < LONG_MS / 2
    assert measured[-1].terms is not None
    assert not is_at_venue(venue)


def test_a_clock_that_moved_is_measured_before_a_look_is_answered(venue: WireVenue) -> None:
    venue.server.send(SetClock(offset_ms=LONG_MS))
    venue.exchange.look_up(QUESTION, venue.now)
    (measured,) = measured_before(venue, OrderNotFound)
    assert abs(measured.offset_ms - LONG_MS) < LONG_MS / 2
    assert measured.terms is not None


def test_a_look_whose_time_is_as_expected_measures_nothing_anew(venue: WireVenue) -> None:
    venue.exchange.look_up(QUESTION, venue.now)
    assert measured_before(venue, OrderNotFound) == []


def test_what_was_too_late_to_be_signed_has_the_clock_measured_again(venue: WireVenue) -> None:
    place(venue, sign_within_ms=-LONG_MS)
    assert measured_before(venue, SubmitFailed)


def test_an_order_that_a_jump_keeps_back_names_the_last_moment_of_a_signature(
    venue: WireVenue,
) -> None:
    venue.server.send(SetClock(offset_ms=LONG_MS))
    venue.exchange.look_up(QUESTION, venue.now)
    venue.wait_until(lambda: any(isinstance(one, OrderNotFound) for one in venue.events))
    before = venue.now
    place(venue, 2 * LONG_MS)
    venue.wait_until(lambda: bool(failed(venue)))
    (failure,) = failed(venue)
    assert failure.kind is FailureKind.UNKNOWN
    assert failure.signed_at is not None
    assert abs(failure.signed_at - before) < LONG_MS / 2
    assert not is_at_venue(venue)
