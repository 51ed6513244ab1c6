"""How what is held is covered: modes, switching, ratchets, targets, parts, and time uncovered."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.exit_slot import SlotState
from actors.position.position import UnprotectedCause
from actors.position.prices import break_even_price, stop, target
from actors.position.protection import is_covered, unprotected_quantity
from actors.position.states import State
from actors.tables import IllegalInputError
from messages.base import Currency, Milliseconds, Timestamp
from messages.envelope import NOTHING
from messages.market import FeeCurrency, OcoRemainder
from messages.market_data import ArmTriggers
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderStatus, OrderType, Purpose, RejectReason, StopStatus
from messages.plan import (
    AgedTarget,
    Plan,
    ProtectionMode,
    Rung,
    ScaleOut,
    Switching,
    Trailing,
    TriggerSource,
)
from messages.position import (
    ChangeProtection,
    CloseCause,
    LevelName,
    MarketFreshness,
    SwitchProtection,
    TriggerFired,
    TriggersArmed,
    VenueReachability,
)
from tests.actors.position.stage import ALL_ABLE, PLAN, RULES, Stage, quote

B1, X1, X2, X3 = "h0e1p1b1", "h0e1p1x1", "h0e1p1x2", "h0e1p1x3"
SWITCHING = replace(
    PLAN,
    protection_mode=ProtectionMode.SWITCHING,
    switching=Switching(
        to_stop_loss_ratio=Decimal("-0.01"),
        to_take_profit_ratio=Decimal("0.01"),
        minimum_interval_ms=Milliseconds(30_000),
    ),
)
STOP_RESTS = replace(PLAN, protection_mode=ProtectionMode.STOP_RESTS)
OCO = replace(PLAN, protection_mode=ProtectionMode.OCO)
TRAILING = replace(
    PLAN,
    trailing=Trailing(
        activation_ratio=Decimal("0.015"),
        distance_ratio=Decimal("0.01"),
        step_ratio=Decimal("0.005"),
    ),
)
BREAK_EVEN = replace(PLAN, break_even_at_ratio=Decimal("0.01"))
PARTS = replace(
    PLAN,
    scale_out=(
        ScaleOut(take_profit_ratio=Decimal("0.01"), part_ratio=Decimal("0.5")),
        ScaleOut(take_profit_ratio=Decimal("0.02"), part_ratio=Decimal("0.3")),
    ),
)
HELD = Decimal("9.980")


def unprotected_ms(stage: Stage) -> dict[UnprotectedCause, int]:
    return {row.cause: row.total_ms for row in stage.position.unprotected}


def in_slot(stage: Stage) -> tuple[SlotState, Purpose]:
    return stage.position.slot.state, stage.position.slot.purpose


# Covered means


def test_a_lone_take_profit_covers_nothing() -> None:
    stage = Stage().grant().fill(B1).report(X1, OrderStatus.OPEN)
    assert stage.life is not None
    assert unprotected_quantity(stage.life) == HELD
    assert stage.state() is State.OPEN


def test_an_armed_stop_trigger_with_fresh_quotes_and_a_reachable_venue_covers_all() -> None:
    stage = Stage().protected()
    assert stage.life is not None
    assert unprotected_quantity(stage.life) == 0
    assert stage.state() is State.PROTECTING


def test_a_trigger_that_was_only_asked_for_covers_nothing() -> None:
    stage = Stage().grant().fill(B1)
    assert stage.life is not None
    assert unprotected_quantity(stage.life) == HELD


def test_an_older_registration_that_is_confirmed_late_covers_nothing() -> None:
    stage = Stage().grant().fill(B1)
    generation = stage.position.protection.generation
    stage.hear(TriggersArmed(generation=generation - 1, fresh=True))
    assert stage.state() is State.OPEN


def test_a_trigger_on_stale_quotes_covers_nothing_until_they_are_fresh() -> None:
    stage = Stage().protected()
    stage.hear(MarketFreshness(fresh=False))
    assert stage.state() is State.OPEN
    stage.hear(MarketFreshness(fresh=True))
    assert stage.state() is State.PROTECTING


def test_a_trigger_armed_on_a_stale_market_covers_nothing() -> None:
    assert Stage().grant().fill(B1).arm(fresh=False).state() is State.OPEN


def test_a_trigger_without_a_reachable_venue_covers_nothing() -> None:
    stage = Stage().protected()
    stage.hear(VenueReachability(reachable=False))
    assert stage.state() is State.OPEN
    stage.hear(VenueReachability(reachable=True))
    assert stage.state() is State.PROTECTING


def test_a_stop_that_works_at_the_venue_covers_without_quotes_and_without_us() -> None:
    stage = Stage(STOP_RESTS).protected()
    stage.hear(MarketFreshness(fresh=False))
    stage.hear(VenueReachability(reachable=False))
    assert stage.state() is State.PROTECTING


def test_a_stop_at_the_venue_covers_only_its_own_quantity() -> None:
    stage = Stage(STOP_RESTS).protected()
    stage.hear(MarketFreshness(fresh=False))
    stage.report(B1, OrderStatus.FILLED, filled="12")
    assert stage.life is not None
    assert unprotected_quantity(stage.life) == 12 - HELD


def test_dust_needs_no_cover() -> None:
    rules = replace(RULES, fee_currency=FeeCurrency.RECEIVED)
    stage = Stage(STOP_RESTS, rules=rules).grant()
    fees = (Money(Currency("BTC"), Decimal("0.00998")),)
    stage.report(B1, OrderStatus.FILLED, filled="9.98", fees=fees)
    stage.report(X1, OrderStatus.OPEN)
    stage.hear(MarketFreshness(fresh=False))
    assert stage.life is not None
    assert stage.life.held - stage.life.sellable == Decimal("0.00002")
    assert is_covered(stage.life)


# Time uncovered, by cause


def test_time_before_the_first_cover_is_summed_as_opening() -> None:
    stage = Stage().grant().fill(B1)
    stage.wait(700)
    stage.arm()
    stage.wait(500)
    stage.hear(MarketFreshness(fresh=True))
    assert unprotected_ms(stage) == {UnprotectedCause.OPENING: 700}


def test_time_on_a_stale_market_is_summed_as_such() -> None:
    stage = Stage().protected()
    stage.hear(MarketFreshness(fresh=False))
    stage.wait(1_500)
    stage.hear(MarketFreshness(fresh=True))
    assert unprotected_ms(stage)[UnprotectedCause.STALE_MARKET] == 1_500


def test_time_without_a_venue_is_summed_as_such() -> None:
    stage = Stage().protected()
    stage.hear(VenueReachability(reachable=False))
    stage.wait(2_500)
    stage.hear(VenueReachability(reachable=True))
    assert unprotected_ms(stage)[UnprotectedCause.VENUE_UNREACHABLE] == 2_500


def test_time_in_a_switch_without_a_trigger_is_summed_as_switching() -> None:
    # No quote source that could be armed: the stop only rests, and is being exchanged.
    stage = Stage(STOP_RESTS).grant().fill(B1).report(X1, OrderStatus.OPEN)
    stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.03"), reason="wider"))
    stage.report(X1, OrderStatus.UNKNOWN, stop=StopStatus.GONE)
    stage.report(X1, OrderStatus.OPEN, stop=StopStatus.GONE)
    assert stage.position.slot.state is SlotState.CANCELING
    stage.wait(400)
    stage.arm()
    assert unprotected_ms(stage)[UnprotectedCause.SWITCHING] == 400


def test_time_on_the_ladder_is_summed_as_closing() -> None:
    stage = Stage().protected().fire(LevelName.STOP_LOSS, price=98.0)
    stage.wait(300)
    stage.report(X1, OrderStatus.CANCELED)
    assert unprotected_ms(stage)[UnprotectedCause.CLOSING] == 300


def test_time_of_two_causes_is_kept_apart() -> None:
    stage = Stage().grant().fill(B1)
    stage.wait(100)
    stage.hear(VenueReachability(reachable=False))
    stage.wait(20)
    stage.hear(VenueReachability(reachable=True))
    stage.wait(3)
    stage.arm()
    assert unprotected_ms(stage) == {
        UnprotectedCause.OPENING: 103,
        UnprotectedCause.VENUE_UNREACHABLE: 20,
    }


def test_a_covered_position_sums_nothing() -> None:
    stage = Stage().protected()
    stage.wait(60_000)
    stage.hear(MarketFreshness(fresh=False))
    assert unprotected_ms(stage) == {}


# The four modes


def test_synthetic_rests_the_take_profit_and_watches_the_stop() -> None:
    stage = Stage().protected()
    order = stage.request(X1)
    assert (order.type, order.purpose, order.price) == (
        OrderType.LIMIT,
        Purpose.TAKE_PROFIT,
        Decimal("103.0"),
    )
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_stop_rests_rests_the_stop_and_watches_both() -> None:
    stage = Stage(STOP_RESTS).protected()
    order = stage.request(X1)
    assert (order.type, order.purpose, order.trigger_price) == (
        OrderType.STOP,
        Purpose.STOP_LOSS,
        Decimal("98.0"),
    )
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.TAKE_PROFIT: 103.0}


def test_oco_rests_both_as_one_order_and_watches_the_stop() -> None:
    stage = Stage(OCO).protected()
    order = stage.request(X1)
    assert (order.type, order.price, order.trigger_price) == (
        OrderType.OCO,
        Decimal("103.0"),
        Decimal("98.0"),
    )
    assert len(stage.placed) == 2
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_switching_rests_the_take_profit_and_watches_for_the_switch() -> None:
    stage = Stage(SWITCHING).protected()
    assert in_slot(stage) == (SlotState.WORKING, Purpose.TAKE_PROFIT)
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.SWITCH_TO_STOP_LOSS: 99.0}


@pytest.mark.parametrize("mode", ProtectionMode)
def test_the_stop_trigger_is_armed_in_every_mode(mode: ProtectionMode) -> None:
    stage = Stage(replace(SWITCHING, protection_mode=mode)).protected()
    assert stage.levels[LevelName.STOP_LOSS] == 98.0


@pytest.mark.parametrize(
    "mode", [mode for mode in ProtectionMode if mode is not ProtectionMode.TRIGGERS]
)
def test_at_most_one_order_rests_in_every_mode(mode: ProtectionMode) -> None:
    stage = Stage(replace(SWITCHING, protection_mode=mode)).protected()
    assert len(stage.placed) == 2
    assert stage.position.slot.state is SlotState.WORKING


def test_with_triggers_alone_nothing_rests_and_both_prices_are_watched() -> None:
    stage = Stage(replace(PLAN, protection_mode=ProtectionMode.TRIGGERS)).protected()
    assert stage.state() is State.PROTECTING
    assert stage.position.slot.state is SlotState.EMPTY
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.TAKE_PROFIT: 103.0}


def test_with_triggers_alone_the_target_is_sold_by_the_ladder() -> None:
    stage = Stage(replace(PLAN, protection_mode=ProtectionMode.TRIGGERS)).protected()
    stage.fire(LevelName.TAKE_PROFIT, price=103.0).fill(X1, "103")
    assert stage.request(X1).type is OrderType.MARKET
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


@pytest.mark.parametrize(
    "mode", [ProtectionMode.SWITCHING, ProtectionMode.STOP_RESTS, ProtectionMode.OCO]
)
def test_a_mode_that_the_venue_cannot_do_falls_back_to_synthetic(mode: ProtectionMode) -> None:
    able = replace(ALL_ABLE, native_stop=False, native_stop_limit=False, oco=False)
    stage = Stage(replace(SWITCHING, protection_mode=mode), capabilities=able).protected()
    assert stage.request(X1).type is OrderType.LIMIT
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_a_stop_is_a_stop_limit_where_the_plan_gives_it_an_offset() -> None:
    plan = replace(STOP_RESTS, stop_limit_offset_ratio=Decimal("0.01"))
    order = Stage(plan).protected().request(X1)
    assert (order.type, order.trigger_price, order.price) == (
        OrderType.STOP_LIMIT,
        Decimal("98.0"),
        Decimal("97.0"),
    )


def test_a_stop_is_a_stop_limit_where_the_venue_has_no_stop_market() -> None:
    able = replace(ALL_ABLE, native_stop=False)
    order = Stage(STOP_RESTS, capabilities=able).protected().request(X1)
    assert (order.type, order.price) == (OrderType.STOP_LIMIT, Decimal("97.9"))


def test_a_stop_is_a_market_order_where_the_venue_has_no_stop_limit() -> None:
    able = replace(ALL_ABLE, native_stop_limit=False)
    plan = replace(STOP_RESTS, stop_limit_offset_ratio=Decimal("0.01"))
    order = Stage(plan, capabilities=able).protected().request(X1)
    assert (order.type, order.price) == (OrderType.STOP, None)


def test_the_take_profit_as_a_trigger_begins_the_exit() -> None:
    stage = Stage(STOP_RESTS).protected().fire(LevelName.TAKE_PROFIT, price=103.0)
    assert stage.state() is State.CLOSING
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, stop=StopStatus.GONE)
    stage.fill(X2, "103")
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


def test_a_resting_take_profit_that_fills_closes_the_position() -> None:
    stage = Stage().protected().fill(X1)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


@pytest.mark.parametrize("plan", [STOP_RESTS, OCO])
def test_a_native_stop_that_fills_unheard_of_closes_the_position(plan: Plan) -> None:
    stage = Stage(plan).protected()
    stage.report(X1, OrderStatus.FILLED, filled="9.98", price="98", stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSED
    assert stage.position.close_cause is CloseCause.STOP_LOSS


def test_a_target_that_fills_in_an_oco_is_no_stop() -> None:
    stage = Stage(OCO).protected()
    stage.report(X1, OrderStatus.FILLED, filled="9.98", stop=StopStatus.GONE)
    assert stage.position.close_cause is CloseCause.TAKE_PROFIT


def test_a_native_stop_that_filled_leaves_nothing_that_came_late() -> None:
    stage = Stage(STOP_RESTS).protected()
    stage.report(B1, OrderStatus.FILLED, filled="12")
    stage.report(X1, OrderStatus.FILLED, filled="9.98", price="98", stop=StopStatus.TRIGGERED)
    assert stage.state() is State.CLOSING, "no new stop above the market: the ladder"
    assert stage.placed[-1].purpose is Purpose.CLOSE
    assert stage.placed[-1].quantity == 12 - HELD


def test_an_oco_cut_short_by_a_partial_fill_is_covered_by_the_trigger_and_placed_again() -> None:
    able = replace(ALL_ABLE, oco_remainder=OcoRemainder.CANCELED)
    stage = Stage(OCO, capabilities=able).protected()
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="4", stop=StopStatus.GONE)
    assert stage.state() is State.PROTECTING, "the trigger covers at once"
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, stop=StopStatus.GONE)
    assert stage.request(X2).type is OrderType.OCO
    assert stage.request(X2).quantity == HELD - 4


def test_an_oco_whose_stop_was_reduced_by_a_partial_fill_stays() -> None:
    able = replace(ALL_ABLE, oco_remainder=OcoRemainder.REDUCED)
    stage = Stage(OCO, capabilities=able).protected()
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="4")
    assert stage.canceled == []


def test_without_a_stop_in_the_plan_a_position_is_never_called_covered() -> None:
    stage = Stage(Plan(take_profit_ratio=Decimal("0.03"))).grant().fill(B1)
    stage.report(X1, OrderStatus.OPEN)
    assert stage.state() is State.OPEN


# Switching


def test_the_switch_cancels_the_one_and_places_the_other_only_when_that_is_over() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    assert stage.canceled == [X1]
    assert len(stage.placed) == 2
    assert in_slot(stage) == (SlotState.CANCELING, Purpose.TAKE_PROFIT)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.STOP
    assert stage.request(X2).quantity == HELD


def test_the_trigger_covers_during_the_switch() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9).arm()
    assert stage.position.slot.state is SlotState.CANCELING
    assert stage.state() is State.PROTECTING


def switched(plan: Plan = SWITCHING) -> Stage:
    stage = Stage(plan).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    return stage.report(X1, OrderStatus.CANCELED).report(X2, OrderStatus.OPEN).arm()


def test_a_switch_asked_twice_switches_once() -> None:
    stage = Stage(SWITCHING).protected()
    generation = stage.position.protection.generation
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.8, generation=generation)
    stage.hear(SwitchProtection(to_stop_loss=True, reason="sure"))
    assert stage.canceled == [X1]
    assert stage.position.protection.switches == 1


def test_the_way_back_waits_for_the_minimum_interval() -> None:
    stage = switched()
    assert LevelName.SWITCH_TO_TAKE_PROFIT not in stage.levels
    stage.wait(29_999)
    assert LevelName.SWITCH_TO_TAKE_PROFIT not in stage.levels
    stage.wait(1)
    assert stage.levels[LevelName.SWITCH_TO_TAKE_PROFIT] == 101.0


def test_the_way_back_needs_a_higher_price_than_the_way_there() -> None:
    stage = switched()
    stage.wait(30_000)
    back = stage.levels[LevelName.SWITCH_TO_TAKE_PROFIT]
    stage.arm().fire(LevelName.SWITCH_TO_TAKE_PROFIT, price=101.0)
    stage.report(X2, OrderStatus.CANCELED, stop=StopStatus.GONE)
    assert stage.request(X3).purpose is Purpose.TAKE_PROFIT
    assert back > stage.levels[LevelName.SWITCH_TO_STOP_LOSS]


def test_the_way_to_the_stop_is_never_delayed() -> None:
    stage = switched()
    stage.wait(30_000)
    stage.arm().fire(LevelName.SWITCH_TO_TAKE_PROFIT, price=101.0)
    stage.report(X2, OrderStatus.CANCELED, stop=StopStatus.GONE)
    stage.report(X3, OrderStatus.OPEN).arm()
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    assert stage.canceled == [X1, X2, X3]


def test_the_stop_is_obeyed_in_the_middle_of_a_switch() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9).arm()
    stage.fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.state() is State.CLOSING
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.CLOSE


def test_a_take_profit_that_fills_while_it_is_being_exchanged_closes() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.fill(X1)
    assert stage.state() is State.CLOSED
    assert len(stage.placed) == 2


def test_a_take_profit_that_fills_in_part_while_it_is_exchanged_leaves_a_smaller_stop() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.report(X1, OrderStatus.CANCELED, filled="4")
    assert stage.request(X2).quantity == HELD - 4


def test_a_switch_undone_before_the_cancel_is_confirmed_still_waits_for_it() -> None:
    stage = Stage(SWITCHING).protected().fire(LevelName.SWITCH_TO_STOP_LOSS, price=98.9)
    stage.hear(SwitchProtection(to_stop_loss=False, reason="no"))
    assert len(stage.placed) == 2
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.TAKE_PROFIT


def test_one_quote_that_touches_both_levels_obeys_the_stop() -> None:
    stage = Stage(SWITCHING).protected()
    stage.fire(LevelName.STOP_LOSS, LevelName.SWITCH_TO_STOP_LOSS, price=97.0)
    assert stage.state() is State.CLOSING
    assert stage.position.protection.switches == 0


def test_an_operator_switches_by_hand() -> None:
    stage = Stage(SWITCHING).protected()
    stage.hear(SwitchProtection(to_stop_loss=True, reason="news"))
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.STOP_LOSS


@pytest.mark.parametrize("plan", [PLAN, STOP_RESTS, OCO])
def test_a_switch_by_hand_is_refused_where_nothing_is_switched(plan: Plan) -> None:
    stage = Stage(plan).protected()
    before = stage.life
    with pytest.raises(IllegalInputError, match=f"{plan.protection_mode}"):
        stage.hear(SwitchProtection(to_stop_loss=True, reason="news"))
    assert stage.life is before


# Trailing and break-even


def test_a_stop_trails_only_from_its_activation() -> None:
    stage = Stage(TRAILING).protected()
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.RATCHET: 101.5}
    stage.fire(LevelName.RATCHET, price=101.5)
    # 101.5 × 0.99 = 100.485, down to the tick; the next step at 101.5 × 1.005, up to the tick.
    assert stage.levels == {LevelName.STOP_LOSS: 100.4, LevelName.RATCHET: 102.1}


def test_a_trailing_stop_moves_in_steps_so_that_a_rally_does_not_arm_at_every_high() -> None:
    stage = Stage(TRAILING).protected().fire(LevelName.RATCHET, price=101.5).arm()
    stage.fire(LevelName.RATCHET, price=102.1)
    assert stage.levels[LevelName.RATCHET] == 102.7


def test_a_jump_over_several_steps_trails_from_where_it_landed() -> None:
    stage = Stage(TRAILING).protected().fire(LevelName.RATCHET, price=102.9)
    assert stage.levels[LevelName.STOP_LOSS] == 101.8


def test_a_ratchet_never_lowers() -> None:
    stage = Stage(TRAILING).protected().fire(LevelName.RATCHET, price=102.0).arm()
    before = stage.levels[LevelName.STOP_LOSS]
    stage.fire(LevelName.RATCHET, price=101.0)
    assert stage.levels[LevelName.STOP_LOSS] == before


def test_a_wider_stop_by_hand_does_not_lower_a_trailing_one() -> None:
    stage = Stage(TRAILING).protected().fire(LevelName.RATCHET, price=102.0).arm()
    before = stage.levels[LevelName.STOP_LOSS]
    stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.1"), reason="wider"))
    assert stage.levels[LevelName.STOP_LOSS] == before


def test_a_stop_that_trailed_names_itself() -> None:
    stage = Stage(TRAILING).protected().fire(LevelName.RATCHET, price=102.0).arm()
    stage.fire(LevelName.STOP_LOSS, price=100.9).report(X1, OrderStatus.CANCELED)
    stage.fill(X2, "100.9")
    assert stage.position.close_cause is CloseCause.TRAILING_STOP


def test_a_resting_stop_trails_by_being_replaced() -> None:
    plan = replace(TRAILING, protection_mode=ProtectionMode.STOP_RESTS)
    stage = Stage(plan).protected().fire(LevelName.RATCHET, price=102.0)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED, stop=StopStatus.GONE)
    assert stage.request(X2).trigger_price == Decimal("100.9")


@pytest.mark.parametrize(
    ("source", "highest"),
    [(TriggerSource.BID, 102.5), (TriggerSource.LAST, 103.0), (TriggerSource.MID, 102.6)],
)
def test_a_conflated_quote_trails_from_the_highest_price_of_the_source(
    source: TriggerSource, highest: float
) -> None:
    stage = Stage(replace(TRAILING, trigger_source=source)).protected()
    seen = replace(
        quote(101.0), ask=101.2, last=101.1, low=100.9, high=103.0, low_bid=100.8, high_bid=102.5
    )
    generation = stage.position.protection.generation
    stage.hear(TriggerFired(generation=generation, levels=(LevelName.RATCHET,), quote=seen))
    assert stage.position.protection.highest == Decimal(str(highest))


def test_break_even_lies_where_a_sale_pays_both_fees() -> None:
    stage = Stage(BREAK_EVEN).protected()
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.RATCHET: 101.0}
    stage.fire(LevelName.RATCHET, price=101.0)
    assert stage.levels == {LevelName.STOP_LOSS: 100.3}, "100 / 0.999² = 100.2003, up to the tick"


@pytest.mark.parametrize("fee_currency", [FeeCurrency.QUOTE, FeeCurrency.RECEIVED])
@pytest.mark.parametrize("fee", ["0", "0.001", "0.0075", "0.02"])
@pytest.mark.parametrize("price", ["100", "0.0731", "61234.7"])
def test_a_sale_at_break_even_loses_nothing_and_gains_less_than_two_ticks_would(
    fee_currency: FeeCurrency, fee: str, price: str
) -> None:
    ratio, entry = Decimal(fee), Decimal(price)
    rules = replace(
        RULES, taker_fee_ratio=ratio, fee_currency=fee_currency, tick_size=Decimal("0.0001")
    )
    stage = Stage(BREAK_EVEN, rules=rules).grant()
    bought = stage.request(B1).quantity
    in_base = fee_currency is FeeCurrency.RECEIVED
    fee_in = Money(Currency("BTC"), bought * ratio)
    if not in_base:
        fee_in = Money(Currency("USDT"), bought * entry * ratio)
    stage.report(B1, OrderStatus.FILLED, filled=str(bought), price=price, fees=(fee_in,))
    assert stage.life is not None
    sale = break_even_price(stage.life, entry)
    coins = bought * (1 - ratio) if in_base else bought
    paid = bought * entry if in_base else bought * entry * (1 + ratio)

    def gain(at: Decimal) -> Decimal:
        return coins * at * (1 - ratio) - paid

    assert gain(sale) >= 0
    # Fees in quote: at most f² of the price too high.
    assert gain(sale - Decimal("0.0002") - (0 if in_base else entry * ratio * ratio * 2)) < 0


def test_break_even_names_itself() -> None:
    stage = Stage(BREAK_EVEN).protected().fire(LevelName.RATCHET, price=101.0).arm()
    stage.fire(LevelName.STOP_LOSS, price=100.3).report(X1, OrderStatus.CANCELED)
    assert stage.fill(X2, "100.2").position.close_cause is CloseCause.BREAK_EVEN


# Targets


def test_volatility_scales_both_distances() -> None:
    plan = replace(PLAN, take_profit_atr=Decimal(3), stop_loss_atr=Decimal("1.5"))
    stage = Stage(plan, atr=2.0).protected()
    assert stage.request(X1).price == Decimal("106.0")
    assert stage.levels[LevelName.STOP_LOSS] == 97.0


def test_without_a_known_volatility_the_ratios_hold() -> None:
    plan = replace(PLAN, take_profit_atr=Decimal(3), stop_loss_atr=Decimal("1.5"))
    stage = Stage(plan).protected()
    assert stage.request(X1).price == Decimal("103.0")
    assert stage.levels[LevelName.STOP_LOSS] == 98.0


AGING = replace(
    PLAN,
    take_profit_by_age=(
        AgedTarget(after_ms=Milliseconds(60_000), take_profit_ratio=Decimal("0.02")),
        AgedTarget(after_ms=Milliseconds(120_000), take_profit_ratio=Decimal("0.005")),
    ),
)


def test_the_target_falls_with_age_counted_from_the_end_of_the_entry() -> None:
    stage = Stage(AGING).grant()
    stage.wait(30_000)
    stage.fill(B1).arm().report(X1, OrderStatus.OPEN)
    stage.wait(59_999)
    assert stage.canceled == []
    stage.wait(1)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).price == Decimal("102.0")
    stage.report(X2, OrderStatus.OPEN).wait(60_000)
    stage.report(X2, OrderStatus.CANCELED)
    assert stage.request(X3).price == Decimal("100.5")


def test_the_falling_target_is_watched_where_it_does_not_rest() -> None:
    plan = replace(AGING, protection_mode=ProtectionMode.STOP_RESTS)
    stage = Stage(plan).protected()
    stage.wait(120_000)
    assert stage.levels[LevelName.TAKE_PROFIT] == 100.5


def test_a_position_leaves_at_its_time_limit() -> None:
    stage = Stage(replace(PLAN, time_limit_ms=Milliseconds(90_000))).protected()
    stage.wait(89_999)
    assert stage.state() is State.PROTECTING
    stage.wait(1)
    assert stage.state() is State.CLOSING
    stage.report(X1, OrderStatus.CANCELED).fill(X2, "101")
    assert stage.position.close_cause is CloseCause.TIME_LIMIT


def test_a_stop_is_rounded_down_and_a_target_up_to_the_tick() -> None:
    stage = Stage(rules=replace(RULES, tick_size=Decimal("0.5"))).grant().fill(B1, "100.3")
    assert stage.life is not None
    assert stop(stage.life) == (Decimal("98.0"), CloseCause.STOP_LOSS)
    assert target(stage.life, Timestamp(stage.now)) == Decimal("103.5")


# Scale-out


def test_the_parts_rest_one_after_the_other_and_the_rest_at_the_take_profit() -> None:
    stage = Stage(PARTS).protected()
    stage.fill(X1).report(X2, OrderStatus.OPEN)
    stage.fill(X2).report(X3, OrderStatus.OPEN)
    orders = [(o.quantity, o.price) for o in stage.placed[1:]]
    assert orders == [
        (Decimal("4.990"), Decimal("101.0")),
        (Decimal("2.994"), Decimal("102.0")),
        (Decimal("1.996"), Decimal("103.0")),
    ]
    assert sum(quantity for quantity, _ in orders) == HELD
    assert stage.fill(X3).state() is State.CLOSED


def test_what_the_resting_part_leaves_is_covered_by_the_trigger() -> None:
    stage = Stage(PARTS).protected()
    assert stage.state() is State.PROTECTING
    stage.fill(X1).report(X2, OrderStatus.OPEN)
    stage.fire(LevelName.STOP_LOSS, price=98.0).report(X2, OrderStatus.CANCELED)
    assert stage.request(X3).quantity == HELD - Decimal("4.990")


def test_a_part_that_fills_bit_by_bit_stays_where_it_rests() -> None:
    stage = Stage(PARTS).protected()
    stage.report(X1, OrderStatus.PARTIALLY_FILLED, filled="4.95")
    assert stage.canceled == [], "0.04 are left of it: less than the venue would take anew"
    assert stage.fill(X1).request(X2).price == Decimal("102.0")


def test_parts_that_are_too_small_for_the_venue_go_with_the_next() -> None:
    # 0.079 BTC for 8 USDT: the halves are worth 4, under the minimum of 5.
    plan = replace(
        PLAN,
        scale_out=(
            PARTS.scale_out[0],
            replace(PARTS.scale_out[0], take_profit_ratio=Decimal("0.02")),
        ),
    )
    stage = Stage(plan, budget="8").protected()
    assert stage.request(X1).quantity == Decimal("0.079")
    assert stage.request(X1).price == Decimal("102.0")


def test_a_rest_that_would_be_too_small_goes_with_the_part_before() -> None:
    # 0.099 BTC for 10 USDT: 0.069 at the first part would leave 0.03, which nobody buys.
    part = ScaleOut(take_profit_ratio=Decimal("0.01"), part_ratio=Decimal("0.7"))
    stage = Stage(replace(PLAN, scale_out=(part,)), budget="10").protected()
    assert stage.request(X1).quantity == Decimal("0.099")
    assert stage.fill(X1).state() is State.CLOSED


def test_parts_rest_as_limit_orders_where_the_plan_would_rest_the_stop() -> None:
    plan = replace(PARTS, protection_mode=ProtectionMode.STOP_RESTS)
    stage = Stage(plan).protected()
    assert stage.request(X1).purpose is Purpose.TAKE_PROFIT
    assert stage.request(X1).quantity == Decimal("4.990")
    assert stage.levels[LevelName.STOP_LOSS] == 98.0


def test_a_part_rests_as_an_oco_of_its_own_and_the_trigger_covers_the_rest() -> None:
    stage = Stage(replace(PARTS, protection_mode=ProtectionMode.OCO)).protected()
    assert stage.request(X1).type is OrderType.OCO
    assert stage.request(X1).quantity == Decimal("4.990")
    assert stage.state() is State.PROTECTING


# Placements that fail


def test_a_stop_that_the_venue_calls_passed_goes_to_the_ladder() -> None:
    stage = Stage(STOP_RESTS).grant().fill(B1)
    stage.report(X1, OrderStatus.REJECTED, reason=RejectReason.WOULD_TRIGGER_AT_ONCE)
    assert stage.state() is State.CLOSING
    assert stage.request(X2).purpose is Purpose.CLOSE


def test_a_refused_placement_is_tried_again_more_and_more_slowly_and_alarmed_once() -> None:
    stage = Stage().grant().fill(B1).arm()
    pauses = []
    for attempt in range(1, 9):
        asked_at = stage.now
        reason = RejectReason.PRICE_OUT_OF_RANGE
        stage.report(f"h0e1p1x{attempt}", OrderStatus.REJECTED, reason=reason)
        while len(stage.placed) < attempt + 2:
            stage.wait(500)
        pauses.append(stage.now - asked_at)
    assert pauses == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    alarms = [alarm.kind for alarm in stage.all_sent(Alarm)]
    assert alarms == [AlarmKind.PLACEMENT_FAILED]


def test_a_take_profit_that_cannot_rest_is_watched_meanwhile() -> None:
    stage = Stage().grant().fill(B1).arm()
    stage.report(X1, OrderStatus.REJECTED, reason=RejectReason.OTHER)
    assert stage.levels == {LevelName.STOP_LOSS: 98.0, LevelName.TAKE_PROFIT: 103.0}
    stage.arm().wait(1_000)
    stage.report(X2, OrderStatus.OPEN)
    assert stage.levels == {LevelName.STOP_LOSS: 98.0}


def test_a_resting_order_that_somebody_else_canceled_is_placed_again() -> None:
    stage = Stage().protected().report(X1, OrderStatus.CANCELED)
    assert len(stage.placed) == 2, "not at once: somebody may mean it"
    stage.wait(1_000)
    assert stage.request(X2).quantity == HELD


# Triggers


def test_a_firing_of_an_older_registration_is_stale() -> None:
    stage = Stage(TRAILING).protected()
    old = stage.position.protection.generation
    stage.fire(LevelName.RATCHET, price=101.5)
    stage.fire(LevelName.STOP_LOSS, price=97.9, generation=old)
    assert stage.state() is not State.CLOSING


def test_a_firing_heard_twice_acts_once() -> None:
    stage = Stage().protected()
    generation = stage.position.protection.generation
    stage.fire(LevelName.STOP_LOSS, price=97.9)
    stage.fire(LevelName.STOP_LOSS, price=97.8, generation=generation)
    assert stage.canceled == [X1]


def test_after_a_firing_a_new_registration_is_armed() -> None:
    stage = Stage(TRAILING).protected()
    before = len(stage.all_sent(ArmTriggers))
    stage.fire(LevelName.RATCHET, price=101.5)
    armed = stage.all_sent(ArmTriggers)
    assert len(armed) == before + 1
    assert armed[-1].generation == armed[-2].generation + 1


def test_triggers_look_at_the_price_that_the_plan_says() -> None:
    stage = Stage(replace(PLAN, trigger_source=TriggerSource.MID)).protected()
    assert stage.all_sent(ArmTriggers)[-1].source is TriggerSource.MID
    assert Plan().trigger_source is TriggerSource.BID


# Commands


def test_a_changed_protection_moves_the_resting_order_and_the_trigger() -> None:
    stage = Stage().protected()
    change = ChangeProtection(
        take_profit_ratio=Decimal("0.05"), stop_loss_ratio=Decimal("0.01"), reason="calmer"
    )
    stage.hear(change)
    assert stage.levels[LevelName.STOP_LOSS] == 99.0
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).price == Decimal("105.0")


def test_a_changed_distance_leaves_the_other_as_it_is() -> None:
    stage = Stage().protected()
    stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.01"), reason="tighter"))
    assert stage.canceled == []
    assert stage.levels[LevelName.STOP_LOSS] == 99.0


def test_a_protection_is_not_changed_while_the_position_is_sold() -> None:
    stage = Stage().protected().fire(LevelName.STOP_LOSS, price=97.9)
    with pytest.raises(IllegalInputError, match="being sold"):
        stage.hear(ChangeProtection(stop_loss_ratio=Decimal("0.05"), reason="hope"))


def test_a_message_that_says_nothing_new_is_no_step() -> None:
    stage = Stage().protected()
    generation = stage.position.protection.generation
    assert stage.hear(TriggersArmed(generation=generation, fresh=True)) == NOTHING
    assert stage.hear(MarketFreshness(fresh=True)) == NOTHING
    assert stage.hear(VenueReachability(reachable=True)) == NOTHING


def test_the_exit_ladder_of_a_stop_begins_further_down() -> None:
    ladder = (Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(5_000)), Rung(type=OrderType.MARKET))
    plan = replace(PLAN, exit_ladder=ladder, stop_rung=1)
    stage = Stage(plan).protected().fire(LevelName.STOP_LOSS, price=97.9)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.MARKET
