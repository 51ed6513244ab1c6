"""The shell of one position: the core on the dispatcher, recorded."""

from typing import cast

import msgspec

from actors.again import Again
from actors.position import core, forced_close
from actors.position.forced_close import Salvage
from actors.position.inputs import PositionMessage
from actors.position.position import Charter, Life, Position, life_after
from actors.runtime.actor import CoreActor, describe
from actors.runtime.system import System
from messages.addresses import OBSERVERS, POSITIONS
from messages.base import Address, Message, PositionId, Timestamp
from messages.envelope import NO_TIMER, NOTHING, Send, Step
from messages.observers import EntryRefused
from messages.position import (
    AddToPosition,
    Begin,
    ChangeProtection,
    ClosePosition,
    OwnershipChanged,
    Resync,
    SalvagePosition,
    SessionEnding,
    StopEntering,
    SwitchProtection,
)
from messages.positions import PositionEnded


class PositionActor(CoreActor):
    """One position, from the asking to the last coin booked."""

    def __init__(self, system: System, address: Address, position_id: PositionId) -> None:
        """Wait for ``Begin``."""
        super().__init__(system, address)
        self.position_id = position_id
        self.charter: Charter | None = None
        self.life: Life | None = None
        """The position with its charter; None before it has begun."""
        self.salvage: Salvage | None = None
        """An operator has it closed without its core."""
        self._ownership_again = Again()

    def step(self, message: Message, now: Timestamp) -> Step:
        """See ``core.step``; from an operator's word on, ``salvage.step``."""
        if isinstance(message, OwnershipChanged) and self._ownership_again.is_outdated(
            message, is_again=self._is_again()
        ):
            return NOTHING
        if self.salvage is not None or isinstance(message, SalvagePosition):
            return forced_close.step(self.life, self.salvage, message, now)
        return core.step(self.life, cast("PositionMessage", message), now)

    def apply(self, change: msgspec.Struct) -> None:
        """Take in the charter, the position or its salvage."""
        if isinstance(change, Charter):
            self.charter = change
        elif isinstance(change, Position) and self.charter is not None:
            self.life = life_after(self.life, self.charter, change)
        elif isinstance(change, Salvage):
            self.salvage = change

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return the position's deadline, or its salvage's."""
        if isinstance(change, Position):
            return "", change.wakes_at
        if isinstance(change, Salvage):
            return "salvage", change.look_at
        return NO_TIMER

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Leave a salvage to ask again, with pauses; see to what the core raised on."""
        if self.salvage is not None:
            return super().on_skipped(message, error)
        return self._after_core(message, error)

    def _after_core(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Refuse a command, or hear it once more; after a fact ask for all facts again."""
        if isinstance(message, OwnershipChanged):
            self._ownership_again.queue(message)
        match message:
            case Begin(adopted=adopted) if adopted is not None:
                return self.once_more(message, error)  # coins wait for it
            case Begin():
                return not_begun(message, describe(error)) if self.life is None else ()
            case ChangeProtection() | SwitchProtection() | AddToPosition():
                return ()  # nothing has happened, and people are told that it was skipped
            case (
                ClosePosition()
                | StopEntering()
                | SessionEnding()
                | OwnershipChanged()  # no Resync asks for it
                | SalvagePosition()
                | Resync(skipped="Resync")  # it was skipped: a person is told
            ):
                return self.once_more(message, error)
            case Resync():
                again = msgspec.structs.replace(message, skipped="Resync")
                return (Send(self.address, again),)
            case _:
                resync = Resync(skipped=type(message).__name__, error=describe(error))
                return (Send(self.address, resync),)


def not_begun(begin: Begin, error: str) -> tuple[Send, ...]:
    """Return the refusal of a position that could not begin, and its end: it asked for nothing."""
    text = f"the beginning was skipped: {error}"
    refused = EntryRefused(symbol=begin.symbol, guard="failed", text=text, quote=begin.quote)
    ended = PositionEnded(position_id=begin.position_id, symbol=begin.symbol)
    return Send(OBSERVERS, refused), Send(POSITIONS, ended)
