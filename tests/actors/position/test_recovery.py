"""After a restart a position waits for what the venue did meanwhile; then it acts at once."""

import pytest
from msgspec.structs import replace

from actors.position.recovery import LISTS_LATE_MS, LISTS_WAIT_MS
from actors.position.states import State
from messages.base import Milliseconds, Timestamp
from messages.market import MarketPhase
from messages.observers import Alarm, AlarmKind
from messages.order_router import LookBack
from messages.orders import OrderStatus, RejectReason
from messages.portfolio import RequestBalance
from messages.position import (
    CloseCause,
    ClosePosition,
    LevelName,
    ListsCompared,
    LookedBack,
    MarketReported,
    OwnershipChanged,
    Resync,
    VenueReachability,
)
from messages.positions import PositionRestored
from tests.actors.position.scenes import BARE
from tests.actors.position.stage import ALL_ABLE, PLAN, RULES, Stage

X1 = "h0e1p1x1"
DOWN_MS = 600_000
LIMITED = replace(PLAN, time_limit_ms=Milliseconds(90_000))


def restarted(stage: Stage, *, awaits_lists: bool = False) -> Stage:
    """The process dies, is started again after a while, and has asked for everything."""
    down_since = stage.now
    stage.now = Timestamp(stage.now + DOWN_MS)
    error = "a restart"
    stage.hear(
        Resync(skipped="everything", error=error, down_since=down_since, awaits_lists=awaits_lists)
    )
    return stage


def ids(stage: Stage) -> list[str]:
    return [request.client_order_id for request in stage.placed]


def test_a_time_limit_that_passed_while_dead_acts_at_once() -> None:
    stage = restarted(Stage(LIMITED).protected())
    stage.wait(0)
    assert stage.state() is State.CLOSING
    assert stage.position.closing is not None
    assert stage.position.closing.cause is CloseCause.TIME_LIMIT
    stage.hear(LookedBack(attempts=1))
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert ids(stage)[2:] == ["h0e1p1x2"]


def test_nothing_is_placed_before_the_venue_answered() -> None:
    stage = restarted(Stage().protected())
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    stage.report(X1, OrderStatus.CANCELED)
    stage.wait(10_000)
    assert ids(stage) == ["h0e1p1b1", X1]
    stage.hear(LookedBack(attempts=1))
    assert ids(stage) == ["h0e1p1b1", X1, "h0e1p1x2"]


def awaiting_lists() -> Stage:
    """It is to be sold, its orders were looked up, and the lists are not compared yet."""
    stage = restarted(Stage().protected(), awaits_lists=True)
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    stage.report(X1, OrderStatus.CANCELED)
    stage.hear(LookedBack(attempts=1))
    assert ids(stage) == ["h0e1p1b1", X1], "another process may have sold it"
    assert stage.all_sent(PositionRestored) == []
    return stage


def test_nothing_is_sold_before_the_lists_are_compared() -> None:
    stage = awaiting_lists()
    asked = len(stage.all_sent(LookBack))
    stage.hear(ListsCompared())
    assert ids(stage) == ["h0e1p1b1", X1], "what the lists show may be looked up now"
    assert len(stage.all_sent(LookBack)) == asked + 1
    stage.hear(LookedBack(attempts=1))
    assert ids(stage) == ["h0e1p1b1", X1, "h0e1p1x2"]
    assert len(stage.all_sent(PositionRestored)) == 1
    stage.hear(ListsCompared())
    assert len(stage.all_sent(LookBack)) == asked + 1, "heard twice"


def test_what_the_lists_show_of_another_process_is_heard_before_anything_is_sold() -> None:
    stage = awaiting_lists()
    stage.hear(OwnershipChanged(is_contested=True, reason="a copy sold it"))
    stage.hear(ListsCompared())
    stage.hear(LookedBack(attempts=1))
    assert ids(stage) == ["h0e1p1b1", X1]
    assert [one.contested_on for one in stage.all_sent(RequestBalance)] == ["BTC/USDT"]


