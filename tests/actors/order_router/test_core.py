"""What positions ask of the router, and what they hear."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.order_router.core import step
from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO, position_address
from messages.base import ClientOrderId, PositionId
from messages.envelope import NOTHING, Removed, Wake
from messages.gateway import CancelAtVenue, FetchBalances, LookUpOrder, SubmitOrder
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    FailureKind,
    OrderNotFound,
    OrderReported,
    PlaceOrder,
    ReleaseOrders,
    ResendOrders,
    StreamChanged,
)
from messages.orders import OrderFacts, OrderStatus, Priority, Purpose, RejectReason
from messages.portfolio import UnmatchedFill
from messages.position import OrdersReleased, OrderUpdated, VenueReachability
from tests.actors.order_router.stage import ORDER, P1, SETTINGS, Stage, facts, request

EXIT = "he1p1x1"
TTL_MS = SETTINGS.terminal_ttl_ms


# Placing.


def test_an_order_is_submitted_and_its_position_told() -> None:
    stage = Stage()
    sends = stage.place().outbox
    assert [s.to for s in sends] == [GATEWAY, position_address(P1)]
    assert sends[0].message == SubmitOrder(request=request(), priority=Priority.ENTRY)
    assert sends[1].message == OrderUpdated(facts=facts(OrderStatus.SUBMITTED))


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
        facts(OrderStatus.SUBMITTED),
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


# Letting go.


def released(stage: Stage, *booked: OrderFacts) -> None:
    stage.tell(ReleaseOrders(position_id=P1, booked=booked))


def test_a_release_is_answered_each_time() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.FILLED, "2")
    for _ in range(2):
        released(stage, facts(OrderStatus.FILLED, "2"))
        assert [s.message for s in stage.last.outbox] == [OrdersReleased()]


def test_a_fill_after_the_release_goes_to_the_portfolio_and_not_to_the_position() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.CANCELED, "1")
    released(stage, facts(OrderStatus.CANCELED, "1"))
    stage.report(OrderStatus.FILLED, "2")
    assert [s.to for s in stage.last.outbox] == [PORTFOLIO]
    unmatched = stage.just_sent(UnmatchedFill)[0]
    assert (unmatched.filled, unmatched.cost) == (Decimal(1), Decimal(100))
    assert unmatched.facts == facts(OrderStatus.FILLED, "2")


def test_a_fill_that_crossed_the_release_is_unmatched_too() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.FILLED, "2")
    released(stage, facts(OrderStatus.PARTIALLY_FILLED, "0.5"))
    assert [m.filled for m in stage.just_sent(UnmatchedFill)] == [Decimal("1.5")]


def test_an_order_that_may_be_live_at_the_release_is_canceled() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    released(stage)
    assert len(stage.just_sent(CancelAtVenue)) == 1
    stage.report(OrderStatus.CANCELED)
    assert stage.last.outbox == ()


def test_an_order_without_fills_is_forgotten_after_its_time() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.CANCELED)
    stage.pass_time(TTL_MS - 1)
    assert ORDER in stage.orders.by_id
    stage.pass_time(1)
    assert stage.last.changes == (Removed(kind="RoutedOrder", key=ORDER),)
    assert (stage.orders.by_id, stage.orders.of_position(P1)) == ({}, ())
    assert not any(stage.orders.counts.values())


def test_an_order_with_fills_is_kept_until_its_position_lets_go() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.FILLED, "2")
    stage.pass_time(10 * TTL_MS)
    assert ORDER in stage.orders.by_id
    released(stage, facts(OrderStatus.FILLED, "2"))
    stage.pass_time(TTL_MS)
    assert ORDER not in stage.orders.by_id


def test_a_late_fill_keeps_an_order_that_was_to_be_forgotten() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.CANCELED)
    stage.pass_time(TTL_MS - 1)
    stage.report(OrderStatus.FILLED, "2")
    stage.pass_time(TTL_MS)
    assert ORDER in stage.orders.by_id


def test_a_live_order_of_ours_that_nobody_knows_is_alarmed() -> None:
    stage = Stage()
    sends = stage.report(OrderStatus.OPEN).outbox
    assert [s.to for s in sends] == [OBSERVERS]
    assert stage.report(OrderStatus.CANCELED) == NOTHING
    assert stage.report(OrderStatus.OPEN, order_id="somebody-elses") == NOTHING


# The stream.


def test_after_the_stream_came_back_every_order_that_is_not_over_is_looked_up() -> None:
    stage = Stage()
    for number in (1, 2, 3):
        stage.place(request(f"he1p1b{number}"))
    stage.report(OrderStatus.OPEN, order_id="he1p1b1")
    stage.report(OrderStatus.FILLED, "2", order_id="he1p1b2")
    stage.report(OrderStatus.OPEN, order_id="he1p1b3")
    stage.tell(StreamChanged(up=False))
    stage.tell(StreamChanged(up=True))
    assert [m.client_order_id for m in stage.just_sent(LookUpOrder)] == ["he1p1b1", "he1p1b3"]


def test_a_stream_that_was_up_by_the_books_is_reconciled_too() -> None:
    stage = Stage()
    stage.place()
    stage.report(OrderStatus.OPEN)
    stage.tell(StreamChanged(up=True))
    assert len(stage.just_sent(LookUpOrder)) == 1
    assert stage.just_sent(VenueReachability) == []


def test_a_submit_that_was_under_way_when_the_stream_came_back_is_looked_up_after_its_ack() -> None:
    stage = Stage()
    stage.tell(StreamChanged(up=False))
    stage.place()
    stage.tell(StreamChanged(up=True))
    assert stage.all_sent(LookUpOrder) == []
    stage.report(OrderStatus.OPEN)
    assert len(stage.just_sent(LookUpOrder)) == 1
    stage.report(OrderStatus.OPEN)
    assert len(stage.all_sent(LookUpOrder)) == 1


def test_positions_hear_when_the_venue_can_not_be_reached_and_when_it_can() -> None:
    stage = Stage()
    stage.place()
    stage.place(request("he1p2b1"))
    stage.place(request("he1p3b1"))
    stage.tell(ReleaseOrders(position_id=PositionId("p3")))
    for up in (False, True):
        stage.tell(StreamChanged(up=up))
        told = {s.to for s in stage.last.outbox if s.message == VenueReachability(reachable=up)}
        assert told == {position_address(P1), position_address(PositionId("p2"))}
    assert stage.tell(StreamChanged(up=True)).changes == ()


def test_a_position_that_begins_while_the_stream_is_down_hears_so_once() -> None:
    stage = Stage()
    stage.tell(StreamChanged(up=False))
    stage.place()
    stage.place(request(EXIT, Purpose.CLOSE))
    assert stage.all_sent(VenueReachability) == [VenueReachability(reachable=False)]


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
