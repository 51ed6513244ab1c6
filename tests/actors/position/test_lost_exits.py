"""Coins that the venue does not show, and exits that nobody can see."""

from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec.structs import replace

from actors.position.exit_ladder import LOOKS_APART_MS
from actors.position.exit_slot import SlotState
from actors.position.own_orders import lost_orders
from actors.position.states import State
from messages.base import Currency
from messages.market import FeeCurrency
from messages.money import Money
from messages.observers import AlarmKind
from messages.orders import (
    OrderStatus,
    RejectReason,
)
from messages.portfolio import BookPosition, RequestBalance
from messages.position import (
    LevelName,
)
from tests.actors.position.scenes import (
    B1,
    BARE,
    BTC,
    BY_HAND,
    GTC,
    HELD,
    X1,
    X2,
    X3,
    alarms,
    closing,
    refuse,
    tell_free,
    tell_quote,
)
from tests.actors.position.stage import PLAN, RULES, Stage

# Insufficient funds


def test_insufficient_funds_looks_before_it_tries_again() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    assert [type(message) for message in stage.last] == [RequestBalance]
    stage.wait(900)
    assert len(stage.placed) == 2
    tell_free(stage, "9.97")
    stage.wait(100)
    assert stage.request(X2).quantity == Decimal("9.97")


def test_insufficient_funds_is_never_retried_blindly() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, None)
    stage.wait(600_000)
    assert len(stage.placed) == 2, "no look has succeeded"
    assert len(stage.all_sent(RequestBalance)) > 5
    tell_free(stage, str(HELD))
    stage.wait(60_000)
    assert stage.request(X2).quantity == HELD


def test_a_shortage_is_alarmed_once_and_what_is_there_is_sold() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "4").wait(1_000)
    assert alarms(stage, AlarmKind.SHORTAGE) == 1
    assert stage.request(X2).quantity == 4


def test_coins_that_are_gone_are_looked_for_ever_more_slowly_and_alarmed_once() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    looked_at = []
    for _ in range(12):
        looks = len(stage.all_sent(RequestBalance))
        tell_free(stage, "0")
        while len(stage.all_sent(RequestBalance)) == looks:
            stage.wait(500)
        looked_at.append(stage.now)
    pauses = [later - earlier for earlier, later in pairwise(looked_at)]
    assert pauses[:3] == [2_000, 4_000, 8_000]
    assert pauses[-3:] == [60_000] * 3
    assert alarms(stage, AlarmKind.SHORTAGE) == 1
    assert alarms(stage, AlarmKind.EXIT_STUCK) == 1
    assert stage.position.closing is not None
    assert stage.position.closing.is_stuck


def test_coins_that_come_back_are_sold() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "0").wait(2_000)
    tell_free(stage, "9.98").wait(60_000)
    assert stage.request(X2).quantity == HELD


def test_a_fee_in_base_that_nobody_told_of_makes_the_exit_smaller() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "9.97002").wait(1_000)
    assert stage.request(X2).quantity == Decimal("9.970")
    assert stage.fill(X2, "99").state() is State.CLOSED, "what is left is dust"


def test_a_fee_in_base_makes_the_exit_smaller_from_the_start() -> None:
    stage = Stage(BARE, rules=replace(RULES, fee_currency=FeeCurrency.RECEIVED)).grant()
    fees = (Money(BTC, Decimal("0.00998")),)
    stage.report(B1, OrderStatus.FILLED, filled="9.98", fees=fees)
    stage.hear(BY_HAND)
    assert stage.request(X1).quantity == Decimal("9.970")
    stage.fill(X1, "99")
    assert stage.state() is State.CLOSED
    assert stage.life is not None
    assert stage.life.held == Decimal("0.00002")


def test_a_fee_in_a_third_currency_leaves_the_coins_whole() -> None:
    stage = Stage(BARE).grant()
    fees = (Money(Currency("BNB"), Decimal("0.003")),)
    stage.report(B1, OrderStatus.FILLED, filled="9.98", fees=fees)
    stage.hear(BY_HAND)
    assert stage.request(X1).quantity == HELD
    stage.report(X1, OrderStatus.FILLED, filled="9.98", price="99", fees=fees)
    assert stage.all_sent(BookPosition)[-1].fees == (Money(Currency("BNB"), Decimal("0.006")),)


