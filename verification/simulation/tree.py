"""The supervisor's tree of a world, process after process, on one virtual time.

Owns what dies with a process: clock, mailboxes, actors, and what its journal had not written.
"""

import gc
from collections.abc import Callable
from typing import Any, TypeVar, cast

import supervisor
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.runtime.actor import Actor
from actors.runtime.clock import VirtualClock
from actors.runtime.system import System
from messages.base import DAY_MS, Address, Timestamp
from messages.envelope import Envelope
from session.wiring import Wiring
from verification.simulation.dispatcher import Poisonable
from verification.simulation.files import StoreJournal
from verification.simulation.journals import SimulatedJournal

ActorT = TypeVar("ActorT", bound=Actor)
DurableJournals = SimulatedJournal | StoreJournal

START = Timestamp(DAY_MS - 120_000)
"""Two minutes before 00:00 UTC: many runs cross it."""


class Tree:
    """The actors of production, of the process that lives now."""

    dispatcher: Poisonable
    journal: DurableJournals | MemoryJournal
    system: System

    def __init__(
        self,
        on_delivered: Callable[[Address, Envelope], None],
        on_record: Callable[[Record], None],
    ) -> None:
        self.clock = VirtualClock(START)
        self._on_delivered, self._on_record = on_delivered, on_record
        self._heads: list[str] = []
        """Of the journals of those that died."""
        self._poisoned: set[tuple[Address, str]] = set()

    def grow(self, wiring: Wiring, journal: DurableJournals | None) -> None:
        """Start a process's tree, now."""
        if wiring.recovered is not None:
            self._heads.append(self.journal.head)
        self.clock = VirtualClock(self.now)
        self.dispatcher = Poisonable(self._on_delivered, self._poisoned)
        self.journal = journal or MemoryJournal(keep=False)
        self.system = self._new_system()
        self.system.observe(self._on_record)
        supervisor.start(self.system, wiring)
        gc.unfreeze()  # recovery freezes what it found: of a thousand worlds that is a leak

    def _new_system(self) -> System:
        return System(self.dispatcher, self.clock, self.journal)

    @property
    def now(self) -> Timestamp:
        return self.clock.now()

    @property
    def head(self) -> str:
        """A hash over every record of every process."""
        return " ".join((*self._heads, self.journal.head))

    def actor(self, address: Address, kind: type[ActorT]) -> ActorT:
        actor = self.system.mailboxes[address].actor
        assert isinstance(actor, kind)
        return actor

    def let_go(self) -> None:
        """Let go of all actors, at once: pykka's registry is the whole process's."""
        if isinstance(self.journal, DurableJournals):
            self.journal.lose()  # before its actor would write it
        for mailbox in reversed(tuple(self.system.mailboxes.values())):
            actor = cast("Any", mailbox.actor)
            if actor is not None:
                actor._stop()

    close = let_go
