"""What it costs to look: answers while ticks come as fast as they can, and ticks while one looks.

Run it from the checkout: ``python -m benchmarks.inspection``; ``--quick`` for a look whether it
works. A whole system on threads with 1,000 protected positions on one symbol; the market moves by
single steps, told to the gateway in bursts. Who looks is a process of its own, over the socket,
as in a session. Ticks are measured with nobody, with a tap on everybody, and with a tap on one
position, in turn: a second of a core, all threads of the process together, so that other work on
the machine counts for little.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from actors.inspector.place import SOCKET_NAME
from actors.inspector.server import Inspector
from actors.journal.inspection import nothing
from actors.journal.snapshot import Cut
from actors.operator.actor import OperatorActor
from actors.position.actor import PositionActor
from actors.runtime.dispatcher import ProductionDispatcher
from benchmarks.brackets import Brackets
from benchmarks.journal import open_journal
from benchmarks.measure import machine, show
from inspection.client import Connection
from inspection.command import Context
from inspection.commands import run
from inspection.source import LiveSource
from messages.addresses import GATEWAY, OPERATOR
from messages.base import Timestamp
from messages.inspection import PROTOCOL, Greeting
from session.folders import SESSION_NAME

POSITIONS, QUICK_POSITIONS = 1_000, 20
TICKS, QUICK_TICKS = 40_000, 4_000
WARM_TICKS = 20_000
"""Played before each round: the process that looks has just started."""
ROUNDS = 16
BURST = 1_000
QUESTIONS = ("tree", "state p500", "why p500", "position p500", "book", "ledger")
QUICK_QUESTIONS = ("tree", "state p5", "why p5", "position p5", "book", "ledger")
FAST = 3
"""So many of these have a goal."""
ASKED = 20
"""Times, each question."""
GOAL_MS = 100.0
GOAL_SHARE = 0.95
TAPS = {"nobody looks": None, "tap *": "*", "tap one position": "position/p5"}


class Scene:
    """The system, and an inspector on it."""

    def __init__(self, folder: Path, positions: int) -> None:
        """Open the positions; listen in ``folder``."""
        self.journal, self.lease = open_journal(folder)
        facts = {"mode": "a benchmark", "epoch": 1}
        (folder / SESSION_NAME).write_bytes(msgspec.json.encode(facts))
        dispatcher = ProductionDispatcher()
        self.brackets = Brackets(positions, dispatcher=dispatcher, durable=self.journal)
        self.system = self.brackets.stage.system
        self.system.spawn(OperatorActor, OPERATOR)
        self.cut = Cut(nothing(self.system.clock.now()))
        for address, mailbox in self.system.mailboxes.items():
            actor = mailbox.actor
            if isinstance(actor, PositionActor) and actor.life is not None:
                entities = (actor.life.charter, actor.life.position)
                self.cut.take(0, address, self.system.clock.now(), entities)
        self.system.observe(lambda r: self.cut.take(r.sequence, r.actor, r.now, r.changes))
        greeting = Greeting(
            protocol=PROTOCOL,
            pid=0,
            folder=str(folder),
            account="",
            at=Timestamp(0),
            started_at=Timestamp(0),
        )
        self.inspector = Inspector(self.system, dispatcher, self.cut, greeting)
        self.inspector.start()

    def play(self, ticks: int) -> float:
        """Let the market walk; return the seconds of a core that the process took for it."""
        moves = self.brackets.rocking(ticks)
        begun = time.process_time()
        for at in range(0, ticks, BURST):
            for moved in moves[at : at + BURST]:
                self.system.tell(GATEWAY, moved)
            self.brackets.stage.settle()
        return time.process_time() - begun

    def close(self) -> None:
        """End it."""
        self.inspector.stop()
        self.brackets.stage.close()
        self.journal.close()
        self.lease.close()


class Answered(NamedTuple):
    """How long one question took, while ticks came."""

    question: str
    median_ms: float
    most_ms: float


def tap_until(path: Path, actor: str, begun: Event, ended: Event) -> None:
    """Read a tap until told to stop. In a process of its own."""
    source = LiveSource(Connection(path))
    source.tap(actor, "*", 50)
    begun.set()
    while not ended.is_set():
        source.tapped(0.05)
    source.close()


def ask_all(path: Path, questions: Sequence[str], times: int) -> list[Answered]:
    """Ask each question; return how long it took. In a process of its own."""
    source = LiveSource(Connection(path))
    context = Context(source=source)
    reading = _timed(context.recorded, 1)  # what the prompt does in the background
    context.follow().start()
    answers = [Answered(one, *_timed(partial(run, context, one), times)) for one in questions]
    return [*answers, Answered("(the journal, read once)", *reading)]


def _timed(ask: Callable[[], object], times: int) -> tuple[float, float]:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begun) * 1000)
    return median(took), max(took)


@contextmanager
def tapped(path: Path, actor: str | None) -> Iterator[None]:
    """Have another process tap, meanwhile."""
    if actor is None:
        yield
        return
    context = get_context("spawn")
    begun, ended = context.Event(), context.Event()
    process = context.Process(target=tap_until, args=(path, actor, begun, ended))
    process.start()
    begun.wait()
    try:
        yield
    finally:
        ended.set()
        process.join()


def measure_ticks(scene: Scene, path: Path, ticks: int, rounds: int) -> dict[str, list[float]]:
    """Return the ticks a second of a core of each round, in turn."""
    rates: dict[str, list[float]] = {name: [] for name in TAPS}
    scene.play(ticks)  # what is made once is made
    for _ in range(rounds):
        for name, actor in TAPS.items():
            with tapped(path, actor):
                scene.play(min(ticks, WARM_TICKS))
                rates[name].append(ticks / scene.play(ticks))
    return rates


def measure_answers(scene: Scene, path: Path, questions: Sequence[str]) -> list[Answered]:
    """Return how long answers take while ticks come as fast as they can."""
    with get_context("spawn").Pool(1) as pool:
        asked = pool.apply_async(ask_all, (path, questions, ASKED))
        while not asked.ready():
            scene.play(BURST * 4)
        return asked.get()


def main(arguments: Sequence[str] | None = None) -> bool:
    """Measure, print; return whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few ticks, few positions")
    quick = parser.parse_args(arguments).quick
    count, ticks, rounds = (
        (QUICK_POSITIONS, QUICK_TICKS, 1) if quick else (POSITIONS, TICKS, ROUNDS)
    )
    with tempfile.TemporaryDirectory() as folder:
        scene, path = Scene(Path(folder), count), Path(folder) / SOCKET_NAME
        answers = measure_answers(scene, path, QUICK_QUESTIONS if quick else QUESTIONS)
        rates = measure_ticks(scene, path, ticks, rounds)
        scene.close()
    show(
        f"Answers beside full tick load, {count:,} positions; {machine()}",
        ("command", "median ms", "most ms"),
        [(one.question, f"{one.median_ms:.1f}", f"{one.most_ms:.1f}") for one in answers],
    )
    # Of rounds in turn, the median of each round's ratio: other work on the machine comes and goes.
    alone = rates["nobody looks"]
    shares = {
        name: median(one / other for one, other in zip(found, alone, strict=True))
        for name, found in rates.items()
    }
    show(
        f"Ticks a second of a core, {count:,} positions, median of {rounds} rounds in turn",
        ("", "ticks/s", "of nobody's"),
        [(name, f"{median(found):,.0f}", f"{shares[name]:.1%}") for name, found in rates.items()],
    )
    is_fast = all(one.median_ms < GOAL_MS for one in answers[:FAST])
    is_met = is_fast and min(shares.values()) >= GOAL_SHARE
    print(
        f"Goal {'met' if is_met else 'missed'}: answers < {GOAL_MS:g} ms, ticks ≥ {GOAL_SHARE:.0%}"
    )
    return is_met


if __name__ == "__main__":
    main(sys.argv[1:])