@pytest.mark.parametrize(
    ("is_reachable", "wait_ms"), [(True, LISTS_LATE_MS), (False, LISTS_WAIT_MS)]
)
def test_no_exit_waits_for_lists_that_do_not_come(*, is_reachable: bool, wait_ms: int) -> None:
    stage = awaiting_lists()
    stage.hear(VenueReachability(reachable=is_reachable))
    stage.wait(wait_ms - 1)
    assert ids(stage) == ["h0e1p1b1", X1]
    stage.wait(1).hear(LookedBack(attempts=1))
    assert ids(stage) == ["h0e1p1b1", X1, "h0e1p1x2"]


def test_no_id_that_was_looked_up_is_ever_used() -> None:
    stage = restarted(Stage().protected())
    (asked,) = stage.all_sent(LookBack)
    assert asked.after == 1
    stage.hear(LookedBack(attempts=4))
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    stage.report(X1, OrderStatus.CANCELED)
    assert ids(stage) == ["h0e1p1b1", X1, "h0e1p1x5"]


def test_a_second_restart_looks_for_what_may_be_as_old_as_the_first_one() -> None:
    stage = Stage().protected()
    first_down = stage.now
    restarted(restarted(stage))
    first, second = stage.all_sent(LookBack)
    assert (first.since, second.since) == (first_down, first_down)
    stage.hear(LookedBack(attempts=1))
    third_down = stage.now
    assert restarted(stage).all_sent(LookBack)[-1].since == third_down


def test_a_price_trigger_waits_for_a_fresh_quote() -> None:
    stage = Stage().protected()
    before = stage.position.protection.generation
    restarted(stage).hear(LookedBack(attempts=1))
    stage.fire(LevelName.STOP_LOSS, price=1.0, generation=before)
    assert stage.state() is State.OPEN, "what fired before the crash counts no more"
    stage.arm(fresh=False)
    assert stage.all_sent(PositionRestored) == []
    stage.arm()
    assert stage.state() is State.PROTECTING
    assert len(stage.all_sent(PositionRestored)) == 1
    assert stage.fire(LevelName.STOP_LOSS, price=97.0).state() is State.CLOSING
    assert stage.canceled == [X1]


@pytest.mark.parametrize("is_armed_first", [False, True])
def test_it_is_restored_when_it_is_covered_and_the_venue_answered(*, is_armed_first: bool) -> None:
    stage = restarted(Stage().protected())
    for arms in (is_armed_first, not is_armed_first):
        assert stage.all_sent(PositionRestored) == []
        if arms:
            stage.arm()
        else:
            stage.hear(LookedBack(attempts=1))
    assert len(stage.all_sent(PositionRestored)) == 1


def test_on_its_way_out_it_is_restored_also_without_a_quote() -> None:
    stage = restarted(Stage(LIMITED).protected())
    assert stage.position.closing is not None
    assert stage.all_sent(PositionRestored) == []
    stage.hear(LookedBack(attempts=1))
    assert len(stage.all_sent(PositionRestored)) == 1


def test_before_it_bought_anything_nothing_is_looked_up() -> None:
    stage = restarted(Stage())
    assert stage.all_sent(LookBack) == []
    assert len(stage.all_sent(PositionRestored)) == 1


def test_after_a_jump_of_the_clock_it_looks_back_and_its_further_ids_are_of_the_new_epoch() -> None:
    stage = Stage().protected()
    since = Timestamp(stage.now - 60_000)
    unprotected = stage.position.unprotected
    jump = Resync(skipped="everything", error="a jump", down_since=since, order_prefix="h0e2p1")
    for _ in range(2):  # heard twice it is the same
        stage.hear(jump)
    asked = stage.all_sent(LookBack)[-1]
    assert (asked.order_prefix, asked.after, asked.since) == ("h0e1p1", 1, since)
    assert stage.position.unprotected == unprotected, "the process was not down"
    stage.hear(ClosePosition(cause=CloseCause.BY_HAND, reason="a test"))
    stage.report(X1, OrderStatus.CANCELED)
    assert ids(stage) == ["h0e1p1b1", X1], "a copy may have sold: it waits for the exchange"
    stage.hear(LookedBack(attempts=3, order_prefix="h0e1p1"))
    assert ids(stage) == ["h0e1p1b1", X1, "h0e2p1x1"]


