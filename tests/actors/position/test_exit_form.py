"""The form of an exit: what a rule refused is never sent again as it was; too much is split."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.progress import StrandedCause
from actors.position.states import State
from messages.market import MarketRules
from messages.observers import AlarmKind
from messages.orders import OrderStatus, OrderType, Purpose, RejectReason, StopStatus, TimeInForce
from messages.plan import MARKET_RUNG, Plan
from messages.position import (
    LevelName,
)
from tests.actors.position.markets import (
    alarms,
    change,
    closing_under,
    exits,
    refuse_all,
)
from tests.actors.position.scenes import (
    B1,
    BARE,
    BY_HAND,
    EXIT_LADDER,
    HELD,
    OCO,
    STOP_RESTS,
    X1,
    X2,
    X3,
    closing,
    refuse,
    tell_free,
    tell_quote,
)
from tests.actors.position.stage import RULES, Stage

# Never again unchanged


@pytest.mark.parametrize(
    "reason",
    [
        RejectReason.ABOVE_MAXIMUM,
        RejectReason.PRECISION,
        RejectReason.BELOW_MINIMUM,
        RejectReason.PRICE_OUT_OF_RANGE,
        RejectReason.NOT_SUPPORTED,
    ],
)
@pytest.mark.parametrize("plan", [BARE, EXIT_LADDER])
def test_an_exit_that_a_rule_refused_is_never_sent_again_as_it_was(
    reason: RejectReason, plan: Plan
) -> None:
    stage = closing(plan)
    refuse_all(stage, reason, 40)
    sent = exits(stage)
    assert len(sent) >= 2
    assert len(sent) == len(set(sent))
    assert stage.state() in {State.CLOSING, State.STRANDED}


def test_a_market_order_over_an_unknown_maximum_is_sold_as_an_ioc_at_once() -> None:
    stage = refuse(closing(), X1, RejectReason.ABOVE_MAXIMUM)
    tell_quote(stage, 100.0)
    request = stage.request(X2)
    assert (request.type, request.time_in_force) == (OrderType.LIMIT, TimeInForce.IOC)
    assert request.quantity == HELD
    refuse(stage, X2, RejectReason.ABOVE_MAXIMUM)
    assert stage.request(X3).quantity == Decimal("4.990")


def test_what_every_rule_refuses_is_stranded_and_tried_with_a_step_less() -> None:
    stage = closing()
    refuse_all(stage, RejectReason.ABOVE_MAXIMUM, 100, until=State.STRANDED)
    assert stage.state() is State.STRANDED
    assert stage.position.stranded is not None
    assert stage.position.stranded.cause is StrandedCause.REFUSED
    assert "refused every form" in alarms(stage)[-1]
    sent = set(exits(stage))
    stage.hear(BY_HAND)  # a person wants it tried now
    assert stage.state() is State.CLOSING
    assert exits(stage)[-1] not in sent


def test_coins_that_the_venue_lacks_are_looked_for_though_a_rule_refused_an_exit() -> None:
    stage = refuse(closing(), X1, RejectReason.BELOW_MINIMUM)
    stage.wait(1_000)
    refuse(stage, X2, RejectReason.INSUFFICIENT_FUNDS)
    tell_free(stage, "0")
    stage.wait(60_000)
    assert stage.state() is State.CLOSING
    tell_free(stage, "1000")
    stage.wait(60_000)
    assert stage.request(X3).quantity > 9


def test_what_may_not_rest_is_watched_by_a_trigger_and_a_person_hears_of_it_once() -> None:
    stage = Stage().grant().fill(B1).arm()
    for order_id in (X1, X2, X3):
        stage.report(order_id, OrderStatus.REJECTED, reason=RejectReason.PRICE_OUT_OF_RANGE)
        stage.arm().wait(3_600_000)
    # Never again as it was: a step less, and then no more.
    assert [request.quantity for request in stage.placed[1:]] == [
        HELD,
        HELD - RULES.step_size,
        HELD - 2 * RULES.step_size,
    ]
    assert stage.levels[LevelName.TAKE_PROFIT] == 103
    assert len(alarms(stage, AlarmKind.PLACEMENT_FAILED)) == 1
    change(stage, replace(RULES, tick_size=Decimal("0.5")))
    assert stage.request("h0e1p1x4").quantity == HELD


# Maxima


def test_an_exit_is_split_one_order_after_the_other() -> None:
    stage = closing_under(replace(RULES, max_market_quantity=Decimal(4)))
    assert stage.request(X1).quantity == 4
    assert len(exits(stage)) == 1
    stage.fill(X1, "100")
    assert stage.request(X2).quantity == 4
    stage.fill(X2, "100").fill(X3, "100")
    assert stage.state() is State.CLOSED
    assert stage.sold == HELD


def test_the_last_part_is_never_too_small_to_be_sold() -> None:
    stage = closing_under(replace(RULES, max_market_quantity=Decimal("9.97")))
    assert stage.request(X1).quantity == Decimal("4.99")
    stage.fill(X1, "100").fill(X2, "100")
    assert stage.state() is State.CLOSED
    assert stage.sold == HELD


@pytest.mark.parametrize("plan", [BARE, EXIT_LADDER, STOP_RESTS, OCO])
@pytest.mark.parametrize(
    "rules",
    [
        replace(RULES, max_notional=Decimal(50), min_notional=Decimal(400)),
        replace(RULES, max_quantity=Decimal("0.0015")),
        replace(RULES, max_notional=Decimal(90), step_size=Decimal(1), min_quantity=Decimal(1)),
        replace(RULES, max_quantity=Decimal("0.5"), min_quantity=Decimal(2)),
    ],
)
def test_where_the_largest_order_is_smaller_than_the_smallest_a_person_hears_of_it(
    rules: MarketRules, plan: Plan
) -> None:
    stage = change(Stage(plan).protected(), rules)
    assert stage.state() is State.STRANDED
    assert "an order has at least" in alarms(stage)[-1]
    assert "and at most" in alarms(stage)[-1]
    stage.hear(BY_HAND)
    stage.wait(3_600_000)
    assert stage.state() is State.STRANDED
    assert exits(stage) == []
    for order_id in (X1, X2):
        if order_id in stage.canceled:
            stage.report(order_id, OrderStatus.CANCELED)
    change(stage, RULES)
    assert stage.state() is State.CLOSING


def test_a_largest_market_order_that_is_too_small_is_no_bar_to_a_limit_order() -> None:
    plan = replace(EXIT_LADDER, exit_ladder=(MARKET_RUNG,), stop_rung=0)
    stage = closing_under(replace(RULES, max_market_quantity=Decimal("0.0005")), plan)
    tell_quote(stage, 100.0)
    request = stage.placed[-1]
    assert (request.type, request.quantity) == (OrderType.LIMIT, HELD)


def test_where_no_half_could_be_sold_the_larger_part_is_and_the_rest_is_told() -> None:
    """Too much for one order, and too little for two."""
    rules = replace(RULES, max_quantity=Decimal(9), min_quantity=Decimal(6))
    stage = closing_under(rules)
    assert stage.request(X1).quantity == 9
    stage.fill(X1, "100")
    assert stage.state() is not State.CLOSING
    assert len(alarms(stage)) == 1


def test_a_refusal_of_an_order_of_before_the_rules_says_nothing_of_them() -> None:
    """It was on its way when they came: its type is not avoided for it."""
    stage = closing_under(RULES)
    change(stage, replace(RULES, step_size=Decimal(3), min_quantity=Decimal(3)))
    refuse(stage, X1, RejectReason.PRECISION)
    request = stage.request(X2)
    assert (request.type, request.quantity) == (OrderType.MARKET, Decimal(9))
    assert stage.position.refused == ()


def test_an_exit_that_a_fall_made_too_small_is_stranded_and_not_tried_for_ever() -> None:
    dear = replace(RULES, min_notional=Decimal(700))
    stage = closing_under(dear)
    refuse(stage, X1, RejectReason.BELOW_MINIMUM)
    tell_quote(stage, 60.0)
    assert stage.state() is State.STRANDED
    assert "about 598.80 USDT" in alarms(stage)[-1]
    stage.wait(3_600_000)
    assert len(exits(stage)) == 1


def test_the_largest_notional_splits_too() -> None:
    stage = closing_under(replace(RULES, max_notional=Decimal(600)))
    assert stage.request(X1).quantity == 6
    stage.fill(X1, "100").fill(X2, "100")
    assert stage.sold == HELD


def test_a_trigger_covers_what_one_stop_at_the_venue_cannot() -> None:
    rules = replace(RULES, max_market_quantity=Decimal(6))
    stage = Stage(STOP_RESTS).grant().fill(B1, "100").arm()
    stage.report(X1, OrderStatus.OPEN)
    change(stage, rules)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).quantity == 6
    stage.report(X2, OrderStatus.OPEN)
    assert stage.state() is State.PROTECTING
    stage.arm().fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.canceled[-1] == X2
    stage.report(X2, OrderStatus.FILLED, filled="6", price="97.5", stop=StopStatus.TRIGGERED)
    assert stage.request(X3).quantity == Decimal("3.98")


def test_a_part_that_rests_and_fills_bit_by_bit_is_left_alone() -> None:
    stage = Stage(rules=replace(RULES, max_quantity=Decimal(6)), budget="600").protected()
    change(stage, replace(RULES, max_quantity=Decimal(3)))
    stage.report(X1, OrderStatus.CANCELED)
    stage.report(X2, OrderStatus.OPEN)
    stage.report(X2, OrderStatus.PARTIALLY_FILLED, filled="1")
    assert stage.canceled == [X1]
    stage.report(X2, OrderStatus.FILLED, filled="3")
    assert stage.request(X3).quantity > 2


def test_an_entry_buys_no_more_than_one_order_may() -> None:
    stage = Stage(rules=replace(RULES, max_quantity=Decimal(2))).grant()
    assert stage.request(B1).quantity == 2


def test_an_ioc_never_leaves_the_range_of_prices() -> None:
    plan = replace(EXIT_LADDER, slippage_ratio=Decimal("0.1"))
    stage = closing_under(replace(RULES, sell_from_ratio=Decimal("0.999")), plan)
    tell_quote(stage, 100.0)
    price = stage.placed[-1].price
    assert price is not None
    assert price >= Decimal("99.9")


# Ends that are no refusals


def test_a_sale_that_met_an_order_of_the_same_account_is_sent_again_at_once() -> None:
    stage = closing()
    for attempt in range(1, 4):
        stage.report(f"h0e1p1x{attempt}", OrderStatus.EXPIRED, reason=RejectReason.SELF_TRADE)
        assert len(exits(stage)) == attempt + 1
    assert stage.position.closing is not None
    assert stage.position.closing.refusals == 0
    stage.report("h0e1p1x4", OrderStatus.EXPIRED, reason=RejectReason.SELF_TRADE)
    assert len(exits(stage)) == 4
    stage.wait(1_000)
    assert len(exits(stage)) == 5
    assert stage.position.closing.refusals == 0
    assert alarms(stage, AlarmKind.EXIT_STUCK) == []


def test_a_target_that_self_trade_prevention_ended_rests_again_at_once() -> None:
    stage = Stage().protected()
    stage.report(X1, OrderStatus.EXPIRED, reason=RejectReason.SELF_TRADE)
    assert stage.request(X2).purpose is Purpose.TAKE_PROFIT
    assert stage.position.protection.refusals == 0


def test_a_market_order_that_expired_with_a_part_goes_on_with_the_rest() -> None:
    stage = closing()
    stage.report(X1, OrderStatus.EXPIRED, filled="4", price="100", reason=RejectReason.PRICE_RANGE)
    assert stage.request(X2).quantity == Decimal("5.98")


def test_an_exit_outside_of_the_price_range_is_tried_again_after_a_pause() -> None:
    stage = closing()
    stage.report(X1, OrderStatus.EXPIRED, reason=RejectReason.PRICE_RANGE)
    assert len(exits(stage)) == 1
    stage.wait(1_000)
    assert len(exits(stage)) == 2


def test_a_dead_mans_switch_is_an_alarm_and_the_stop_is_placed_again() -> None:
    stage = Stage(STOP_RESTS).protected()
    stage.report(X1, OrderStatus.CANCELED, reason=RejectReason.DEAD_MANS_SWITCH)
    assert "dead_mans_switch" in alarms(stage, AlarmKind.PLACEMENT_FAILED)[-1]
    stage.wait(1_000)
    assert stage.request(X2).type is OrderType.STOP
