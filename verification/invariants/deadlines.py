"""A deadline is never lost: a wake that was skipped comes again soon.

A timer is used up when it fires. An actor that raises on the wake changes nothing, so no change
sets the timer again: the shell must.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from actors.journal.port import Record
from actors.runtime.actor import WAKE_AGAIN_MS, CoreActor
from messages.base import Address, Timestamp
from messages.envelope import NO_TIMER, Wake
from verification.invariants.rule import Rule

if TYPE_CHECKING:
    from verification.simulation.world import World


class Deadlines(Rule):
    """Knows when each recorded actor is to be woken, and looks after a wake that was skipped."""

    def __init__(self, world: "World") -> None:
        super().__init__(world)
        self._due: dict[tuple[Address, str], Timestamp | None] = {}
        self._left: Sequence[Record] = ()

    def rewound(self, records: Sequence[Record]) -> None:
        """Keep what is left: the actors that read its deadlines are not there yet."""
        self._left = tuple(records)

    def restarted(self) -> None:
        """Read the deadlines of what is left; ``crashes`` looks that each has its timer."""
        self._due.clear()
        self._note(self._left)
        self._left = ()

    def recorded(self, record: Record) -> None:
        """Look after a skipped wake that its actor is woken again, or asks itself."""
        self._note((record,))
        if record.error is None or type(record.message) is not Wake:
            return
        key = record.message.key
        due = self._due.get((record.actor, key))
        if due is None or any(send.to == record.actor for send in record.outbox):
            return
        latest = max(due, Timestamp(record.now + WAKE_AGAIN_MS))
        timers = {(address, of): at for address, of, at in self.world.clock.pending()}
        at = timers.get((record.actor, key))
        is_soon = at is not None and at <= latest
        assert is_soon, (
            f"{record.actor} skipped its wake {key!r} for {due} at {record.now}, "
            f"and is woken again at {at}"
        )

    def _note(self, records: Iterable[Record]) -> None:
        for record in records:
            mailbox = self.world.system.mailboxes.get(record.actor)
            if mailbox is None or not isinstance(mailbox.actor, CoreActor):
                continue
            for change in record.changes:
                wake = mailbox.actor.wake_at(change)
                if wake is not NO_TIMER:
                    key, at = wake
                    self._due[record.actor, key] = at
