"""Plans, orders and beginnings that several test modules share."""

from decimal import Decimal

from msgspec.structs import replace

from messages.base import Currency, Milliseconds
from messages.observers import Alarm, AlarmKind
from messages.orders import (
    OrderStatus,
    OrderType,
    RejectReason,
    TimeInForce,
)
from messages.plan import (
    MARKET_RUNG,
    Plan,
    ProtectionMode,
    Rung,
    ScaleOut,
    Switching,
    Trailing,
)
from messages.position import (
    BalanceAnswered,
    CloseCause,
    ClosePosition,
    QuoteAnswered,
)
from tests.actors.position.stage import PLAN, Stage, quote

B1, B2, B3 = "h0e1p1b1", "h0e1p1b2", "h0e1p1b3"
X1, X2, X3, X4 = "h0e1p1x1", "h0e1p1x2", "h0e1p1x3", "h0e1p1x4"
BTC = Currency("BTC")
HELD = Decimal("9.980")
"""What 1000 USDT buy at 100, fee and slippage kept aside."""
BY_HAND = ClosePosition(cause=CloseCause.BY_HAND, reason="enough")

# Ways to enter

IOC_TWICE = Rung(
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.IOC,
    offset_ratio=Decimal("0.001"),
    attempts=2,
)
ENTRY_GTC = Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(20_000))
ENTRY_LADDER = replace(PLAN, entry_ladder=(IOC_TWICE, ENTRY_GTC))
GTC_ONLY = replace(PLAN, entry_ladder=(ENTRY_GTC,))

# Ways to protect

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

# Ways to leave

GTC = Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(5_000))
IOC = Rung(
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.IOC,
    offset_ratio=Decimal("0.005"),
    attempts=2,
)
BARE = Plan(stop_loss_ratio=Decimal("0.02"))
"""No take profit: nothing rests, so the ladder's first order is x1."""
EXIT_LADDER = replace(BARE, exit_ladder=(GTC, IOC, MARKET_RUNG), stop_rung=1)


def closing(plan: Plan = BARE) -> Stage:
    """Bought at 100, and told to close."""
    stage = Stage(plan).protected()
    stage.hear(BY_HAND)
    return stage


def tell_quote(stage: Stage, price: float | None) -> Stage:
    stage.hear(QuoteAnswered(quote=None if price is None else quote(price)))
    return stage


def tell_free(stage: Stage, free: str | None) -> Stage:
    amount = None if free is None else Decimal(free)
    stage.hear(BalanceAnswered(currency=BTC, free=amount))
    return stage


def refuse(stage: Stage, order_id: str, reason: RejectReason = RejectReason.OTHER) -> Stage:
    return stage.report(order_id, OrderStatus.REJECTED, reason=reason)


def alarms(stage: Stage, kind: AlarmKind) -> int:
    return sum(alarm.kind is kind for alarm in stage.all_sent(Alarm))
