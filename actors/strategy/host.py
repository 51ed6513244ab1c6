"""The host of a user's strategy: its process is started, asked, ended and started again.

An edge, and an actor like any other: it waits for nothing. What the process answers goes to the
desk at once, from the thread that reads it.
"""

from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from loguru import logger

from actors.runtime.actor import Actor, describe
from actors.runtime.supervision import RestartPolicy, RestartTimes
from actors.runtime.system import System
from actors.strategy.answer import StrategyError
from actors.strategy.process import Ended, Hear, Said, StrategyProcess
from actors.strategy.wire import Answer, Question, Ready, Start
from config.settings import Settings
from messages.addresses import GUARDIAN, OBSERVERS, STRATEGY, STRATEGY_RUNNER
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import Send, Wake
from messages.guardian import Escalated
from messages.observers import Alarm, AlarmKind
from messages.strategy import (
    Advised,
    Consult,
    ReplaceStrategy,
    StrategyEnded,
    StrategyLost,
    StrategyReady,
    StrategyStarted,
)

RESTART = "restart"
"""The key of the one timer."""
_END_SECONDS = 15.0
_AT_ONCE = Milliseconds(0)


class OwnProcess:
    """Starts the strategy in processes of its own. The first is ready before anything trades."""

    def __init__(self, settings: Settings, folders: tuple[Path, ...]) -> None:
        """Say which class, and where its module is looked for."""
        self._start = Start(
            use=settings.strategy.use, folders=tuple(map(str, folders)), settings=settings
        )
        self._first: StrategyProcess | None = None
        self._all: list[StrategyProcess] = []

    def start_first(self) -> None:
        """Start it, and wait until the strategy is made.

        Raises:
            StrategyError: it can't be made, or not within ``strategy.start_seconds``.

        """
        said: SimpleQueue[Said] = SimpleQueue()
        process = self._new(said.put)
        most = self._start.settings.strategy.start_ms / 1_000 + _END_SECONDS
        try:
            first = said.get(timeout=most)
        except Empty:
            first = Ended("it did not answer")
        match first:
            case Ready(error=None):
                self._first = process
            case Ready(error=str() as error):
                raise StrategyError(error, first.details)
            case Ended(why=why):
                raise StrategyError(f"strategy {self._start.use!r} did not start: {why}")
            case _:
                raise StrategyError(f"strategy {self._start.use!r} answered before it was asked")

    def next(self, hear: Hear) -> tuple[StrategyProcess, bool]:
        """Return the first process, which is ready, or a new one; and whether it is ready."""
        process, self._first = self._first, None
        if process is None:
            return self._new(hear, has_log=True), False
        process.attach(hear)
        return process, True

    def close(self) -> None:
        """End what still runs, and wait for it."""
        for process in self._all:
            process.end("the session is over")
        for process in self._all:
            process.join(_END_SECONDS)

    def _new(self, hear: Hear, *, has_log: bool = False) -> StrategyProcess:
        self._all = [one for one in self._all if not one.join(0.0)]
        process = StrategyProcess(self._start, hear, has_log=has_log)
        self._all.append(process)
        return process


class StrategyHost(Actor):
    """Keeps one process of the strategy alive, as often as the policy allows."""

    def __init__(
        self, system: System, address: Address, processes: OwnProcess, policy: RestartPolicy
    ) -> None:
        """Take over the first process."""
        super().__init__(system, address)
        self._processes = processes
        self._times = RestartTimes(policy)
        self._policy = policy
        self._generation = 0
        self._error: str | None = None
        self._details = ""
        self._is_asked_for = False
        """Its end was asked for, and who asked has said why."""
        self._is_failure = True
        """Its next end counts."""
        self._is_over = False
        self._process, self._is_ready = processes.next(self._hears())

    def handle(self, message: Message) -> object:
        """Ask, or follow what the process's thread tells. Raises ``TypeError``."""
        match message:
            case Consult():
                self._ask(message)
            case StrategyReady():
                self._on_ready(message)
            case StrategyEnded():
                self._on_ended(message)
            case ReplaceStrategy():
                self._replace(message)
            case Wake():
                self._begin()
            case _:
                raise TypeError(f"a strategy's host does not handle {type(message).__name__}")
        return None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Say that there is no advice; try again what the process's thread says once only."""
        if isinstance(message, Consult):
            failed = Advised(number=message.number, error=f"raised {describe(error)}")
            return (Send(STRATEGY, failed),)
        if isinstance(message, StrategyReady | StrategyEnded | ReplaceStrategy):
            return self.try_again(message)
        return super().on_skipped(message, error)

    def on_stop(self) -> None:
        """End the process; nobody waits for it here."""
        self._process.end("the session is over")

    def _hears(self) -> Hear:
        return partial(_tell, self.system, self._generation)

    def _ask(self, consult: Consult) -> None:
        if self._is_ready:
            self._process.ask(Question(number=consult.number, view=consult.view))
        else:
            self.send(STRATEGY, StrategyLost(error=None))

    def _on_ready(self, message: StrategyReady) -> None:
        if message.generation != self._generation:
            return
        if message.error is None:
            self._is_ready = True
            self.send(STRATEGY, StrategyStarted())
        else:
            self._error, self._details = message.error, message.details

    def _on_ended(self, message: StrategyEnded) -> None:
        """Plan the next start, after a pause that grows; give up where it ends too often."""
        if message.generation != self._generation:
            return
        self._is_ready = False
        error = self._error or message.why
        told, details = None if self._is_asked_for else error, self._details
        self._error, self._details, self._is_asked_for = None, "", False
        pause = self._times.grant(self.now()) if self._is_failure else _AT_ONCE
        self._is_over, self._is_failure = pause is None, True
        lost = StrategyLost(error=told, details=details, is_final=self._is_over)
        self.send(STRATEGY, lost)
        if pause is None:
            self._escalate(error)
        else:
            self.set_timer(RESTART, Timestamp(self.now() + pause))

    def _replace(self, message: ReplaceStrategy) -> None:
        logger.warning("the strategy's process is replaced: {}", message.reason)
        self._is_ready, self._is_asked_for = False, True
        self._is_failure = message.is_failure
        self._process.end(message.reason)
        if self._is_over:  # a person starts it again
            self._times = RestartTimes(self._policy)
            self._begin()

    def _begin(self) -> None:
        self._is_over, self._is_asked_for, self._is_failure = False, False, True
        self._generation += 1
        self._process, self._is_ready = self._processes.next(self._hears())

    def _escalate(self, error: str) -> None:
        text = (
            f"the strategy's process ended too often, last: {error}; it is not started again until"
            f" a person does (inspect: restart {STRATEGY_RUNNER})"
        )
        self.send(OBSERVERS, Alarm(kind=AlarmKind.ESCALATED, text=text))
        self.send(GUARDIAN, Escalated(actor=self.address, error=error))


def _tell(system: System, generation: int, said: Said) -> None:
    """Hand on what a process said. On its thread."""
    match said:
        case Answer():
            system.tell(STRATEGY, _advised(said), STRATEGY_RUNNER)
        case Ready():
            ready = StrategyReady(generation=generation, error=said.error, details=said.details)
            system.tell(STRATEGY_RUNNER, ready)
        case Ended():
            system.tell(STRATEGY_RUNNER, StrategyEnded(generation=generation, why=said.why))


def _advised(said: Answer) -> Advised:
    return Advised(
        number=said.number,
        enter=said.enter,
        error=said.error,
        details=said.details,
        took_ms=said.took_ms,
    )
