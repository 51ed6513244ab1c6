"""How the router lets go of orders, and what it does when the stream was away."""

from decimal import Decimal

from messages.addresses import OBSERVERS, PORTFOLIO, position_address
from messages.base import PositionId
from messages.envelope import NOTHING, Removed
from messages.gateway import CancelAtVenue, LookUpOrder
from messages.order_router import (
    ReleaseOrders,
    StreamChanged,
)
from messages.orders import OrderFacts, OrderStatus, Purpose
from messages.portfolio import UnmatchedFill
from messages.position import OrdersReleased, VenueReachability
from tests.actors.order_router.stage import ORDER, P1, SETTINGS, Stage, facts, request

EXIT = "he1p1x1"
TTL_MS = SETTINGS.terminal_ttl_ms


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
