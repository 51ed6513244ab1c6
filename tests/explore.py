"""Look for races: ``python -m tests.explore --seconds 60``. Exits with 1 where a rule broke.

Owns the search over many processes and its report. A schedule that breaks a rule is shrunk, told as
a sequence diagram, and kept in ``tests/schedules``, which pytest replays from then on.
"""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.pool import AsyncResult, Pool
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.simulation.coverage import Cell, cells, install
from tests.simulation.runs import finish, run, without_logs
from tests.simulation.schedules import keep
from tests.simulation.shrinking import shrink
from tests.simulation.sometimes import EXPECTED, Sometimes
from tests.simulation.story import Story
from tests.simulation.strategies import STRATEGIES, strategy
from tests.simulation.unreached import why_unreached
from tests.simulation.world import World

BATCH = 200
"""Schedules that a process runs before it reports."""


class Batch(NamedTuple):
    """What one batch of schedules showed."""

    schedules: int
    deliveries: int
    seconds: float
    """Of one core."""
    traces: frozenset[str]
    cells: frozenset[Cell]
    seen: Counter[str]
    failures: tuple[tuple[str, str, tuple[int, ...]], ...]
    """Rule, strategy and schedule."""


class Found:
    """All that the batches showed so far."""

    def __init__(self) -> None:
        self.schedules = 0
        self.deliveries = 0
        self.seconds = 0.0
        self.traces: set[str] = set()
        self.cells: set[Cell] = set()
        self.seen: Counter[str] = Counter()
        self.failures: dict[str, list[tuple[str, tuple[int, ...]]]] = {}

    def add(self, batch: Batch) -> None:
        self.schedules += batch.schedules
        self.deliveries += batch.deliveries
        self.seconds += batch.seconds
        self.traces |= batch.traces
        self.cells |= batch.cells
        self.seen += batch.seen
        for rule, name, schedule in batch.failures:
            self.failures.setdefault(rule, []).append((name, schedule))


_CELLS: set[Cell] = set()
"""In a process of the pool: the cells that were read in it."""


def _begin_process() -> None:
    global _CELLS  # noqa: PLW0603 - once, as the process begins
    _CELLS = install()


def _run_batch(first: int, seed: int) -> Batch:
    started, seen, traces = time.process_time(), Counter[str](), set()
    deliveries, failures = 0, []
    with without_logs():
        for number in range(first, first + BATCH):
            world = World(strategy(number, seed))
            Sometimes(world, seen)
            outcome = finish(world)
            deliveries += outcome.deliveries
            traces.add(outcome.trace)
            if outcome.rule is not None:
                name = STRATEGIES[number % len(STRATEGIES)].__name__
                failures.append((outcome.rule, name, outcome.schedule))
    return Batch(
        BATCH,
        deliveries,
        time.process_time() - started,
        frozenset(traces),
        frozenset(_CELLS),
        seen,
        tuple(failures),
    )


def explore(options: argparse.Namespace, console: Console) -> Found:
    """Run batches until the time or the number of schedules is reached."""
    found, ends = Found(), time.monotonic() + options.seconds
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        multiprocessing.get_context("spawn").Pool(options.jobs, _begin_process) as pool,
        Progress(*columns, console=console) as progress,
    ):
        total = options.schedules or options.seconds
        task = progress.add_task("looking for races", total=total)
        for batch in _batches(pool, options, ends):
            found.add(batch)
            done = (
                found.schedules if options.schedules else options.seconds + time.monotonic() - ends
            )
            progress.update(task, completed=done, description=_so_far(found))
    return found


def _batches(pool: Pool, options: argparse.Namespace, ends: float) -> Iterator[Batch]:
    """Yield batches as they come; as many are under way as there are processes, and one more."""
    last = options.schedules or sys.maxsize
    under_way: list[AsyncResult[Batch]] = []
    first = 0
    while True:
        while len(under_way) <= options.jobs and first < last and time.monotonic() < ends:
            under_way.append(pool.apply_async(_run_batch, (first, options.seed)))
            first += BATCH
        if not under_way:
            return
        yield under_way.pop(0).get()


def _so_far(found: Found) -> str:
    return f"{found.schedules:,} schedules, {len(found.failures)} rules broken"


def report(found: Found, options: argparse.Namespace, console: Console) -> None:
    """Say what was explored, what was reached, and what was not."""
    each = found.deliveries / max(found.schedules, 1)
    console.print(
        f"{found.schedules:,} schedules (seed {options.seed}), {len(found.traces):,} distinct "
        f"traces, {each:.0f} deliveries each; {found.schedules / max(found.seconds, 1e-9):.0f} "
        f"schedules/s of one core's time"
    )
    every = set(cells())
    console.print(f"cells read: {len(found.cells)} of {len(every)}")
    for cell in sorted(every - found.cells):
        console.print(f"  never: {' / '.join(cell)}: {why_unreached(cell) or 'NOT REVIEWED'}")
    for name in sorted(EXPECTED):
        console.print(f"  {found.seen[name] or 'NEVER':>9}  {name}")


def _breaks(rule: str, schedule: Sequence[int]) -> bool:
    return run(schedule).rule == rule


def tell_failures(found: Found, options: argparse.Namespace, console: Console) -> None:
    """Shrink the shortest schedule of each broken rule, keep it, and tell it."""
    for rule, failures in found.failures.items():
        name, schedule = min(failures, key=lambda failure: len(failure[1]))
        with without_logs():
            shortest = shrink(schedule, partial(_breaks, rule))
            story = Story(shortest)
        path = keep(story.outcome, f"{name}, seed {options.seed}")
        console.print(f"\n{len(failures)} times: {story.outcome.error}", markup=False)
        console.print(f"schedule {list(shortest)}, kept as {path.name}", markup=False)
        console.print(story.diagram(), markup=False)


def main() -> int:
    """Explore as the command line says; return the process's exit code."""
    parser = argparse.ArgumentParser(description="Look for races.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default 60)")
    parser.add_argument("--schedules", type=int, default=0, help="how many at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    console = Console()
    found = explore(options, console)
    report(found, options, console)
    tell_failures(found, options, console)
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
