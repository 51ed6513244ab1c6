"""One process of the account: its folder, its connection, and whose orders it takes for its own.

All its actors are those of production.
"""

from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from actors.guardian.actor import GuardianActor
from actors.journal.codec import Snapshot
from actors.journal.identity import begun, identity_of
from actors.journal.inspection import nothing
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.positions.actor import PositionsActor
from actors.runtime.clock import VirtualClock
from actors.runtime.system import System
from exchange.port import Sink
from messages.addresses import GUARDIAN, POSITIONS
from messages.ids import Identity, epoch_of
from session.wiring import Wiring
from verification.forks.rules import StrictSystem
from verification.forks.venue import Link
from verification.simulation.faults import DiskFate
from verification.simulation.journals import SimulatedDisk, SimulatedJournal
from verification.simulation.plans import SYMBOL
from verification.simulation.tree import Tree
from verification.simulation.world import EnterOnCandle

if TYPE_CHECKING:
    from verification.forks.world import ForkWorld

ACCOUNT = "a" * 8


class Process(Tree):
    """One process that trades the account, from its start to its death."""

    def __init__(
        self,
        world: "ForkWorld",
        number: int,
        disk: SimulatedDisk,
        *,
        exits_recorded: bool = False,
    ) -> None:
        super().__init__(_nothing, self._note)
        self.world, self.number, self.disk = world, number, disk
        self.clock = VirtualClock(world.now)
        self.journal = MemoryJournal(keep=False)
        disk.choose_fate = lambda: DiskFate.WRITTEN
        recovered = disk.recover()
        is_new = recovered.sequence == 0
        known = identity_of(recovered, ACCOUNT, "") or Identity(account=ACCOUNT, epochs=())
        self.identity = known.with_epoch(epoch_of(number + 1), world.now, recovered.at)
        opening = begun(nothing(world.now) if is_new else recovered, self.identity)
        disk.begin(opening)
        self.is_alive = True
        self.started_at = world.now
        self.link: Link | None = None
        self.records: list[Record] = []
        journal = disk.journal(world.now)
        wiring = self._wiring(None if is_new else opening, journal)
        self.grow(replace(wiring, exits_recorded=exits_recorded), journal)

    def _new_system(self) -> System:
        raised = self.world.rules.raised
        return StrictSystem(raised, self.dispatcher, self.clock, self.journal)

    def _wiring(self, recovered: Snapshot | None, journal: SimulatedJournal) -> Wiring:
        def connect(emit: Sink) -> Any:  # noqa: ANN401 - a link is a port, not a whole exchange
            self.link = Link(self.world.venue, self.number, emit)
            return self.link

        return Wiring(
            settings=self.world.settings,
            symbols=(SYMBOL,),
            connect=connect,
            strategy=cast("Any", EnterOnCandle),
            calls_strategy_directly=True,
            journal=journal,
            recovered=recovered,
            identity=self.identity,
        )

    def _note(self, record: Record) -> None:
        self.world.rules.recorded(self, record)

    @property
    def now_identity(self) -> Identity:
        """Whose orders it takes for its own."""
        identity = self.actor(POSITIONS, PositionsActor).roster.numbering.identity
        assert identity is not None
        return identity

    @property
    def holds(self) -> set[str]:
        """What holds its trading back."""
        return {hold.cause.value for hold in self.actor(GUARDIAN, GuardianActor).guard.holds}

    def die(self) -> None:
        """End where it stands."""
        self.is_alive = False
        if self.link is not None:
            self.link.close(self.world.now)
        self.let_go()


def _nothing(*_: object) -> None:
    """Take what nobody looks at."""
