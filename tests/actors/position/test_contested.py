"""An exit of a position that another process may hold too: each order by a fresh look."""

from decimal import Decimal

from msgspec.structs import replace

from messages.base import ClientOrderId
from messages.observers import AlarmKind
from messages.order_router import CancelOrder, LookBack
from messages.orders import OrderFacts, OrderStatus
from messages.portfolio import RequestBalance
from messages.position import LookedBack, OrderUpdated, OwnershipChanged, Resync
from tests.actors.position.scenes import BARE, BY_HAND, HELD, X1, X2, alarms, tell_free
from tests.actors.position.stage import RULES, Stage

CONTESTED = OwnershipChanged(is_contested=True, reason="a copy of the folder trades")
OWNED = OwnershipChanged(is_contested=False, reason="the other one is stopped")


def contested() -> Stage:
    """Bought at 100, then contested, and told to close."""
    stage = Stage(replace(BARE, exit_attempts=5)).protected()
    stage.hear(CONTESTED)
    stage.hear(BY_HAND)
    return stage


def looks(stage: Stage) -> list[RequestBalance]:
    return stage.all_sent(RequestBalance)


def test_nothing_is_sold_before_a_look_and_at_once_after_it() -> None:
    stage = contested()
    assert (len(stage.placed), len(looks(stage))) == (1, 1)
    (asked,) = looks(stage)
    assert (asked.contested_on, asked.may_be_locked) == (RULES.symbol, HELD)
    tell_free(stage, "3")
    assert stage.request(X1).quantity == Decimal(3)


def test_each_further_order_looks_anew() -> None:
    stage = tell_free(contested(), "3")
    stage.fill(X1)
    assert (len(stage.placed), len(looks(stage))) == (2, 2)
    tell_free(stage, "2")
    assert stage.request(X2).quantity == Decimal(2)
    stage.report(X2, OrderStatus.EXPIRED)  # nobody bought: another process may have sold meanwhile
    assert len(looks(stage)) == 2
    stage.wait(60_000)
    assert len(looks(stage)) > 2
    assert len(stage.placed) == 3


def test_where_nothing_is_shown_pauses_grow_and_a_person_is_told_once() -> None:
    stage = contested()
    for _ in range(40):
        tell_free(stage, "0").wait(1_000)
    assert len(stage.placed) == 1
    assert len(looks(stage)) < 10
    assert alarms(stage, AlarmKind.SHORTAGE) == 1
    assert alarms(stage, AlarmKind.EXIT_STUCK) == 1


def test_a_persons_word_lets_it_sell_all() -> None:
    stage = tell_free(contested(), "0")
    stage.hear(OWNED)
    stage.wait(60_000)
    assert stage.request(X1).quantity == HELD


def test_an_answer_to_a_look_of_before_a_persons_word_counts_no_more() -> None:
    stage = contested()
    stage.hear(OWNED)
    tell_free(stage, "0")
    stage.wait(60_000)
    assert stage.request(X1).quantity == HELD


SHARED = replace(CONTESTED, shared_at="he1p1")
ADOPTED = OwnershipChanged(is_contested=False, reason="adopted", look_back_at="he1p1")


def test_with_a_persons_word_it_looks_for_what_a_twin_placed_under_ids_of_ours() -> None:
    stage = Stage(BARE).protected()
    stage.hear(SHARED)
    stage.hear(SHARED)
    stage.hear(CONTESTED)
    assert not stage.all_sent(LookBack)
    stage.hear(OWNED)
    asked = [(one.order_prefix, one.is_owned) for one in stage.all_sent(LookBack)]
    assert asked == [("he1p1", True)]
    stage.hear(LookedBack(attempts=3, order_prefix="he1p1"))
    stage.hear(OWNED)
    assert len(stage.all_sent(LookBack)) == 1, "once for each doubt"


def test_what_was_adopted_is_not_looked_for_twice() -> None:
    stage = Stage(BARE).protected()
    stage.hear(SHARED)
    stage.hear(ADOPTED)
    stage.hear(OWNED)
    (asked,) = stage.all_sent(LookBack)
    assert not asked.is_owned


FOUND = OrderFacts(client_order_id=ClientOrderId("h0e1p1x7"), status=OrderStatus.OPEN)


def test_an_exit_that_it_did_not_ask_for_stays_where_another_process_may_have_placed_it() -> None:
    stage = Stage(BARE).protected()
    stage.hear(CONTESTED)
    stage.hear(OrderUpdated(facts=FOUND))
    stage.wait(600_000)
    assert not stage.all_sent(CancelOrder)
    stage.hear(OWNED)
    assert [one.client_order_id for one in stage.all_sent(CancelOrder)] == [FOUND.client_order_id]


def test_a_look_back_under_way_hears_that_what_is_found_may_be_another_process_s() -> None:
    stage = Stage(BARE).protected()
    stage.hear(Resync(skipped="everything", error="a restart", down_since=stage.now))
    stage.hear(CONTESTED)
    stage.hear(CONTESTED)
    assert [one.is_contested for one in stage.all_sent(LookBack)] == [False, True]
