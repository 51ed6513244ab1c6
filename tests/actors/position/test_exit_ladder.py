"""How a position leaves: the ladder, hurry, refusals and dust."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.states import State
from messages.market_data import RequestQuote
from messages.observers import AlarmKind
from messages.orders import (
    OrderRequest,
    OrderStatus,
    OrderType,
    RejectReason,
    TimeInForce,
)
from messages.plan import ProtectionMode
from messages.portfolio import BookPosition, RequestBalance
from messages.position import (
    LevelName,
)
from messages.positions import RequestMarket
from tests.actors.position.scenes import (
    B1,
    BARE,
    BY_HAND,
    EXIT_LADDER,
    GTC,
    HELD,
    IOC,
    X1,
    X2,
    X3,
    X4,
    alarms,
    closing,
    refuse,
    tell_free,
    tell_quote,
)
from tests.actors.position.stage import PLAN, RULES, Stage


def shape(order: OrderRequest) -> tuple[OrderType, TimeInForce, Decimal | None]:
    return order.type, order.time_in_force, order.price


# The ladder


def test_the_ladder_goes_from_limit_to_ioc_to_market_at_fresh_prices() -> None:
    stage = tell_quote(closing(EXIT_LADDER), 100.0)
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
    assert len(closing(EXIT_LADDER).all_sent(RequestQuote)) == 1
    stage = closing()
    assert stage.all_sent(RequestQuote) == []
    assert stage.request(X1).type is OrderType.MARKET


def test_a_stop_begins_further_down_the_ladder_with_the_quote_that_touched_it() -> None:
    stage = Stage(EXIT_LADDER).protected().fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.all_sent(RequestQuote) == []
    assert stage.request(X1).time_in_force is TimeInForce.IOC
    assert stage.request(X1).price == Decimal("97.0")


def test_each_rung_sells_only_what_the_last_one_left() -> None:
    stage = tell_quote(closing(EXIT_LADDER), 100.0)
    stage.report(X1, OrderStatus.CANCELED, filled="4")
    tell_quote(stage, 99.0)
    assert stage.request(X2).quantity == HELD - 4


def test_without_a_quote_the_ladder_goes_to_its_end_which_needs_none() -> None:
    stage = tell_quote(closing(EXIT_LADDER), None)
    assert stage.request(X1).type is OrderType.MARKET


def test_a_quote_that_does_not_come_is_not_waited_for_for_ever() -> None:
    stage = closing(EXIT_LADDER)
    stage.wait(1_000)
    assert stage.request(X1).type is OrderType.MARKET


def test_a_ladder_that_ends_with_a_limit_waits_for_a_quote_with_pauses() -> None:
    stage = tell_quote(closing(replace(BARE, exit_ladder=(GTC,))), None)
    assert stage.last == [], "asking again at once would go round and round"
    stage.wait(1_000)
    assert len(stage.all_sent(RequestQuote)) == 2
    assert tell_quote(stage, 99.0).request(X1).price == Decimal("99.0")


def test_an_ioc_at_the_ladders_end_reaches_further_each_time_it_is_repeated() -> None:
    """As an exchange without market orders needs it: it becomes one, in the end."""
    ioc = replace(IOC, offset_ratio=Decimal("0.001"), attempts=1)
    stage = tell_quote(closing(replace(BARE, exit_ladder=(ioc,))), 100.0)
    pauses = (1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000)
    asked = [stage.request(X1).price]
    for number, pause in enumerate(pauses, 1):
        stage.report(f"{X1[:-1]}{number}", OrderStatus.EXPIRED)
        stage.wait(pause)
        tell_quote(stage, 100.0)
        asked.append(stage.placed[-1].price)
    lower = ["99.9", "99.8", "99.6", "99.2", "98.4", "96.8", "93.6", "87.2", "74.4", "50.0", "50.0"]
    assert asked == [Decimal(price) for price in lower]


def test_a_market_order_that_finds_nobody_is_tried_again_after_a_pause() -> None:
    stage = closing().report(X1, OrderStatus.EXPIRED)
    assert stage.position.slot.state is SlotState.EMPTY
    stage.wait(1_000)
    assert stage.request(X2).quantity == HELD


def test_an_empty_book_takes_the_ladder_on_without_a_pause() -> None:
    stage = Stage(EXIT_LADDER).protected().fire(LevelName.STOP_LOSS, price=97.5)
    refuse(stage, X1, RejectReason.NO_LIQUIDITY)
    tell_quote(stage, 97.0)
    refuse(stage, X2, RejectReason.NO_LIQUIDITY)
    assert stage.request(X3).type is OrderType.MARKET


def test_a_rung_that_the_venue_refuses_does_not_hold_up_the_ladder() -> None:
    stage = tell_quote(closing(EXIT_LADDER), 100.0)
    refuse(stage, X1, RejectReason.PRICE_OUT_OF_RANGE)
    tell_quote(stage, 100.0)
    assert stage.request(X2).time_in_force is TimeInForce.IOC


def test_a_refused_limit_order_waits_out_its_pause_and_then_takes_a_fresh_quote() -> None:
    stage = tell_quote(closing(EXIT_LADDER), 100.0)
    asked = len(stage.all_sent(RequestQuote))
    refuse(stage, X1)
    assert len(stage.all_sent(RequestQuote)) == asked
    stage.wait(1_000)
    assert len(stage.all_sent(RequestQuote)) == asked + 1


# A second close hurries


def test_a_second_close_takes_the_ladder_to_its_end() -> None:
    stage = tell_quote(closing(EXIT_LADDER), 100.0).report(X1, OrderStatus.OPEN)
    stage.hear(BY_HAND)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.MARKET


def test_a_second_close_does_not_wait_for_a_quote() -> None:
    stage = closing(EXIT_LADDER)
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


def test_a_second_close_does_not_end_the_looking_for_coins_that_are_gone() -> None:
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "0")
    stage.hear(BY_HAND)
    assert isinstance(stage.last[0], RequestBalance)
    assert stage.position.wakes_at is not None


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


def test_what_was_too_little_to_sell_is_no_reason_not_to_look_for_more() -> None:
    """A sibling's last fill was unheard at the first look: most of the coins seemed to be its."""
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "0.06")
    stage.wait(1_000)
    assert stage.request(X2).quantity == Decimal("0.06")
    refuse(stage, X2, RejectReason.BELOW_MINIMUM)
    tell_free(stage, "1000")
    stage.wait(5_000)
    assert stage.request(X3).quantity == HELD


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
    # The rules may have changed: they are read again before coins are given up.
    assert stage.all_sent(RequestMarket)[-1].reads_again
    assert stage.state() is State.CLOSING
    stage.wait(1_000)
    assert stage.state() is State.CLOSED


