"""Who finds known bugs: ``python -m tests.mutants``. Exits with 1 where one survives.

Each mutant is put into the real code, and each driver looks for it: how many schedules it took. The
baselines are plain first-in-first-out order, and a uniform choice of everything.
"""

import argparse
import sys
from contextlib import ExitStack

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.simulation.choices import Choices
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.plans import PLANS
from tests.simulation.runs import run, without_logs
from tests.simulation.schedules import kept_files, load
from tests.simulation.strategies import STEPS, STRATEGIES

FIFO = "first in, first out"


def schedules_to_kill(mutant: Mutant, driver: str, seed: int, most: int) -> int | None:
    """Return how many schedules of a driver it takes to break a rule; None: more than ``most``."""
    with ExitStack() as stack, without_logs():
        mutant.inject(stack)
        for number in range(most):
            if driver == FIFO and number == len(PLANS):
                return None  # nothing else is ever plain
            if run(_choices(driver, number, seed)).error is not None:
                return number + 1
    return None


def _choices(driver: str, number: int, seed: int) -> Choices:
    if driver == FIFO:
        return Choices([number, 0, 0, 1, *[0] * 60])
    kind = next(kind for kind in STRATEGIES if kind.__name__ == driver)
    return kind(seed * 1_000_003 + number, STEPS[number % len(STEPS)])


def killed_by_kept(mutant: Mutant) -> bool:
    """Return whether a schedule kept from an earlier failure finds it too."""
    with ExitStack() as stack, without_logs():
        mutant.inject(stack)
        kept = (load(path) for path in kept_files())
        return any(run(k.schedule).error is not None for k in kept if not k.is_open)


def main() -> int:
    """Let every driver look for every mutant, and tell."""
    parser = argparse.ArgumentParser(description="Who finds known bugs.")
    parser.add_argument("--most", type=int, default=1_000, help="schedules a driver may take")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drivers = [FIFO, *(kind.__name__ for kind in STRATEGIES)]
    table = Table("mutant", *drivers, "kept")
    survivors = 0
    console = Console(width=140)
    for mutant in track(MUTANTS, "mutants", console=Console(stderr=True)):
        killed = [schedules_to_kill(mutant, d, options.seed, options.most) for d in drivers]
        kept = killed_by_kept(mutant)
        survivors += not any(killed)
        console.log(mutant.name, killed, kept)
        table.add_row(mutant.name, *(str(k or "–") for k in killed), "yes" if kept else "–")
    console.print(table)
    console.print(
        f"{len(MUTANTS)} mutants, {survivors} survive {options.most:,} schedules a driver"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
