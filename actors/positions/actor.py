"""The shell of the positions actor: it starts and stops the actors of positions."""

from typing import cast

import msgspec

from actors.position.actor import PositionActor
from actors.positions.core import PositionsMessage, not_opened, step
from actors.positions.roster import Living, Numbering, Retired, Roster
from actors.runtime.actor import CoreActor, describe
from actors.runtime.system import System
from messages.addresses import GATEWAY, position_address
from messages.base import Address, Message, Milliseconds, PositionId, Timestamp
from messages.envelope import NO_TIMER, Removed, Send, Step, Wake
from messages.gateway import FetchMarketRules
from messages.position import Resync
from messages.positions import MarketRulesReported, OpenPosition, PositionEnded


class PositionsActor(CoreActor):
    """Numbers positions, and keeps an actor for each that is not over."""

    def __init__(
        self,
        system: System,
        address: Address,
        numbering: Numbering,
        terminal_ttl_ms: Milliseconds,
    ) -> None:
        """Begin with nobody. ``terminal_ttl_ms``: the router remembers an order that is over."""
        super().__init__(system, address)
        self.terminal_ttl_ms = terminal_ttl_ms
        self.roster = Roster(numbering)

    def step(self, message: Message, now: Timestamp) -> Step:
        """See ``core.step``."""
        return step(self.roster, cast("PositionsMessage", message), now, self.terminal_ttl_ms)

    def apply(self, change: msgspec.Struct) -> None:
        """Take in a change; start the actor of who is new, stop that of who is gone."""
        is_new = isinstance(change, Living) and change.position_id not in self.roster.living
        self.roster.apply(change)
        match change:
            case Living(position_id=position_id) if is_new:
                self.system.spawn(PositionActor, position_address(position_id), position_id)
            case Removed(kind="Living", key=key):
                self.system.stop(position_address(PositionId(key)))
            case _:
                pass

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return when an ended position is forgotten."""
        match change:
            case Retired():
                return change.position_id, change.forget_at
            case Removed(kind="Retired", key=key):
                return key, None
            case _:
                return NO_TIMER

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Refuse to open; hear anything else once more, but for rules that may be over by then."""
        if isinstance(message, OpenPosition):
            return (not_opened(message, describe(error)),)
        if isinstance(message, MarketRulesReported) and message.is_kept:
            return (Send(GATEWAY, FetchMarketRules(symbol=message.rules.symbol)),)
        if isinstance(message, Wake):
            return super().on_skipped(message, error)
        sends = self.once_more(message, error)
        if isinstance(message, PositionEnded) and sends[0].to != self.address:
            # In vain: it tells its end anew, with pauses.
            resync = Resync(skipped=type(message).__name__, error=describe(error))
            return (*sends, Send(position_address(message.position_id), resync))
        return sends
