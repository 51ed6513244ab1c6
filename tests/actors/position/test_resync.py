"""A position that raised on a message asks again for all that it may have missed."""

import pytest
from msgspec.structs import replace

from actors.position.progress import UnprotectedCause
from actors.position.states import State
from messages.base import Timestamp
from messages.market_data import HoldSymbol
from messages.observers import Alarm, AlarmKind
from messages.order_router import ReleaseOrders, ResendOrders
from messages.orders import OrderStatus, OrderType, TimeInForce
from messages.plan import Rung
from messages.portfolio import BookPosition, ReserveBudget
from messages.position import CloseCause, ClosePosition, LevelName, OrdersReleased, Resync
from messages.positions import PositionEnded
from tests.actors.position.stage import PLAN, Stage

RAISED = Resync(skipped="OrderUpdated", error="ZeroDivisionError: a defect")
ASKS = ("RequestMarket", "ResendOrders")
BY_HAND = ClosePosition(cause=CloseCause.BY_HAND, reason="a test")


def asked(stage: Stage) -> list[str]:
    return [type(message).__name__ for message in stage.last]


def test_in_new_it_asks_for_its_budget_again() -> None:
    stage = Stage()
    stage.hear(RAISED)
    assert asked(stage) == ["ReserveBudget", "HoldSymbol", "RequestMarket"]


def test_while_it_holds_it_asks_for_orders_books_again_and_arms_anew() -> None:
    stage = Stage().protected()
    stage.hear(RAISED)
    assert asked(stage) == [*ASKS, "HoldSymbol", "BookPosition", "ArmTriggers"]
    assert stage.state() is State.OPEN, "what fired meanwhile is gone: it counts as uncovered"
    assert stage.arm().state() is State.PROTECTING


def test_a_cancel_that_is_not_confirmed_is_asked_for_again() -> None:
    stage = Stage().protected()
    stage.hear(BY_HAND)
    stage.hear(RAISED)
    assert asked(stage) == [*ASKS, "CancelOrder", "HoldSymbol", "BookPosition"]
    assert stage.canceled == ["h0e1p1x1"] * 2


def test_a_firing_of_the_registration_before_is_stale() -> None:
    stage = Stage().protected()
    before = stage.position.protection.generation
    stage.hear(RAISED)
    stage.fire(LevelName.STOP_LOSS, price=97.0, generation=before)
    assert stage.state() is State.OPEN
    assert stage.fire(LevelName.STOP_LOSS, price=97.0).state() is State.CLOSING


def test_a_quote_that_it_waits_for_is_asked_for_again() -> None:
    ladder = (
        Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC),
        Rung(type=OrderType.MARKET),
    )
    stage = Stage(replace(PLAN, entry_ladder=ladder)).grant()
    stage.report("h0e1p1b1", OrderStatus.EXPIRED)
    stage.hear(RAISED)
    assert asked(stage) == [*ASKS, "HoldSymbol", "RequestQuote", "BookPosition"]


def test_closed_it_books_again_and_asks_for_its_release_then_tells_its_end() -> None:
    stage = Stage().protected().fill("h0e1p1x1")
    assert stage.state() is State.CLOSED
    stage.hear(RAISED)
    assert asked(stage) == ["DisarmTriggers", "BookPosition", "ReleaseOrders"]
    stage.hear(OrdersReleased())
    assert asked(stage) == ["PositionEnded"]
    stage.hear(RAISED)
    assert asked(stage) == ["DisarmTriggers", "BookPosition", "PositionEnded"]


def test_a_quiet_pause_ends_the_fault() -> None:
    stage = Stage().protected()
    stage.hear(RAISED)
    assert stage.position.faulted is not None
    stage.wait(PLAN.exit_retry_ms)
    assert stage.position.faulted is None


def test_raising_again_alarms_once_and_asks_again_more_and_more_slowly() -> None:
    stage = Stage().protected()
    begin = stage.now
    asked_at = []
    for _ in range(9):
        stage.hear(RAISED)
        asked_at.append(len(stage.all_sent(ResendOrders)))
        stage.hear(RAISED)
        faulted = stage.position.faulted
        assert faulted is not None
        assert faulted.since == begin
        stage.wait(faulted.look_at - stage.now)
    assert asked_at == list(range(1, 10))
    assert stage.now - begin > 60_000, "pauses grow"
    kinds = [alarm.kind for alarm in stage.all_sent(Alarm)]
    assert kinds == [AlarmKind.STEP_SKIPPED] * 9


@pytest.mark.parametrize("raised_again", [False, True])
def test_a_faulted_position_obeys_a_close(*, raised_again: bool) -> None:
    stage = Stage().protected()
    stage.hear(RAISED)
    if raised_again:
        stage.hear(RAISED)
    stage.hear(BY_HAND)
    assert stage.state() is State.CLOSING


def test_what_it_sends_again_is_what_it_sent() -> None:
    stage = Stage()
    stage.hear(RAISED)
    for asked_twice in (ReserveBudget, HoldSymbol):
        first, second = stage.all_sent(asked_twice)
        assert first == second
    stage = Stage().protected().fill("h0e1p1x1")
    stage.hear(RAISED)
    for told_twice in (ReleaseOrders, BookPosition):
        assert stage.all_sent(told_twice)[-2] == stage.all_sent(told_twice)[-1]


def test_closed_it_asks_for_its_release_until_it_hears_of_it() -> None:
    stage = Stage().protected().fill("h0e1p1x1")
    stage.hear(RAISED)
    stage.hear(RAISED)
    stage.wait(PLAN.exit_retry_ms)
    assert asked(stage) == ["DisarmTriggers", "BookPosition", "ReleaseOrders"]
    stage.hear(OrdersReleased())
    assert stage.position.wakes_at is None
    assert len(stage.all_sent(PositionEnded)) == 1


def test_after_a_restart_only_the_time_since_the_crash_counts_as_down() -> None:
    stage = Stage().protected()
    crashed_at = Timestamp(stage.now + 60_000)
    stage.now = Timestamp(crashed_at + 5_000)
    stage.hear(Resync(skipped="everything", error="a restart", down_since=crashed_at))
    unprotected = {u.cause: u.total_ms for u in stage.position.unprotected}
    assert unprotected == {UnprotectedCause.PROCESS_DOWN: 5_000}
