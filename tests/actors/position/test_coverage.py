"""What covered means, for how long a position was not and why, and placements that fail."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.coverage import is_covered, unprotected_quantity
from actors.position.exit_slot import SlotState
from actors.position.progress import UnprotectedCause
from actors.position.states import State
from messages.base import Currency
from messages.market import FeeCurrency
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderStatus, Purpose, RejectReason, StopStatus
from messages.position import (
    ChangeProtection,
    LevelName,
    MarketFreshness,
    TriggersArmed,
    VenueReachability,
)
from tests.actors.position.scenes import (
    B1,
    HELD,
    STOP_RESTS,
    X1,
    X2,
)
from tests.actors.position.stage import RULES, Stage


def unprotected_ms(stage: Stage) -> dict[UnprotectedCause, int]:
    return {row.cause: row.total_ms for row in stage.position.unprotected}


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


def test_a_trigger_over_a_slot_that_is_unknown_covers_nothing_until_it_is_known() -> None:
    stage = Stage().protected()
    stage.report(X1, OrderStatus.UNKNOWN)
    assert stage.life is not None
    assert unprotected_quantity(stage.life) == HELD
    assert stage.state() is State.OPEN
    stage.wait(700)
    stage.report(X1, OrderStatus.OPEN)
    assert unprotected_quantity(stage.life) == 0
    assert stage.state() is State.PROTECTING
    assert unprotected_ms(stage)[UnprotectedCause.ORDER_UNKNOWN] == 700


def test_a_stop_that_the_venue_shows_no_more_covers_nothing() -> None:
    stage = Stage(STOP_RESTS).protected()
    stage.hear(MarketFreshness(fresh=False))
    assert stage.state() is State.PROTECTING
    stage.report(X1, OrderStatus.UNKNOWN, stop=StopStatus.WORKING)
    assert stage.life is not None
    assert unprotected_quantity(stage.life) == HELD


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
        reason = RejectReason.OTHER
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
