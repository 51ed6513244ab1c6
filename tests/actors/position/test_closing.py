"""How a position leaves: the ladder, refusals, shortages, unknown exits, and its end."""

from decimal import Decimal
from itertools import pairwise

from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.position import lost_orders
from actors.position.states import State
from messages.base import Currency, Milliseconds
from messages.envelope import NOTHING, Wake
from messages.gateway import RequestBalance
from messages.market import FeeCurrency
from messages.market_data import DisarmTriggers, RequestQuote
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.order_router import CancelOrder, ReleaseOrders
from messages.orders import (
    OrderRequest,
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    StopStatus,
    TimeInForce,
)
from messages.plan import MARKET_RUNG, Plan, ProtectionMode, Rung
from messages.portfolio import BookPosition
from messages.position import (
    BalanceAnswered,
    BudgetGranted,
    CloseCause,
    ClosePosition,
    LevelName,
    MarketFreshness,
    OrdersReleased,
    QuoteAnswered,
)
from messages.positions import PositionEnded
from tests.actors.position.stage import PLAN, RULES, Stage, quote

B1, X1, X2, X3, X4 = "h0e1p1b1", "h0e1p1x1", "h0e1p1x2", "h0e1p1x3", "h0e1p1x4"
BY_HAND = ClosePosition(cause=CloseCause.BY_HAND, reason="enough")
BTC = Currency("BTC")
HELD = Decimal("9.980")
GTC = Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(5_000))
IOC = Rung(
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.IOC,
    offset_ratio=Decimal("0.005"),
    attempts=2,
)
# No take profit: nothing rests, so the ladder's first order is x1.
BARE = Plan(stop_loss_ratio=Decimal("0.02"))
LADDER = replace(BARE, exit_ladder=(GTC, IOC, MARKET_RUNG), stop_rung=1)


def closing(plan: Plan = BARE) -> Stage:
    """Bought at 100, and told to close."""
    stage = Stage(plan).protected()
    stage.hear(BY_HAND)
    return stage


def tell_quote(stage: Stage, price: float | None) -> Stage:
    stage.hear(QuoteAnswered(quote=None if price is None else quote(price)))
    return stage


def tell_free(stage: Stage, free: str | None) -> Stage:
    amount = None if free is None else Decimal(free)
    stage.hear(BalanceAnswered(currency=BTC, free=amount))
    return stage


def refuse(stage: Stage, order_id: str, reason: RejectReason = RejectReason.OTHER) -> Stage:
    return stage.report(order_id, OrderStatus.REJECTED, reason=reason)


def shape(order: OrderRequest) -> tuple[OrderType, TimeInForce, Decimal | None]:
    return order.type, order.time_in_force, order.price


def alarms(stage: Stage, kind: AlarmKind) -> int:
    return sum(alarm.kind is kind for alarm in stage.all_sent(Alarm))


# The ladder


def test_the_ladder_goes_from_limit_to_ioc_to_market_at_fresh_prices() -> None:
    stage = tell_quote(closing(LADDER), 100.0)
    stage.report(X1, OrderStatus.OPEN).report(X1, OrderStatus.CANCELED)
    tell_quote(stage, 99.0).report(X2, OrderStatus.EXPIRED)
    tell_quote(stage, 98.5).report(X3, OrderStatus.EXPIRED)
    assert [shape(order) for order in stage.placed[1:]] == [
        (OrderType.LIMIT, TimeInForce.GTC, Decimal("100.0")),
        (OrderType.LIMIT, TimeInForce.IOC, Decimal("98.5")),
        (OrderType.LIMIT, TimeInForce.IOC, Decimal("98.0")),
        (OrderType.MARKET, TimeInForce.GTC, None),
    ]
    assert [order.wait_ms for order in stage.placed[1:]] == [5_000, None, None, None]
    assert stage.fill(X4, "98").state() is State.CLOSED


def test_a_limit_rung_asks_for_a_quote_and_a_market_rung_does_not_wait_for_one() -> None:
    assert len(closing(LADDER).all_sent(RequestQuote)) == 1
    stage = closing()
    assert stage.all_sent(RequestQuote) == []
    assert stage.request(X1).type is OrderType.MARKET


def test_a_stop_begins_further_down_the_ladder_with_the_quote_that_touched_it() -> None:
    stage = Stage(LADDER).protected().fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.all_sent(RequestQuote) == []
    assert stage.request(X1).time_in_force is TimeInForce.IOC
    assert stage.request(X1).price == Decimal("97.0")