# Unknown exits


def test_an_unknown_exit_keeps_its_coins_until_it_is_written_off_with_an_alarm() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    stage.wait(59_999)
    assert len(stage.placed) == 2
    assert alarms(stage, AlarmKind.EXIT_LOST) == 0
    stage.wait(1)
    assert alarms(stage, AlarmKind.EXIT_LOST) == 1
    assert len(lost_orders(stage.position)) == 1
    assert len(stage.placed) == 2, "first it looks, twice"


def in_conflict() -> Stage:
    """Another order has the id of the exit."""
    return closing().report(X1, OrderStatus.UNKNOWN, reason=RejectReason.DUPLICATE_ID)


def test_an_exit_whose_id_another_order_has_keeps_the_slot() -> None:
    stage = in_conflict().wait(600_000)
    tell_free(stage, str(HELD)).wait(600_000)
    tell_free(stage, str(HELD)).wait(600_000)
    assert len(stage.placed) == 2
    assert (stage.position.slot.state, stage.position.slot.order_id) == (SlotState.UNKNOWN, X1)
    assert alarms(stage, AlarmKind.EXIT_LOST) == 0


def test_a_conflict_that_is_found_later_keeps_the_slot_too() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN).wait(59_999)
    stage.report(X1, OrderStatus.UNKNOWN, reason=RejectReason.DUPLICATE_ID).wait(600_000)
    assert stage.position.slot.order_id == X1


def test_once_a_person_has_cleared_the_conflict_the_exit_goes_on() -> None:
    stage = in_conflict().wait(600_000)
    stage.report(X1, OrderStatus.REJECTED, reason=RejectReason.NEVER_PLACED).wait(60_000)
    assert stage.request(X2).quantity == HELD


def lost() -> Stage:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    return stage.wait(60_000)


def test_after_a_lost_exit_two_equal_looks_let_the_rest_be_sold() -> None:
    stage = tell_free(lost(), "9.98")
    stage.wait(LOOKS_APART_MS - 500)
    assert len(stage.placed) == 2, "one look is no proof"
    stage.wait(500)
    tell_free(stage, "9.98").wait(1_000)
    assert stage.request(X2).quantity == HELD


def test_after_a_lost_exit_two_looks_at_once_are_no_proof() -> None:
    # The machine stood still: the first answer about the exit is still on its way.
    stage = tell_free(lost(), "5").wait(LOOKS_APART_MS - 1)
    assert len(stage.all_sent(RequestBalance)) == 1
    tell_free(stage, "5").wait(0)
    assert len(stage.placed) == 2
    stage.report(X1, OrderStatus.FILLED, filled=str(HELD), price="99").wait(60_000)
    assert len(stage.placed) == 2
    assert stage.state() is State.CLOSED


def test_after_a_lost_exit_two_different_looks_are_no_proof() -> None:
    stage = tell_free(lost(), "9.98").wait(LOOKS_APART_MS)
    tell_free(stage, "4").wait(LOOKS_APART_MS)
    assert len(stage.placed) == 2
    tell_free(stage, "4").wait(4_000)
    assert stage.request(X2).quantity == 4


def test_after_a_lost_exit_unanswered_looks_are_no_proof() -> None:
    stage = tell_free(lost(), None).wait(1_000)
    tell_free(stage, None).wait(60_000)
    assert len(stage.placed) == 2


def test_a_look_before_an_exit_was_lost_is_no_proof_after_it() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "9.98").wait(1_000)
    stage.report(X2, OrderStatus.UNKNOWN).wait(60_000)
    assert len(stage.placed) == 3
    assert len(stage.all_sent(RequestBalance)) == 2


def test_coins_that_a_lost_exit_locks_are_not_sold_again() -> None:
    stage = tell_free(lost(), "0").wait(LOOKS_APART_MS)
    tell_free(stage, "0").wait(60_000)
    assert len(stage.placed) == 2


