"""What a start tells whom: holds entries, delivers what was under way, sets deadlines again."""

from decimal import Decimal

import msgspec
import pytest

from actors.journal.codec import Snapshot, Undelivered
from actors.journal.inspection import nothing
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.journal.recovery import resume, with_journal_epoch
from actors.journal.snapshot import Cut
from actors.positions.roster import Living, Numbering
from actors.runtime.actor import CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.runtime.watchdog import Stuck
from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    STRATEGY,
    position_address,
)
from messages.base import Address, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.envelope import Step
from messages.guardian import (
    JournalHealed,
    JournalRestored,
    RecoveryBegun,
    RecoveryDone,
    ResendTradingState,
)
from messages.order_router import ReleaseOrders, StreamChanged
from messages.portfolio import ReserveBudget, TradingState, TradingStateChanged
from messages.position import ListsCompared, Resync, SessionEnding
from messages.positions import BeginRecovery, SymbolCompared
from messages.strategy import SymbolBusy
from tests.actors.journal.history import NOW, records
from tests.actors.listener import Listener

SYMBOL = Symbol("BTC/USDT")
LATER = Timestamp(NOW + 60_000)


class Core(CoreActor):
    """Remembers what it hears, and under which id; every entity of it has a deadline."""

    def __init__(self, system: System, address: Address) -> None:
        super().__init__(system, address)
        self.heard: list[Message] = []

    def step(self, message: Message, now: Timestamp) -> Step:  # noqa: ARG002 - the shell's
        self.heard.append(message)
        return Step()

    def wake_at(self, change: object) -> tuple[str, Timestamp | None]:
        return type(change).__name__, LATER


def living(snapshot: Snapshot) -> Living:
    found = [one for entities in snapshot.actors for one in entities.entities]
    return next(one for one in found if isinstance(one, Living))


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """The first cut in which a position lives; one message to it is under way, one to an edge."""
    cut = Cut(nothing(NOW))
    for record in records():
        cut.take(record.sequence, record.actor, record.now, record.changes)
        if any(isinstance(change, Living) for change in record.changes):
            break
    one = living(cut.snapshot(()))
    address = position_address(one.position_id)
    release = ReleaseOrders(position_id=one.position_id)
    return cut.snapshot(
        tuple(
            Undelivered(to=to, sender=POSITIONS, id=(7, n), cause=None, message=release)
            for n, to in enumerate((ORDER_ROUTER, GATEWAY, address))
        )
    )


class Started:
    """A tree of fakes that has gone on from a cut; nothing is delivered yet."""

    def __init__(
        self,
        snapshot: Snapshot,
        stuck: Stuck | None = None,
        position: Address | None = None,
        restored: str = "",
    ) -> None:
        self.journal = MemoryJournal()
        self.dispatcher = SimulatedDispatcher()
        self.clock = VirtualClock(NOW)
        self.system = System(self.dispatcher, self.clock, self.journal)
        self.position = position or position_address(living(snapshot).position_id)
        self.recorded: list[Record] = []
        self.system.observe(self.recorded.append)
        for address in (PORTFOLIO, ORDER_ROUTER, POSITIONS, GUARDIAN, self.position):
            self.system.spawn(Core, address)
        for address in (GATEWAY, STRATEGY):
            self.system.spawn(Listener, address)
        resume(self.system, snapshot, stuck, restored)
        self.deadlines = self.clock.pending()
        self.dispatcher.run_until_idle()

    def heard(self, address: Address) -> list[Message]:
        actor = self.system.mailboxes[address].actor
        assert isinstance(actor, Core | Listener)
        return actor.heard


def test_entries_are_held_before_anything_else_is_done(snapshot: Snapshot) -> None:
    started = Started(snapshot)
    assert started.heard(POSITIONS) == [BeginRecovery(recovery=snapshot.sequence)]
    assert started.heard(GUARDIAN)[0] == RecoveryBegun(positions=1)
    [held] = started.heard(PORTFOLIO)
    assert isinstance(held, TradingStateChanged)
    assert held.state is TradingState.REDUCING


def test_that_a_backup_was_restored_is_the_first_that_is_recorded(snapshot: Snapshot) -> None:
    started = Started(snapshot, restored="from a backup")
    assert started.heard(GUARDIAN)[:2] == [
        JournalRestored(reason="from a backup"),
        RecoveryBegun(positions=1),
    ]


