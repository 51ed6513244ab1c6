"""The guardian's shell: one entity, recorded step by step."""

from typing import TYPE_CHECKING

import msgspec

from actors.again import Again
from actors.guardian import core
from actors.guardian.core import Guard
from actors.runtime.actor import CoreActor
from config.settings import GuardianSettings
from messages.base import Address, Message, Timestamp
from messages.envelope import NOTHING, Send, Step, Wake
from messages.guardian import (
    EnterReducing,
    Halt,
    JournalFailed,
    JournalHealed,
    RecoveryBegun,
    RecoveryDone,
    Resume,
)

if TYPE_CHECKING:
    from actors.runtime.system import System

_LAST_COUNTS = (
    (Halt, EnterReducing, Resume),
    (JournalFailed, JournalHealed),
    (RecoveryBegun, RecoveryDone),
)
"""Each of one sender: what it says undoes what it said before."""


class GuardianActor(CoreActor):
    """Keeps the trading state and lets the core step it."""

    def __init__(
        self,
        system: "System",
        address: Address,
        settings: GuardianSettings,
        guard: Guard | None = None,
    ) -> None:
        """Take the state as recovered from the journal; None: trading."""
        super().__init__(system, address)
        self.settings = settings
        self.guard = guard or Guard()
        self._again: dict[type[Message], Again] = {}
        for kinds in _LAST_COUNTS:
            self._again |= dict.fromkeys(kinds, Again())

    def step(self, message: Message, now: Timestamp) -> Step:
        """Call the core; what was skipped does not undo what was said after it."""
        again = self._again.get(type(message))
        if again is not None and again.is_outdated(message, is_again=self._is_again()):
            return NOTHING
        return core.step(self.guard, self.settings, message, now)

    def apply(self, change: msgspec.Struct) -> None:
        """Take the new state.

        Raises:
            TypeError: the change is no guard.
        """
        if not isinstance(change, Guard):
            raise TypeError(f"{type(change).__name__} is no entity of the guardian")
        self.guard = change

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return when a hold ends by itself."""
        return "", core.deadline(change) if isinstance(change, Guard) else None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Hear it once more: nobody would say it again; a deadline is looked at again."""
        if isinstance(message, Wake):
            self.wake_again(message.key, core.deadline(self.guard))
            return ()
        again = self._again.get(type(message))
        if again is not None:
            again.queue(message)
        return self.once_more(message, error)