def test_what_a_look_showed_is_sold_once() -> None:
    # Half of the coins are locked by the lost exit: the other half is sold, and no more.
    stage = tell_free(lost(), "4.99").wait(LOOKS_APART_MS)
    tell_free(stage, "4.99").wait(1_000)
    stage.fill(X2, "99").wait(500)
    tell_free(stage, "0").wait(LOOKS_APART_MS)
    tell_free(stage, "0").wait(600_000)
    assert len(stage.placed) == 3
    stage.report(X1, OrderStatus.CANCELED)
    tell_free(stage, "4.99").wait(600_000)
    assert stage.request(X3).quantity == Decimal("4.99")


def test_after_a_sale_beside_a_lost_exit_two_new_looks_are_needed() -> None:
    stage = tell_free(lost(), "4.99").wait(LOOKS_APART_MS)
    tell_free(stage, "4.99").wait(1_000)
    stage.fill(X2, "99")
    tell_free(stage, "4.99").wait(LOOKS_APART_MS - 100)
    assert len(stage.placed) == 3
    stage.wait(100)
    tell_free(stage, "4.99").wait(1_000)
    assert stage.request(X3).quantity == Decimal("4.99")


def test_after_a_shortage_was_sold_the_rest_is_looked_for_first() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "4").wait(1_000)
    stage.fill(X2, "99")
    assert isinstance(stage.last[0], RequestBalance)
    tell_free(stage, "5.98").wait(1_000)
    assert stage.request(X3).quantity == HELD - 4


def test_a_lost_exit_that_filled_is_booked_and_closes() -> None:
    stage = lost().report(X1, OrderStatus.FILLED, filled=str(HELD), price="99")
    assert stage.state() is State.CLOSED
    assert stage.sold == HELD


def test_a_lost_exit_that_comes_back_alive_is_canceled() -> None:
    stage = lost().report(X1, OrderStatus.OPEN)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, filled="4", price="99")
    tell_free(stage, "5.98").wait(60_000)
    assert stage.request(X2).quantity == HELD - 4


def test_a_position_with_a_lost_exit_is_not_over_until_that_one_is() -> None:
    stage = tell_free(lost(), "9.98").wait(LOOKS_APART_MS)
    tell_free(stage, "9.98").wait(1_000)
    stage.fill(X2, "99")
    assert stage.state() is State.CLOSING
    stage.report(X1, OrderStatus.REJECTED, reason=RejectReason.NEVER_PLACED)
    assert stage.state() is State.CLOSED


def test_a_lost_take_profit_is_watched_and_no_second_order_rests_beside_it() -> None:
    stage = Stage().protected().report(X1, OrderStatus.UNKNOWN)
    stage.wait(60_000)
    assert len(stage.placed) == 2
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.TAKE_PROFIT: 103.0}
    stage.arm()
    assert stage.state() is State.PROTECTING
    stage.report(X1, OrderStatus.REJECTED, reason=RejectReason.NEVER_PLACED)
    assert stage.request(X2).quantity == HELD


def test_an_exit_taken_for_never_placed_that_is_live_after_all_locks_its_coins_again() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    refuse(stage, X1, RejectReason.NEVER_PLACED)
    refuse(stage, X2, RejectReason.NO_LIQUIDITY)
    stage.report(X1, OrderStatus.OPEN)
    assert stage.canceled == [X1]
    stage.wait(5_000)
    assert len(stage.placed) == 3, "its coins may be sold by it"
    stage.report(X1, OrderStatus.FILLED, filled=str(HELD), price="99")
    assert stage.state() is State.CLOSED


def test_after_an_exit_that_was_never_placed_the_next_one_leaves_at_once() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    refuse(stage, X1, RejectReason.NEVER_PLACED)
    assert stage.request(X2).quantity == HELD


def test_after_a_stop_that_was_never_placed_the_next_one_leaves_at_once_until_people_hear_it() -> (
    None
):
    stage = Stage().protected()
    for number in range(1, PLAN.placement_attempts + 1):
        resting = f"{X1[:-1]}{number}"
        assert len(stage.placed) == number + 1, "the entry, and so many of these"
        stage.report(resting, OrderStatus.UNKNOWN)
        stage.report(resting, OrderStatus.REJECTED, reason=RejectReason.NEVER_PLACED)
    assert alarms(stage, AlarmKind.PLACEMENT_FAILED) == 1
    assert len(stage.placed) == PLAN.placement_attempts + 1


