"""The shell of the operator: recorded, so that the journal tells who wanted what, and why."""

from typing import TYPE_CHECKING

import msgspec

from actors.operator import core
from actors.operator.core import Operator
from actors.runtime.actor import CoreActor
from messages.base import Address, Message, Timestamp
from messages.envelope import Step

if TYPE_CHECKING:
    from actors.runtime.system import System


class OperatorActor(CoreActor):
    """Hands on what the inspector was told to do."""

    def __init__(self, system: "System", address: Address) -> None:
        """Begin without a command."""
        super().__init__(system, address)
        self.operator = Operator()

    def step(self, message: Message, now: Timestamp) -> Step:
        """See ``core.step``."""
        return core.step(self.operator, message, now)

    def apply(self, change: msgspec.Struct) -> None:
        """Take in what was asked for. Raises ``TypeError`` for an entity of another's."""
        if not isinstance(change, Operator):
            raise TypeError(f"{type(change).__name__} is no entity of the operator")
        self.operator = change
