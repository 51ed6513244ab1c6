"""Where a strategy's own code runs: on a thread of its own, or directly.

Owns the instance, and that nothing it does or raises comes out but as ``Advised``.
"""

import time
from collections.abc import Callable

from actors.runtime.actor import Actor, describe
from actors.runtime.system import System
from actors.strategy.port import Strategy, StrategyError, checked
from messages.addresses import STRATEGY
from messages.base import Address, Message
from messages.envelope import Send
from messages.strategy import Advised, Consult


class Advisor:
    """A strategy that is made when first asked, so that its constructor may fail or hang too."""

    def __init__(self, make: Callable[[], Strategy]) -> None:
        """Make nothing yet."""
        self._make = make
        self._strategy: Strategy | None = None

    def advise(self, consult: Consult) -> Advised:
        """Ask the strategy; return its answer or how it failed."""
        begin = time.monotonic()
        try:
            if self._strategy is None:
                self._strategy = self._make()
            enter, error = checked(self._strategy.on_market(consult.view)), None
        except KeyboardInterrupt:
            raise  # the process's, not the strategy's
        except StrategyError as failure:
            enter, error = None, str(failure)
        except BaseException as failure:  # noqa: BLE001 - a user's code may raise anything
            enter, error = None, f"raised {describe(failure)}"
        took_ms = (time.monotonic() - begin) * 1000
        return Advised(number=consult.number, enter=enter, error=error, took_ms=took_ms)


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
