"""The strategy as actors: the desk on the dispatcher, its code in a process or on a thread.

Owns how they are put together from the settings. A user's class runs in a process of its own; the
built-in strategy, and with ``--debug`` a user's, on a thread of its own. In a replay on the
simulated dispatcher the code is called directly: then every market point is decided on before the
next one comes.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from loguru import logger

from actors.runtime.actor import Actor
from actors.runtime.supervision import RestartPolicy
from actors.runtime.system import System
from actors.strategy.advisor import Advisor
from actors.strategy.drop import DropStrategy
from actors.strategy.entry_desk import Desk, Orders, Ways
from actors.strategy.host import OwnProcess, StrategyHost
from actors.strategy.port import Strategy, loaded
from actors.strategy.runner import StrategyRunner
from config.settings import Settings
from messages.addresses import STRATEGY, STRATEGY_RUNNER
from messages.base import Address, Message
from messages.envelope import Send
from messages.market import Capabilities
from messages.strategy import (
    Advised,
    Consult,
    ReplaceStrategy,
    StrategyLost,
    StrategyStarted,
    SymbolBusy,
)

DROP = "drop"
"""What ``strategy.use`` calls the built-in one."""

StrategySource = Callable[[], Strategy] | OwnProcess
"""Where a strategy comes from: what makes one in this process, or a process of its own."""


class StrategyActor(Actor):
    """Shows markets to the strategy and asks for positions. An edge: not recorded."""

    def __init__(
        self,
        system: System,
        address: Address,
        orders: Orders,
        make: Callable[[], Strategy] | None = None,
        *,
        is_hosted: bool = False,
    ) -> None:
        """Call the strategy directly where ``make`` is given; else ask the host, or the thread."""
        super().__init__(system, address)
        consult = self._ask_runner if make is None else partial(self._call, Advisor(make))
        give_up = self._replace_process if is_hosted else self._replace_runner
        ways = Ways(self.send, self.set_timer, consult, give_up, is_hosted=is_hosted)
        self._desk = Desk(orders, ways)

    def handle(self, message: Message) -> object:
        """Hand the message to the desk; log the traceback that came with a failure."""
        if isinstance(message, Advised | StrategyLost):
            _log_details(message)
        return self._desk.handle(message, self.now())

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Try again to learn what is told once only; of markets the next one comes."""
        if isinstance(message, SymbolBusy | StrategyLost | StrategyStarted):
            return self.try_again(message)
        return super().on_skipped(message, error)

    def _ask_runner(self, consult: Consult) -> Advised | None:
        self.send(STRATEGY_RUNNER, consult)
        return None

    def _call(self, advisor: Advisor, consult: Consult) -> Advised:
        advised = advisor.advise(consult)
        _log_details(advised)
        return advised

    def _replace_runner(self) -> None:
        self.system.restart(STRATEGY_RUNNER)

    def _replace_process(self) -> None:
        self.send(STRATEGY_RUNNER, ReplaceStrategy(reason="it did not answer in time"))


def _log_details(message: Advised | StrategyLost) -> None:
    if message.details:
        logger.bind(traceback=message.details).debug("the strategy's own traceback")


def strategy_of(settings: Settings, folders: tuple[Path, ...] = ()) -> Callable[[], Strategy]:
    """Return what makes the configured strategy. A user's module is looked for in ``folders``.

    Raises:
        StrategyError: there is no such strategy, or it is none.

    """
    if settings.strategy.use == DROP:
        return partial(DropStrategy, settings.drop)
    return partial(loaded(settings.strategy.use, folders), settings)


def spawn_runner(system: System, source: StrategySource, policy: RestartPolicy) -> None:
    """Start what runs the strategy's code: the host of its process, or a thread."""
    if isinstance(source, OwnProcess):
        system.spawn(StrategyHost, STRATEGY_RUNNER, source, policy)
    else:
        system.spawn(StrategyRunner, STRATEGY_RUNNER, source, pinned=True)


def restart_runner(system: System, source: StrategySource) -> None:
    """Put a new process or thread in the place of the one that runs the strategy's code."""
    if isinstance(source, OwnProcess):
        system.tell(
            STRATEGY_RUNNER, ReplaceStrategy(reason="the supervisor restarts it", is_failure=False)
        )
    else:
        system.restart(STRATEGY_RUNNER)


def spawn_strategy(
    system: System,
    settings: Settings,
    source: StrategySource,
    venue: Capabilities,
    *,
    direct: bool,
) -> None:
    """Start the strategy; ``direct`` calls its code on the dispatcher, else the runner is asked.

    Raises:
        ValueError: a process of its own can't be called directly.

    """
    orders = Orders(
        settings.strategy.use, settings.plan, settings.drop.budget, settings.guards, venue
    )
    if not isinstance(source, OwnProcess):
        system.spawn(StrategyActor, STRATEGY, orders, source if direct else None)
    elif direct:
        raise ValueError("a strategy in a process of its own can't be called directly")
    else:
        system.spawn(StrategyActor, STRATEGY, orders, is_hosted=True)
