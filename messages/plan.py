"""A position's plan: how to enter, protect and leave.

Frozen at opening; changed only by a recorded command.
Ratios are fractions of a price: 0.03 is 3 %. Returns are price against average entry, fees aside.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Milliseconds
from messages.orders import OrderType, TimeInForce


class ProtectionMode(StrEnum):
    """Where take profit and stop loss live. The stop trigger is armed in every mode."""

    AUTO = "auto"
    """The best that the venue can do: OCO; else SWITCHING with lines that follow from the plan;
    else SYNTHETIC. It uses a native stop only where what becomes of one is proven."""
    SYNTHETIC = "synthetic"
    """The take profit rests at the venue, the stop is a trigger in this process."""
    SWITCHING = "switching"
    """One resting order: take profit or native stop, exchanged as the return moves."""
    STOP_RESTS = "stop_rests"
    """A native stop rests, the take profit is a trigger in this process."""
    OCO = "oco"
    """Both rest, as one native order."""
    TRIGGERS = "triggers"
    """Nothing rests: take profit and stop are both triggers in this process, unseen by others."""


class OnStop(StrEnum):
    """What a session that ends does with a position whose stop lives in the process."""

    LEAVE = "leave"
    """Nothing: its stop is not active until the next start."""
    NATIVE_STOP = "native_stop"
    """A native stop takes the place of what rests at the venue."""
    CLOSE = "close"
    """It is sold."""


class TriggerSource(StrEnum):
    """Which price a trigger looks at."""

    BID = "bid"
    LAST = "last"
    MID = "mid"


class Rung(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step of a ladder: an order and how long it may work before the next step."""

    type: OrderType
    """MARKET or LIMIT."""
    time_in_force: TimeInForce = TimeInForce.GTC
    offset_ratio: Decimal = Decimal(0)
    """LIMIT: how far the price goes towards the other side of the book (more: likelier to fill)."""
    wait_ms: Milliseconds | None = None
    """LIMIT GTC: how long it works before it is canceled for the next rung."""
    attempts: int = 1
    """How often this rung is tried before the next."""


MARKET_RUNG = Rung(type=OrderType.MARKET)


class AgedTarget(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A take profit from a certain age on (freqtrade: minimal_roi)."""

    after_ms: Milliseconds
    """Age since the entry ended."""
    take_profit_ratio: Decimal


class ScaleOut(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One part of a scaled exit."""

    take_profit_ratio: Decimal
    part_ratio: Decimal
    """Share of the quantity bought, 0 to 1."""


class Trailing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stop that follows the highest price."""

    activation_ratio: Decimal
    """Return from which it trails."""
    distance_ratio: Decimal
    """How far under the highest price the stop lies."""
    step_ratio: Decimal
    """By how much the price must rise before the stop moves again; 0: it follows every new high, a
    tick at a time."""


class Switching(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When the resting order is exchanged, in mode SWITCHING."""

    to_stop_loss_ratio: Decimal
    """Return under which the stop takes the slot; above minus the stop's distance."""
    to_take_profit_ratio: Decimal
    """Return over which the take profit takes it back; higher than the one above (hysteresis)."""
    minimum_interval_ms: Milliseconds
    """Between a switch to the stop and one back; never delays the way to the stop."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything one position is told when it is opened."""

    protection_mode: ProtectionMode = ProtectionMode.AUTO
    trigger_source: TriggerSource = TriggerSource.BID
    take_profit_ratio: Decimal | None = None
    take_profit_by_age: tuple[AgedTarget, ...] = ()
    """By ascending age; each replaces the target before it."""
    stop_loss_ratio: Decimal | None = None
    """Positive: 0.02 stops at 2 % under the average entry price."""
    trailing: Trailing | None = None
    break_even_at_ratio: Decimal | None = None
    """Return from which the stop lies where a sale pays for both fees."""
    time_limit_ms: Milliseconds | None = None
    """Age, since the entry ended, at which the position is closed."""
    scale_out: tuple[ScaleOut, ...] = ()
    """By ascending ratio; what the parts leave over goes at ``take_profit_ratio`` or the stop."""
    switching: Switching | None = None
    """None: in mode AUTO the lines follow from stop and target."""
    on_stop: OnStop | None = None
    """None: NATIVE_STOP where the venue has native stops, else LEAVE."""
    take_profit_atr: Decimal | None = None
    """Multiples of the ATR at entry; replaces ``take_profit_ratio`` where an ATR is known."""
    stop_loss_atr: Decimal | None = None
    entry_ladder: tuple[Rung, ...] = (MARKET_RUNG,)
    exit_ladder: tuple[Rung, ...] = (MARKET_RUNG,)
    stop_rung: int = 0
    """Index of the exit ladder's rung that a stop or an emergency begins with."""
    stop_limit_offset_ratio: Decimal | None = None
    """A native stop's limit under its trigger; None: a market order where the venue has one."""
    stop_fill_ms: Milliseconds = Milliseconds(5_000)
    """How long a triggered stop-limit may stay unfilled before it is canceled and laddered."""
    budget_deadline_ms: Milliseconds = Milliseconds(10_000)
    """NEW: how long to wait for the budget."""
    entry_deadline_ms: Milliseconds = Milliseconds(60_000)
    """OPENING: after this the entry is canceled; what it bought is kept."""
    slippage_ratio: Decimal = Decimal("0.001")
    """Kept aside when sizing a market entry."""
    minimum_margin_ratio: Decimal = Decimal("0.05")
    """How far above the minimum notional the value at the stop must be to enter at all."""
    exit_retry_ms: Milliseconds = Milliseconds(1_000)
    """Pause after a refused exit; doubles up to ``stuck_retry_ms``."""
    exit_attempts: int = 8
    """Refused exits in a row before the position is marked stuck and alarmed."""
    stuck_retry_ms: Milliseconds = Milliseconds(60_000)
    """Pause between tries of a stuck exit; it is never abandoned."""
    placement_attempts: int = 3
    """Refused resting orders in a row before a person is told; the trigger covers meanwhile."""
    unknown_exit_ms: Milliseconds = Milliseconds(60_000)
    """How long an exit may be unknown before it is listed as lost; longer than a request can
    live."""
