"""The reconciler's shell: its looks, recorded step by step."""

from typing import TYPE_CHECKING

import msgspec

from actors.again import Again
from actors.reconciler import core
from actors.reconciler.state import Looks, NextLook
from actors.runtime.actor import CoreActor
from config.settings import Settings
from messages.base import Address, Message, Timestamp
from messages.envelope import NO_TIMER, NOTHING, Send, Step, Wake
from messages.ids import Identity
from messages.reconciler import IdentityChanged

if TYPE_CHECKING:
    from actors.runtime.system import System

_LOOK = "look"


class ReconcilerActor(CoreActor):
    """Keeps the looks and lets the core step them."""

    def __init__(
        self,
        system: "System",
        address: Address,
        settings: Settings,
        identity: Identity | None = None,
    ) -> None:
        """Begin with nothing looked at. ``settings``: its own, the account's and the router's."""
        super().__init__(system, address)
        self.settings = settings
        self.looks = Looks(identity)
        self._identity_again = Again()

    def on_start(self) -> None:
        """Look soon, also where the venue does not say that it is there."""
        every = self.settings.reconciler.look_ms
        if every is not None and self.looks.next.at is None:
            self.set_timer(_LOOK, Timestamp(self.now() + every))

    def step(self, message: Message, now: Timestamp) -> Step:
        """Call the core."""
        if isinstance(message, IdentityChanged) and self._identity_again.is_outdated(
            message, is_again=self._is_again()
        ):
            return NOTHING
        return core.step(self.looks, self.settings, message, now)

    def apply(self, change: msgspec.Struct) -> None:
        """Take one entity into the looks."""
        self.looks.apply(change)

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return when the venue is looked at next."""
        return (_LOOK, change.at) if isinstance(change, NextLook) else NO_TIMER

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Look again at a skipped deadline; all else but our ids the next look brings again."""
        if isinstance(message, Wake):
            self.wake_again(message.key, self.looks.next.at or self.now())
            return ()
        if isinstance(message, IdentityChanged):
            self._identity_again.queue(message)
            return self.once_more(message, error)
        return super().on_skipped(message, error)
