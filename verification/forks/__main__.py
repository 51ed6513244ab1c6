"""Search two processes of one account: ``python -m verification.forks --schedules 300000``.

Exits with 1 where a rule broke. A schedule that broke one is printed as it is found; at the end
each rule that broke is printed with a shrunk schedule. The n-th schedule of a seed is always the
same.
"""

import argparse
import gc
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from verification.forks.world import ForkWorld
from verification.simulation.runs import rule_of, without_logs
from verification.simulation.shrinking import shrink

BATCH = 100
_TOLD_EACH = 10_000
"""Schedules between two lines of progress."""
LENGTH_LEAST, LENGTH_MOST = 20, 140
_PLAIN = 0.45
"""How often a choice is the plain one."""
_MOST = 40


class Run(NamedTuple):
    """What came of one schedule."""

    error: str | None
    met: tuple[str, ...]
    """What happened in it, by name."""
    deliveries: int


def schedule_of(number: int, seed: int) -> tuple[int, ...]:
    """Return the schedule with this number."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a search, no secret
    length = chance.randint(LENGTH_LEAST, LENGTH_MOST)
    return tuple(
        0 if chance.random() < _PLAIN else chance.randrange(1, _MOST) for _ in range(length)
    )


def run(schedule: Sequence[int]) -> Run:
    """Play a schedule to its end."""
    met: Counter[str] = Counter()
    world = None
    error = None
    try:
        world = ForkWorld(schedule)
        world.on_act = lambda name: met.update((name,))
        world.run()
    except Exception as problem:  # noqa: BLE001 - the finding
        error = str(problem) if isinstance(problem, AssertionError) else f"{problem!r}"
    finally:
        if world is not None:
            met.update(world.rules.met)
            world.close()
    deliveries = 0 if world is None else world.deliveries
    return Run(error, tuple(met), deliveries)


def shrunk(schedule: Sequence[int], error: str) -> tuple[int, ...]:
    """Return a shorter schedule that breaks the same rule."""
    rule = rule_of(error)

    def fails(candidate: Sequence[int]) -> bool:
        found = run(candidate).error
        return found is not None and rule_of(found) == rule

    return shrink(schedule, fails)


def _batch(task: tuple[int, int, int]) -> tuple[int, Counter[str], list[tuple[int, str]]]:
    first, count, seed = task
    met: Counter[str] = Counter()
    failures = []
    deliveries = 0
    with without_logs():
        for number in range(first, first + count):
            outcome = run(schedule_of(number, seed))
            met.update(outcome.met)
            deliveries += outcome.deliveries
            if outcome.error is not None:
                failures.append((number, outcome.error))
    gc.collect()  # worlds are circles, which "unfreeze" hides from the collector for long
    return deliveries, met, failures


def say(text: str) -> None:
    """Tell one line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Search; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=3_000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(arguments)
    tasks = [
        (first, min(BATCH, given.schedules - first), given.seed)
        for first in range(0, given.schedules, BATCH)
    ]
    began, met, deliveries = time.monotonic(), Counter[str](), 0
    broken: dict[str, list[tuple[int, str]]] = {}
    with multiprocessing.get_context("fork").Pool(given.jobs) as pool:
        for task, (more, seen, failures) in zip(tasks, pool.imap(_batch, tasks), strict=True):
            deliveries += more
            met.update(seen)
            for number, error in failures:
                say(f"schedule {number} of seed {given.seed}: {error}")
                broken.setdefault(rule_of(error), []).append((number, error))
            done = task[0] + task[1]
            if done % _TOLD_EACH == 0:
                say(f"{done} schedules, {time.monotonic() - began:.0f} s")
    seconds = time.monotonic() - began
    say(f"{given.schedules} schedules, {deliveries} deliveries in {seconds:.0f} s")
    for name, count in sorted(met.items()):
        say(f"  {count:8} {name}")
    with without_logs():
        for found in broken.values():
            number, error = found[0]
            schedule = shrunk(schedule_of(number, given.seed), error)
            say(f"BROKEN {len(found)} times: {error}\n  schedule {list(schedule)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
