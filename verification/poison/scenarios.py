"""Lives of a hero, scripted: what the market does, and what is heard on the way."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from exchange.fault_plan import Fault, FaultKind, On
from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    STRATEGY,
    position_address,
)
from messages.base import ClientOrderId, Message, Milliseconds
from messages.gateway import FollowSymbols
from messages.guardian import (
    DailyLossReached,
    EnterReducing,
    Escalated,
    Halt,
    JournalFailed,
    JournalHealed,
    RecoveryBegun,
    Resume,
)
from messages.market import Capabilities
from messages.money import Money
from messages.order_router import (
    ListUnfilled,
    RequestTimingMeasured,
    StreamChanged,
    SubmitHeld,
)
from messages.orders import OrderType, Purpose, RejectReason, TimeInForce
from messages.plan import Plan, ProtectionMode, Rung, Switching, Trailing
from messages.portfolio import AllotCapital, Limits, SetLimits
from messages.position import (
    ChangeProtection,
    CloseCause,
    ClosePosition,
    Resync,
    SessionEnding,
    SwitchProtection,
)
from messages.positions import (
    BeginRecovery,
    CloseAllPositions,
    EndSession,
    MarketGoneReported,
)
from verification.poison.harness import Theatre
from verification.poison.injection import BYSTANDER, HERO, Poison
from verification.poison.market import ALL_ABLE, BTC_USDT, CAPITAL, PLAN, SYMBOLS, USDT

ratio = Decimal


class Script(NamedTuple):
    """What the venue is like, the hero's plan, and what happens."""

    play: Callable[[Theatre], None]
    plan: Plan = PLAN
    faults: tuple[Fault, ...] = ()
    capabilities: Capabilities = ALL_ABLE

    def run(self, poison: Poison | None = None) -> Theatre:
        """Play it, then the fair tail, and return what is left."""
        theatre = Theatre(
            self.plan, faults=self.faults, capabilities=self.capabilities, poison=poison
        )
        theatre.open_bystander()
        self.play(theatre)
        theatre.end_of_script()
        theatre.fall_through_the_stops()
        return theatre


def _stop_loss(theatre: Theatre) -> None:
    """The strategy enters, the price falls: cancel the take profit, sell at the market."""
    theatre.close_candle()
    theatre.ticks(100.0, 99.5)
    theatre.close_candle()
    theatre.ticks(97.5, 97.5)


def _take_profit(theatre: Theatre) -> None:
    """A limit entry that fills bit by bit, then up to the target, which does so too."""
    theatre.open()
    theatre.ticks(100.0)
    theatre.ticks(99.5, 99.5, quantity=3.0)
    theatre.ticks(100.0, 101.0)
    theatre.ticks(102.49, 102.49, 102.49, quantity=3.0)


def _switching(theatre: Theatre) -> None:
    """Down to where the stop takes the slot, back up, down again and through the native stop."""
    theatre.open()
    theatre.ticks(100.0, 98.5, 98.5, 101.0, 101.0, 98.5, 98.5, 97.5, 97.5)


def _switch_by_hand(theatre: Theatre) -> None:
    """An operator puts the stop into the slot; the price goes through it."""
    theatre.open()
    theatre.ticks(100.0)
    by_hand = SwitchProtection(to_stop_loss=True, reason="a test")
    theatre.tell(position_address(HERO), by_hand)
    theatre.ticks(99.5, 97.5, 97.5)


def _late_fill(theatre: Theatre) -> None:
    """The entry is canceled, the position closed; then the canceled order fills after all."""
    theatre.open()
    theatre.ticks(100.0)
    theatre.ticks(99.5, quantity=3.0)
    theatre.ticks(99.6, 99.6, 99.6)
    theatre.ticks(97.0)
    theatre.quiet(10)


def _session_ends(theatre: Theatre) -> None:
    """The session announces its end: a native stop takes the place of the take profit."""
    theatre.open()
    theatre.ticks(100.0)
    theatre.tell(position_address(HERO), SessionEnding())
    theatre.ticks(99.5)
    theatre.tell(POSITIONS, EndSession())
    theatre.ticks(99.5, 97.5, 97.5)


def _oco(theatre: Theatre) -> None:
    """Both legs rest; the stop leg is touched."""
    theatre.open()
    theatre.ticks(100.0, 101.0, 97.5, 97.5)


def _by_hand(theatre: Theatre) -> None:
    """Everything that people and the supervisor may say, a trailing stop; closed by hand."""
    theatre.open()
    theatre.open()  # a second one on the symbol: denied
    theatre.ticks(100.0, 101.5)
    theatre.tell(PORTFOLIO, SetLimits(limits=LIMITS))
    theatre.tell(PORTFOLIO, AllotCapital(capital=(Money(USDT, CAPITAL),)))
    theatre.tell(GATEWAY, FollowSymbols(symbols=SYMBOLS))
    theatre.lose(STRATEGY)
    for message in GUARDIANS:
        theatre.tell(GUARDIAN, message)
    for is_up in (False, True):
        for address in (ORDER_ROUTER, RECONCILER):
            theatre.tell(address, StreamChanged(up=is_up))
    theatre.tell(ORDER_ROUTER, ListUnfilled())  # as at a doubtful look at the balances
    theatre.tell(position_address(HERO), CHANGE)
    theatre.ticks(101.9, 101.9)
    theatre.wait(11_000)  # the market is stale, and then it is not
    theatre.ticks(101.9)
    theatre.tell(position_address(HERO), CLOSE)
    theatre.ticks(101.8, 101.8, 101.8)
    theatre.tell(ORDER_ROUTER, SubmitHeld(client_order_id=ClientOrderId("he1p2x1")))
    theatre.tell(POSITIONS, CloseAllPositions(cause=CloseCause.BY_HAND, reason="a test"))


