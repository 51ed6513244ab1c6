"""Exits that race: cancels that fill, native stops that do not, and the end."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.states import State
from messages.envelope import NOTHING, Wake
from messages.market_data import DisarmTriggers
from messages.order_router import CancelOrder, ReleaseOrders
from messages.orders import (
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    StopStatus,
)
from messages.plan import MARKET_RUNG, ProtectionMode
from messages.portfolio import BookPosition
from messages.position import (
    BudgetGranted,
    CloseCause,
    ClosePosition,
    LevelName,
    MarketFreshness,
    OrdersReleased,
)
from messages.positions import PositionEnded
from tests.actors.position.scenes import (
    B1,
    BARE,
    BY_HAND,
    EXIT_LADDER,
    GTC,
    HELD,
    X1,
    X2,
    closing,
)
from tests.actors.position.stage import PLAN, Stage

# Races


def test_the_exit_waits_until_the_resting_order_is_over() -> None:
    stage = closing(PLAN)
    assert stage.canceled == [X1]
    assert stage.all_sent(CancelOrder)[0].urgent
    assert len(stage.placed) == 2
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).quantity == HELD


def test_a_take_profit_that_fills_while_it_is_canceled_leaves_nothing_to_sell() -> None:
    stage = closing(PLAN).fill(X1)
    assert stage.state() is State.CLOSED
    assert len(stage.placed) == 2
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


def test_a_take_profit_that_fills_in_part_while_it_is_canceled_leaves_the_rest() -> None:
    stage = closing(PLAN).report(X1, OrderStatus.PARTIALLY_FILLED, filled="4")
    assert len(stage.placed) == 2, "it may fill further until it is over"
    stage.report(X1, OrderStatus.CANCELED, filled="5")
    assert stage.request(X2).quantity == HELD - 5


def test_a_refused_cancel_changes_nothing_until_the_order_is_over() -> None:
    stage = closing(PLAN).report(X1, OrderStatus.OPEN)
    assert stage.position.slot.state is SlotState.CANCELING
    assert len(stage.placed) == 2


def test_a_close_by_hand_in_the_middle_of_a_switch_sells_once() -> None:
    plan = replace(PLAN, protection_mode=ProtectionMode.STOP_RESTS)
    stage = Stage(plan).protected()
    stage.hear(BY_HAND)
    stage.hear(MarketFreshness(fresh=False))
    stage.report(X1, OrderStatus.CANCELED, stop=StopStatus.GONE)
    assert [order.purpose for order in stage.placed] == [
        Purpose.ENTRY,
        Purpose.STOP_LOSS,
        Purpose.CLOSE,
    ]
    assert stage.fill(X2, "99").sold == HELD


def test_a_resting_order_not_yet_confirmed_is_canceled_too() -> None:
    stage = Stage().grant().fill(B1)
    stage.hear(BY_HAND)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, reason=RejectReason.WITHDRAWN)
    assert stage.request(X2).quantity == HELD


def test_a_canceled_exit_that_filled_after_all_takes_its_part_from_the_next() -> None:
    stage = closing().report(X1, OrderStatus.CANCELED)
    stage.report(X1, OrderStatus.FILLED, filled=str(HELD), price="99")
    assert stage.state() is State.CLOSED
    assert stage.sold == HELD
    assert len(stage.placed) == 2


def test_a_venue_that_sold_more_than_was_held_is_booked_as_it_is() -> None:
    stage = closing().report(X1, OrderStatus.FILLED, filled="11", price="99")
    assert stage.state() is State.CLOSED
    assert stage.all_sent(BookPosition)[-1].sold == 11


def test_the_first_cause_stays() -> None:
    stage = closing(PLAN)
    stage.hear(ClosePosition(cause=CloseCause.HALT, reason="all out"))
    stage.report(X1, OrderStatus.CANCELED).fill(X2, "99")
    assert stage.position.close_cause is CloseCause.BY_HAND


def test_a_firing_of_the_stop_while_it_closes_is_ignored() -> None:
    stage = closing(EXIT_LADDER)
    assert stage.fire(LevelName.STOP_LOSS, price=90.0).last == []


# Native stops


def native(offset: str | None = None) -> Stage:
    plan = replace(
        PLAN,
        protection_mode=ProtectionMode.STOP_RESTS,
        stop_limit_offset_ratio=None if offset is None else Decimal(offset),
        exit_ladder=(GTC, MARKET_RUNG),
        stop_rung=1,
    )
    return Stage(plan).protected()


def test_a_native_stop_that_was_touched_is_left_to_fill() -> None:
    stage = native().report(X1, OrderStatus.OPEN, stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSING
    assert stage.canceled == []
    stage.report(X1, OrderStatus.FILLED, filled=str(HELD), stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.STOP_LOSS


def test_a_triggered_stop_limit_that_does_not_fill_in_time_is_canceled_and_laddered() -> None:
    stage = native("0.001").report(X1, OrderStatus.OPEN, stop=StopStatus.TRIGGERED)
    stage.wait(4_999)
    assert stage.canceled == []
    stage.wait(1)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, filled="3", stop=StopStatus.TRIGGERED)
    assert stage.request(X2).type is OrderType.MARKET
    assert stage.request(X2).quantity == HELD - 3


def test_a_triggered_stop_limit_that_is_told_of_again_and_again_has_no_more_time_for_it() -> None:
    stage = native("0.001")
    for _ in range(5):
        stage.report(X1, OrderStatus.OPEN, stop=StopStatus.TRIGGERED)
        assert stage.canceled == []
        stage.wait(1_000)
    assert stage.canceled == [X1]


def test_a_stop_that_the_venue_does_not_touch_though_we_see_it_passed_is_laddered() -> None:
    stage = native().fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.canceled == []
    stage.wait(5_000)
    assert stage.canceled == [X1]


def test_a_native_stop_whose_leg_is_gone_is_not_waited_for() -> None:
    stage = native().fire(LevelName.STOP_LOSS, price=97.5)
    stage.report(X1, OrderStatus.OPEN, stop=StopStatus.GONE)
    assert stage.canceled == [X1]


def test_a_triggered_stop_that_expired_unfilled_is_laddered_at_once() -> None:
    stage = native("0.001").report(X1, OrderStatus.EXPIRED, stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSING
    assert stage.request(X2).type is OrderType.MARKET


# The end


def test_a_position_is_flat_only_when_every_order_is_terminal() -> None:
    plan = replace(BARE, entry_ladder=(GTC,))
    stage = Stage(plan).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    stage.hear(BY_HAND)
    stage.fill(X1, "99")
    assert stage.state() is State.CLOSING, "the entry may still fill"
    stage.report(B1, OrderStatus.CANCELED, filled="3")
    assert stage.state() is State.CLOSED


def closed() -> Stage:
    return closing().fill(X1, "99")


def test_a_closed_position_lets_go_of_its_orders_with_what_it_booked_of_them() -> None:
    stage = closed()
    released = stage.all_sent(ReleaseOrders)
    assert len(released) == 1
    booked = {facts.client_order_id: facts.filled for facts in released[0].booked}
    assert booked == {B1: HELD, X1: HELD}


def test_a_closed_position_forgets_its_triggers_and_books_its_end() -> None:
    stage = closed()
    assert stage.all_sent(DisarmTriggers)[-1].generation == stage.position.protection.generation
    booked = stage.all_sent(BookPosition)[-1]
    assert booked.closed
    assert booked.sold == booked.bought == HELD
    assert stage.position.wakes_at is None


def test_the_end_is_told_once_when_the_router_has_let_go() -> None:
    stage = closed()
    assert stage.all_sent(PositionEnded) == []
    stage.hear(OrdersReleased())
    stage.hear(OrdersReleased())
    assert len(stage.all_sent(PositionEnded)) == 1


def test_late_facts_after_the_end_change_nothing() -> None:
    stage = closed()
    before = stage.life
    stage.report(B1, OrderStatus.FILLED, filled="12")
    assert stage.hear(Wake()) == NOTHING
    assert stage.hear(BY_HAND) == NOTHING
    assert stage.hear(BudgetGranted(budget=Decimal(1))) == NOTHING
    assert stage.hear(MarketFreshness(fresh=False)) == NOTHING
    assert stage.life is before


def test_no_stop_is_placed_after_the_position_closed() -> None:
    plan = replace(PLAN, protection_mode=ProtectionMode.STOP_RESTS)
    stage = Stage(plan).protected()
    stage.report(X1, OrderStatus.FILLED, filled=str(HELD), stop=StopStatus.TRIGGERED)
    placed = len(stage.placed)
    stage.fire(LevelName.TAKE_PROFIT, price=103.0).wait(600_000)
    assert len(stage.placed) == placed
