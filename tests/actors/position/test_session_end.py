"""The session ends: what becomes of a position whose stop lives in the process."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.coverage import is_stopped_at_venue, may_be_left
from actors.position.exit_slot import SlotState
from actors.position.states import State
from messages.base import Timestamp
from messages.market import Capabilities
from messages.order_router import CancelOrder
from messages.orders import OrderStatus, Purpose, RejectReason, StopStatus
from messages.plan import OnStop, Plan, ProtectionMode
from messages.position import (
    CloseCause,
    LevelName,
    LookedBack,
    MarketFreshness,
    Resync,
    SessionEnding,
    SwitchProtection,
    TriggersArmed,
)
from tests.actors.position.scenes import (
    B1,
    BARE,
    HELD,
    OCO,
    STOP_RESTS,
    SWITCHING,
    X1,
    X2,
    X3,
)
from tests.actors.position.stage import ALL_ABLE, PLAN, Stage

TRIGGERS = replace(PLAN, protection_mode=ProtectionMode.TRIGGERS)
SYNTHETIC = replace(PLAN, protection_mode=ProtectionMode.SYNTHETIC)
NO_STOPS = Capabilities()


def ending(plan: Plan, capabilities: Capabilities = ALL_ABLE) -> Stage:
    """Bought at 100 and protected; then the session announces its end."""
    stage = Stage(plan, capabilities=capabilities).protected()
    stage.hear(SessionEnding())
    return stage


def left(stage: Stage) -> bool:
    assert stage.life is not None
    return may_be_left(stage.life)


@pytest.mark.parametrize("on_stop", [None, OnStop.NATIVE_STOP])
def test_a_native_stop_takes_the_place_of_the_take_profit(on_stop: OnStop | None) -> None:
    stage = ending(replace(SYNTHETIC, on_stop=on_stop))
    assert stage.canceled == [X1]
    assert not left(stage)
    stage.report(X1, OrderStatus.CANCELED)
    request = stage.request(X2)
    assert (request.purpose, request.quantity) == (Purpose.STOP_LOSS, HELD)
    stage.report(X2, OrderStatus.OPEN, stop=StopStatus.WORKING)
    assert is_stopped_at_venue(stage.position)
    assert left(stage)
    assert stage.state() is State.PROTECTING


def test_while_the_stop_rests_for_the_end_the_target_is_watched_here() -> None:
    stage = ending(SYNTHETIC)
    stage.report(X1, OrderStatus.CANCELED)
    stage.report(X2, OrderStatus.OPEN)
    assert stage.levels[LevelName.TAKE_PROFIT] == pytest.approx(103)
    assert stage.levels[LevelName.STOP_LOSS] == pytest.approx(98)


@pytest.mark.parametrize("plan", [STOP_RESTS, OCO])
def test_a_stop_that_rests_already_is_left_alone(plan: Plan) -> None:
    stage = ending(plan)
    assert not stage.all_sent(CancelOrder)
    assert left(stage)


def test_close_sells_it_and_says_why() -> None:
    stage = ending(replace(SYNTHETIC, on_stop=OnStop.CLOSE))
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.CLOSE
    assert not left(stage)
    stage.fill(X2, "100")
    assert (stage.state(), stage.position.close_cause) == (State.CLOSED, CloseCause.SESSION_END)
    assert left(stage)


def test_close_leaves_what_has_its_stop_at_the_venue() -> None:
    stage = ending(replace(STOP_RESTS, on_stop=OnStop.CLOSE))
    assert stage.position.closing is None
    assert left(stage)


@pytest.mark.parametrize(
    ("on_stop", "can"),
    [(OnStop.LEAVE, ALL_ABLE), (None, NO_STOPS), (OnStop.NATIVE_STOP, NO_STOPS)],
)
def test_leave_changes_nothing_nor_does_a_venue_without_stops(
    on_stop: OnStop | None, can: Capabilities
) -> None:
    stage = ending(replace(SYNTHETIC, on_stop=on_stop), can)
    assert not stage.all_sent(CancelOrder)
    assert stage.position.slot.purpose is Purpose.TAKE_PROFIT
    assert left(stage)


def test_a_native_stop_that_the_venue_refuses_does_not_keep_the_session() -> None:
    stage = ending(SYNTHETIC)
    stage.report(X1, OrderStatus.CANCELED)
    stage.report(X2, OrderStatus.REJECTED, reason=RejectReason.TOO_MANY_STOPS)
    assert left(stage)
    assert LevelName.STOP_LOSS in stage.levels


def test_said_twice_it_places_one_stop() -> None:
    stage = ending(SYNTHETIC)
    stage.hear(SessionEnding())
    stage.report(X1, OrderStatus.CANCELED)
    stage.hear(SessionEnding())
    assert [request.client_order_id for request in stage.placed] == [B1, X1, X2]


def restarted(plan: Plan) -> Stage:
    """The session ended, its stop rests, and the next session has looked the orders up."""
    stage = ending(plan)
    for resting in stage.canceled:
        stage.report(resting, OrderStatus.CANCELED)
    stage.report(stage.placed[-1].client_order_id, OrderStatus.OPEN)
    stage.now = Timestamp(stage.now + 60_000)
    restart = Resync(skipped="everything", error="", down_since=Timestamp(stage.now - 30_000))
    stage.hear(restart)
    stage.hear(LookedBack(attempts=2))
    return stage


def test_after_the_restart_its_own_mode_is_in_force_again() -> None:
    stage = restarted(SYNTHETIC).arm()
    assert stage.canceled == [X1, X2]
    stage.report(X2, OrderStatus.CANCELED)
    assert stage.request(X3).purpose is Purpose.TAKE_PROFIT


def test_in_mode_triggers_nothing_rests_after_the_restart() -> None:
    stage = restarted(TRIGGERS).arm()
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert [request.client_order_id for request in stage.placed] == [B1, X1]
    assert stage.position.slot.state is SlotState.EMPTY
    assert stage.state() is State.PROTECTING


@pytest.mark.parametrize("plan", [SYNTHETIC, TRIGGERS])
def test_after_the_restart_the_stop_stays_until_quotes_are_fresh(plan: Plan) -> None:
    stage = restarted(plan)
    resting, canceled = stage.placed[-1].client_order_id, stage.canceled
    stage.hear(TriggersArmed(generation=stage.position.protection.generation, fresh=False))
    assert stage.canceled == canceled
    assert stage.state() is State.PROTECTING
    stage.hear(MarketFreshness(fresh=True))
    assert stage.canceled == [*canceled, resting]


def test_a_switch_by_hand_waits_for_fresh_quotes_before_it_takes_the_stop_away() -> None:
    stage = Stage(SWITCHING).protected()
    stage.hear(SwitchProtection(to_stop_loss=True, reason="a test"))
    stage.report(X1, OrderStatus.CANCELED)
    stage.report(X2, OrderStatus.OPEN)
    stage.hear(MarketFreshness(fresh=False))
    stage.hear(SwitchProtection(to_stop_loss=False, reason="a test"))
    assert stage.canceled == [X1]
    stage.hear(MarketFreshness(fresh=True))
    assert stage.canceled == [X1, X2]


def test_it_meets_a_position_that_buys() -> None:
    stage = Stage(SYNTHETIC).grant()
    stage.hear(SessionEnding())
    stage.fill(B1, "100").arm()
    assert stage.request(X1).purpose is Purpose.STOP_LOSS


def test_without_a_stop_in_its_plan_there_is_none_to_place() -> None:
    stage = ending(Plan(take_profit_ratio=Decimal("0.03")))
    assert left(stage)


def test_one_that_is_sold_already_goes_on() -> None:
    stage = Stage(BARE).protected()
    stage.fire(LevelName.STOP_LOSS, price=97.0)
    before = stage.life
    stage.hear(SessionEnding())
    assert stage.life is before
