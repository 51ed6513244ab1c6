"""The strategy as actors: the desk on the dispatcher, its code on a thread of its own.

Owns how they are put together from the settings. In a replay on the simulated dispatcher the code
is called directly: then every market point is decided on before the next one comes.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from actors.runtime.actor import Actor
from actors.runtime.system import System
from actors.strategy.desk import Desk, Orders, Ways
from actors.strategy.drop import DropStrategy
from actors.strategy.port import Strategy, loaded
from actors.strategy.runner import Advisor, StrategyRunner
from config.settings import Settings
from messages.addresses import STRATEGY, STRATEGY_RUNNER
from messages.base import Address, Message
from messages.envelope import Send
from messages.market import Capabilities
from messages.strategy import Advised, Consult, SymbolBusy

DROP = "drop"
"""What ``strategy.use`` calls the built-in one."""


class StrategyActor(Actor):
    """Shows markets to the strategy and asks for positions. An edge: not recorded."""

    def __init__(
        self,
        system: System,
        address: Address,
        orders: Orders,
        make: Callable[[], Strategy] | None = None,
    ) -> None:
        """Call the strategy directly where ``make`` is given; else ask the runner's thread."""
        super().__init__(system, address)
        consult = self._ask_runner if make is None else Advisor(make).advise
        self._desk = Desk(orders, Ways(self.send, self.set_timer, consult, self._replace_runner))

    def handle(self, message: Message) -> object:
        """Hand the message to the desk."""
        return self._desk.handle(message, self.now())

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Try again to learn whether a symbol is busy; of markets the next one comes."""
        if isinstance(message, SymbolBusy):
            return self.try_again(message)
        return super().on_skipped(message, error)

    def _ask_runner(self, consult: Consult) -> Advised | None:
        self.send(STRATEGY_RUNNER, consult)
        return None

    def _replace_runner(self) -> None:
        self.system.restart(STRATEGY_RUNNER)


def strategy_of(settings: Settings, folders: tuple[Path, ...] = ()) -> Callable[[], Strategy]:
    """Return what makes the configured strategy. A user's module is looked for in ``folders``.

    Raises:
        StrategyError: there is no such strategy, or it is none.

    """
    if settings.strategy.use == DROP:
        return partial(DropStrategy, settings.drop)
    return partial(loaded(settings.strategy.use, folders), settings)


def spawn_runner(system: System, make: Callable[[], Strategy]) -> None:
    """Start the thread that the strategy's code runs on."""
    system.spawn(StrategyRunner, STRATEGY_RUNNER, make, pinned=True)


def spawn_strategy(
    system: System,
    settings: Settings,
    make: Callable[[], Strategy],
    venue: Capabilities,
    *,
    direct: bool,
) -> None:
    """Start the strategy; ``direct`` calls its code on the dispatcher, else the runner is asked."""
    orders = Orders(
        settings.strategy.use, settings.plan, settings.drop.budget, settings.guards, venue
    )
    system.spawn(StrategyActor, STRATEGY, orders, make if direct else None)
