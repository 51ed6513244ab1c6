"""One protection exchanged for the other, by price and by hand; triggers and changes."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.price_levels import protection_mode
from actors.position.states import State
from actors.tables import IllegalInputError
from messages.base import Milliseconds
from messages.envelope import NOTHING
from messages.market_data import ArmTriggers
from messages.order_router import CancelOrder
from messages.orders import OrderStatus, OrderType, Purpose, StopStatus
from messages.plan import (
    Plan,
    Rung,
    TriggerSource,
)
from messages.position import (
    ChangeProtection,
    LevelName,
    MarketFreshness,
    SwitchProtection,
    TriggersArmed,
    VenueReachability,
)
from tests.actors.position.scenes import (
    HELD,
    OCO,
    STOP_RESTS,
    SWITCHING,
    TRAILING,
    X1,
    X2,
    X3,
)
from tests.actors.position.stage import PLAN, Stage


def in_slot(stage: Stage) -> tuple[SlotState, Purpose]:
    return stage.position.slot.state, stage.position.slot.purpose


# Switching


def test_the_switch_cancels_the_one_and_places_the_other_only_when_that_is_over() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    assert stage.canceled == [X1]
    assert len(stage.placed) == 2
    assert in_slot(stage) == (SlotState.CANCELING, Purpose.TAKE_PROFIT)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.STOP
    assert stage.request(X2).quantity == HELD


def test_the_trigger_covers_during_the_switch() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9).arm()
    assert stage.position.slot.state is SlotState.CANCELING
    assert stage.state() is State.PROTECTING


def switched(plan: Plan = SWITCHING) -> Stage:
    stage = Stage(plan).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    return stage.report(X1, OrderStatus.CANCELED).report(X2, OrderStatus.OPEN).arm()


def test_a_switch_asked_twice_switches_once() -> None:
    stage = Stage(SWITCHING).protected()
    generation = stage.position.protection.generation
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.8, generation=generation)
    stage.hear(SwitchProtection(to_stop_loss=True, reason="sure"))
    assert stage.canceled == [X1]
    assert len(stage.placed) == 2, "the entry and the take profit: no stop before that one is over"
    assert stage.position.protection.switches == 1


def test_the_way_back_waits_for_the_minimum_interval() -> None:
    stage = switched()
    assert LevelName.SWITCH_TO_TAKE_PROFIT not in stage.levels
    stage.wait(29_999)
    assert LevelName.SWITCH_TO_TAKE_PROFIT not in stage.levels
    stage.wait(1)
    assert stage.levels[LevelName.SWITCH_TO_TAKE_PROFIT] == 101.0


def test_the_way_back_needs_a_higher_price_than_the_way_there() -> None:
    stage = switched()
    stage.wait(30_000)
    back = stage.levels[LevelName.SWITCH_TO_TAKE_PROFIT]
    stage.arm().fire(LevelName.SWITCH_TO_TAKE_PROFIT, price=101.0)
    stage.report(X2, OrderStatus.CANCELED, stop=StopStatus.GONE)
    assert stage.request(X3).purpose is Purpose.TAKE_PROFIT
    assert back > stage.levels[LevelName.SWITCH_TO_STOP_LOSS]


def test_the_way_to_the_stop_is_never_delayed() -> None:
    stage = switched()
    stage.wait(30_000)
    stage.arm().fire(LevelName.SWITCH_TO_TAKE_PROFIT, price=101.0)
    stage.report(X2, OrderStatus.CANCELED, stop=StopStatus.GONE)
    stage.report(X3, OrderStatus.OPEN).arm()
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    assert stage.canceled == [X1, X2, X3]


def test_the_stop_is_obeyed_in_the_middle_of_a_switch() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9).arm()
    stage.fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.state() is State.CLOSING
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.CLOSE


def test_the_cancel_of_a_switch_becomes_urgent_when_the_stop_is_hit_and_only_once() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9).arm()
    stage.fire(LevelName.STOP_LOSS, price=97.5)
    stage.report(X1, OrderStatus.OPEN)
    cancels = stage.all_sent(CancelOrder)
    assert [(c.client_order_id, c.urgent) for c in cancels] == [(X1, False), (X1, True)]


def test_a_take_profit_that_fills_while_it_is_being_exchanged_closes() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.fill(X1)
    assert stage.state() is State.CLOSED
    assert len(stage.placed) == 2


def test_a_take_profit_that_fills_in_part_while_it_is_exchanged_leaves_a_smaller_stop() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.report(X1, OrderStatus.CANCELED, filled="4")
    assert stage.request(X2).quantity == HELD - 4


def test_a_switch_undone_before_the_cancel_is_confirmed_still_waits_for_it() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.hear(SwitchProtection(to_stop_loss=False, reason="no"))
    assert len(stage.placed) == 2
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.TAKE_PROFIT


def test_one_quote_that_touches_both_levels_obeys_the_stop() -> None:
    stage = Stage(SWITCHING).protected()
    stage.fire(LevelName.STOP_LOSS, LevelName.SWITCH_TO_STOP_LOSS, price=97.0)
    assert stage.state() is State.CLOSING
    assert stage.position.protection.switches == 0


def test_an_operator_switches_by_hand() -> None:
    stage = Stage(SWITCHING).protected()
    stage.hear(SwitchProtection(to_stop_loss=True, reason="news"))
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.STOP_LOSS


@pytest.mark.parametrize("plan", [PLAN, STOP_RESTS, OCO])
def test_a_switch_by_hand_is_refused_where_nothing_is_switched(plan: Plan) -> None:
    stage = Stage(plan).protected()
    before = stage.life
    assert before is not None
    with pytest.raises(IllegalInputError, match=f"in mode {protection_mode(before.charter)}:"):
        stage.hear(SwitchProtection(to_stop_loss=True, reason="news"))
    assert stage.life is before


# Triggers


def test_a_firing_of_an_older_registration_is_stale() -> None:
    stage = Stage(TRAILING).protected()
    old = stage.position.protection.generation
    stage.fire(LevelName.RATCHET, price=101.5)
    stage.fire(LevelName.STOP_LOSS, price=97.9, generation=old)
    assert stage.state() is not State.CLOSING


def test_a_firing_heard_twice_acts_once() -> None:
    stage = Stage().protected()
    generation = stage.position.protection.generation
    stage.fire(LevelName.STOP_LOSS, price=97.9)
    stage.fire(LevelName.STOP_LOSS, price=97.8, generation=generation)
    assert stage.canceled == [X1]


def test_after_a_firing_a_new_registration_is_armed() -> None:
    stage = Stage(TRAILING).protected()
    before = len(stage.all_sent(ArmTriggers))
    stage.fire(LevelName.RATCHET, price=101.5)
    armed = stage.all_sent(ArmTriggers)
    assert len(armed) == before + 1
    assert armed[-1].generation == armed[-2].generation + 1


def test_triggers_look_at_the_price_that_the_plan_says() -> None:
    stage = Stage(replace(PLAN, trigger_source=TriggerSource.MID)).protected()
    assert stage.all_sent(ArmTriggers)[-1].source is TriggerSource.MID
    assert Plan().trigger_source is TriggerSource.BID


# Commands


def test_a_changed_protection_moves_the_resting_order_and_the_trigger() -> None:
    stage = Stage().protected()
    change = ChangeProtection(
        take_profit_ratio=Decimal("0.05"), stop_loss_ratio=Decimal("0.01"), reason="calmer"
    )
    stage.hear(change)
    assert stage.levels[LevelName.STOP_LOSS] == 99.0
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).price == Decimal("105.0")


def test_a_changed_distance_leaves_the_other_as_it_is() -> None:
    stage = Stage().protected()
    stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.01"), reason="tighter"))
    assert stage.canceled == []
    assert stage.levels[LevelName.STOP_LOSS] == 99.0


def test_a_protection_is_not_changed_while_the_position_is_sold() -> None:
    stage = Stage().protected().fire(LevelName.STOP_LOSS, price=97.9)
    with pytest.raises(IllegalInputError, match="being sold"):
        stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.05"), reason="hope"))


def test_a_message_that_says_nothing_new_is_no_step() -> None:
    stage = Stage().protected()
    generation = stage.position.protection.generation
    assert stage.hear(TriggersArmed(generation=generation, fresh=True)) == NOTHING
    assert stage.hear(MarketFreshness(fresh=True)) == NOTHING
    assert stage.hear(VenueReachability(reachable=True)) == NOTHING


def test_the_exit_ladder_of_a_stop_begins_further_down() -> None:
    ladder = (Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(5_000)), Rung(type=OrderType.MARKET))
    plan = replace(PLAN, exit_ladder=ladder, stop_rung=1)
    stage = Stage(plan).protected().fire(LevelName.STOP_LOSS, price=97.9)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.MARKET
