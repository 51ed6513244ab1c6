"""Who finds known bugs: ``python -m verification.mutants``. Exits with 1 where one survives.

With ``--prove``: whether those that nobody can find differ from production at all.

Each mutant is put into the real code, and each driver looks for it: how many schedules it took. The
baselines are plain first-in-first-out order, and a uniform choice of everything. What was found is
kept in a file as it comes: begun again, the search goes on from there.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from verification.forks import __main__ as forks
from verification.forks.found import FOUND
from verification.model.killing import killed_in_the_model
from verification.mutants import of_forks
from verification.mutants.every import MUTANTS
from verification.mutants.injecting import Mutant
from verification.mutants.proofs import prove
from verification.simulation.choices import Choices
from verification.simulation.plans import PLANS
from verification.simulation.runs import run, without_logs
from verification.simulation.schedules import kept_files, load
from verification.simulation.strategies import (
    STEPS,
    STRATEGIES,
    Belated,
    Crashing,
    Exploring,
    Spell,
    Stale,
)

FIFO = "FIFO"
MODEL = "model"
KEPT = "kept"
TEST = "test"
"""The test that a mutant names."""
FORKS = "forks"
"""Two processes of one account: it looks for the mutants of that alone, and but for the test that
one names no other driver does."""
_KINDS: dict[str, type[Exploring]] = {
    kind.__name__: kind for kind in (*STRATEGIES, Spell, Crashing, Belated, Stale)
}
STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""
DRIVERS = (
    FIFO,
    "Uniform",
    "RandomWalk",
    "Pct",
    "DelayBounded",
    "Spell",
    "Crashing",
    "Belated",
    "Stale",
    KEPT,
    TEST,
    MODEL,
    FORKS,
)


class Search:
    """How far each driver is with each mutant, in a file."""

    def __init__(self, path: Path | None, seed: int) -> None:
        self._path, self._seed = path, seed
        self._found: dict[str, list[int | None]] = {}
        if path is not None and path.exists():
            self._found = json.loads(path.read_text())

    def known(self, mutant: str, driver: str) -> tuple[int | None, int]:
        """Return after how many schedules it was killed, and how many were run."""
        killed, tried = self._found.get(self._key(mutant, driver), (None, 0))
        return killed, tried or 0

    def note(self, mutant: str, driver: str, killed: int | None, tried: int) -> None:
        """Keep what came of it."""
        self._found[self._key(mutant, driver)] = [killed, tried]
        if self._path is not None:
            self._path.write_text(json.dumps(self._found, indent=1))

    def _key(self, mutant: str, driver: str) -> str:
        return f"{mutant}|{driver}|{self._seed}"


def schedules_to_kill(
    mutant: Mutant, driver: str, seed: int, most: int, first: int = 0
) -> int | None:
    """Return how many schedules of a driver it takes to break a rule; None: more than ``most``."""
    if driver in {KEPT, TEST}:
        is_killed = killed_by_kept(mutant) if driver == KEPT else killed_by_its_test(mutant)
        return 1 if is_killed else None
    if mutant in of_forks.MUTANTS or driver == FORKS:
        is_its = mutant in of_forks.MUTANTS and driver == FORKS
        return _killed_in_forks(mutant, seed, most, first) if is_its else None
    if driver == MODEL:
        return killed_in_the_model(mutant)
    with ExitStack() as stack, without_logs():
        mutant.inject(stack)
        for number in range(first, most):
            if driver == FIFO and number >= len(PLANS):
                return None  # nothing else is ever plain
            if _breaks(choices_of(driver, number, seed)):
                return number + 1
    return None


def _killed_in_forks(mutant: Mutant, seed: int, most: int, first: int) -> int | None:
    with ExitStack() as stack, without_logs():
        mutant.inject(stack)
        kept = () if first else FOUND.values()
        numbered = (forks.schedule_of(number, seed) for number in range(first, most))
        for number, schedule in enumerate((*kept, *numbered), first):
            if forks.run(schedule).error is not None:
                return number + 1
    return None


def choices_of(driver: str, number: int, seed: int) -> Choices:
    """Return the ``number``-th schedule of a driver."""
    if driver == FIFO:
        return Choices([number, 0, 0, 1, *[0] * 60])
    return _KINDS[driver](seed * 1_000_003 + number, STEPS[number % len(STEPS)])


def killed_by_its_test(mutant: Mutant) -> bool:
    """Return whether the test that a mutant names fails with it."""
    module, _, name = mutant.test.partition(":")
    if not name:
        return False
    with ExitStack() as stack:
        test = getattr(import_module(module), name)
        mutant.inject(stack)
        try:
            test()
        except AssertionError:
            return True
    return False


def killed_by_kept(mutant: Mutant) -> bool:
    """Return whether a schedule kept from an earlier failure finds it too."""
    if mutant in of_forks.MUTANTS:
        return False  # those of two processes are among the driver's own
    with ExitStack() as stack, without_logs():
        mutant.inject(stack)
        kept = (load(path) for path in kept_files())
        return any(_breaks(k.schedule) for k in kept if not k.is_open)


def _breaks(schedule: Choices | Sequence[int]) -> bool:
    """Return whether a rule breaks. Ctrl-C waits: an actor that it ends looks like one that raised.

    Raises KeyboardInterrupt after a run in which there was one.
    """
    stops: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: stops.append(number))
    try:
        is_broken = run(schedule).error is not None
    finally:
        signal.signal(signal.SIGINT, before)
    if stops:
        raise KeyboardInterrupt
    return is_broken


def _look_for(mutant: Mutant, driver: str, search: Search, options: argparse.Namespace) -> None:
    killed, tried = search.known(mutant.name, driver)
    if killed is None and tried < options.most:
        killed = schedules_to_kill(mutant, driver, options.seed, options.most, tried)
        search.note(mutant.name, driver, killed, options.most)


def _prove(mutants: Sequence[Mutant], console: Console) -> int:
    """Tell of each that is called equivalent what a whole search shows."""
    wrong = 0
    for mutant in mutants:
        if mutant.equivalent:
            proof = prove(mutant)
            wrong += proof.difference is not None
            console.print(f"{mutant.name}: {proof.difference or 'proven equivalent'}")
            console.print(
                f"  {proof.states:,} states, all of them; {proof.compared:,} messages taken twice; "
                f"in {proof.released_alive:,} states a released order works"
            )
    return 1 if wrong else 0


def main(arguments: list[str] | None = None) -> int:
    """Let every driver look for every mutant, and tell; return the process's exit code."""
    options = _parsed(arguments)
    try:
        return _look(options, Console(width=140))
    except KeyboardInterrupt:
        sys.stderr.write("stopped by Ctrl-C: not all was looked for\n")
        return STOPPED


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Who finds known bugs.")
    parser.add_argument("--most", type=int, default=1_000, help="schedules a driver may take")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drivers", default=",".join(DRIVERS))
    parser.add_argument("--only", default="", help="mutants with this in their names")
    parser.add_argument("--keep", type=Path, help="a file for what was found so far")
    parser.add_argument("--prove", action="store_true", help="that the equivalent ones are")
    options = parser.parse_args(arguments)
    if options.most < 1:
        parser.error(f"argument --most: {options.most} is less than 1")
    for name in options.drivers.split(","):
        if name not in DRIVERS:
            parser.error(f"argument --drivers: no driver {name!r}: choose of {', '.join(DRIVERS)}")
    if not any(options.only in mutant.name for mutant in MUTANTS):
        parser.error(f"argument --only: no mutant has {options.only!r} in its name")
    return options


def _look(options: argparse.Namespace, console: Console) -> int:
    drivers = [driver for driver in DRIVERS if driver in options.drivers.split(",")]
    mutants = [mutant for mutant in MUTANTS if options.only in mutant.name]
    if options.prove:
        return _prove(mutants, console)
    search = Search(options.keep, options.seed)
    table = Table("mutant", *drivers)
    survivors = []
    for mutant in track(mutants, "mutants", console=Console(stderr=True)):
        for driver in drivers:
            _look_for(mutant, driver, search, options)
        killed = [search.known(mutant.name, driver)[0] for driver in drivers]
        if not any(killed) and not mutant.equivalent:
            survivors.append(mutant.name)
        table.add_row(mutant.name, *("–" if k is None else f"{k:,}" for k in killed))
    console.print(table)
    for mutant in mutants:
        if mutant.equivalent:
            console.print(f"equivalent: {mutant.name}: {mutant.equivalent}")
    console.print(
        f"{len(mutants)} mutants, seed {options.seed}; {len(survivors)} survive {options.most:,} "
        f"schedules a driver: {'; '.join(survivors) or 'none'}"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
