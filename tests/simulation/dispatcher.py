"""The simulated dispatcher as the world uses it: it delivers what was chosen, and can poison it."""

from collections.abc import Callable

from actors.runtime.actor import Actor, CoreActor
from actors.runtime.mailbox import Mailbox
from actors.runtime.simulated import SimulatedDispatcher
from messages.base import Address
from messages.envelope import Envelope


class PoisonError(Exception):
    """What a poisoned handling raises."""


class Poisonable(SimulatedDispatcher):
    """Delivers what the world chose, and can make one handling raise."""

    def __init__(self, on_delivered: Callable[[Address, Envelope], None]) -> None:
        super().__init__(on_delivered=on_delivered)
        self.is_poisoned = False

    def waiting(self) -> list[Mailbox]:
        """Return the mailboxes with mail, the one with the oldest first."""
        return [mailbox for mailbox in dict.fromkeys(self._arrivals) if mailbox.queue]

    def deliver(self, mailbox: Mailbox) -> None:
        """Deliver the next message of this mailbox."""
        self._arrivals.remove(mailbox)
        actor = mailbox.actor
        if self.is_poisoned and isinstance(actor, Actor):
            self.is_poisoned = False
            _poison_once(actor)
        self._deliver(mailbox)


def _poison_once(actor: Actor) -> None:
    """Let the actor's next handling raise; the one after it is as ever."""
    name = "step" if isinstance(actor, CoreActor) else "handle"

    def raising(*_: object) -> object:
        delattr(actor, name)
        raise PoisonError("poison")

    setattr(actor, name, raising)