def test_each_rung_sells_only_what_the_last_one_left() -> None:
    stage = tell_quote(closing(LADDER), 100.0)
    stage.report(X1, OrderStatus.CANCELED, filled="4")
    tell_quote(stage, 99.0)
    assert stage.request(X2).quantity == HELD - 4


def test_without_a_quote_the_ladder_goes_to_its_end_which_needs_none() -> None:
    stage = tell_quote(closing(LADDER), None)
    assert stage.request(X1).type is OrderType.MARKET


def test_a_quote_that_does_not_come_is_not_waited_for_for_ever() -> None:
    stage = closing(LADDER)
    stage.wait(1_000)
    assert stage.request(X1).type is OrderType.MARKET


def test_a_ladder_that_ends_with_a_limit_waits_for_a_quote_with_pauses() -> None:
    stage = tell_quote(closing(replace(BARE, exit_ladder=(GTC,))), None)
    assert stage.last == [], "asking again at once would go round and round"
    stage.wait(1_000)
    assert len(stage.all_sent(RequestQuote)) == 2
    assert tell_quote(stage, 99.0).request(X1).price == Decimal("99.0")


def test_a_market_order_that_finds_nobody_is_tried_again_after_a_pause() -> None:
    stage = closing().report(X1, OrderStatus.EXPIRED)
    assert stage.position.slot.state is SlotState.EMPTY
    stage.wait(1_000)
    assert stage.request(X2).quantity == HELD


def test_an_empty_book_takes_the_ladder_on_without_a_pause() -> None:
    stage = Stage(LADDER).protected().fire(LevelName.STOP_LOSS, price=97.5)
    refuse(stage, X1, RejectReason.NO_LIQUIDITY)
    tell_quote(stage, 97.0)
    refuse(stage, X2, RejectReason.NO_LIQUIDITY)
    assert stage.request(X3).type is OrderType.MARKET


def test_a_rung_that_the_venue_refuses_does_not_hold_up_the_ladder() -> None:
    stage = tell_quote(closing(LADDER), 100.0)
    refuse(stage, X1, RejectReason.PRICE_OUT_OF_RANGE)
    stage.wait(1_000)
    tell_quote(stage, 100.0)
    assert stage.request(X2).time_in_force is TimeInForce.IOC


def test_a_refused_limit_order_waits_out_its_pause_and_then_takes_a_fresh_quote() -> None:
    stage = tell_quote(closing(LADDER), 100.0)
    asked = len(stage.all_sent(RequestQuote))
    refuse(stage, X1)
    assert len(stage.all_sent(RequestQuote)) == asked
    stage.wait(1_000)
    assert len(stage.all_sent(RequestQuote)) == asked + 1


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
    stage = closing(LADDER)
    assert stage.fire(LevelName.STOP_LOSS, price=90.0).last == []


# A second close hurries


def test_a_second_close_takes_the_ladder_to_its_end() -> None:
    stage = tell_quote(closing(LADDER), 100.0).report(X1, OrderStatus.OPEN)
    stage.hear(BY_HAND)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.MARKET


def test_a_second_close_does_not_wait_for_a_quote() -> None:
    stage = closing(LADDER)
    stage.hear(BY_HAND)
    assert stage.request(X1).type is OrderType.MARKET


def test_a_second_close_does_not_wait_out_a_pause() -> None:
    stage = refuse(closing(), X1)
    stage.hear(BY_HAND)
    assert stage.request(X2).quantity == HELD


def test_a_second_close_leaves_a_working_market_order_alone() -> None:
    stage = closing().report(X1, OrderStatus.OPEN)
    stage.hear(BY_HAND)
    assert stage.canceled == []


def test_a_second_close_does_not_wait_for_a_native_stop_that_was_touched() -> None:
    plan = replace(PLAN, protection_mode=ProtectionMode.STOP_RESTS)
    stage = Stage(plan).protected().fire(LevelName.STOP_LOSS, price=97.9)
    stage.hear(BY_HAND)
    assert stage.canceled == [X1]


def test_a_second_close_while_the_balance_is_looked_at_looks_again_if_no_answer_comes() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    stage.hear(BY_HAND)
    looks = len(stage.all_sent(RequestBalance))
    stage.wait(5_000)
    assert len(stage.all_sent(RequestBalance)) > looks
    assert len(stage.placed) == 2


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