def test_a_wish_that_waits_and_an_earlier_recoverys_end_come_after_the_hold(
    snapshot: Snapshot,
) -> None:
    wish = ReserveBudget(position_id=living(snapshot).position_id, symbol=SYMBOL, budget=Decimal(1))
    active = TradingStateChanged(state=TradingState.ACTIVE, reason="all is restored")
    said = (
        (PORTFOLIO, active),
        (PORTFOLIO, wish),
        (GUARDIAN, RecoveryDone()),
        (POSITIONS, BeginRecovery(recovery=1)),
        (POSITIONS, SymbolCompared(symbol=SYMBOL)),
    )
    under_way = tuple(
        Undelivered(to=to, sender=POSITIONS, id=(8, n), cause=None, message=message)
        for n, (to, message) in enumerate(said)
    )
    started = Started(msgspec.structs.replace(snapshot, undelivered=under_way))
    held, asked = started.heard(PORTFOLIO)
    assert isinstance(held, TradingStateChanged)
    assert held.state is TradingState.REDUCING
    assert asked == wish
    assert RecoveryDone() not in started.heard(GUARDIAN)
    assert started.heard(POSITIONS) == [BeginRecovery(recovery=snapshot.sequence)]


@pytest.mark.parametrize("message", [SessionEnding(), ListsCompared()])
def test_what_was_true_of_the_last_process_only_is_not_delivered(
    snapshot: Snapshot, message: Message
) -> None:
    to = position_address(living(snapshot).position_id)
    ending = Undelivered(to=to, sender=POSITIONS, id=(8, 0), cause=None, message=message)
    started = Started(msgspec.structs.replace(snapshot, undelivered=(ending,)))
    assert [type(message) for message in started.heard(to)] == [Resync]


def test_what_is_delivered_once_more_is_recorded_although_it_does_nothing(
    snapshot: Snapshot,
) -> None:
    started = Started(snapshot)
    given = [(one.to, one.id) for one in snapshot.undelivered if one.to != GATEWAY]
    assert [(record.actor, record.id) for record in started.recorded] == given


def test_where_nobody_lives_entries_are_not_held_and_the_guardian_says_how_it_stands() -> None:
    started = Started(nothing(NOW), position=position_address(PositionId("p1")))
    assert started.heard(PORTFOLIO) == []
    assert started.heard(GUARDIAN) == [ResendTradingState(), JournalHealed()]


def test_what_was_under_way_to_recorded_actors_is_delivered(snapshot: Snapshot) -> None:
    started = Started(snapshot)
    release = snapshot.undelivered[0].message
    assert started.heard(ORDER_ROUTER) == [
        release,
        StreamChanged(up=False, is_restart=True),
    ]
    assert started.heard(GATEWAY) == [], "an edge is asked anew, never sent the old"


def test_every_living_position_asks_for_everything_and_knows_since_when(
    snapshot: Snapshot,
) -> None:
    started = Started(snapshot)
    release, resync = started.heard(started.position)
    assert release == snapshot.undelivered[2].message
    assert isinstance(resync, Resync)
    assert resync.down_since == snapshot.at


def test_its_symbol_is_busy_and_the_journals_halt_is_lifted(snapshot: Snapshot) -> None:
    started = Started(snapshot)
    assert started.heard(STRATEGY) == [SymbolBusy(symbol=living(snapshot).symbol, busy=True)]
    assert started.heard(GUARDIAN)[1:] == [JournalHealed()]


def test_every_deadline_is_set_again(snapshot: Snapshot) -> None:
    started = Started(snapshot)
    expected = {
        (one.actor, type(entity).__name__)
        for one in snapshot.actors
        if one.actor in started.system.mailboxes and one.actor != GATEWAY
        for entity in one.entities
    }
    assert len(expected) > 3
    assert {(actor, key) for actor, key, at in started.deadlines if at == LATER} == expected


@pytest.mark.parametrize("place", [0, 1])
def test_only_the_very_message_that_hung_is_skipped(snapshot: Snapshot, place: int) -> None:
    stuck = Stuck(
        actor=ORDER_ROUTER,
        message_id=(7, place),
        message_type=ReleaseOrders.__name__,
        for_ms=Milliseconds(30_000),
    )
    heard = Started(snapshot, stuck).heard(ORDER_ROUTER)
    assert any(isinstance(message, ReleaseOrders) for message in heard) is (place == 1)


def test_a_new_epoch_is_for_the_order_ids_to_come_and_nothing_else(snapshot: Snapshot) -> None:
    renewed = with_journal_epoch(snapshot, 9)
    changed = [
        (before, after)
        for old, new in zip(snapshot.actors, renewed.actors, strict=True)
        for before, after in zip(old.entities, new.entities, strict=True)
        if before != after
    ]
    ((before, after),) = changed
    assert isinstance(before, Numbering)
    assert isinstance(after, Numbering)
    assert (before.journal_epoch, after.journal_epoch) == (1, 9)
