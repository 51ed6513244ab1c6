"""What positions ask of the router, and what they hear."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.order_router.core import step
from messages.addresses import GATEWAY, position_address
from messages.base import ClientOrderId
from messages.envelope import NOTHING, Wake
from messages.gateway import CancelAtVenue, FetchBalances, SubmitOrder
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    FailureKind,
    OrderNotFound,
    OrderReported,
    PlaceOrder,
    ReadLedger,
    ResendOrders,
)
from messages.orders import OrderStatus, Priority, Purpose, RejectReason
from messages.position import LedgerOrder, LedgerRead, OrderUpdated, VenueReachability
from tests.actors.order_router.stage import ORDER, P1, SETTINGS, Stage, facts, request

EXIT = "he1p1x1"
TTL_MS = SETTINGS.terminal_ttl_ms


# Placing.


def test_an_order_is_submitted_and_that_is_no_news_to_its_position() -> None:
    stage = Stage()
    (sent,) = stage.place().outbox
    assert sent.to == GATEWAY
    assert sent.message == SubmitOrder(request=request(), priority=Priority.ENTRY)


def test_an_order_asked_for_twice_is_submitted_once_and_answered() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    again = stage.place()
    assert again.changes == ()
    assert [s.message for s in again.outbox] == [OrderUpdated(facts=facts(OrderStatus.OPEN))]
    assert len(stage.all_sent(SubmitOrder)) == 1


@pytest.mark.parametrize(
    ("purpose", "priority"),
    [
        (Purpose.CLOSE, Priority.EXIT),
        (Purpose.TAKE_PROFIT, Priority.PROTECTION),
        (Purpose.STOP_LOSS, Priority.PROTECTION),
        (Purpose.ENTRY, Priority.ENTRY),
    ],
)
def test_an_order_goes_with_the_priority_of_its_purpose(
    purpose: Purpose, priority: Priority
) -> None:
    stage = Stage()
    stage.place(request(EXIT, purpose))
    stage.report(OrderStatus.OPEN, order_id=EXIT)
    stage.cancel(EXIT)
    assert [m.priority for m in stage.all_sent(SubmitOrder)] == [priority]
    assert [m.priority for m in stage.all_sent(CancelAtVenue)] == [priority]


def test_an_urgent_cancel_goes_with_the_exits() -> None:
    stage = Stage()
    stage.place(request(EXIT, Purpose.TAKE_PROFIT))
    stage.report(OrderStatus.OPEN, order_id=EXIT)
    stage.cancel(EXIT, urgent=True)
    assert [m.priority for m in stage.all_sent(CancelAtVenue)] == [Priority.EXIT]


# Hearing.


def test_every_news_is_told_once_and_cumulative() -> None:
    stage = Stage()
    stage.place()
    for status, filled in [
        (OrderStatus.OPEN, "0"),
        (OrderStatus.PARTIALLY_FILLED, "1"),
        (OrderStatus.PARTIALLY_FILLED, "1"),
        (OrderStatus.OPEN, "0"),
        (OrderStatus.FILLED, "2"),
        (OrderStatus.FILLED, "2"),
    ]:
        stage.report(status, filled)
    told = [m.facts for m in stage.all_sent(OrderUpdated)]
    assert told == [
        facts(OrderStatus.OPEN),
        facts(OrderStatus.PARTIALLY_FILLED, "1"),
        facts(OrderStatus.FILLED, "2"),
    ]


def test_a_report_that_says_nothing_new_is_no_step() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    assert stage.report(OrderStatus.OPEN) == NOTHING
    stage.report(OrderStatus.FILLED, "2")
    assert stage.report(OrderStatus.FILLED, "2") == NOTHING


def test_an_over_fill_is_booked_and_alarmed_once() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.FILLED, "2.5")
    assert [m.facts.filled for m in stage.just_sent(OrderUpdated)] == [Decimal("2.5")]
    assert [m.kind for m in stage.just_sent(Alarm)] == [AlarmKind.OVERFILL]
    assert stage.report(OrderStatus.FILLED, "2.5") == NOTHING


def test_a_canceled_order_that_filled_is_told_as_filled() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.CANCELED)
    stage.report(OrderStatus.FILLED, "2")
    assert stage.just_sent(OrderUpdated)[0].facts == facts(OrderStatus.FILLED, "2")


def test_a_position_hears_of_all_its_orders_again_when_asked() -> None:
    stage = Stage()
    stage.place()
    stage.place(request(EXIT, Purpose.CLOSE))
    stage.place(request("he1p2b1"))
    stage.report(OrderStatus.FILLED, "2")
    sends = stage.tell(ResendOrders(position_id=P1)).outbox
    assert {s.to for s in sends} == {position_address(P1)}
    assert [s.message for s in sends] == [
        OrderUpdated(facts=facts(OrderStatus.FILLED, "2")),
        OrderUpdated(facts=facts(OrderStatus.SUBMITTED, order_id=EXIT)),
        VenueReachability(reachable=True),
    ]


def test_an_order_that_the_router_never_had_is_refused_to_a_position_that_waits_for_it() -> None:
    stage = Stage()
    stage.place()
    known, unknown = request().client_order_id, ClientOrderId(EXIT)
    sends = stage.tell(ResendOrders(position_id=P1, awaited=(known, unknown))).outbox
    told = [s.message.facts for s in sends if isinstance(s.message, OrderUpdated)]
    assert [(f.client_order_id, f.status) for f in told] == [
        (known, OrderStatus.SUBMITTED),
        (unknown, OrderStatus.REJECTED),
    ]


def test_a_salvage_is_told_all_orders_of_its_position_at_once() -> None:
    stage = Stage()
    stage.place()
    stage.place(request(EXIT, Purpose.CLOSE))
    stage.place(request("he1p2b1"))
    stage.report(OrderStatus.FILLED, "2")
    [send] = stage.tell(ReadLedger(position_id=P1, number=7)).outbox
    assert send.to == position_address(P1)
    entry = LedgerOrder(request=request(), facts=facts(OrderStatus.FILLED, "2"))
    close = LedgerOrder(
        request=request(EXIT, Purpose.CLOSE), facts=facts(OrderStatus.SUBMITTED, order_id=EXIT)
    )
    assert send.message == LedgerRead(number=7, orders=(entry, close))


# Canceling.


def test_a_cancel_waits_for_the_answer_to_the_submit() -> None:
    stage = Stage()
    stage.place()
    stage.cancel()
    assert stage.all_sent(CancelAtVenue) == []
    stage.report(OrderStatus.OPEN)
    assert [m.client_order_id for m in stage.just_sent(CancelAtVenue)] == [ORDER]


def test_a_cancel_asked_for_twice_is_sent_once() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    stage.cancel()
    assert stage.cancel() == NOTHING
    assert len(stage.all_sent(CancelAtVenue)) == 1


def test_a_cancel_that_becomes_urgent_is_sent_again() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    stage.cancel()
    stage.cancel(urgent=True)
    assert stage.cancel(urgent=True) == NOTHING
    sent = [m.priority for m in stage.all_sent(CancelAtVenue)]
    assert sent == [Priority.ENTRY, Priority.EXIT]


def test_an_order_canceled_between_two_tries_is_withdrawn_without_going_out() -> None:
    stage = Stage()
    stage.place()
    stage.fail_submit(FailureKind.RETRYABLE)
    stage.cancel()
    told = stage.just_sent(OrderUpdated)[0].facts
    assert (told.status, told.reason) == (OrderStatus.CANCELED, RejectReason.WITHDRAWN)
    stage.pass_time(60_000)
    assert len(stage.all_sent(SubmitOrder)) == 1
    assert stage.all_sent(CancelAtVenue) == []


def test_an_order_canceled_before_its_submit_failed_is_not_submitted_again() -> None:
    stage = Stage()
    stage.place()
    stage.cancel()
    stage.fail_submit(FailureKind.RETRYABLE)
    assert stage.status() is OrderStatus.CANCELED


def test_a_cancel_of_an_order_that_is_over_is_answered_with_its_end() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.FILLED, "2")
    answer = stage.cancel()
    assert answer.changes == ()
    assert [s.message for s in answer.outbox] == [
        OrderUpdated(facts=facts(OrderStatus.FILLED, "2"))
    ]


def test_a_cancel_of_an_order_that_was_never_taken_in_is_answered_as_withdrawn() -> None:
    stage = Stage()
    stage.cancel()
    told = stage.just_sent(OrderUpdated)[0].facts
    assert (told.status, told.reason) == (OrderStatus.CANCELED, RejectReason.WITHDRAWN)
    assert stage.cancel("not-of-our-making") == NOTHING


# Waiting.


def test_a_rung_is_canceled_when_it_has_been_open_as_long_as_it_may() -> None:
    stage = Stage()
    stage.place(wait_ms=3_000)
    stage.pass_time(2_000)
    stage.report(OrderStatus.OPEN)
    stage.pass_time(2_999)
    assert stage.all_sent(CancelAtVenue) == []
    stage.pass_time(1)
    assert len(stage.all_sent(CancelAtVenue)) == 1


def test_a_rung_that_filled_is_not_canceled() -> None:
    stage = Stage()
    stage.place(wait_ms=3_000)
    stage.report(OrderStatus.OPEN)
    stage.report(OrderStatus.FILLED, "2")
    stage.pass_time(10_000)
    assert stage.all_sent(CancelAtVenue) == []


def test_a_partial_fill_does_not_lengthen_the_wait() -> None:
    stage = Stage()
    stage.place(wait_ms=3_000)
    stage.report(OrderStatus.OPEN)
    stage.pass_time(2_500)
    stage.report(OrderStatus.PARTIALLY_FILLED, "1")
    stage.pass_time(500)
    assert len(stage.all_sent(CancelAtVenue)) == 1


def test_an_early_or_doubled_wake_does_nothing() -> None:
    stage = Stage()
    stage.place(wait_ms=3_000)
    stage.report(OrderStatus.OPEN)
    assert stage.tell(Wake(key=ORDER)) == NOTHING
    assert stage.tell(Wake(key="gone")) == NOTHING


# The rest.


def test_answers_about_orders_that_nobody_knows_are_nothing() -> None:
    assert Stage().tell(OrderNotFound(client_order_id=ClientOrderId("he1p9b9"))) == NOTHING


def test_a_message_for_somebody_else_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="does not take FetchBalances"):
        Stage().tell(FetchBalances())


def test_a_step_changes_nothing_by_itself() -> None:
    stage = Stage()
    stage.place()
    before = stage.order()
    step(stage.orders, SETTINGS, OrderReported(facts=facts(OrderStatus.FILLED, "2")), stage.now)
    assert stage.order() == before


def test_the_second_request_with_an_id_does_not_replace_the_first() -> None:
    stage = Stage()
    stage.place()
    stage.tell(PlaceOrder(request=replace(request(), quantity=Decimal(9))))
    assert stage.order().request.quantity == Decimal(2)


def test_orders_are_counted_by_status() -> None:
    stage = Stage()
    stage.place()
    stage.place(request(EXIT, Purpose.CLOSE))
    stage.report(OrderStatus.FILLED, "2")
    counted = {status: n for status, n in stage.orders.counts.items() if n}
    assert counted == {OrderStatus.FILLED: 1, OrderStatus.SUBMITTED: 1}
