"""What a rule may look at: each step that is recorded, each delivery, each new process."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from messages.base import Address
from messages.envelope import Envelope

if TYPE_CHECKING:
    from tests.simulation.world import World


class Rule:
    """Looks on. Raises ``AssertionError`` naming the position and the numbers."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def recorded(self, record: Record) -> None:
        """Look at a step; ``world.positions`` are still as they were before it."""

    def delivered(self, address: Address, envelope: Envelope) -> None:
        """Look at what a delivery that was taken has changed."""

    def rewound(self, records: Sequence[Record]) -> None:
        """Forget what died with a process: these records are left."""

    def restarted(self) -> None:
        """Look at the actors of the process that lives now."""

    def over(self) -> None:
        """Look at how all ended."""
