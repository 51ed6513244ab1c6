"""Fixed sessions in which one position meets each of the ends that ``why`` must explain."""

from collections.abc import Callable
from decimal import Decimal

from loguru import logger
from msgspec.structs import replace

from actors.journal.port import Record
from actors.operator.actor import OperatorActor
from config.settings import PortfolioSettings
from exchange.fault_plan import Fault, FaultKind, On
from messages.addresses import OPERATOR, ORDER_ROUTER, STRATEGY, position_address
from messages.base import Address, Message, Milliseconds, PositionId, Timestamp
from messages.operator import Operation, OperatorCommand
from messages.order_router import StreamChanged
from messages.orders import Purpose, RejectReason
from messages.plan import Plan, Trailing
from messages.position import Resync
from messages.positions import OpenPosition
from tests.faults.scene import OCO, RESTS_BELOW
from verification.poison.harness import Theatre
from verification.poison.market import PLAN, SETTINGS

P1, P2 = PositionId("p1"), PositionId("p2")
DOWN_MS = 8_000


class Played(Theatre):
    """A theatre whose records are kept from when it is set up."""

    def __init__(self, plan: Plan = PLAN, *faults: Fault, **more: object) -> None:
        super().__init__(plan, faults=faults, **more)  # type: ignore[arg-type]  # as the theatre's
        self.records: list[Record] = []
        self.system.observe(self.records.append)

    def tell(self, to: Address, message: Message) -> None:
        """As the theatre does; what opens a position comes from the strategy."""
        if isinstance(message, OpenPosition):
            self.system.tell(to, message, STRATEGY)
            self.settle()
        else:
            super().tell(to, message)

    def bought(self) -> "Played":
        self.open()
        self.ticks(100.0)
        return self


def take_profit() -> Played:
    one = Played().bought()
    one.ticks(101.0, 103.0, 103.0)
    return one


def stop() -> Played:
    one = Played().bought()
    one.ticks(99.0, 97.5, 97.5)
    return one


def stop_after_a_race() -> Played:
    """The stop is touched, and the take profit fills before its cancel comes to the venue."""
    first = Fault(on=On.CANCEL, kind=FaultKind.FILLS_FIRST, purpose=Purpose.TAKE_PROFIT)
    one = Played(PLAN, first).bought()
    one.ticks(97.5, 97.5)
    return one


def native_stop() -> Played:
    one = Played(OCO).bought()
    one.ticks(99.0, 97.5, 97.5, 97.5)
    return one


def trailing() -> Played:
    ratios = Decimal("0.01"), Decimal("0.01"), Decimal("0.002")
    trails = Trailing(activation_ratio=ratios[0], distance_ratio=ratios[1], step_ratio=ratios[2])
    one = Played(replace(PLAN, take_profit_ratio=None, trailing=trails)).bought()
    one.ticks(101.0, 101.5, 102.0, 102.6, 101.0, 101.0)
    return one


def time() -> Played:
    one = Played(replace(PLAN, time_limit_ms=Milliseconds(30_000))).bought()
    one.quiet(32)
    return one


def by_hand() -> Played:
    one = Played().bought()
    command = OperatorCommand(
        command_id="c1",
        operation=Operation.SEND,
        to=position_address(P1),
        message_type="ClosePosition",
        fields='{"cause": "by_hand", "reason": "news of a hack"}',
        reason="news of a hack",
    )
    one.system.spawn(OperatorActor, OPERATOR)
    one.tell(OPERATOR, command)
    one.quiet(2)
    return one


def adopted() -> Played:
    """An entry that was canceled fills all the same: p2 takes over what it bought."""
    late = Fault(
        on=On.CANCEL,
        kind=FaultKind.FILLS_LATER,
        purpose=Purpose.ENTRY,
        delay_ms=Milliseconds(5_000),
    )
    rests = replace(PLAN, entry_ladder=(RESTS_BELOW,), entry_deadline_ms=Milliseconds(2_000))
    one = Played(rests, late)
    one.open()
    one.quiet(10)
    one.ticks(97.0, 97.0)
    return one


def refused() -> Played:
    settings = replace(SETTINGS, portfolio=PortfolioSettings(max_budget=Decimal(500)))
    one = Played(PLAN, settings=settings)
    one.open()
    one.quiet(2)
    return one


def stuck() -> Played:
    no = Fault(
        on=On.SUBMIT,
        kind=FaultKind.REJECTED,
        purpose=Purpose.CLOSE,
        reason=RejectReason.MARKET_HALTED,
        times=3,
    )
    one = Played(replace(PLAN, exit_attempts=3), no).bought()
    one.ticks(97.5)
    one.quiet(70)
    return one


def unknown() -> Played:
    """The venue sells, and its answer is lost: a look-up finds out."""
    lost = Fault(on=On.SUBMIT, kind=FaultKind.LOST_ACK, purpose=Purpose.CLOSE)
    event = Fault(on=On.EVENT, kind=FaultKind.LOST, purpose=Purpose.CLOSE)
    one = Played(PLAN, lost, event).bought()
    one.ticks(97.5)
    one.quiet(60)
    return one


def unheard() -> Played:
    """The take profit fills and no event comes: the reconciler finds the fill in the lists."""
    lost = Fault(on=On.EVENT, kind=FaultKind.LOST, purpose=Purpose.TAKE_PROFIT, times=2)
    one = Played(PLAN, lost).bought()
    one.ticks(103.0, 103.0)
    one.quiet(20)
    return one


def recovered() -> Played:
    """As after a restart: it asks for everything, and goes on to its stop."""
    one = Played().bought()
    since = one.clock.now()
    one.wait(DOWN_MS)
    resync = Resync(
        skipped="everything", error="the process was restarted", down_since=Timestamp(since)
    )
    one.tell(ORDER_ROUTER, StreamChanged(up=False))
    one.tell(position_address(P1), resync)
    one.tell(ORDER_ROUTER, StreamChanged(up=True))
    one.quiet(12)
    one.ticks(97.5, 97.5)
    return one


FATES: dict[str, Callable[[], Played]] = {
    fate.__name__: fate
    for fate in (
        take_profit,
        stop,
        stop_after_a_race,
        native_stop,
        trailing,
        time,
        by_hand,
        adopted,
        refused,
        stuck,
        unknown,
        unheard,
        recovered,
    )
}


def play(name: str) -> tuple[list[Record], Address]:
    """Return a session's records, and the address of the position that is asked about."""
    logger.disable("actors")
    try:
        records = FATES[name]().records
    finally:
        logger.enable("actors")
    return records, position_address(P2 if name == "adopted" else P1)
