"""Where stop and target lie: trailing, break-even, volatility, age, time."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.price_levels import break_even_price, stop, target
from actors.position.states import State
from messages.base import Currency, Milliseconds, Timestamp
from messages.market import FeeCurrency
from messages.money import Money
from messages.orders import OrderStatus, StopStatus
from messages.plan import (
    AgedTarget,
    ProtectionMode,
    TriggerSource,
)
from messages.position import (
    ChangeProtection,
    CloseCause,
    LevelName,
    TriggerFired,
)
from tests.actors.position.scenes import (
    B1,
    BREAK_EVEN,
    TRAILING,
    X1,
    X2,
    X3,
)
from tests.actors.position.stage import PLAN, RULES, Stage, quote

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


@pytest.mark.parametrize("step_ratio", ["0", "0.000001"])
def test_a_stop_without_a_step_follows_every_new_high_a_tick_at_a_time(step_ratio: str) -> None:
    assert TRAILING.trailing is not None
    every = replace(TRAILING.trailing, step_ratio=Decimal(step_ratio))
    stage = Stage(replace(TRAILING, trailing=every)).protected()
    stage.fire(LevelName.RATCHET, price=101.5).arm()
    assert stage.levels == {LevelName.STOP_LOSS: 100.4, LevelName.RATCHET: 101.6}
    stage.fire(LevelName.RATCHET, price=101.6).arm()
    assert stage.levels == {LevelName.STOP_LOSS: 100.5, LevelName.RATCHET: 101.7}


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
