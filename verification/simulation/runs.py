"""One run of one schedule from outside: what came of it, by which rule it failed, its trace."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple

from loguru import logger

from messages.base import Address
from messages.envelope import Envelope
from verification.simulation.choices import Choices
from verification.simulation.world import World


class Outcome(NamedTuple):
    """What came of one run."""

    schedule: tuple[int, ...]
    """What was chosen."""
    trace: str
    """A hash of every delivery and every recorded step: equal traces are one history."""
    deliveries: int
    error: str | None
    """The rule that broke, with the numbers; None: all held."""

    @property
    def rule(self) -> str | None:
        """The rule that broke, without the numbers: what a shrunk schedule must break too."""
        return None if self.error is None else rule_of(self.error)


def rule_of(error: str) -> str:
    """Return an error's words without what differs between two runs."""
    return re.sub(r"[\d.]+", "#", error.partition("\n")[0])[:120]


def run(choices: Choices | Iterable[int]) -> Outcome:
    """Run a schedule to its end."""
    world = World(choices)
    return finish(world)


def finish(world: World) -> Outcome:
    """Run what was begun; whatever a rule or an actor's way out of trouble raises is its error."""
    trace = Trace(world)
    error = None
    try:
        world.run()
    except Exception as problem:  # noqa: BLE001 - the finding
        error = str(problem) if isinstance(problem, AssertionError) else f"{problem!r}"
    finally:
        world.close()
    taken = tuple(world.choices.taken)
    return Outcome(taken, trace.head(), world.deliveries, error)


class Trace:
    """The history of a run, as one hash."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._words: list[str] = []
        world.listeners.append(self._note)

    def head(self) -> str:
        """Return the hash of all so far."""
        words = "\n".join((*self._words, self._world.head))
        return blake2b(words.encode(), digest_size=8).hexdigest()

    def _note(self, address: Address, envelope: Envelope) -> None:
        self._words += (address, type(envelope.message).__name__)


@contextmanager
def without_logs() -> Iterator[None]:
    """Leave the actors' logs aside: thousands of troubles that are meant to be."""
    logger.disable("actors")
    try:
        yield
    finally:
        logger.enable("actors")
