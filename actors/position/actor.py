"""The shell of one position: the core on the dispatcher, recorded."""

from typing import cast

import msgspec

from actors.position.core import step
from actors.position.inputs import PositionMessage
from actors.position.position import Charter, Life, Position
from actors.runtime.actor import CoreActor
from actors.runtime.system import System
from messages.addresses import ORDER_ROUTER
from messages.base import Address, Message, PositionId, Timestamp
from messages.envelope import Send, Step
from messages.order_router import ResendOrders


class PositionActor(CoreActor):
    """One position, from the asking to the last coin booked."""

    def __init__(self, system: System, address: Address, position_id: PositionId) -> None:
        """Wait for ``Begin``."""
        super().__init__(system, address)
        self.position_id = position_id
        self.charter: Charter | None = None
        self.position: Position | None = None

    @property
    def life(self) -> Life | None:
        """The position with its charter; None before it has begun."""
        if self.charter is None or self.position is None:
            return None
        return Life(self.charter, self.position)

    def step(self, message: Message, now: Timestamp) -> Step:
        """See ``core.step``."""
        return step(self.life, cast("PositionMessage", message), now)

    def apply(self, change: msgspec.Struct) -> None:
        """Take in the charter or the position."""
        if isinstance(change, Charter):
            self.charter = change
        elif isinstance(change, Position):
            self.position = change

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        """Return the position's deadline."""
        if isinstance(change, Position):
            return "", change.wakes_at
        return "charter", None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:  # noqa: ARG002 - a hook
        """Ask for the orders' facts again: one of them may be what was skipped."""
        return (Send(ORDER_ROUTER, ResendOrders(position_id=self.position_id)),)
