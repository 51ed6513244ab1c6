"""A look at an order that its id does not find, over the wire: every part, and the stream."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from exchange.profiles.binance import PROFILE
from exchange.profiles.request_terms import terms_of
from exchange.server.control import Release
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.gateway import LookUpOrder, SubmitOrder
from messages.order_router import LookPart, OrderNotFound, OrderReported, SubmitFailed, WholeLook
from messages.orders import OrderStatus, OrderType, Priority, Side
from tests.exchange.live.wire import STILL, WireVenue
from tests.exchange.venue import RULES, SYMBOL, a_request, holding

ORDER = ClientOrderId("h0e1p1x1")
LATE_MS = Milliseconds(600_000)
NOT_FOUND = WireFault(
    on=Call.LOOK_UP,
    kind=WireFaultKind.REFUSED,
    code=-2013,
    text="Order does not exist.",
    containing=ORDER,
    times=FOR_EVER,
)
NO_OPEN = WireFault(
    on=Call.OPEN_ORDERS, kind=WireFaultKind.ANSWERED, status=200, text="[]", times=FOR_EVER
)
NO_FILLS = replace(NO_OPEN, on=Call.TRADES)
UNHEARD = WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.LOST, times=FOR_EVER)
UNANSWERED = WireFault(on=Call.SUBMIT, kind=WireFaultKind.STALL)


@pytest.fixture
def venue() -> Iterator[WireVenue]:
    with ServerThread("binance", [RULES], holding()) as server:
        settings = replace(STILL, request_timeout_ms=LATE_MS, call_timeout_ms=LATE_MS)
        one = WireVenue(server, "binance", settings)
        try:
            one.exchange.subscribe(SYMBOL, one.now)
            one.move(100.0)
            yield one
        finally:
            server.send(Release())
            one.close()


def submit(venue: WireVenue, *faults: WireFault, is_market: bool = False) -> None:
    """Send a sale that has no answer within its window; wait until that is told."""
    venue.server.plan(*faults)
    kind, price = (OrderType.MARKET, None) if is_market else (OrderType.LIMIT, "103")
    request = a_request(ORDER, Side.SELL, kind, "1", price=price)
    order = SubmitOrder(request=request, priority=Priority.EXIT, window_ms=Milliseconds(100))
    venue.exchange.submit(order, venue.now)
    venue.wait_until(lambda: any(isinstance(one, SubmitFailed) for one in venue.events))


def answer(venue: WireVenue, after_ms: int = -1_000) -> OrderReported | OrderNotFound:
    """Look for it, wholly after a moment from now; return the answer."""
    count = len(venue.events)
    question = LookUpOrder(
        client_order_id=ORDER,
        exchange_order_id=None,
        symbol=SYMBOL,
        wants_time=True,
        whole_after=Timestamp(venue.now + after_ms),
    )
    venue.exchange.look_up(question, venue.now)
    found: list[OrderReported | OrderNotFound] = []

    def is_answered() -> bool:
        found[:] = [
            one for one in venue.events[count:] if isinstance(one, OrderReported | OrderNotFound)
        ]
        return bool(found)

    venue.wait_until(is_answered)
    return found[-1]


def whole(venue: WireVenue) -> WholeLook:
    said = answer(venue)
    assert isinstance(said, OrderNotFound), said
    assert said.look is not None
    return said.look


def test_of_an_order_that_was_never_placed_every_part_says_nothing(venue: WireVenue) -> None:
    submit(venue, UNANSWERED)
    look = whole(venue)
    assert look.missing == ()
    assert not (look.open_orders)
    assert not (look.fills)
    assert not (look.unexplained)
    assert look.total == look.free == Decimal(10)
    assert look.stream == look.signed_on != 0
    assert whole(venue) == look


def test_before_the_time_that_it_is_wanted_for_only_the_id_is_asked_for(venue: WireVenue) -> None:
    submit(venue, UNANSWERED)
    said = answer(venue, after_ms=3_600_000)
    assert isinstance(said, OrderNotFound)
    assert said.look is None


@pytest.mark.parametrize("hidden", [(NOT_FOUND,), (NOT_FOUND, NO_OPEN)])
def test_an_order_that_works_is_found_by_a_list_or_canceled(
    venue: WireVenue, hidden: tuple[WireFault, ...]
) -> None:
    submit(venue, replace(UNANSWERED, acted=True), UNHEARD, *hidden)
    said = answer(venue)
    assert isinstance(said, OrderReported)
    is_listed = NO_OPEN not in hidden
    assert said.facts.status is (OrderStatus.OPEN if is_listed else OrderStatus.CANCELED)


def test_a_fill_whose_order_is_not_known_is_looked_up_by_the_exchange_s_id(
    venue: WireVenue,
) -> None:
    submit(venue, replace(UNANSWERED, acted=True), UNHEARD, NOT_FOUND, is_market=True)
    said = answer(venue)
    assert isinstance(said, OrderReported)
    assert said.facts.filled == 1


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (Call.OPEN_ORDERS, LookPart.OPEN_ORDERS),
        (Call.TRADES, LookPart.FILLS),
        (Call.BALANCES, LookPart.BALANCE),
        (Call.CANCEL, LookPart.CANCEL),
    ],
)
def test_a_part_without_an_answer_is_named(venue: WireVenue, call: Call, part: LookPart) -> None:
    fault = WireFault(on=call, kind=WireFaultKind.UNAVAILABLE, times=FOR_EVER)
    submit(venue, UNANSWERED, fault)
    assert whole(venue).missing == (part,)
    assert any(part in note for note in venue.notes)


def test_a_cancel_that_is_refused_for_another_reason_says_nothing(venue: WireVenue) -> None:
    text = "Order was not canceled due to cancel restrictions."
    kind = WireFaultKind.REFUSED
    submit(venue, UNANSWERED, WireFault(on=Call.CANCEL, kind=kind, code=-2011, text=text))
    assert whole(venue).missing == (LookPart.CANCEL,)


def test_coins_that_an_order_out_of_sight_locks_are_not_explained(venue: WireVenue) -> None:
    hidden = (NOT_FOUND, NO_OPEN, NO_FILLS, UNHEARD)
    refuses = replace(NOT_FOUND, on=Call.CANCEL, code=-2011, text="Unknown order sent.")
    submit(venue, replace(UNANSWERED, acted=True), *hidden, refuses)
    look = whole(venue)
    assert look.missing == ()
    assert look.unexplained == 1


def test_a_connection_that_ends_leaves_a_gap(venue: WireVenue) -> None:
    submit(venue, UNANSWERED, WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.DROPPED))
    before = whole(venue)
    other = a_request(ClientOrderId("h0e1p2x1"), Side.SELL, OrderType.LIMIT, "1", price="104")
    venue.exchange.submit(SubmitOrder(request=other, priority=Priority.EXIT), venue.now)
    venue.wait_until(lambda: not venue.is_up)
    venue.wait_until(lambda: venue.is_up)
    after = whole(venue)
    assert before.stream == before.signed_on == after.signed_on
    assert after.stream not in {0, after.signed_on}


def test_a_stream_that_the_exchange_ends_on_an_open_socket_is_a_gap_and_begins_anew(
    venue: WireVenue,
) -> None:
    submit(venue, UNANSWERED)
    client = venue.connection.client

    async def end() -> None:
        (socket,) = [one for one in client.clients.values() if "orders" in one.futures]
        client.handle_message(socket, {"event": {"e": "eventStreamTerminated", "E": 1}})

    venue.connection.thread.run(end())
    venue.wait_until(lambda: not venue.is_up)
    venue.wait_until(lambda: venue.is_up)
    look = whole(venue)
    assert look.stream not in {0, look.signed_on}


def test_an_event_that_can_t_be_read_is_a_gap(venue: WireVenue) -> None:
    submit(venue, UNANSWERED)
    client = venue.connection.client

    async def tell() -> None:
        client.bad_item("message of a socket", ValueError("not understood"))

    venue.connection.thread.run(tell())
    look = whole(venue)
    assert look.stream != look.signed_on


def test_a_socket_that_is_half_open_is_no_stream_without_a_gap(venue: WireVenue) -> None:
    submit(venue, UNANSWERED, WireFault(on=Call.ORDER_EVENT, kind=WireFaultKind.HALF_OPEN))
    other = a_request(ClientOrderId("h0e1p2x1"), Side.SELL, OrderType.LIMIT, "1", price="104")
    venue.exchange.submit(SubmitOrder(request=other, priority=Priority.EXIT), venue.now)
    venue.wait_until(lambda: any(isinstance(one, OrderReported) for one in venue.events))
    look = whole(venue)
    assert look.stream == 0
    assert look.signed_on


def test_only_a_venue_whose_cancels_are_known_to_be_answered_by_its_engine_says_its_lag() -> None:
    known, unknown = terms_of(PROFILE), terms_of(replace(PROFILE, unknown_order=None))
    assert known is not None
    assert unknown is not None
    assert (known.stream_lag_ms, unknown.stream_lag_ms) == (PROFILE.stream_lag_ms, None)
