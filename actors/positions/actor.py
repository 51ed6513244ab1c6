"""The shell of the positions actor: it starts and stops the actors of positions."""

from typing import cast

import msgspec

from actors.position.actor import PositionActor
from actors.positions.core import (
    Living,
    Numbering,
    PositionsMessage,
    Roster,
    not_opened,
    step,
)
from actors.runtime.actor import CoreActor, describe
from actors.runtime.system import System
from messages.addresses import position_address
from messages.base import Address, Message, PositionId, Timestamp
from messages.envelope import Removed, Send, Step
from messages.positions import OpenPosition


class PositionsActor(CoreActor):
    """Numbers positions, and keeps an actor for each that is not over."""

    def __init__(self, system: System, address: Address, numbering: Numbering) -> None:
        """Begin with nobody."""
        super().__init__(system, address)
        self.roster = Roster(numbering)

    def step(self, message: Message, now: Timestamp) -> Step:  # noqa: ARG002 - no deadlines here
        """See ``core.step``."""
        return step(self.roster, cast("PositionsMessage", message))

    def apply(self, change: msgspec.Struct) -> None:
        """Take in a change; start the actor of who is new, stop that of who is gone."""
        self.roster.apply(change)
        if isinstance(change, Living):
            position_id = change.position_id
            self.system.spawn(PositionActor, position_address(position_id), position_id)
        elif isinstance(change, Removed):
            self.system.stop(position_address(PositionId(change.key)))

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Refuse to open; hear anything else once more."""
        if isinstance(message, OpenPosition):
            return (not_opened(message, describe(error)),)
        return self.once_more(message, error)