def test_a_venue_that_calls_a_large_exit_too_small_is_not_believed() -> None:
    stage = refuse(closing(), X1, RejectReason.BELOW_MINIMUM)
    assert stage.state() is State.CLOSING
    stage.wait(1_000)
    # Never sent again unchanged: a step less, which is dust.
    assert stage.request(X2).quantity == HELD - RULES.step_size


def test_what_was_dust_is_none_any_more_when_a_late_entry_fill_adds_to_it() -> None:
    plan = replace(BARE, entry_ladder=(GTC,))
    stage = Stage(plan).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="0.055")
    stage.hear(BY_HAND)
    refuse(stage, X1, RejectReason.BELOW_MINIMUM)
    stage.report(B1, OrderStatus.CANCELED, filled="5")
    assert stage.state() is State.CLOSING
    stage.wait(1_000)
    assert stage.request(X2).quantity == 5


def test_a_look_after_an_exit_that_was_never_placed_is_repeated_until_it_is_answered() -> None:
    """What was shown was less than is held, and no pause was set: the look is the only deadline."""
    stage = refuse(closing(), X1, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "4")
    stage.wait(60_000)
    assert stage.request(X2).quantity == 4
    asked = len(stage.all_sent(RequestBalance))
    refuse(stage, X2, RejectReason.NEVER_PLACED)
    tell_free(stage, None)  # the venue's answer did not come
    assert len(stage.all_sent(RequestBalance)) == asked + 1
    stage.wait(60_000)
    assert len(stage.all_sent(RequestBalance)) > asked + 1
    tell_free(stage, "1000")
    stage.wait(60_000)
    assert stage.request(X3).quantity == HELD
