"""The host of a strategy's process, with processes that a test plays: no thread, no process."""

from typing import cast

from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.supervision import RestartPolicy, RestartTimes
from actors.runtime.system import System
from actors.strategy.host import OwnProcess, StrategyHost
from actors.strategy.process import Ended, Hear, StrategyProcess
from actors.strategy.wire import Answer, Question, Ready
from messages.addresses import GUARDIAN, OBSERVERS, STRATEGY, STRATEGY_RUNNER
from messages.base import Message, Milliseconds, Timestamp
from messages.gateway import FetchBalances
from messages.guardian import Escalated
from messages.observers import Alarm, AlarmKind, MessageSkipped
from messages.strategy import Advised, Consult, ReplaceStrategy, StrategyLost, StrategyStarted
from tests.actors.listener import Listener
from tests.actors.strategy.markets import view

POLICY = RestartPolicy(
    max_restarts=2,
    window_ms=Milliseconds(60_000),
    backoff_ms=Milliseconds(100),
    backoff_max_ms=Milliseconds(10_000),
)


class PlayedProcess:
    """Notes what it is asked; the test says what it answers."""

    def __init__(self, hear: Hear) -> None:
        self.hear = hear
        self.asked: list[Question] = []
        self.ended: list[str] = []

    def ask(self, question: Question) -> None:
        self.asked.append(question)

    def end(self, why: str) -> None:
        self.ended.append(why)


class PlayedProcesses:
    def __init__(self) -> None:
        self.all: list[PlayedProcess] = []

    def next(self, hear: Hear) -> tuple[PlayedProcess, bool]:
        self.all.append(PlayedProcess(hear))
        return self.all[-1], len(self.all) == 1