def test_exits_that_are_never_placed_one_after_the_other_are_told_as_stuck() -> None:
    stage = closing()
    for number in range(1, PLAN.exit_attempts + 1):
        exit_id = f"{X1[:-1]}{number}"
        stage.report(exit_id, OrderStatus.UNKNOWN)
        refuse(stage, exit_id, RejectReason.NEVER_PLACED)
    assert alarms(stage, AlarmKind.EXIT_STUCK) == 1
    assert len(stage.placed) == PLAN.exit_attempts + 1, "the entry, and so many exits"


def test_a_fill_does_not_take_the_deadline_of_a_look_that_is_awaited() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    refuse(stage, X1, RejectReason.NEVER_PLACED).wait(1_000)
    stage.report(X1, OrderStatus.OPEN)
    stage.report(X2, OrderStatus.EXPIRED, filled="5", price="99")
    tell_free(stage, "4.98")
    looks = len(stage.all_sent(RequestBalance))
    assert len(stage.placed) == 3, "one look beside a live exit is no proof"
    stage.wait(5_000)
    assert len(stage.all_sent(RequestBalance)) > looks
    tell_free(stage, "4.98").report(X1, OrderStatus.CANCELED)
    assert stage.request(X3).quantity == HELD - 5


@pytest.mark.parametrize("is_proof", [False, True])
def test_once_no_exit_is_in_doubt_no_look_bounds_the_next(*, is_proof: bool) -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN).wait(PLAN.unknown_exit_ms)
    assert alarms(stage, AlarmKind.EXIT_LOST) == 1
    tell_free(stage, "0")
    if is_proof:
        tell_free(stage.wait(6_000), "0")
    assert len(stage.placed) == 2, "the entry, and the exit in doubt"
    refuse(stage, X1, RejectReason.NEVER_PLACED)
    assert stage.request(X2).quantity == HELD


def test_after_a_refusal_for_want_of_coins_the_end_of_the_doubt_waits_for_the_look() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    refuse(stage, X1, RejectReason.NEVER_PLACED)
    stage.report(X1, OrderStatus.OPEN)
    refuse(stage, X2, RejectReason.INSUFFICIENT_FUNDS)
    stage.report(X1, OrderStatus.CANCELED)
    assert len(stage.placed) == 3, "the venue refused the last one: it is looked at first"
    tell_free(stage, str(HELD)).wait(2_000)
    assert stage.request(X3).quantity == HELD


def test_an_exit_that_was_never_placed_takes_no_deadline_of_a_look_that_is_awaited() -> None:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    refuse(stage, X1, RejectReason.NEVER_PLACED)
    stage.report(X2, OrderStatus.UNKNOWN).report(X1, OrderStatus.OPEN)
    refuse(stage, X2, RejectReason.NEVER_PLACED)
    exit_ = stage.position.closing
    assert exit_ is not None
    assert not exit_.waits_for_balance or exit_.retry_at is not None


def test_an_entry_taken_for_never_placed_that_is_live_after_all_is_canceled() -> None:
    plan = replace(BARE, entry_ladder=(GTC, GTC))
    stage = Stage(plan).grant().report(B1, OrderStatus.UNKNOWN)
    refuse(stage, B1, RejectReason.NO_LIQUIDITY)
    tell_quote(stage, 100.0).fill("h0e1p1b2")
    stage.report(B1, OrderStatus.OPEN)
    assert stage.canceled == [B1]


def test_an_entry_back_from_the_dead_does_not_take_the_ladder_on_a_second_time() -> None:
    plan = replace(BARE, entry_ladder=(GTC, GTC, GTC))
    stage = Stage(plan).grant().report(B1, OrderStatus.UNKNOWN)
    refuse(stage, B1, RejectReason.NO_LIQUIDITY)
    tell_quote(stage, 100.0)
    stage.report(B1, OrderStatus.OPEN).report(B1, OrderStatus.CANCELED)
    tell_quote(stage, 100.0)
    assert [o.client_order_id for o in stage.placed] == [B1, "h0e1p1b2"]
