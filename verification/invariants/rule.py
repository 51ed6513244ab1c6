"""What a rule may look at: each step that is recorded, each delivery, each new process."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from actors.portfolio.accounts import Booking
from messages.addresses import PORTFOLIO, position_address
from messages.base import Address, PositionId
from messages.envelope import Envelope
from messages.portfolio import ReserveBudget

if TYPE_CHECKING:
    from verification.simulation.world import World


POSITION = position_address(PositionId(""))
"""How the addresses of positions begin."""


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


def budget_granted(record: Record) -> ReserveBudget | None:
    """Return what the portfolio was asked for, if this step grants it: its position may enter."""
    if record.actor != PORTFOLIO or type(record.message) is not ReserveBudget:
        return None
    is_granted = any(type(change) is Booking for change in record.changes)
    return record.message if is_granted else None
