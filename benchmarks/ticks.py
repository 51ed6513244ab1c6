"""Ticks a second with 1 to 100,000 protected positions on one symbol.

Run it from the checkout: ``python -m benchmarks.ticks``; ``--quick`` for a look whether it works.
Both prices of a position are triggers in this process; nothing rests at the venue. A tick goes the
way of production: the market moves at the embedded exchange, its gateway tells the quote, market
data looks at its triggers; one that fires makes its position sell, and another one open.
Each N has a process of its own; the rounds of all N are played in turn.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from statistics import median
from typing import NamedTuple

from benchmarks.brackets import Brackets
from benchmarks.measure import machine, resident_bytes, show
from benchmarks.stage import SWITCHED_ON, Took, timed

ROUNDS = 5
TICKS = 100_000
COUNTS = (1, 100, 1_000, 10_000, 100_000)
QUICK_TICKS = 2_000
QUICK_COUNTS = (1, 100)
GOAL_PER_SECOND = 300_000
GOAL_RATIO = 0.8
GOAL_BYTES = 10**9


class Round(NamedTuple):
    """What one walk came to."""

    ticks: int
    took: Took
    exits: int
    quiet: Took
    """By as many ticks that touched nothing."""
    resident: int
    """Bytes, of the whole process."""


_brackets: list[Brackets] = []
"""The one of this process."""


def prepare(count: int) -> None:
    """Open the positions of this process."""
    _brackets.append(Brackets(count))
    gc.collect()
    gc.freeze()


def play(ticks: int) -> Round:
    """Walk on, then stand nearly still; the ticks are made before the time begins to run."""
    (brackets,) = _brackets
    walk, exits = brackets.walk(ticks), brackets.exits
    took = timed(lambda: brackets.play_all(walk))
    exits = brackets.exits - exits
    brackets.play_all(brackets.rocking(2))
    rocking = brackets.rocking(ticks)
    quiet = timed(lambda: brackets.play_all(rocking))
    brackets.check()
    return Round(ticks, took, exits, quiet, resident_bytes())


def measure(counts: Sequence[int], ticks: int, rounds: int) -> dict[int, list[Round]]:
    """Return the rounds of each count, played in turn."""
    with ExitStack() as stack:
        workers = {
            count: stack.enter_context(
                ProcessPoolExecutor(1, get_context("spawn"), prepare, (count,))
            )
            for count in counts
        }
        for worker in workers.values():
            worker.submit(resident_bytes).result()  # its positions are open
        played: dict[int, list[Round]] = {count: [] for count in counts}
        for _ in range(rounds):
            for count, worker in workers.items():
                played[count].append(worker.submit(play, ticks).result())
        return played


def main(arguments: Sequence[str] | None = None) -> dict[int, list[Round]]:
    """Measure, print, say which goals are missed; return the rounds by count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few ticks, few positions")
    is_quick = parser.parse_args(arguments).quick
    counts, ticks = (QUICK_COUNTS, QUICK_TICKS) if is_quick else (COUNTS, TICKS)
    played = measure(counts, ticks, ROUNDS)
    rates = {
        count: ticks / median(r.took.seconds for r in rounds) for count, rounds in played.items()
    }
    show(
        f"Ticks/s, median of {ROUNDS} walks of {ticks:,}, in turn; {machine()}",
        ("positions", "ticks/s", "of CPU", "exits/1,000", "quiet ticks/s", "of CPU", "MB"),
        [
            (
                f"{count:,}",
                f"{rates[count]:,.0f}",
                f"{ticks / median(r.took.cpu_seconds for r in rounds):,.0f}",
                f"{1000 * median(r.exits for r in rounds) / ticks:.1f}",
                f"{ticks / median(r.quiet.seconds for r in rounds):,.0f}",
                f"{ticks / median(r.quiet.cpu_seconds for r in rounds):,.0f}",
                f"{max(r.resident for r in rounds) / 1e6:,.0f}",
            )
            for count, rounds in played.items()
        ],
    )
    print(SWITCHED_ON + " The simulated dispatcher; gc.freeze() once all are open.")
    fewest, most = min(counts), max(counts)
    resident = max(r.resident for r in played[most])
    _judge("ticks/s at 1", f"{rates[fewest]:,.0f}", rates[fewest] >= GOAL_PER_SECOND)
    share = rates[most] / rates[fewest]
    _judge(f"{most:,} against {fewest}", f"{share:.0%}", share >= GOAL_RATIO)
    _judge(f"MB at {most:,}", f"{resident / 1e6:,.0f}", resident < GOAL_BYTES)
    return played


def _judge(what: str, measured: str, is_met: bool) -> None:  # noqa: FBT001 - said at each call
    print(f"Goal {'met' if is_met else 'missed'}: {what}: {measured}")


if __name__ == "__main__":
    main(sys.argv[1:])
