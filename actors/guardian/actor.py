"""The guardian's shell: one entity, recorded step by step."""

from typing import TYPE_CHECKING

import msgspec

from actors.guardian import core
from actors.guardian.core import Guard
from actors.runtime.actor import CoreActor
from messages.addresses import GUARDIAN
from messages.base import Address, Message, Timestamp
from messages.envelope import Send, Step
from messages.guardian import DailyLossReached, Escalated

if TYPE_CHECKING:
    from actors.runtime.system import System


class GuardianActor(CoreActor):
    """Keeps the trading state and lets the core step it."""

    def __init__(self, system: "System", address: Address, guard: Guard | None = None) -> None:
        """Take the state as recovered from the journal; None: trading."""
        super().__init__(system, address)
        self.guard = guard or Guard()
        self._tried_again: set[Message] = set()
        """Facts that were skipped and sent here once more; not recorded."""

    def step(self, message: Message, now: Timestamp) -> Step:
        """Call the core."""
        step = core.step(self.guard, message, now)
        if self._tried_again:
            self._tried_again.discard(message)
        return step

    def apply(self, change: msgspec.Struct) -> None:
        """Take the new state.

        Raises:
            TypeError: the change is no guard.
        """
        if not isinstance(change, Guard):
            raise TypeError(f"{type(change).__name__} is no entity of the guardian")
        self.guard = change

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:  # noqa: ARG002 - a hook
        """Try once more what nobody would say again."""
        if not isinstance(message, DailyLossReached | Escalated) or message in self._tried_again:
            return ()
        self._tried_again.add(message)
        return (Send(GUARDIAN, message),)