class Stage:
    """A host, and ears where its messages go."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.clock = VirtualClock()
        self.system = System(SimulatedDispatcher(), self.clock, MemoryJournal())
        for address in (OBSERVERS, STRATEGY, GUARDIAN):
            self.system.spawn(Listener, address, self.heard)
        self.processes = PlayedProcesses()
        self.system.spawn(StrategyHost, STRATEGY_RUNNER, cast(OwnProcess, self.processes), POLICY)

    @property
    def process(self) -> PlayedProcess:
        return self.processes.all[-1]

    def tell(self, message: Message) -> list[Message]:
        self.system.tell(STRATEGY_RUNNER, message)
        return self.rest()

    def says(self, said: Ready | Answer | Ended) -> list[Message]:
        self.process.hear(said)
        return self.rest()

    def wait(self, ms: int) -> list[Message]:
        self.clock.advance_to(Timestamp(self.clock.now() + ms))
        return self.rest()

    def rest(self) -> list[Message]:
        self.heard.clear()
        assert self.system.dispatcher.wait_idle(1.0)
        return list(self.heard)


CONSULT = Consult(number=4, view=view(1))


def test_a_consult_becomes_a_question_and_its_answer_goes_to_the_desk() -> None:
    stage = Stage()
    assert stage.tell(CONSULT) == []
    assert stage.process.asked == [Question(number=4, view=CONSULT.view)]
    answer = Answer(number=4, error="raised X", details="a traceback", took_ms=3.0)
    advised = Advised(number=4, error="raised X", details="a traceback", took_ms=3.0)
    assert stage.says(answer) == [advised]


def test_a_process_that_ends_is_started_again_after_a_pause() -> None:
    stage = Stage()
    assert stage.says(Ended("its process exited with code 3")) == [
        StrategyLost(error="its process exited with code 3")
    ]
    assert stage.tell(CONSULT) == [StrategyLost(error=None)]
    stage.wait(99)
    assert len(stage.processes.all) == 1
    stage.wait(1)
    assert len(stage.processes.all) == 2
    assert stage.tell(CONSULT) == [StrategyLost(error=None)], "it is not ready yet"
    assert stage.says(Ready()) == [StrategyStarted()]
    stage.tell(CONSULT)
    assert len(stage.process.asked) == 1


def test_what_an_old_process_says_does_not_concern_the_new_one() -> None:
    stage = Stage()
    old = stage.process
    stage.says(Ended("gone"))
    stage.wait(100)
    for said in (Ready(), Ended("late")):
        old.hear(said)
        assert stage.rest() == []


def test_a_process_that_can_not_make_the_strategy_is_lost_with_that_error() -> None:
    stage = Stage()
    stage.says(Ended("gone"))
    stage.wait(100)
    assert stage.says(Ready(error="importing failed (rules.py, line 3)", details="where")) == []
    assert stage.says(Ended("its process exited with code 0")) == [
        StrategyLost(error="importing failed (rules.py, line 3)", details="where")
    ]


def test_a_process_that_is_to_be_replaced_is_ended_and_that_is_no_second_failure() -> None:
    stage = Stage()
    assert stage.tell(ReplaceStrategy(reason="it did not answer in time")) == []
    assert stage.process.ended == ["it did not answer in time"]
    assert stage.says(Ended("it did not answer in time")) == [StrategyLost(error=None)]
    stage.wait(100)
    assert stage.says(Ready()) == [StrategyStarted()]


def lost_too_often() -> tuple[Stage, list[Message]]:
    stage = Stage()
    for pause in (100, 200):
        stage.says(Ended("gone"))
        stage.wait(pause)
    assert len(stage.processes.all) == 3
    return stage, stage.says(Ended("gone for good"))


def test_one_that_ends_too_often_is_not_started_again_and_no_new_risk_is_taken() -> None:
    stage, sent = lost_too_often()
    lost, alarm, escalated = sorted(sent, key=lambda one: type(one).__name__, reverse=True)[:3]
    assert lost == StrategyLost(error="gone for good", is_final=True)
    assert isinstance(escalated, Alarm)
    assert escalated.kind is AlarmKind.ESCALATED
    assert alarm == Escalated(actor=STRATEGY_RUNNER, error="gone for good")
    stage.wait(1_000_000)
    assert len(stage.processes.all) == 3


def test_a_person_starts_it_again() -> None:
    stage, _ = lost_too_often()
    stage.tell(ReplaceStrategy(reason="by hand"))
    assert len(stage.processes.all) == 4
    assert stage.says(Ready()) == [StrategyStarted()]


def test_a_replacement_by_hand_comes_at_once_and_counts_for_nothing() -> None:
    stage = Stage()
    for number in range(2, 8):
        stage.tell(ReplaceStrategy(reason="by hand", is_failure=False))
        assert stage.says(Ended("by hand")) == [StrategyLost(error=None)]
        stage.wait(1)
        assert len(stage.processes.all) == number
        assert stage.says(Ready()) == [StrategyStarted()]


def test_losses_that_lie_apart_are_each_forgiven() -> None:
    stage = Stage()
    for _ in range(10):
        stage.says(Ended("gone"))
        stage.wait(60_000)
        assert stage.says(Ready()) == [StrategyStarted()]


def test_an_end_on_which_it_raised_is_looked_at_again() -> None:
    stage = Stage()
    host = stage.system.mailboxes[STRATEGY_RUNNER].actor
    assert isinstance(host, StrategyHost)
    times, host._times = host._times, cast(RestartTimes, RaisesOnce())
    host._times.other = times  # type: ignore[attr-defined]
    skipped, lost = stage.says(Ended("gone"))
    assert isinstance(skipped, MessageSkipped | StrategyLost)
    assert isinstance(lost, MessageSkipped | StrategyLost)
    stage.wait(100)
    assert len(stage.processes.all) == 2


class RaisesOnce:
    """Raises when first asked, then asks another."""

    def __init__(self) -> None:
        self.other: RestartTimes | None = None
        self.has_raised = False

    def grant(self, now: Timestamp) -> Milliseconds | None:
        if not self.has_raised:
            self.has_raised = True
            raise ValueError("poison")
        assert self.other is not None
        return self.other.grant(now)


def test_a_host_that_stops_ends_the_process() -> None:
    stage = Stage()
    stage.system.shutdown(1.0)
    assert stage.process.ended == ["the session is over"]


def test_a_message_for_somebody_else_is_named() -> None:
    stage = Stage()
    (skipped,) = stage.tell(FetchBalances())
    assert isinstance(skipped, MessageSkipped)
    assert "FetchBalances" in skipped.error


def test_a_played_process_has_the_real_ones_port() -> None:
    for name in ("ask", "end"):
        assert callable(getattr(StrategyProcess, name))
