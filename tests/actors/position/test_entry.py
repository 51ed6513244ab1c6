"""How a position buys, once: sized to its budget, bounded in time, refused where it can't sell."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.states import State
from actors.tables import IllegalInputError
from messages.base import Currency, Milliseconds, Timestamp
from messages.market import FeeCurrency
from messages.market_data import ArmTriggers, HoldSymbol, RequestQuote
from messages.money import Money
from messages.observers import EntryRefused
from messages.orders import OrderStatus, OrderType, Purpose, RejectReason, Side, TimeInForce
from messages.plan import MARKET_RUNG, Plan, Rung
from messages.portfolio import BookPosition, ReserveBudget
from messages.position import (
    AddToPosition,
    BudgetDenied,
    BudgetGranted,
    ChangeProtection,
    CloseCause,
    ClosePosition,
    DenialReason,
    LevelName,
    QuoteAnswered,
    StopEntering,
    SwitchProtection,
)
from tests.actors.position.stage import PLAN, RULES, Stage, quote

B1, B2, B3 = "h0e1p1b1", "h0e1p1b2", "h0e1p1b3"
IOC_TWICE = Rung(
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.IOC,
    offset_ratio=Decimal("0.001"),
    attempts=2,
)
GTC = Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(20_000))
LADDER = replace(PLAN, entry_ladder=(IOC_TWICE, GTC))
GTC_ONLY = replace(PLAN, entry_ladder=(GTC,))
BY_HAND = ClosePosition(cause=CloseCause.BY_HAND, reason="enough")


# NEW


def test_a_position_begins_by_asking_for_its_budget_and_holding_its_symbol() -> None:
    stage = Stage()
    assert stage.state() is State.NEW
    assert [type(message) for message in stage.sent] == [ReserveBudget, HoldSymbol]
    assert stage.all_sent(ReserveBudget)[0].budget == 1000


def test_nothing_is_bought_before_the_budget_is_granted() -> None:
    stage = Stage()
    stage.wait(9_999)
    assert stage.placed == []


def test_a_denied_budget_closes_the_position_and_names_the_rule() -> None:
    stage = Stage()
    stage.hear(BudgetDenied(reason=DenialReason.COOLDOWN, text="until 12:00"))
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.DENIED
    assert stage.position.close_reason == "cooldown: until 12:00"
    assert stage.placed == []


def test_a_denied_entry_is_told_to_observers_with_the_guard_that_refused() -> None:
    stage = Stage()
    stage.hear(BudgetDenied(reason=DenialReason.COOLDOWN, text="until 12:00"))
    refused = stage.all_sent(EntryRefused)[0]
    assert (refused.guard, refused.text) == ("cooldown", "until 12:00")


def test_a_position_without_an_answer_is_withdrawn_at_its_deadline_and_gives_the_budget_back() -> (
    None
):
    stage = Stage()
    stage.wait(10_000)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.WITHDRAWN
    booked = stage.all_sent(BookPosition)[-1]
    assert booked.closed
    assert booked.reserve == 0


def test_a_grant_that_comes_after_the_withdrawal_buys_nothing() -> None:
    stage = Stage()
    stage.wait(10_000)
    stage.grant()
    assert stage.state() is State.CLOSED
    assert stage.placed == []


def test_a_grant_heard_before_the_overdue_wake_is_late_all_the_same() -> None:
    stage = Stage()
    stage.now = Timestamp(stage.now + 10_000)
    stage.hear(BudgetGranted(budget=Decimal(1000)))
    assert stage.placed == []
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.WITHDRAWN


@pytest.mark.parametrize("message", [BY_HAND, StopEntering()])
def test_a_position_is_withdrawn_before_it_bought(message: ClosePosition | StopEntering) -> None:
    stage = Stage()
    stage.hear(message)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.WITHDRAWN
    stage.grant()
    assert stage.placed == []


def test_a_grant_heard_twice_buys_once() -> None:
    stage = Stage().grant().grant()
    assert [order.client_order_id for order in stage.placed] == [B1]


# Sizing


@pytest.mark.parametrize(
    ("plan", "quantity"),
    [
        # 1000 / (100 × (1 + 0.001 fee + 0.001 slippage)) = 9.98003…
        (PLAN, "9.980"),
        # 1000 / (100 × 1.001), and a limit order slips nowhere.
        (GTC_ONLY, "9.990"),
        # 1000 / (100.1 × 1.001) = 9.98003…: the limit is the price that may be paid.
        (LADDER, "9.980"),
        (replace(PLAN, slippage_ratio=Decimal(0)), "9.990"),
    ],
)
def test_the_quantity_is_what_the_budget_buys_fee_and_slippage_included(
    plan: Plan, quantity: str
) -> None:
    stage = Stage(plan).grant()
    assert stage.placed[0].quantity == Decimal(quantity)
    assert stage.placed[0].side is Side.BUY
    assert stage.placed[0].purpose is Purpose.ENTRY


def test_a_position_that_could_not_be_sold_at_its_stop_is_refused_before_entry() -> None:
    # 5.4 USDT buy 0.053 BTC: 5.19 at the stop; 5 and a margin of 5 % are needed.
    stage = Stage(budget="5.4").grant()
    assert stage.placed == []
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.UNTRADABLE
    assert "5.4 USDT buys 0.053 BTC" in stage.position.close_reason
    assert stage.all_sent(EntryRefused)[0].guard == "untradable"


def test_a_position_that_can_just_be_sold_at_its_stop_is_entered() -> None:
    # 5.6 USDT buy 0.055 BTC: 0.055 × 98 × 0.999 = 5.385 > 5.25.
    assert Stage(budget="5.6").grant().placed[0].quantity == Decimal("0.055")


def test_the_stop_that_an_entry_must_be_sellable_at_counts_volatility() -> None:
    plan = replace(PLAN, stop_loss_atr=Decimal(2))
    # As above, but the stop is 2 × 5 under the price: 0.055 × 90 × 0.999 = 4.95.
    stage = Stage(plan, budget="5.6", atr=5.0).grant()
    assert stage.placed == []
    assert stage.position.close_cause is CloseCause.UNTRADABLE


def test_a_quantity_under_the_minimum_is_refused_before_entry() -> None:
    rules = replace(RULES, min_quantity=Decimal(10))
    stage = Stage(rules=rules).grant()
    assert stage.position.close_cause is CloseCause.UNTRADABLE
    assert "10 BTC" in stage.position.close_reason


# The ladder


def test_a_filled_market_entry_ends_the_entry_and_is_protected() -> None:
    stage = Stage().grant().fill(B1)
    assert stage.state() is State.OPEN
    assert stage.position.entry.is_over
    assert stage.arm().state() is State.PROTECTING


def test_each_rung_is_tried_as_often_as_it_says_at_a_fresh_price_and_then_the_next() -> None:
    stage = Stage(LADDER).grant()
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
    stage = Stage(LADDER).grant()
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
    stage = Stage(LADDER).grant().report(B1, OrderStatus.EXPIRED, filled="2")
    stage.hear(QuoteAnswered(quote=None))
    assert stage.state() is State.OPEN
    assert [o.side for o in stage.placed] == [Side.BUY, Side.SELL]


def test_a_rest_of_the_budget_that_is_too_small_ends_the_entry() -> None:
    stage = Stage(LADDER).grant().report(B1, OrderStatus.EXPIRED, filled="9.95")
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert stage.state() is State.OPEN
    assert [o.side for o in stage.placed] == [Side.BUY, Side.SELL]


@pytest.mark.parametrize("reason", [RejectReason.NO_LIQUIDITY, RejectReason.WOULD_TAKE])
def test_an_entry_refused_for_the_state_of_the_book_goes_on(reason: RejectReason) -> None:
    stage = Stage(LADDER).grant().report(B1, OrderStatus.REJECTED, reason=reason)
    stage.hear(QuoteAnswered(quote=quote(100.0)))
    assert stage.placed[-1].client_order_id == B2


def test_a_refused_entry_is_not_sent_again_blindly() -> None:
    stage = Stage(LADDER).grant()
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
    stage = Stage(LADDER).grant().report(B1, OrderStatus.EXPIRED)
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
    stage = Stage(LADDER).grant()
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
    stage = Stage(LADDER).grant().report(B1, OrderStatus.UNKNOWN)
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


# Commands that make no sense yet


def test_adding_to_a_position_is_refused_and_changes_nothing() -> None:
    stage = Stage().grant()
    before = stage.life
    with pytest.raises(IllegalInputError, match="entered once: open another"):
        stage.hear(AddToPosition(budget=Decimal(100)))
    assert stage.life is before


def test_a_switch_is_refused_before_anything_is_held() -> None:
    with pytest.raises(IllegalInputError, match="nothing is held yet"):
        Stage().hear(SwitchProtection(to_stop_loss=True, reason="nervous"))


@pytest.mark.parametrize("is_granted", [False, True])
def test_a_protection_changed_before_the_first_fill_is_the_one_that_holds(
    *, is_granted: bool
) -> None:
    stage = Stage()
    if is_granted:
        stage.grant()
    stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.05"), reason="wider"))
    if not is_granted:
        stage.grant()
    stage.fill(B1)
    assert stage.levels[LevelName.STOP_LOSS] == 95.0


def test_the_market_rung_is_the_default() -> None:
    assert Plan().entry_ladder == (MARKET_RUNG,)