def test_while_it_looks_back_at_one_start_it_names_the_prefixes_whose_turn_comes_later() -> None:
    stage = Stage().protected()
    for epoch in (2, 3):
        prefix = f"h0e{epoch}p1"
        stage.hear(Resync(skipped="all", error="a jump", down_since=stage.now, order_prefix=prefix))
    stage.hear(OwnershipChanged(is_contested=False, reason="adopted", look_back_at="h0e9p1"))
    stage.hear(LookedBack(attempts=3, order_prefix="h0e1p1"))
    asked = {one.order_prefix: one.later for one in stage.all_sent(LookBack)}
    assert asked == {"h0e1p1": ("h0e2p1",), "h0e2p1": ()}, "a foreign one is found by its adoption"


def test_a_start_tells_again_of_an_exit_that_is_lost_until_it_is_found() -> None:
    stage = Stage().protected()
    stage.report(X1, OrderStatus.UNKNOWN).wait(PLAN.unknown_exit_ms)
    assert [alarm.kind for alarm in stage.all_sent(Alarm)] == [AlarmKind.EXIT_LOST]
    restarted(stage)
    *_, again = stage.all_sent(Alarm)
    assert (again.kind, again.text) == (
        AlarmKind.EXIT_LOST,
        f"exit {X1} is still unknown: it may be live",
    )
    told = len(stage.all_sent(Alarm))
    stage.report(X1, OrderStatus.CANCELED)
    restarted(stage)
    assert len(stage.all_sent(Alarm)) == told


def test_a_start_tells_again_of_an_exit_that_is_stuck() -> None:
    stage = Stage(BARE).protected().fire(LevelName.STOP_LOSS, price=97.0)
    while not any(alarm.kind is AlarmKind.EXIT_STUCK for alarm in stage.all_sent(Alarm)):
        last = stage.placed[-1].client_order_id
        stage.report(last, OrderStatus.REJECTED, reason=RejectReason.NO_LIQUIDITY)
        stage.wait(60_000)
    told = stage.all_sent(Alarm)
    restarted(stage)
    (again,) = stage.all_sent(Alarm)[len(told) :]
    assert again.kind is AlarmKind.EXIT_STUCK
    assert "still stuck" in again.text


def test_a_start_tells_again_of_coins_that_cannot_be_sold() -> None:
    stage = Stage().protected()
    gone = MarketReported(rules=RULES, capabilities=ALL_ABLE, phase=MarketPhase.GONE, text="gone")
    stage.hear(gone)
    (first,) = stage.all_sent(Alarm)
    restarted(stage)
    assert stage.all_sent(Alarm) == [first, first]


def test_a_clock_that_jumped_is_no_restart_and_tells_nothing_again() -> None:
    stage = Stage().protected()
    stage.hear(
        MarketReported(rules=RULES, capabilities=ALL_ABLE, phase=MarketPhase.GONE, text="gone")
    )
    stage.hear(
        Resync(skipped="everything", error="a jump", down_since=stage.now, order_prefix="another")
    )
    assert len(stage.all_sent(Alarm)) == 1


def again(stage: Stage, recovery: int, *, exits_recorded: bool) -> LookBack:
    """Start the process again; return what the position asks of the router."""
    resync = Resync(
        skipped="everything",
        error="a restart",
        down_since=stage.now,
        recovery=recovery,
        exits_recorded=exits_recorded,
    )
    stage.hear(resync)
    return stage.all_sent(LookBack)[-1]


@pytest.mark.parametrize("exits_recorded", [True, False])
def test_what_memory_says_of_exits_goes_to_the_router(*, exits_recorded: bool) -> None:
    asked = again(Stage().protected(), 7, exits_recorded=exits_recorded)
    assert (asked.is_recorded, asked.recovery) == (exits_recorded, 7)


def test_a_look_back_that_did_not_end_is_made_again_whatever_memory_says_then() -> None:
    stage = Stage().protected()
    again(stage, 7, exits_recorded=False)
    assert not again(stage, 8, exits_recorded=True).is_recorded
    stage.hear(LookedBack(attempts=4, recovery=8))
    assert again(stage, 9, exits_recorded=True).is_recorded


def test_the_answer_to_a_process_that_died_ends_no_look_back() -> None:
    stage = Stage().protected()
    again(stage, 7, exits_recorded=True)
    again(stage, 8, exits_recorded=False)
    stage.hear(LookedBack(attempts=1, recovery=7))
    assert stage.position.looks_back is not None
    stage.hear(LookedBack(attempts=4, recovery=8))
    assert stage.position.looks_back is None
