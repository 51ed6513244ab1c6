"""The simulated dispatcher as the world uses it: it delivers what was chosen, and can poison it."""

from collections.abc import Callable

from actors.runtime.actor import Actor, CoreActor
from actors.runtime.mailbox import Mailbox
from actors.runtime.simulated import SimulatedDispatcher
from messages.base import Address, Message
from messages.envelope import Envelope


class PoisonError(Exception):
    """What a poisoned handling raises."""


class Poisonable(SimulatedDispatcher):
    """Delivers what the world chose, and can make one handling raise."""

    def __init__(
        self,
        on_delivered: Callable[[Address, Envelope], None],
        poisoned: set[tuple[Address, str]],
    ) -> None:
        super().__init__(on_delivered=on_delivered)
        self.is_poisoned = False
        self._poisoned = poisoned
        """Who raised on which kind of message: once, for a defect that stays is a person's."""

    def waiting(self) -> list[Mailbox]:
        """Return the mailboxes with mail, the one with the oldest first."""
        return [mailbox for mailbox in dict.fromkeys(self._arrivals) if mailbox.queue]

    def deliver_oldest(self) -> bool:
        """Deliver the message that waits longest; False: none waits."""
        while self._arrivals:
            mailbox = self._arrivals.popleft()
            if mailbox.queue:
                self._deliver(mailbox)
                return True
        return False

    def deliver(self, mailbox: Mailbox) -> None:
        """Deliver the next message of this mailbox."""
        self._arrivals.remove(mailbox)
        if self.is_poisoned and isinstance(mailbox.actor, Actor):
            self.is_poisoned = False
            self._poison(mailbox.actor)
        self._deliver(mailbox)

    def _poison(self, actor: Actor) -> None:
        """Let the actor's next handling raise; the one after it is as ever."""
        name = "step" if isinstance(actor, CoreActor) else "handle"

        def raising(message: Message, *rest: object) -> object:
            delattr(actor, name)
            kind = (actor.address, type(message).__name__)
            if kind in self._poisoned:
                self.is_poisoned = True  # the next one that is new
                return getattr(actor, name)(message, *rest)
            self._poisoned.add(kind)
            raise PoisonError("poison")

        setattr(actor, name, raising)