def _trouble(theatre: Theatre) -> None:
    """Answers lost and refused on the way in and out."""
    theatre.open()
    theatre.quiet(6)
    theatre.ticks(97.5)
    theatre.quiet(12)


def _market_gone(theatre: Theatre) -> None:
    """Two reads say that the market is gone, the third has it: stranded in between."""
    theatre.open()
    theatre.ticks(100.0)
    for _ in range(2):
        theatre.tell(POSITIONS, MarketGoneReported(symbol=BTC_USDT, text="a test"))
    theatre.ticks(99.5, 97.5, 97.5)


def _restart(theatre: Theatre) -> None:
    """What a start after a crash tells the tree, while a bystander and the hero live."""
    theatre.open()
    theatre.ticks(100.0, 101.0)
    down_since = theatre.clock.now()
    theatre.tell(GUARDIAN, RecoveryBegun(positions=2))
    theatre.tell(POSITIONS, BeginRecovery())
    clock = RequestTimingMeasured(offset_ms=5, error_ms=Milliseconds(2), latency_ms=Milliseconds(4))
    theatre.tell(ORDER_ROUTER, clock)
    theatre.tell(ORDER_ROUTER, StreamChanged(up=False))
    for position_id in (BYSTANDER, HERO):
        resync = Resync(skipped="everything", error="a test", down_since=down_since)
        theatre.tell(position_address(position_id), resync)
    theatre.tell(ORDER_ROUTER, StreamChanged(up=True))
    theatre.quiet(30)
    theatre.ticks(97.5, 97.5)


_LIMIT_ENTRY = (
    Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, offset_ratio=ratio("-0.001")),
    Rung(type=OrderType.LIMIT, offset_ratio=ratio("-0.005"), wait_ms=Milliseconds(3_000)),
)
_LADDER = (
    Rung(type=OrderType.LIMIT, wait_ms=Milliseconds(500), offset_ratio=ratio("-0.01")),
    Rung(type=OrderType.MARKET),
)
_SWITCHING = Switching(
    to_stop_loss_ratio=ratio("-0.01"),
    to_take_profit_ratio=ratio("0.005"),
    minimum_interval_ms=Milliseconds(500),
)
_TRAILING = Trailing(
    activation_ratio=ratio("0.01"), distance_ratio=ratio("0.01"), step_ratio=ratio("0.001")
)


LIMITS = Limits(max_positions=10, look_every_ms=Milliseconds(2_000))
GUARDIANS: tuple[Message, ...] = (
    Halt(reason="a test"),
    EnterReducing(reason="a test"),
    DailyLossReached(currency=USDT, loss=ratio(1), limit=ratio(1)),
    Escalated(actor=STRATEGY, error="a test"),
    JournalFailed(error="a test"),
    JournalHealed(),
    Resume(reason="a test"),
)
CHANGE = ChangeProtection(stop_loss_ratio=ratio("0.015"), reason="a test")
CLOSE = ClosePosition(cause=CloseCause.BY_HAND, reason="a test")


def _plan(**words: object) -> Plan:
    return msgspec.structs.replace(PLAN, **words)


_SWITCHES = _plan(protection_mode=ProtectionMode.SWITCHING, switching=_SWITCHING)


SCRIPTS = {
    "stop loss": Script(_stop_loss),
    "take profit": Script(_take_profit, _plan(entry_ladder=_LIMIT_ENTRY)),
    "switching": Script(_switching, _SWITCHES),
    "switched by hand": Script(_switch_by_hand, _SWITCHES),
    "session ends": Script(_session_ends),
    "oco": Script(_oco, _plan(protection_mode=ProtectionMode.OCO)),
    "by hand": Script(
        _by_hand,
        _plan(protection_mode=ProtectionMode.STOP_RESTS, trailing=_TRAILING, exit_ladder=_LADDER),
    ),
    "late fill": Script(
        _late_fill,
        _plan(entry_ladder=_LIMIT_ENTRY, entry_deadline_ms=Milliseconds(4_000)),
        faults=(
            Fault(
                on=On.CANCEL,
                kind=FaultKind.FILLS_LATER,
                purpose=Purpose.ENTRY,
                delay_ms=Milliseconds(6_000),
            ),
        ),
    ),
    "market gone": Script(_market_gone, _plan(stuck_retry_ms=Milliseconds(3_000))),
    "restart": Script(_restart),
    "trouble": Script(
        _trouble,
        faults=(
            Fault(on=On.SUBMIT, kind=FaultKind.LOST_ACK, nth=2, purpose=Purpose.ENTRY),
            Fault(on=On.CANCEL, kind=FaultKind.REJECTED, nth=2),
            Fault(on=On.LOOK_UP, kind=FaultKind.NEVER_ARRIVED),
            Fault(on=On.LOOK_UP, kind=FaultKind.NOT_FOUND, nth=2),
            Fault(
                on=On.SUBMIT,
                kind=FaultKind.REJECTED,
                purpose=Purpose.CLOSE,
                reason=RejectReason.INSUFFICIENT_FUNDS,
            ),
        ),
    ),
}
