"""A system in which one handling of one message raises, the same one in every run.

Which one is named by actor, message, the hero's state and a number: a *cue*. A system without
poison notes the cues there are.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.position.position import Position
from actors.runtime.actor import CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.hooks import LaneActor
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from messages.addresses import GATEWAY, position_address
from messages.base import Address, Message, PositionId

HERO, BYSTANDER = PositionId("p2"), PositionId("p1")


class Cue(NamedTuple):
    """One handling of one message, the same in every run up to it."""

    actor: str
    """An address; ``position`` for the hero's."""
    message: str
    state: str
    """The hero's as the message is handled; ``none`` before it began."""
    nth: int
    """From 1, among those with the same three words."""

    def __str__(self) -> str:
        return f"{self.actor}-{self.message}-{self.state}-{self.nth}"


class PoisonError(Exception):
    """What the poisoned handling raises."""


class Poison(NamedTuple):
    """What goes wrong with one cue."""

    cue: Cue
    error: BaseException
    is_late: bool = False
    """After the handling, not before it: of edges, whose handling leaves traces."""
    times: int = 1
    """How many handlings in a row, of this message by this actor, whatever the state."""


class PoisonedSystem(System):
    """A system in which one handling raises; it notes each on its way."""

    def __init__(
        self, clock: VirtualClock, poison: Poison | None, schedule: Iterable[int] | None
    ) -> None:
        super().__init__(SimulatedDispatcher(schedule), clock, MemoryJournal(keep=False))
        self.poison = poison
        self.cues: list[Cue] = []
        self.is_watching = False
        self.hits = 0
        self.positions: dict[PositionId, Position] = {}
        self.after_gateway: Callable[[], None] = lambda: None
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self.observe(self._note)

    def open(self, actor: LaneActor) -> None:
        name = "step" if isinstance(actor, CoreActor) else "handle"
        plain: Callable[..., object] = getattr(actor, name)

        def watched(message: Message, *rest: object) -> object:
            is_hit = self._is_hit(actor.address, message)
            if is_hit and not cast("Poison", self.poison).is_late:
                raise cast("Poison", self.poison).error
            result = plain(message, *rest)
            if actor.address == GATEWAY:
                self.after_gateway()
            if is_hit:
                raise cast("Poison", self.poison).error
            return result

        setattr(actor, name, watched)
        super().open(actor)

    def _is_hit(self, address: Address, message: Message) -> bool:
        if not self.is_watching:
            return False
        actor = "position" if address == position_address(HERO) else str(address)
        hero = self.positions.get(HERO)
        words = (actor, type(message).__name__, "none" if hero is None else hero.state.value)
        self._counts[words] += 1
        cue = Cue(*words, self._counts[words])
        self.cues.append(cue)
        if self.poison is None or self.hits == self.poison.times:
            return False
        is_next = self.hits > 0 and cue[:2] == self.poison.cue[:2]
        is_hit = is_next or cue == self.poison.cue
        self.hits += is_hit
        return is_hit

    def _note(self, record: Record) -> None:
        for change in record.changes:
            if isinstance(change, Position):
                self.positions[change.position_id] = change
