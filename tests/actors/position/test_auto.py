"""Mode auto: which mode it comes to, and what rests when its lines follow from the plan."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.price_levels import possible_mode, switch_ratios
from messages.base import Milliseconds
from messages.market import Capabilities
from messages.orders import OrderStatus, OrderType, Purpose, StopStatus
from messages.plan import AgedTarget, Plan, ProtectionMode
from messages.position import LevelName
from tests.actors.position.scenes import BARE, HELD, X1, X2, X3
from tests.actors.position.stage import ALL_ABLE, PLAN, Stage

AUTO = replace(PLAN, protection_mode=ProtectionMode.AUTO)
NO_OCO = replace(ALL_ABLE, oco=False, stop_is_proven=True)
BOTH = replace(ALL_ABLE, stop_is_proven=True)


@pytest.mark.parametrize(
    ("can", "plan", "mode"),
    [
        (BOTH, AUTO, ProtectionMode.OCO),
        (NO_OCO, AUTO, ProtectionMode.SWITCHING),
        (replace(NO_OCO, native_stop=False), AUTO, ProtectionMode.SWITCHING),
        (replace(BOTH, stop_is_proven=False), AUTO, ProtectionMode.SYNTHETIC),
        (
            replace(NO_OCO, native_stop=False, native_stop_limit=False),
            AUTO,
            ProtectionMode.SYNTHETIC,
        ),
        (BOTH, replace(AUTO, take_profit_ratio=None), ProtectionMode.STOP_RESTS),
        (BOTH, replace(AUTO, stop_loss_ratio=None), ProtectionMode.SYNTHETIC),
        (
            BOTH,
            replace(AUTO, take_profit_ratio=None, take_profit_atr=Decimal(2)),
            ProtectionMode.OCO,
        ),
    ],
)
def test_auto_is_the_best_that_the_venue_can_do_and_that_is_proven(
    can: Capabilities, plan: Plan, mode: ProtectionMode
) -> None:
    assert possible_mode(plan, can) is mode


def protected() -> Stage:
    return Stage(AUTO, capabilities=NO_OCO).protected()


def test_the_stop_rests_first() -> None:
    request = protected().request(X1)
    assert (request.purpose, request.type) == (Purpose.STOP_LOSS, OrderType.STOP)
    assert (request.trigger_price, request.quantity) == (Decimal(98), HELD)


def test_near_the_target_the_take_profit_gets_the_slot_and_further_down_the_stop_again() -> None:
    stage = protected()
    stage.report(X1, OrderStatus.OPEN, stop=StopStatus.WORKING)
    # The way from stop to target is 98 to 103: lines at 102.25 and 101.5.
    assert stage.levels[LevelName.SWITCH_TO_TAKE_PROFIT] == pytest.approx(102.25)
    stage.arm()
    stage.fire(LevelName.SWITCH_TO_TAKE_PROFIT, price=102.3)
    stage.report(X1, OrderStatus.CANCELED)
    assert stage.request(X2).purpose is Purpose.TAKE_PROFIT
    stage.report(X2, OrderStatus.OPEN)
    assert stage.levels[LevelName.SWITCH_TO_STOP_LOSS] == pytest.approx(101.5)
    assert stage.levels[LevelName.STOP_LOSS] == pytest.approx(98)
    stage.arm()
    stage.fire(LevelName.SWITCH_TO_STOP_LOSS, price=101.4)
    stage.report(X2, OrderStatus.CANCELED)
    assert stage.request(X3).purpose is Purpose.STOP_LOSS


def test_a_jump_over_the_target_sells_while_the_stop_rests() -> None:
    stage = protected()
    stage.report(X1, OrderStatus.OPEN, stop=StopStatus.WORKING)
    assert stage.levels[LevelName.TAKE_PROFIT] == pytest.approx(103)


def test_the_lines_can_be_told_beforehand_where_they_follow_from_the_plan_alone() -> None:
    assert switch_ratios(AUTO) == (Decimal("0.015"), Decimal("0.0225"))
    assert switch_ratios(BARE) is None
    aged = AgedTarget(after_ms=Milliseconds(1), take_profit_ratio=Decimal("0.01"))
    assert switch_ratios(replace(AUTO, take_profit_by_age=(aged,))) is None
