"""What can go wrong between a client and a venue, as data: see ``exchange.faults`` for how.

The plan is all there is to it: the same plan and the same calls give the same faults.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Milliseconds
from messages.orders import Purpose, RejectReason

NO_DELAY = Milliseconds(0)


class On(StrEnum):
    """What is counted, and goes wrong."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    LOOK_UP = "look_up"
    EVENT = "event"
    """An event about an order, on its way back."""


class FaultKind(StrEnum):
    """What goes wrong."""

    LOST_ACK = "lost_ack"
    """The venue did it; the answer says that nobody knows."""
    NEVER_ARRIVED = "never_arrived"
    """The venue never heard of it; the answer says that nobody knows."""
    RETRYABLE = "retryable"
    """The venue never heard of it, and the answer says so."""
    REJECTED = "rejected"
    """The venue says no: of a submit for ``reason``, of a cancel though the order works."""
    NOT_FOUND = "not_found"
    """A look-up finds nothing, though the order is there."""
    OVERFILLED = "overfilled"
    """When it is filled, the venue fills ``quantity`` more."""
    FILLS_FIRST = "fills_first"
    """The order fills, by ``quantity`` or whole, before the cancel arrives."""
    FILLS_LATER = "fills_later"
    """The cancel is confirmed; ``delay_ms`` later the order fills, by ``quantity`` or whole."""
    DUPLICATED = "duplicated"
    DELAYED = "delayed"
    """By ``delay_ms``; later events overtake it."""
    REORDERED = "reordered"
    """It comes after the next one."""
    LOST = "lost"


_KINDS: dict[On, frozenset[FaultKind]] = {
    On.SUBMIT: frozenset(
        {
            FaultKind.LOST_ACK,
            FaultKind.NEVER_ARRIVED,
            FaultKind.RETRYABLE,
            FaultKind.REJECTED,
            FaultKind.OVERFILLED,
        }
    ),
    On.CANCEL: frozenset(
        {
            FaultKind.LOST_ACK,
            FaultKind.NEVER_ARRIVED,
            FaultKind.RETRYABLE,
            FaultKind.REJECTED,
            FaultKind.FILLS_FIRST,
            FaultKind.FILLS_LATER,
        }
    ),
    On.LOOK_UP: frozenset({FaultKind.NEVER_ARRIVED, FaultKind.NOT_FOUND}),
    On.EVENT: frozenset(
        {FaultKind.DUPLICATED, FaultKind.DELAYED, FaultKind.REORDERED, FaultKind.LOST}
    ),
}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong, and when."""

    on: On
    kind: FaultKind
    nth: int = 1
    """From which one on, counted from 1 among those with ``purpose``."""
    times: int = 1
    """For how many in a row."""
    purpose: Purpose | None = None
    """Count only orders for this purpose; None: all."""
    reason: RejectReason = RejectReason.OTHER
    """Of REJECTED submits."""
    quantity: Decimal | None = None
    """Base."""
    delay_ms: Milliseconds = NO_DELAY

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for what can't happen."""
        if self.kind not in _KINDS[self.on]:
            possible = ", ".join(sorted(_KINDS[self.on]))
            raise ValueError(f"a fault on {self.on} can't be {self.kind}; it can be: {possible}")
        if self.nth < 1 or self.times < 1:
            raise ValueError(f"nth and times count from 1, not {self.nth} and {self.times}")
        if self.kind is FaultKind.OVERFILLED and self.quantity is None:
            raise ValueError("overfilled needs a quantity: how much more is filled")


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that goes wrong. Where two faults meet, the first in the plan is the one."""

    faults: tuple[Fault, ...] = ()
