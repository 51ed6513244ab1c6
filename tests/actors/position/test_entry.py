"""Before a position holds anything: its budget, its size, and what is refused."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.states import State
from actors.tables import IllegalInputError
from messages.base import Timestamp
from messages.market_data import HoldSymbol
from messages.observers import EntryRefused
from messages.orders import Purpose, Side
from messages.plan import MARKET_RUNG, Plan
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
    StopEntering,
    SwitchProtection,
)
from tests.actors.position.scenes import (
    B1,
    BY_HAND,
    ENTRY_LADDER,
    GTC_ONLY,
)
from tests.actors.position.stage import PLAN, RULES, Stage

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
        (ENTRY_LADDER, "9.980"),
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
