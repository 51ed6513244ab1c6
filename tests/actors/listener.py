"""An edge that keeps what it is told: it stands where an actor's messages go."""

from actors.runtime.actor import Actor
from actors.runtime.system import System
from messages.base import Address, Message


class Listener(Actor):
    """Keeps what it hears; several may keep it in one list, in the order in which they hear it."""

    def __init__(
        self, system: System, address: Address, heard: list[Message] | None = None
    ) -> None:
        super().__init__(system, address)
        self.heard = [] if heard is None else heard

    def handle(self, message: Message) -> None:
        self.heard.append(message)
