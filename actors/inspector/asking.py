"""What actors must be asked for: reading questions, and what a person wants done. Never waited for.

Owns the answers that are still to come, each with a deadline: an actor that is stuck does not make
the inspector so. Who may be asked what is a list, and none of it changes anything but a command,
which the operator writes down first.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from loguru import logger
from pykka import Future, Timeout

from actors.inspector.reading import raw
from actors.inspector.suspension import Suspensions
from actors.journal.codec import UnreadableError, decode_message
from actors.operator.core import CommandError, message_of
from actors.runtime.actor import describe
from actors.runtime.system import System
from config.settings import InspectorSettings
from messages.addresses import MARKET_DATA, OBSERVERS, OPERATOR, PORTFOLIO, STRATEGY
from messages.base import Address, Message, Milliseconds
from messages.envelope import Step
from messages.inspection import ActorAnswered, Answer, AskActor, Operate, Operated, Refused
from messages.market_data import ReadMarket
from messages.operator import Operation, OperatorCommand
from messages.portfolio import DescribeAccounts
from messages.session import ReadSession
from messages.strategy import ReadVerdict

_PENDING_MAX = 32

_READERS: dict[type[Message], Address] = {
    DescribeAccounts: PORTFOLIO,
    ReadMarket: MARKET_DATA,
    ReadSession: OBSERVERS,
    ReadVerdict: STRATEGY,
}
_NOT_SUSPENDED = frozenset({OPERATOR})

Hear = Callable[[Answer], None]


class _Pending(msgspec.Struct):
    to: Address
    future: Future[Any]
    until: float
    finish: Callable[[object], Answer]
    hear: Hear
    late: str


class Asking:
    """Questions under way to actors."""

    def __init__(self, system: System, suspensions: Suspensions, limits: InspectorSettings) -> None:
        """Begin with none."""
        self._system = system
        self._limits = limits
        self._suspensions = suspensions
        self._pending: list[_Pending] = []

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is to come."""
        return bool(self._pending)

    def ask(self, question: AskActor, hear: Hear) -> None:
        """Put the question; ``hear`` is told the answer, soon or at its deadline."""
        try:
            message = decode_message(question.message)
        except UnreadableError as error:
            hear(Refused(text=f"no message: {error}"))
            return
        if _READERS.get(type(message)) != question.to:
            can = ", ".join(f"{kind.__name__} of {to}" for kind, to in _READERS.items())
            name = type(message).__name__
            hear(Refused(text=f"{name} can't be asked of {question.to}; what can: {can}"))
            return
        late = "it is stuck or busy: see tree"
        self._put(
            question.to, message, lambda answer: ActorAnswered(message=raw(answer)), hear, late
        )

    def operate(self, question: Operate, hear: Hear) -> None:
        """Have the operator write the command down and send it on, then do what is ours of it."""
        problem = self._problem(question)
        if problem:
            hear(Refused(text=problem))
            return

        def finish(step: object) -> Answer:
            is_new = isinstance(step, Step) and bool(step.changes)
            return Operated(is_new=is_new, text=self._done(question, is_new=is_new))

        late = "it may still be done: ask again under the same id, it is done once"
        self._put(OPERATOR, question.command, finish, hear, late)

    def look(self) -> None:
        """Tell who asked what has come, or that nothing came in time."""
        now, waiting = time.monotonic(), []
        for one in self._pending:
            try:
                answer = one.finish(one.future.get(timeout=0))
            except Timeout:
                if now < one.until:
                    waiting.append(one)
                    continue
                answer = Refused(
                    text=f"{one.to} does not answer; {one.late}", may_be_done=one.to == OPERATOR
                )
            except Exception as error:  # noqa: BLE001 - the actor's, told to who asked
                answer = Refused(text=f"{one.to}: {describe(error)}")
            one.hear(answer)
        self._pending = waiting

    def _put(
        self,
        to: Address,
        message: Message,
        finish: Callable[[object], Answer],
        hear: Hear,
        late: str,
    ) -> None:
        if len(self._pending) >= _PENDING_MAX:
            hear(Refused(text=f"{_PENDING_MAX} questions wait for actors already"))
            return
        mailbox = self._system.mailboxes.get(to)
        if mailbox is None or mailbox.ref is None:
            hear(Refused(text=f"nobody lives at {to}"))
            return
        future = mailbox.ref.ask(self._system.envelope(message), block=False)
        until = time.monotonic() + self._limits.answer_ms / 1000
        self._pending.append(_Pending(to, future, until, finish, hear, late))

    def _problem(self, question: Operate) -> str:
        command = question.command
        if not command.reason.strip() or not command.command_id:
            return "a command needs a reason and an id"
        if command.to not in self._system.mailboxes:
            return f"nobody lives at {command.to}"
        if command.operation is Operation.SEND:
            return _sending_problem(command)
        if command.to in _NOT_SUSPENDED:
            return f"{command.to} can't be suspended: it would hear no command any more"
        if not 0 < question.for_ms <= self._limits.suspend_max_ms:
            return f"an actor is suspended for at most {self._limits.suspend_max_ms // 1000} s"
        return ""

    def _done(self, question: Operate, *, is_new: bool) -> str:
        command = question.command
        if not is_new:
            return "done before, under the same id; not done again"
        said = f"an operator: {command.operation.value} {command.message_type} to {command.to}"
        logger.warning("{} ({})", said, command.reason)
        match command.operation:
            case Operation.SEND:
                return f"{command.message_type} sent to {command.to}"
            case Operation.SUSPEND:
                return self._suspend(command.to, question.for_ms)
            case Operation.RELEASE:
                was = self._suspensions.release(command.to)
                return f"{command.to} " + ("goes on" if was else "was not suspended")

    def _suspend(self, address: Address, for_ms: Milliseconds) -> str:
        self._suspensions.suspend(address, time.monotonic() + for_ms / 1000)
        return f"{address} is suspended; it goes on by itself in {for_ms / 1000:g} s"


def _sending_problem(command: OperatorCommand) -> str:
    try:
        message_of(command)
    except CommandError as error:
        return str(error)
    return ""
