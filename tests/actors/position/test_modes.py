"""Where take profit and stop live: four modes, and parts."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.states import State
from messages.market import OcoRemainder
from messages.orders import OrderStatus, OrderType, Purpose, StopStatus
from messages.plan import (
    Plan,
    ProtectionMode,
    ScaleOut,
)
from messages.position import (
    CloseCause,
    LevelName,
)
from tests.actors.position.scenes import (
    B1,
    HELD,
    OCO,
    PARTS,
    STOP_RESTS,
    SWITCHING,
    X1,
    X2,
    X3,
)
from tests.actors.position.stage import ALL_ABLE, PLAN, Stage


def in_slot(stage: Stage) -> tuple[SlotState, Purpose]:
    return stage.position.slot.state, stage.position.slot.purpose


# The four modes


def test_synthetic_rests_the_take_profit_and_watches_the_stop() -> None:
    stage = Stage().protected()
    order = stage.request(X1)
    assert (order.type, order.purpose, order.price) == (
        OrderType.LIMIT,
        Purpose.TAKE_PROFIT,
        Decimal("103.0"),
    )
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_stop_rests_rests_the_stop_and_watches_both() -> None:
    stage = Stage(STOP_RESTS).protected()
    order = stage.request(X1)
    assert (order.type, order.purpose, order.trigger_price) == (
        OrderType.STOP,
        Purpose.STOP_LOSS,
        Decimal("98.0"),
    )
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.TAKE_PROFIT: 103.0}


def test_oco_rests_both_as_one_order_and_watches_the_stop() -> None:
    stage = Stage(OCO).protected()
    order = stage.request(X1)
    assert (order.type, order.price, order.trigger_price) == (
        OrderType.OCO,
        Decimal("103.0"),
        Decimal("98.0"),
    )
    assert len(stage.placed) == 2
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_switching_rests_the_take_profit_and_watches_for_the_switch() -> None:
    stage = Stage(SWITCHING).protected()
    assert in_slot(stage) == (SlotState.WORKING, Purpose.TAKE_PROFIT)
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.SWITCH_TO_STOP_LOSS: 99.0}


@pytest.mark.parametrize("mode", ProtectionMode)
def test_the_stop_trigger_is_armed_in_every_mode(mode: ProtectionMode) -> None:
    stage = Stage(replace(SWITCHING, protection_mode=mode)).protected()
    assert stage.levels[LevelName.STOP_LOSS] == 98.0


@pytest.mark.parametrize(
    "mode", [mode for mode in ProtectionMode if mode is not ProtectionMode.TRIGGERS]
)
def test_at_most_one_order_rests_in_every_mode(mode: ProtectionMode) -> None:
    stage = Stage(replace(SWITCHING, protection_mode=mode)).protected()
    assert len(stage.placed) == 2
    assert stage.position.slot.state is SlotState.WORKING


def test_with_triggers_alone_nothing_rests_and_both_prices_are_watched() -> None:
    stage = Stage(replace(PLAN, protection_mode=ProtectionMode.TRIGGERS)).protected()
    assert stage.state() is State.PROTECTING
    assert stage.position.slot.state is SlotState.EMPTY
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.TAKE_PROFIT: 103.0}


def test_with_triggers_alone_the_target_is_sold_by_the_ladder() -> None:
    stage = Stage(replace(PLAN, protection_mode=ProtectionMode.TRIGGERS)).protected()
    stage.fire(LevelName.TAKE_PROFIT, price=103.0).fill(X1, "103")
    assert stage.request(X1).type is OrderType.MARKET
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


@pytest.mark.parametrize(
    "mode", [ProtectionMode.SWITCHING, ProtectionMode.STOP_RESTS, ProtectionMode.OCO]
)
def test_a_mode_that_the_venue_cannot_do_falls_back_to_synthetic(mode: ProtectionMode) -> None:
    able = replace(ALL_ABLE, native_stop=False, native_stop_limit=False, oco=False)
    stage = Stage(replace(SWITCHING, protection_mode=mode), capabilities=able).protected()
    assert stage.request(X1).type is OrderType.LIMIT
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_a_stop_is_a_stop_limit_where_the_plan_gives_it_an_offset() -> None:
    plan = replace(STOP_RESTS, stop_limit_offset_ratio=Decimal("0.01"))
    order = Stage(plan).protected().request(X1)
    assert (order.type, order.trigger_price, order.price) == (
        OrderType.STOP_LIMIT,
        Decimal("98.0"),
        Decimal("97.0"),
    )


def test_a_stop_is_a_stop_limit_where_the_venue_has_no_stop_market() -> None:
    able = replace(ALL_ABLE, native_stop=False)
    order = Stage(STOP_RESTS, capabilities=able).protected().request(X1)
    assert (order.type, order.price) == (OrderType.STOP_LIMIT, Decimal("97.9"))


def test_a_stop_is_a_market_order_where_the_venue_has_no_stop_limit() -> None:
    able = replace(ALL_ABLE, native_stop_limit=False)
    plan = replace(STOP_RESTS, stop_limit_offset_ratio=Decimal("0.01"))
    order = Stage(plan, capabilities=able).protected().request(X1)
    assert (order.type, order.price) == (OrderType.STOP, None)


def test_the_take_profit_as_a_trigger_begins_the_exit() -> None:
    stage = Stage(STOP_RESTS).protected().fire(LevelName.TAKE_PROFIT, price=103.0)
    assert stage.state() is State.CLOSING
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, stop=StopStatus.GONE)
    stage.fill(X2, "103")
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


def test_a_resting_take_profit_that_fills_closes_the_position() -> None:
    stage = Stage().protected().fill(X1)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


@pytest.mark.parametrize("plan", [STOP_RESTS, OCO])
def test_a_native_stop_that_fills_unheard_of_closes_the_position(plan: Plan) -> None:
    stage = Stage(plan).protected()
    stage.report(X1, OrderStatus.FILLED, filled="9.98", price="98", stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.STOP_LOSS


def test_a_target_that_fills_in_an_oco_is_no_stop() -> None:
    stage = Stage(OCO).protected()
    stage.report(X1, OrderStatus.FILLED, filled="9.98", stop=StopStatus.GONE)
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


def test_a_native_stop_that_filled_leaves_nothing_that_came_late() -> None:
    stage = Stage(STOP_RESTS).protected()
    stage.report(B1, OrderStatus.FILLED, filled="12")
    stage.report(X1, OrderStatus.FILLED, filled="9.98", price="98", stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSING, "no new stop above the market: the ladder"
    assert stage.placed[-1].purpose is Purpose.CLOSE
    assert stage.placed[-1].quantity == 12 - HELD


def test_an_oco_cut_short_by_a_partial_fill_is_covered_by_the_trigger_and_placed_again() -> None:
    able = replace(ALL_ABLE, oco_remainder=OcoRemainder.CANCELED)
    stage = Stage(OCO, capabilities=able).protected()
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="4", stop=StopStatus.GONE)
    assert stage.state() is State.PROTECTING, "the trigger covers at once"
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, stop=StopStatus.GONE)
    assert stage.request(X2).type is OrderType.OCO
    assert stage.request(X2).quantity == HELD - 4


def test_an_oco_whose_stop_was_reduced_by_a_partial_fill_stays() -> None:
    able = replace(ALL_ABLE, oco_remainder=OcoRemainder.REDUCED)
    stage = Stage(OCO, capabilities=able).protected()
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="4")
    assert stage.canceled == []


def test_without_a_stop_in_the_plan_a_position_is_never_called_covered() -> None:
    stage = Stage(Plan(take_profit_ratio=Decimal("0.03"))).grant().fill(B1)
    stage.report(X1, OrderStatus.OPEN)
    assert stage.state() is State.OPEN


# Scale-out


def test_the_parts_rest_one_after_the_other_and_the_rest_at_the_take_profit() -> None:
    stage = Stage(PARTS).protected()
    stage.fill(X1).report(X2, OrderStatus.OPEN)
    stage.fill(X2).report(X3, OrderStatus.OPEN)
    orders = [(o.quantity, o.price) for o in stage.placed[1:]]
    assert orders == [
        (Decimal("4.990"), Decimal("101.0")),
        (Decimal("2.994"), Decimal("102.0")),
        (Decimal("1.996"), Decimal("103.0")),
    ]
    assert sum(quantity for quantity, _ in orders) == HELD
    assert stage.fill(X3).state() is State.CLOSED


def test_what_the_resting_part_leaves_is_covered_by_the_trigger() -> None:
    stage = Stage(PARTS).protected()
    assert stage.state() is State.PROTECTING
    stage.fill(X1).report(X2, OrderStatus.OPEN)
    stage.fire(LevelName.STOP_LOSS, price=98.0).report(X2, OrderStatus.CANCELED)
    assert stage.request(X3).quantity == HELD - Decimal("4.990")


def test_a_part_that_fills_bit_by_bit_stays_where_it_rests() -> None:
    stage = Stage(PARTS).protected()
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="4.95")
    assert stage.canceled == [], "0.04 are left of it: less than the venue would take anew"
    assert stage.fill(X1).request(X2).price == Decimal("102.0")


def test_parts_that_are_too_small_for_the_venue_go_with_the_next() -> None:
    # 0.079 BTC for 8 USDT: the halves are worth 4, under the minimum of 5.
    plan = replace(
        PLAN,
        scale_out=(
            PARTS.scale_out[0],
            replace(PARTS.scale_out[0], take_profit_ratio=Decimal("0.02")),
        ),
    )
    stage = Stage(plan, budget="8").protected()
    assert stage.request(X1).quantity == Decimal("0.079")
    assert stage.request(X1).price == Decimal("102.0")


def test_a_rest_that_would_be_too_small_goes_with_the_part_before() -> None:
    # 0.099 BTC for 10 USDT: 0.069 at the first part would leave 0.03, which nobody buys.
    part = ScaleOut(take_profit_ratio=Decimal("0.01"), part_ratio=Decimal("0.7"))
    stage = Stage(replace(PLAN, scale_out=(part,)), budget="10").protected()
    assert stage.request(X1).quantity == Decimal("0.099")
    assert stage.fill(X1).state() is State.CLOSED


@pytest.mark.parametrize("mode", [ProtectionMode.STOP_RESTS, ProtectionMode.TRIGGERS])
def test_parts_rest_as_limit_orders_where_the_plan_would_rest_none(mode: ProtectionMode) -> None:
    plan = replace(PARTS, protection_mode=mode)
    stage = Stage(plan).protected()
    assert stage.request(X1).purpose is Purpose.TAKE_PROFIT
    assert stage.request(X1).quantity == Decimal("4.990")
    assert stage.levels[LevelName.STOP_LOSS] == 98.0


def test_a_part_rests_as_an_oco_of_its_own_and_the_trigger_covers_the_rest() -> None:
    stage = Stage(replace(PARTS, protection_mode=ProtectionMode.OCO)).protected()
    assert stage.request(X1).type is OrderType.OCO
    assert stage.request(X1).quantity == Decimal("4.990")
    assert stage.state() is State.PROTECTING
