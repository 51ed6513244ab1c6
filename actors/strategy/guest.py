"""The program of a strategy's own process: makes the strategy, answers one question at a time.

Nothing of the main process is in it: a fresh interpreter, an environment without keys, and two
pipes. The main process trusts nothing that it says.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from actors.strategy.advisor import Advisor
from actors.strategy.answer import StrategyError
from actors.strategy.failure import failure_of
from actors.strategy.port import Strategy, loaded
from actors.strategy.wire import Answer, Frames, Question, Ready, Start, frame
from messages.strategy import Consult

_CHUNK = 65_536
_QUESTION_MOST = 100_000_000
"""Bytes; what the program sends is not doubted."""


def main(questions: int, answers: int) -> None:
    """Answer what comes in by one pipe on the other, until the first is closed."""
    advisor: Advisor | None = None
    for body in _bodies(questions):
        if advisor is None:
            strategy, ready = _made(msgspec.json.decode(body, type=Start))
            _write(answers, ready)
            if strategy is None:
                return
            advisor = Advisor(partial(_itself, strategy))
        else:
            _write(answers, _answer(advisor, msgspec.json.decode(body, type=Question)))


def _itself(strategy: Strategy) -> Strategy:
    return strategy


def _bodies(questions: int) -> Iterator[bytes]:
    frames = Frames(_QUESTION_MOST)
    while chunk := os.read(questions, _CHUNK):
        yield from frames.feed(chunk)


def _made(start: Start) -> tuple[Strategy | None, Ready]:
    try:
        return loaded(start.use, tuple(map(Path, start.folders)))(start.settings), Ready()
    except StrategyError as error:
        return None, Ready(error=str(error), details=error.details)
    except BaseException as error:  # noqa: BLE001 - a user's code may raise anything
        failure = failure_of(error)
        text = f"strategy {start.use!r} can't be made: {failure.text}"
        return None, Ready(error=text, details=failure.details)


def _answer(advisor: Advisor, question: Question) -> Answer:
    try:
        advised = advisor.advise(Consult(number=question.number, view=question.view))
    except KeyboardInterrupt as error:  # in a process of its own it is the strategy's
        failure = failure_of(error)
        return Answer(number=question.number, error=failure.text, details=failure.details)
    return Answer(
        number=advised.number,
        enter=advised.enter,
        error=advised.error,
        details=advised.details,
        took_ms=advised.took_ms,
    )


def _write(answers: int, message: msgspec.Struct) -> None:
    data = frame(message)
    while data:
        data = data[os.write(answers, data) :]
