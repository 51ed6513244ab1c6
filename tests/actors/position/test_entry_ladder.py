"""How a position buys, rung by rung, bounded in time, and what fills as it likes."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.states import State
from messages.base import Currency
from messages.market import FeeCurrency
from messages.market_data import ArmTriggers, RequestQuote
from messages.money import Money
from messages.order_router import CancelOrder
from messages.orders import OrderStatus, Purpose, RejectReason, Side, TimeInForce
from messages.position import (
    CloseCause,
    LevelName,
    QuoteAnswered,
    StopEntering,
)
from messages.strategy import EntryEnded
from tests.actors.position.scenes import (
    B1,
    B2,
    B3,
    BY_HAND,
    ENTRY_LADDER,
    GTC_ONLY,
)
from tests.actors.position.stage import RULES, Stage, quote

# The ladder


def test_a_filled_market_entry_ends_the_entry_and_is_protected() -> None:
    stage = Stage().grant().fill(B1)
    assert stage.state() is State.OPEN
    assert stage.position.entry.is_over
    assert stage.arm().state() is State.PROTECTING


def test_each_rung_is_tried_as_often_as_it_says_at_a_fresh_price_and_then_the_next() -> None:
    stage = Stage(ENTRY_LADDER).grant()
    for ask in (101.0, 102.0):
        last = stage.placed[-1].client_order_id
        stage.report(last, OrderStatus.EXPIRED)
        assert isinstance(stage.last[0], RequestQuote)
        stage.hear(QuoteAnswered(quote=quote(ask)))
    assert [(o.client_order_id, o.price, o.time_in_force) for o in stage.placed] == [
        (B1, Decimal("100.1"), TimeInForce.IOC),
        (B2, Decimal("101.2"), TimeInForce.IOC),
        (B3, Decimal("102.0"), TimeInForce.GTC),
    ]
    assert stage.placed[-1].wait_ms == 20_000
    assert {order.wait_ms for order in stage.placed[:-1]} == {None}


def test_the_next_rung_spends_only_what_is_left_of_the_budget() -> None:
    stage = Stage(ENTRY_LADDER).grant()
    fees = (Money(Currency("USDT"), Decimal("0.4004")),)
    stage.report(B1, OrderStatus.EXPIRED, filled="4", price="100.1", fees=fees)
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    # 1000 − 400.4 − 0.4004 = 599.1996; / (100.1 × 1.001) = 5.98.
    assert stage.request(B2).quantity == Decimal("5.980")


def test_a_ladder_that_ends_without_a_fill_closes_the_position() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.OPEN).report(B1, OrderStatus.CANCELED)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.ENTRY_FAILED


def test_a_ladder_that_ends_with_a_part_keeps_and_protects_the_part() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.CANCELED, filled="2")
    assert stage.state() is State.OPEN
    assert stage.placed[-1].quantity == 2
    assert stage.placed[-1].purpose is Purpose.TAKE_PROFIT


def test_without_a_fresh_quote_the_ladder_buys_no_more() -> None:
    stage = Stage(ENTRY_LADDER).grant().report(B1, OrderStatus.EXPIRED, filled="2")
    stage.hear(QuoteAnswered(quote=None))
    assert stage.state() is State.OPEN
    assert [o.side for o in stage.placed] == [Side.BUY, Side.SELL]


def test_a_rest_of_the_budget_that_is_too_small_ends_the_entry() -> None:
    stage = Stage(ENTRY_LADDER).grant().report(B1, OrderStatus.EXPIRED, filled="9.95")
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert stage.state() is State.OPEN
    assert [o.side for o in stage.placed] == [Side.BUY, Side.SELL]


@pytest.mark.parametrize("reason", [RejectReason.NO_LIQUIDITY, RejectReason.WOULD_TAKE])
def test_an_entry_refused_for_the_state_of_the_book_goes_on(reason: RejectReason) -> None:
    stage = Stage(ENTRY_LADDER).grant().report(B1, OrderStatus.REJECTED, reason=reason)
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert stage.placed[-1].client_order_id == B2


def test_a_refused_entry_is_not_sent_again_blindly() -> None:
    stage = Stage(ENTRY_LADDER).grant()
    stage.report(B1, OrderStatus.REJECTED, reason=RejectReason.INSUFFICIENT_FUNDS)
    assert len(stage.placed) == 1
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.ENTRY_FAILED
    assert "insufficient_funds" in stage.position.close_reason


# Deadline, halt and close while it buys


def test_the_deadline_cancels_the_entry_and_keeps_what_it_bought() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    stage.wait(59_999)
    assert stage.canceled == []
    stage.wait(1)
    assert stage.canceled == [B1]
    assert stage.state() is State.OPENING, "it may still fill until the venue confirms"
    stage.report(B1, OrderStatus.CANCELED)
    assert stage.state() is State.OPEN
    assert stage.position.booked.bought == 3


def test_the_deadline_ends_a_ladder_that_waits_for_a_quote() -> None:
    stage = Stage(ENTRY_LADDER).grant().report(B1, OrderStatus.EXPIRED)
    stage.wait(60_000)
    assert stage.state() is State.CLOSED
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert len(stage.placed) == 1


def test_a_halt_cancels_the_working_entry_and_protects_what_filled() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    stage.hear(StopEntering())
    assert stage.canceled == [B1]
    stage.report(B1, OrderStatus.CANCELED).arm()
    assert stage.state() is State.PROTECTING
    assert stage.position.slot.quantity == 3


def test_a_halt_lets_no_further_rung_begin() -> None:
    stage = Stage(ENTRY_LADDER).grant()
    stage.hear(StopEntering())
    stage.report(B1, OrderStatus.EXPIRED, filled="1")
    assert stage.all_sent(RequestQuote) == []
    assert stage.state() is State.OPEN


def test_a_close_while_it_buys_cancels_the_entry_first_and_sells_what_it_bought() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    resting = stage.position.slot.order_id
    stage.hear(BY_HAND)
    assert stage.state() is State.CLOSING
    assert stage.canceled == [B1, resting]
    assert resting is not None
    stage.report(resting, OrderStatus.CANCELED)
    assert stage.placed[-1].quantity == 3
    assert stage.placed[-1].purpose is Purpose.CLOSE


def test_the_cancel_of_a_halted_entry_becomes_urgent_when_the_exit_waits_for_it() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.OPEN)
    stage.hear(StopEntering())
    stage.hear(BY_HAND)
    assert [cancel.urgent for cancel in stage.all_sent(CancelOrder)] == [False, True]


def test_late_entry_fills_add_to_what_must_be_sold() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.OPEN)
    stage.hear(BY_HAND)
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="3")
    first = stage.placed[-1]
    assert first.quantity == 3
    stage.report(B1, OrderStatus.CANCELED, filled="5")
    stage.fill(first.client_order_id, "99")
    assert stage.state() is State.CLOSING, "two more are held"
    assert stage.placed[-1].quantity == 2
    stage.fill(stage.placed[-1].client_order_id, "99")
    assert stage.state() is State.CLOSED


def test_a_close_before_the_first_fill_waits_for_the_entry_to_be_over() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.OPEN)
    stage.hear(BY_HAND)
    assert stage.state() is State.CLOSING
    stage.report(B1, OrderStatus.CANCELED)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.WITHDRAWN


def test_an_unknown_entry_is_neither_repeated_nor_forgotten() -> None:
    stage = Stage(ENTRY_LADDER).grant().report(B1, OrderStatus.UNKNOWN)
    stage.wait(120_000)
    assert stage.state() is State.OPENING
    assert len(stage.placed) == 1
    stage.report(B1, OrderStatus.FILLED, filled="9")
    assert stage.state() is State.OPEN


# Fills that come as they like


def test_a_canceled_entry_that_filled_is_booked_and_protected() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.CANCELED, filled="2").arm()
    first = stage.position.slot.order_id
    assert first is not None
    stage.report(first, OrderStatus.OPEN)
    stage.report(B1, OrderStatus.FILLED, filled="9.99")
    assert stage.position.booked.bought == Decimal("9.99")
    assert stage.canceled == [first]
    stage.report(first, OrderStatus.CANCELED)
    assert stage.placed[-1].quantity == Decimal("9.99")


def test_an_entry_that_filled_more_than_was_asked_is_booked_and_protected_whole() -> None:
    stage = Stage().grant().report(B1, OrderStatus.FILLED, filled="12")
    assert stage.position.booked.bought == 12
    assert stage.placed[-1].quantity == 12


def test_a_part_that_filled_is_covered_by_the_trigger_while_the_entry_works() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="0.01")
    assert stage.state() is State.OPENING
    assert stage.placed[1:] == [], "0.01 BTC is too little for the venue"
    assert stage.levels[LevelName.STOP_LOSS] == 98.0


def test_the_stop_is_obeyed_while_the_entry_still_works() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="0.04").arm()
    stage.fire(LevelName.STOP_LOSS, price=97.9)
    assert stage.state() is State.CLOSING
    assert stage.canceled == [B1]


def test_a_part_rests_as_soon_as_it_is_large_enough_and_grows_in_large_steps() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="1")
    first = stage.placed[-1]
    assert first.side is Side.SELL
    assert first.quantity == 1
    stage.report(first.client_order_id, OrderStatus.OPEN)
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="1.9")
    assert stage.canceled == [], "the trigger covers the rest: no dance for each fill"
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="2")
    assert stage.canceled == [first.client_order_id]


def test_each_fill_of_the_entry_moves_the_levels_with_the_average_price() -> None:
    stage = Stage(GTC_ONLY).grant()
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="1", price="100")
    stage.report(B1, OrderStatus.PARTIALLY_FILLED, filled="2", price="99")
    assert stage.levels[LevelName.STOP_LOSS] == 97.0
    generations = [message.generation for message in stage.all_sent(ArmTriggers)]
    assert generations == [1, 2]


def test_a_take_profit_that_fills_while_the_entry_works_stops_the_buying() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.PARTIALLY_FILLED, filled="1")
    stage.fill(stage.placed[-1].client_order_id)
    assert stage.state() is State.CLOSING
    assert stage.canceled == [B1]
    stage.report(B1, OrderStatus.CANCELED)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


def test_a_fee_in_base_makes_less_to_sell() -> None:
    rules = replace(RULES, fee_currency=FeeCurrency.RECEIVED)
    stage = Stage(rules=rules).grant()
    fees = (Money(Currency("BTC"), Decimal("0.00998")),)
    stage.report(B1, OrderStatus.FILLED, filled="9.98", fees=fees)
    assert stage.placed[-1].quantity == Decimal("9.970"), "9.97002, in steps of the market"


def test_what_was_bought_but_is_too_little_to_sell_is_dust_and_closes() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.CANCELED, filled="0.01")
    assert stage.state() is State.CLOSED
    assert stage.position.booked.bought == Decimal("0.01")
    assert stage.position.close_cause is CloseCause.ENTRY_FAILED


# What the strategy hears of it


def ended(stage: Stage) -> list[float]:
    return [message.filled_ratio for message in stage.all_sent(EntryEnded)]


def test_the_strategy_hears_once_how_much_of_what_was_asked_for_was_bought() -> None:
    stage = Stage().grant()
    assert ended(stage) == []
    stage.fill(B1).fill(B1).arm()
    assert ended(stage) == [1.0]
    # An over-fill after the end is booked, and no news of the entry.
    stage.report(B1, OrderStatus.FILLED, filled="20", price="100")
    assert ended(stage) == [1.0]


def test_a_ladder_is_measured_by_what_its_first_rung_asked_for() -> None:
    stage = Stage(ENTRY_LADDER).grant()
    for order_id, filled in ((B1, "4.99"), (B2, "0"), (B3, "2.495")):
        stage.report(order_id, OrderStatus.CANCELED, filled=filled, price="100.1")
        assert ended(stage) == ([0.75] if order_id == B3 else [])
        stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert ended(stage) == [0.75]


def test_an_entry_that_bought_nothing_ends_at_zero() -> None:
    stage = Stage(GTC_ONLY).grant().report(B1, OrderStatus.CANCELED)
    assert ended(stage) == [0.0]


def test_an_entry_that_asked_for_nothing_is_no_news_to_the_strategy() -> None:
    assert ended(Stage(budget="1").grant()) == []
