"""Whose orders are ours is said once: a position and the reconciler hear it again after a skip."""

from decimal import Decimal

import pytest

from actors.journal.memory import MemoryJournal
from actors.position.actor import PositionActor
from actors.reconciler.actor import ReconcilerActor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import Settings
from messages.addresses import OBSERVERS, RECONCILER, position_address
from messages.base import Address, Message, Timestamp
from messages.envelope import Step
from messages.ids import Identity
from messages.observers import Alarm, AlarmKind
from messages.position import Begin, OwnershipChanged
from messages.reconciler import IdentityChanged
from tests.actors.listener import Listener
from tests.actors.position.stage import ALL_ABLE, P1, PLAN, RULES, SYMBOL, quote

P1_ADDRESS = position_address(P1)
BEGIN = Begin(
    position_id=P1,
    symbol=SYMBOL,
    budget=Decimal(1000),
    plan=PLAN,
    rules=RULES,
    capabilities=ALL_ABLE,
    quote=quote(100),
    order_prefix="h0e1p1",
    decision="a test",
)
DOUBT = OwnershipChanged(is_contested=True, reason="a copy of the folder trades")
SETTLED = OwnershipChanged(is_contested=False, reason="the other one is stopped")
EARLIER, LATER = Identity(account="7", epochs=("e1",)), Identity(account="7", epochs=("e1", "e2"))


class BreakingPosition(PositionActor):
    """Raises on as many words on its ownership as it is told to."""

    times = 0

    def step(self, message: Message, now: Timestamp) -> Step:
        if isinstance(message, OwnershipChanged) and self.times:
            self.times -= 1
            raise ZeroDivisionError("a defect")
        return super().step(message, now)


class BreakingReconciler(ReconcilerActor):
    """Raises on as many messages as it is told to."""

    times = 0

    def step(self, message: Message, now: Timestamp) -> Step:
        if self.times:
            self.times -= 1
            raise ZeroDivisionError("a defect")
        return super().step(message, now)


class Stage:
    def __init__(self) -> None:
        self.dispatcher = SimulatedDispatcher()
        self.system = System(self.dispatcher, VirtualClock(), MemoryJournal())
        self.system.spawn(Listener, OBSERVERS)
        self.system.spawn(BreakingPosition, P1_ADDRESS, P1)
        self.system.spawn(BreakingReconciler, RECONCILER, Settings())
        self.tell(P1_ADDRESS, BEGIN)

    def tell(self, address: Address, *messages: Message, broken: int = 0) -> None:
        actor = self.system.mailboxes[address].actor
        assert isinstance(actor, BreakingPosition | BreakingReconciler)
        actor.times = broken
        for message in messages:
            self.system.tell(address, message)
        self.dispatcher.run_until_idle(limit=100)

    @property
    def contested(self) -> str:
        position = self.system.mailboxes[P1_ADDRESS].actor
        assert isinstance(position, PositionActor)
        assert position.life is not None
        return position.life.position.contested

    @property
    def identity(self) -> Identity | None:
        reconciler = self.system.mailboxes[RECONCILER].actor
        assert isinstance(reconciler, ReconcilerActor)
        return reconciler.looks.identity

    def alarms(self) -> list[AlarmKind]:
        observers = self.system.mailboxes[OBSERVERS].actor
        assert isinstance(observers, Listener)
        return [one.kind for one in observers.heard if isinstance(one, Alarm)]


def test_a_position_hears_a_skipped_doubt_once_more() -> None:
    stage = Stage()
    stage.tell(P1_ADDRESS, DOUBT, broken=1)
    assert stage.contested == DOUBT.reason


@pytest.mark.parametrize(
    ("said", "holds"), [((DOUBT, SETTLED), ""), ((SETTLED, DOUBT), DOUBT.reason)]
)
def test_a_skipped_doubt_does_not_undo_what_was_said_after_it(
    said: tuple[OwnershipChanged, ...], holds: str
) -> None:
    stage = Stage()
    stage.tell(P1_ADDRESS, *said, broken=1)
    assert stage.contested == holds


def test_the_reconciler_hears_skipped_news_of_our_ids_once_more() -> None:
    stage = Stage()
    stage.tell(RECONCILER, IdentityChanged(identity=LATER), broken=1)
    assert stage.identity == LATER


def test_skipped_news_of_our_ids_does_not_undo_what_was_said_after_it() -> None:
    stage = Stage()
    said = [IdentityChanged(identity=identity) for identity in (EARLIER, LATER)]
    stage.tell(RECONCILER, *said, broken=1)
    assert stage.identity == LATER


@pytest.mark.parametrize(
    ("address", "message"),
    [(P1_ADDRESS, DOUBT), (RECONCILER, IdentityChanged(identity=LATER))],
)
def test_what_is_skipped_twice_is_alarmed(address: Address, message: Message) -> None:
    stage = Stage()
    stage.tell(address, message, broken=99)
    assert AlarmKind.STEP_SKIPPED in stage.alarms()
