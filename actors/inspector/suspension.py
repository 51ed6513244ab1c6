"""Actors that are handed no message for a while; what comes for them waits in their mailboxes.

Owns who is suspended and until when: nobody stays so by being forgotten.
"""

from actors.runtime.mailbox import Delivery, Lane, Mailbox, Note
from actors.runtime.system import System
from messages.base import Address


class _Standstill:
    """What a suspended mailbox has for a lane: it hands nothing over."""

    abandoned = False
    note: Note | None = None

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.in_hand: Delivery | None = None

    def schedule(self, mailbox: Mailbox) -> None:
        """Take note, and do nothing. The lane it had may still give it the turn under way."""
        mailbox.scheduled = True


class Suspensions:
    """Who is suspended. One thread calls it."""

    def __init__(self, system: System) -> None:
        """Begin with nobody."""
        self._system = system
        self._until: dict[Address, float] = {}

    def __contains__(self, address: Address) -> bool:
        """Tell whether the actor is suspended."""
        return address in self._until

    def suspend(self, address: Address, until: float) -> bool:
        """Suspend an actor until then, or longer than it is; return whether it lives."""
        mailbox = self._system.mailboxes.get(address)
        if mailbox is None:
            return False
        if not isinstance(mailbox.lane, _Standstill):
            mailbox.lane = _Standstill(mailbox.lane)
        self._until[address] = until
        return True

    def release(self, address: Address) -> bool:
        """Hand the actor what waits; return whether it was suspended."""
        if self._until.pop(address, None) is None:
            return False
        mailbox = self._system.mailboxes.get(address)
        if mailbox is not None and isinstance(mailbox.lane, _Standstill):
            mailbox.lane = mailbox.lane.lane
            mailbox.lane.schedule(mailbox)
        return True

    def release_due(self, now: float) -> list[Address]:
        """Release whose time is over; return them."""
        due = [address for address, until in self._until.items() if until <= now]
        for address in due:
            self.release(address)
        return due

    def release_all(self) -> None:
        """Release everybody."""
        for address in list(self._until):
            self.release(address)
