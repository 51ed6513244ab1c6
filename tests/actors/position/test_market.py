"""A market that changes while coins are held: its rules, its maxima, whether it is there at all."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.position import Position
from actors.position.progress import StrandedCause
from actors.position.states import State
from messages.market import Capabilities, MarketPhase, MarketRules
from messages.market_data import RequestQuote
from messages.orders import OrderStatus, OrderType, RejectReason
from messages.plan import ProtectionMode
from messages.position import (
    CloseCause,
    LevelName,
    LookedBack,
    QuoteAnswered,
    Resync,
)
from messages.positions import PositionRestored, RequestMarket
from tests.actors.position.markets import (
    DEAR,
    STEP,
    alarms,
    change,
    exits,
)
from tests.actors.position.scenes import (
    B1,
    BARE,
    BY_HAND,
    HELD,
    STOP_RESTS,
    X1,
    X2,
    closing,
    refuse,
)
from tests.actors.position.stage import PLAN, RULES, Stage, quote

# Rules


def test_the_same_rules_again_are_no_news() -> None:
    stage = Stage().protected()
    before = stage.position
    change(stage)
    assert stage.position is before
    assert stage.last == []


def test_a_coarser_step_places_what_rests_anew_in_whole_steps() -> None:
    stage = change(Stage().protected(), STEP)
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).quantity == Decimal("9.9")
    assert stage.life is not None
    assert stage.life.charter.begun_with == RULES


def test_after_a_coarser_step_the_stop_sells_whole_steps_and_the_rest_is_dust() -> None:
    stage = change(Stage(BARE).protected(), STEP)
    stage.arm().fire(LevelName.STOP_LOSS, price=97.5)
    assert exits(stage) == [(OrderType.MARKET, Decimal("9.9"), None)]
    stage.fill(X1, "97.5")
    assert stage.state() is State.CLOSED
    assert stage.life is not None
    assert stage.life.held == Decimal("0.08")
    assert "0.08 BTC, worth about 7.80 USDT, stay in the account" in alarms(stage)[-1]


def test_a_coarser_tick_moves_the_stop_and_what_rests() -> None:
    stage = change(Stage(STOP_RESTS).protected(), replace(RULES, tick_size=Decimal(5)))
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).trigger_price == 95
    assert stage.levels[LevelName.STOP_LOSS] == 95


def test_a_stop_that_the_market_takes_no_more_is_watched_here() -> None:
    stage = change(Stage(STOP_RESTS).protected(), capabilities=Capabilities())
    assert stage.canceled == [X1]
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).type is OrderType.LIMIT
    assert stage.levels[LevelName.STOP_LOSS] == 98


@pytest.mark.parametrize("rules", [DEAR, replace(RULES, min_quantity=Decimal(20))])
def test_what_new_rules_make_unsellable_is_stranded_with_its_value_and_not_closed(
    rules: MarketRules,
) -> None:
    stage = change(Stage().protected(), rules)
    assert stage.state() is State.STRANDED
    (text,) = alarms(stage)
    assert "9.98 BTC, worth about 998.00 USDT, can't be sold" in text
    assert "close p1 without-core" in text
    stage.wait(3_600_000)
    assert stage.state() is State.STRANDED
    assert len(alarms(stage)) == 1
    assert exits(stage) == []


@pytest.mark.parametrize("is_refused_first", [True, False])
def test_where_no_market_order_is_large_enough_limits_sell_part_after_part(
    *, is_refused_first: bool
) -> None:
    rules = replace(RULES, max_quantity=Decimal(3), max_market_quantity=Decimal("0.001"))
    stage = Stage(BARE).protected()
    if is_refused_first:
        stage.arm().fire(LevelName.STOP_LOSS, price=97.5)
        refuse(stage, X1, RejectReason.ABOVE_MAXIMUM)
        change(stage, rules)
    else:
        change(stage, rules).arm().fire(LevelName.STOP_LOSS, price=97.5)
    stage.hear(QuoteAnswered(quote=quote(97.5)))
    type_, quantity, price = exits(stage)[-1]
    assert (type_, quantity) == (OrderType.LIMIT, Decimal(3))
    assert price is not None


@pytest.mark.parametrize(
    "rules", [DEAR, replace(RULES, step_size=Decimal(20), min_quantity=Decimal(20))]
)
@pytest.mark.parametrize("is_refused_first", [True, False])
def test_rules_that_change_during_an_exit_make_no_dust_of_all_that_is_held(
    rules: MarketRules, *, is_refused_first: bool
) -> None:
    stage = Stage(BARE).protected().arm().fire(LevelName.STOP_LOSS, price=97.5)
    refused = (OrderStatus.REJECTED, RejectReason.BELOW_MINIMUM)
    if is_refused_first:
        stage.report(X1, refused[0], reason=refused[1])
    change(stage, rules)
    if not is_refused_first:
        stage.report(X1, refused[0], reason=refused[1])
    stage.wait(60_000)
    assert stage.state() is State.STRANDED
    assert "9.98 BTC, worth about" in alarms(stage)[-1]


def test_the_stop_of_what_is_stranded_is_kept_in_mind_until_it_can_be_sold() -> None:
    stage = change(Stage(BARE).protected(), DEAR).arm().fire(LevelName.STOP_LOSS, price=97.5)
    assert stage.state() is State.STRANDED
    assert exits(stage) == []
    change(stage, RULES)
    assert stage.state() is State.CLOSING
    assert exits(stage) == [(OrderType.MARKET, HELD, None)]
    stage.fill(X1, "97.5")
    assert stage.position.close_cause is CloseCause.STOP_LOSS


def test_what_is_stranded_is_protected_again_when_the_rules_allow_it() -> None:
    stage = change(Stage().protected(), DEAR)
    change(stage, RULES)
    assert stage.state() is State.PROTECTING
    assert stage.position.stranded is None


def test_what_is_stranded_asks_for_rules_and_price_and_is_freed_by_the_price() -> None:
    stage = change(Stage(BARE).protected(), replace(RULES, min_notional=Decimal(1_000)))
    stage.hear(BY_HAND)
    assert stage.state() is State.STRANDED
    stage.wait(60_000)
    assert stage.all_sent(RequestMarket)[-1].reads_again
    assert stage.all_sent(RequestQuote)
    stage.hear(QuoteAnswered(quote=quote(101.0)))  # the least, and less than the margin above it
    assert stage.state() is State.STRANDED
    stage.hear(QuoteAnswered(quote=quote(106.0)))
    assert stage.state() is State.CLOSING
    assert exits(stage) == [(OrderType.MARKET, HELD, None)]


def test_what_was_dust_by_the_old_rules_is_dust_and_not_stranded() -> None:
    stage = closing()
    change(stage, DEAR)
    stage.report(X1, OrderStatus.EXPIRED, filled="9.95", price="99")
    assert stage.state() is State.CLOSED


def test_a_rest_that_new_rules_alone_call_too_little_is_not_closed() -> None:
    stage = change(closing(), replace(RULES, min_notional=Decimal(500)))
    stage.report(X1, OrderStatus.EXPIRED, filled="6", price="99")
    assert stage.state() is State.STRANDED
    assert "3.98 BTC" in alarms(stage)[-1]


def test_what_the_rules_in_force_sell_is_no_dust_whatever_those_at_the_opening_said() -> None:
    stage = change(Stage(BARE, rules=DEAR), RULES).protected()
    stage.hear(BY_HAND)
    assert exits(stage) == [(OrderType.MARKET, HELD, None)]


def test_rules_are_read_again_when_a_rule_refused_an_order() -> None:
    for reason in (RejectReason.PRECISION, RejectReason.BELOW_MINIMUM, RejectReason.MARKET_HALTED):
        stage = refuse(closing(), X1, reason)
        assert [asked.reads_again for asked in stage.all_sent(RequestMarket)] == [True]
    entering = Stage().grant()
    entering.report(B1, OrderStatus.REJECTED, reason=RejectReason.PRECISION)
    assert entering.all_sent(RequestMarket)[-1].reads_again


def test_a_small_rest_that_the_venue_refuses_is_stranded_where_the_rules_have_changed() -> None:
    stage = Stage(BARE, budget="9").protected()
    stage.hear(BY_HAND)
    refuse(stage, X1, RejectReason.BELOW_MINIMUM)
    change(stage, replace(RULES, min_notional=Decimal(12)))
    stage.wait(60_000)
    assert stage.state() is State.STRANDED


# Markets that close or go


@pytest.mark.parametrize(
    ("phase", "cause", "says"),
    [
        (MarketPhase.HALTED, StrandedCause.MARKET_HALTED, "takes no orders now"),
        (MarketPhase.GONE, StrandedCause.MARKET_GONE, "Sell or convert"),
    ],
)
@pytest.mark.parametrize("mode", ["protected", "closing"])
def test_a_market_that_takes_no_orders_strands_its_position(
    phase: MarketPhase, cause: StrandedCause, says: str, mode: str
) -> None:
    stage = Stage(BARE).protected() if mode == "protected" else closing()
    placed = len(stage.placed)
    change(stage, phase=phase)
    assert stage.state() is State.STRANDED
    assert stage.position.stranded is not None
    assert stage.position.stranded.cause is cause
    (text,) = alarms(stage)
    assert says in text
    assert "so it says" in text
    stage.hear(BY_HAND)
    stage.wait(300_000)
    assert len(stage.placed) == placed
    assert stage.all_sent(RequestMarket)


def test_when_it_opens_again_the_position_goes_on() -> None:
    stage = change(Stage().protected(), phase=MarketPhase.HALTED)
    change(stage)
    assert stage.state() is State.PROTECTING
    exiting = change(Stage(BARE).protected(), phase=MarketPhase.HALTED)
    exiting.hear(BY_HAND)
    change(exiting)
    assert exiting.state() is State.CLOSING
    assert exits(exiting) == [(OrderType.MARKET, HELD, None)]


def test_an_exit_under_way_may_fill_after_the_market_is_gone() -> None:
    stage = change(closing(), phase=MarketPhase.GONE)
    stage.fill(X1, "100")
    assert stage.state() is State.CLOSED


def test_an_entry_under_way_is_ended_when_the_market_halts() -> None:
    stage = change(Stage().grant(), phase=MarketPhase.HALTED)
    assert stage.canceled == [B1]
    assert stage.state() is State.STRANDED
    stage.report(B1, OrderStatus.CANCELED)
    assert stage.state() is State.CLOSED


def test_nothing_is_bought_on_a_market_that_halted_before_the_budget_came() -> None:
    stage = change(Stage(), phase=MarketPhase.HALTED).grant()
    assert stage.placed == []
    assert stage.state() is State.CLOSED


def test_after_a_restart_a_position_whose_market_is_gone_holds_up_nobody() -> None:
    stage = closing()
    stage.hear(Resync(skipped="everything", error="", down_since=stage.now, recovery=7))
    assert stage.all_sent(PositionRestored) == []
    change(stage, phase=MarketPhase.GONE)
    assert [one.recovery for one in stage.all_sent(PositionRestored)] == [7]
    assert stage.state() is State.STRANDED


def test_after_a_restart_a_halted_market_is_looked_up_first() -> None:
    stage = Stage(PLAN).protected()
    stage.hear(Resync(skipped="everything", error="", down_since=stage.now, recovery=7))
    change(stage, phase=MarketPhase.HALTED)
    assert stage.all_sent(PositionRestored) == []
    stage.hear(LookedBack(attempts=1))
    assert stage.all_sent(PositionRestored)


def test_a_position_that_is_over_hears_of_no_market() -> None:
    stage = closing().fill(X1, "100")
    before: Position = stage.position
    change(stage, phase=MarketPhase.GONE)
    assert stage.position is before


def test_protection_by_a_mode_that_needs_stops_survives_a_halt() -> None:
    assert STOP_RESTS.protection_mode is ProtectionMode.STOP_RESTS
    stage = change(Stage(STOP_RESTS).protected(), phase=MarketPhase.HALTED)
    assert stage.canceled == []  # the stop at the venue is left to do what it can