# Refusals


def test_refused_exits_back_off_doubling_are_alarmed_once_and_tried_for_ever() -> None:
    stage = closing()
    pauses = []
    for attempt in range(1, 13):
        asked_at = stage.now
        refuse(stage, f"h0e1p1x{attempt}")
        while len(stage.placed) < attempt + 2:
            stage.wait(500)
        pauses.append((stage.now - asked_at) / 1_000)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert alarms(stage, AlarmKind.EXIT_STUCK) == 1
    assert stage.state() is State.CLOSING


def test_a_stuck_exit_is_marked_and_a_fill_frees_it() -> None:
    stage = replace_attempts(3)
    for attempt in range(1, 4):
        refuse(stage, f"h0e1p1x{attempt}").wait(60_000)
    exit_ = stage.position.closing
    assert exit_ is not None
    assert exit_.is_stuck
    stage.report(X4, OrderStatus.EXPIRED, filled="1", price="99")
    exit_ = stage.position.closing
    assert exit_ is not None
    assert not exit_.is_stuck
    assert exit_.refusals == 0


def replace_attempts(attempts: int) -> Stage:
    return closing(replace(BARE, exit_attempts=attempts))


def test_a_pause_never_outgrows_the_stuck_one_however_long_it_lasts() -> None:
    stage = closing(replace(BARE, exit_attempts=1_000_000))
    for attempt in range(1, 80):
        refuse(stage, f"h0e1p1x{attempt}").wait(60_000)
    assert len(stage.placed) == 81


# Dust


def test_what_is_left_below_the_minimum_is_dust_and_closes_the_position() -> None:
    stage = closing().report(X1, OrderStatus.EXPIRED, filled="9.95", price="99")
    assert stage.state() is State.CLOSED
    assert stage.all_sent(BookPosition)[-1].closed
    assert stage.life is not None
    assert stage.life.held == Decimal("0.03")


def test_what_the_venue_calls_too_small_is_dust_where_that_may_be() -> None:
    # 0.055 BTC at 100: over the minimum by our average, under it by the venue's price.
    stage = Stage(BARE, budget="5.6").protected()
    stage.hear(BY_HAND)
    refuse(stage, X1, RejectReason.BELOW_MINIMUM)
    assert stage.state() is State.CLOSED


def test_a_venue_that_calls_a_large_exit_too_small_is_not_believed() -> None:
    stage = refuse(closing(), X1, RejectReason.BELOW_MINIMUM)
    assert stage.state() is State.CLOSING
    stage.wait(1_000)
    assert stage.request(X2).quantity == HELD


def test_what_was_dust_is_none_any_more_when_a_late_entry_fill_adds_to_it() -> None:
    plan = replace(BARE, entry_ladder=(GTC,))
    stage = Stage(plan).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="0.055")
    stage.hear(BY_HAND)
    refuse(stage, X1, RejectReason.BELOW_MINIMUM)
    stage.report(B1, OrderStatus.CANCELED, filled="5")
    assert stage.state() is State.CLOSING
    stage.wait(1_000)
    assert stage.request(X2).quantity == 5


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


def lost() -> Stage:
    stage = closing().report(X1, OrderStatus.UNKNOWN)
    return stage.wait(60_000)


def test_after_a_lost_exit_two_equal_looks_let_the_rest_be_sold() -> None:
    stage = tell_free(lost(), "9.98")
    stage.wait(500)
    assert len(stage.placed) == 2, "one look is no proof"
    stage.wait(500)
    tell_free(stage, "9.98").wait(1_000)
    assert stage.request(X2).quantity == HELD


def test_after_a_lost_exit_two_different_looks_are_no_proof() -> None:
    stage = tell_free(lost(), "9.98").wait(1_000)
    tell_free(stage, "4").wait(1_000)
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
    stage = tell_free(lost(), "0").wait(1_000)
    tell_free(stage, "0").wait(60_000)
    assert len(stage.placed) == 2


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
    stage = tell_free(lost(), "9.98").wait(1_000)
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
    stage.report(X1, OrderStatus.OPEN)
    assert stage.canceled == [X1]
    stage.wait(1_000)
    assert len(stage.placed) == 2, "its coins may be sold by it"
    stage.report(X1, OrderStatus.FILLED, filled=str(HELD), price="99")
    assert stage.state() is State.CLOSED


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
