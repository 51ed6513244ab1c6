"""The guardian as an actor: recorded, and not killed by one message."""

import pytest

from actors.guardian.actor import GuardianActor
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import GuardianSettings
from messages.addresses import GUARDIAN
from messages.base import Address, Message, Timestamp
from messages.envelope import Step
from messages.guardian import (
    Escalated,
    Halt,
    JournalFailed,
    JournalHealed,
    RecoveryBegun,
    RecoveryDone,
    Resume,
)
from messages.portfolio import TradingState


class Breaking(GuardianActor):
    """Raises on its next messages, as a defect in the core would."""

    times = 0

    def step(self, message: Message, now: Timestamp) -> Step:
        if self.times:
            self.times -= 1
            raise ZeroDivisionError("a defect")
        return super().step(message, now)


ESCALATED = Escalated(actor=Address("gateway"), error="no network")


class Stage:
    def __init__(self) -> None:
        self.dispatcher = SimulatedDispatcher()
        self.system = System(self.dispatcher, VirtualClock(), MemoryJournal())
        self.system.spawn(Breaking, GUARDIAN, GuardianSettings())

    @property
    def actor(self) -> Breaking:
        actor = self.system.mailboxes[GUARDIAN].actor
        assert isinstance(actor, Breaking)
        return actor

    def state_after(self, message: Message) -> TradingState:
        self.system.tell(GUARDIAN, message)
        self.dispatcher.run_until_idle(limit=20)
        return self.actor.guard.state


def test_a_command_changes_the_state_and_is_recorded() -> None:
    stage = Stage()
    assert stage.state_after(Halt(reason="by hand")) is TradingState.HALTED
    assert stage.system.journal.next_sequence == 2
    assert stage.state_after(Resume(reason="fine")) is TradingState.ACTIVE


def test_a_fact_it_raises_on_is_tried_once_more() -> None:
    stage = Stage()
    stage.actor.times = 1
    assert stage.state_after(ESCALATED) is TradingState.HALTED


def test_a_fact_it_always_raises_on_does_not_make_it_busy_for_ever() -> None:
    stage = Stage()
    stage.actor.times = 9
    assert stage.state_after(ESCALATED) is TradingState.ACTIVE
    assert stage.actor.times == 7
    stage.actor.times = 0
    assert stage.state_after(ESCALATED) is TradingState.HALTED


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (JournalFailed(error="no space"), JournalHealed()),
        (RecoveryBegun(positions=1), RecoveryDone()),
        (Halt(reason="by hand"), Resume(reason="fine")),
    ],
)
def test_a_hold_it_raised_on_does_not_come_after_its_end(begins: Message, ends: Message) -> None:
    stage = Stage()
    stage.actor.times = 1
    stage.system.tell(GUARDIAN, begins)
    assert stage.state_after(ends) is TradingState.ACTIVE
