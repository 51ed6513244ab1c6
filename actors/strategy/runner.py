"""A strategy's code on a thread of its own in this process: the built-in one, and ``--debug``."""

from collections.abc import Callable

from actors.runtime.actor import Actor, describe
from actors.runtime.system import System
from actors.strategy.advisor import Advisor
from actors.strategy.port import Strategy
from messages.addresses import STRATEGY
from messages.base import Address, Message
from messages.envelope import Send
from messages.strategy import Advised, Consult


class StrategyRunner(Actor):
    """The strategy's thread: spawn it pinned. A restart begins with a new instance."""

    def __init__(self, system: System, address: Address, make: Callable[[], Strategy]) -> None:
        """Make nothing yet: this runs on the spawner's thread."""
        super().__init__(system, address)
        self._advisor = Advisor(make)

    def handle(self, message: Message) -> object:
        """Answer a ``Consult``."""
        if not isinstance(message, Consult):
            raise TypeError(f"a strategy's thread does not handle {type(message).__name__}")
        self.send(STRATEGY, self._advisor.advise(message))
        return None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Say that there is no advice: the desk need not wait for its deadline."""
        if isinstance(message, Consult):
            failed = Advised(number=message.number, error=f"raised {describe(error)}")
            return (Send(STRATEGY, failed),)
        return super().on_skipped(message, error)
