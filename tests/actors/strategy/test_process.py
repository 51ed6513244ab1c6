"""A strategy's own process, really started: what it does ends it, and nothing of it is left."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from msgspec.structs import replace

from actors.strategy.process import Ended, Said, StrategyProcess, environment
from actors.strategy.wire import Answer, Question, Ready, Start
from config.settings import Settings, StrategySettings
from tests.actors.strategy.markets import view
from tests.system.attacks.strategies import left_behind

SECONDS = 60.0
"""For what takes moments, or the test fails."""
_CLASS = "tests.system.attacks.troubles:Troubled"


class Started:
    """A process, and what it said."""

    def __init__(self, trouble: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mark = str(folder / "trouble")
        monkeypatch.setenv("TROUBLE", trouble)
        monkeypatch.setenv("TROUBLE_FILE", self.mark)
        own = StrategySettings(
            use=_CLASS,
            memory_bytes=200_000_000,
            output_bytes=100_000,
            environment=("TROUBLE", "TROUBLE_FILE"),
        )
        start = Start(use=_CLASS, folders=(), settings=replace(Settings(), strategy=own))
        self.said: SimpleQueue[Said] = SimpleQueue()
        self.process = StrategyProcess(start, self.said.put, has_log=True)
        assert self.next() == Ready()

    def next(self) -> Said:
        return self.said.get(timeout=SECONDS)

    def ask(self, *, is_busy: bool, number: int = 1) -> None:
        self.process.ask(Question(number=number, view=view(number, is_busy=is_busy)))

    def end_of(self) -> str:
        """Return why it ended; all that it started is gone then."""
        while isinstance(ended := self.next(), Answer):
            pass  # given before a bound was found broken
        assert isinstance(ended, Ended)
        assert self.process.join(SECONDS)
        assert left_behind(self.mark, but=os.getpid()) == []
        return ended.why


@pytest.fixture
def started(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Started]:
    one = Started(request.param, tmp_path, monkeypatch)
    yield one
    one.process.end("the test is over")
    assert one.process.join(SECONDS)


@pytest.mark.parametrize("started", ["forks"], indirect=True)
def test_it_answers_one_question_after_the_other_until_it_is_ended(started: Started) -> None:
    for number in range(1, 4):
        started.ask(is_busy=False, number=number)
        answer = started.next()
        assert isinstance(answer, Answer)
        assert answer.number == number
        assert answer.enter is not None
    started.process.end("enough")
    assert started.end_of() == "enough"


@pytest.mark.parametrize(
    ("started", "why"),
    [
        ("exit_at_once", "its process exited with code 7"),
        ("crash", "its process was ended by SIGSEGV"),
        ("kill_parents_group", "its process was ended by SIGKILL"),
        ("leak", "bytes of memory: 200,000,000 are allowed"),
        ("forks", "processes: 64 are allowed"),
        ("flood", "bytes within 10 s: 100,000 are allowed"),
        ("close_pipes", "it closed the pipe of its answers"),
        ("write_everywhere", "it answered with more than 65,536 bytes"),
    ],
    indirect=["started"],
)
def test_all_that_came_of_it_is_ended(started: Started, why: str) -> None:
    started.ask(is_busy=True)
    assert why in started.end_of()


@pytest.mark.parametrize("started", ["close_output"], indirect=True)
def test_one_that_closed_its_output_goes_on_answering(started: Started) -> None:
    for number in range(1, 4):
        started.ask(is_busy=number == 1, number=number)
        answer = started.next()
        assert isinstance(answer, Answer)
        assert answer.error is None
    started.process.end("enough")
    assert started.end_of() == "enough"


@pytest.mark.parametrize("started", ["stop_itself", "sleep_in_c"], indirect=True)
def test_one_that_can_not_answer_can_be_ended(started: Started) -> None:
    started.ask(is_busy=True)
    deadline = time.monotonic() + SECONDS
    while not Path(started.mark).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started.process.end("no answer")
    assert started.end_of() == "no answer"


def test_a_strategy_sees_the_usual_variables_and_those_that_are_given() -> None:
    whole = {"PATH": "/bin", "LC_ALL": "C", "BINANCE_SECRET": "x", "MODEL": "m", "OTHER": "o"}
    assert environment(("MODEL", "ABSENT"), whole) == {"PATH": "/bin", "LC_ALL": "C", "MODEL": "m"}
