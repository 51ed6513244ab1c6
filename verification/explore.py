"""Look for races: ``python -m verification.explore --schedules 100000``.

Exits with 1 where a rule broke.

With ``--complete``, for runs that are recorded, also where something expected was never met, or a
cell's being read or not is not as reviewed.

Owns the search over many processes and its report. The n-th schedule under a seed is always the
same, so with ``--resume FILE`` a search that was stopped goes on where it was. Ctrl-C ends it with
its report. A schedule that breaks a rule is shrunk, told as a sequence diagram, and kept in
``tests/schedules``, which pytest replays from then on.
"""

import argparse
import gc
import math
import multiprocessing
import pickle
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from verification.simulation.coverage import Cell, cells, install
from verification.simulation.runs import finish, run, without_logs
from verification.simulation.schedules import keep, replaying
from verification.simulation.shrinking import shrink
from verification.simulation.sometimes import EXPECTED, Sometimes
from verification.simulation.story import Story
from verification.simulation.strategies import AT_DEADLINES, STRATEGIES, strategy
from verification.simulation.unreachable_cells import REVIEWED, why_unreached
from verification.simulation.world import World

BATCH = 200
"""Schedules that a process runs before it reports."""
SAVED_EVERY = 50 * BATCH
DEFAULT_SECONDS = 60.0
STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""


class Batch(NamedTuple):
    """What one batch of schedules showed."""

    schedules: int
    deliveries: int
    seconds: float
    """Of one core."""
    traces: frozenset[int]
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
        self.traces: set[int] = set()
        self.cells: set[Cell] = set()
        self.seen: Counter[str] = Counter()
        self.failures: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
        self.is_stopped = False
        """Ctrl-C ended it."""

    def add(self, batch: Batch) -> None:
        """Take in the batch that follows."""
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that reports
    _CELLS = install()


def _run_batch(first: int, seed: int, *, at_deadlines: bool) -> Batch:
    kinds = AT_DEADLINES if at_deadlines else STRATEGIES
    started, seen, traces = time.process_time(), Counter[str](), set[int]()
    deliveries, failures = 0, []
    with without_logs():
        for number in range(first, first + BATCH):
            world = World(strategy(number, seed, kinds))
            Sometimes(world, seen)
            outcome = finish(world)
            deliveries += outcome.deliveries
            traces.add(int(outcome.trace, 16))
            if outcome.rule is not None:
                name = kinds[number % len(kinds)].__name__
                failures.append((outcome.rule, name, outcome.schedule))
    gc.collect()  # recoveries freeze what they made: the collector does not count it as garbage
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
    """Run batches until the number of schedules, or the time, is reached, or Ctrl-C."""
    found = _begun(options)
    ends = time.monotonic() + (options.seconds or math.inf)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    begun_at = time.monotonic()
    with (
        multiprocessing.get_context("spawn").Pool(options.jobs, _begin_process) as pool,
        Progress(*columns, console=console) as progress,
    ):
        total = options.schedules or options.seconds
        task = progress.add_task(_so_far(found), total=total)
        try:
            for batch in _batches(pool, options, found.schedules, ends):
                found.add(batch)
                done = found.schedules if options.schedules else time.monotonic() - begun_at
                progress.update(task, completed=done, description=_so_far(found))
                if options.resume is not None and found.schedules % SAVED_EVERY == 0:
                    _save(found, options)
        except KeyboardInterrupt:
            found.is_stopped = True
    if options.resume is not None:
        _save(found, options)
    return found


def _begun(options: argparse.Namespace) -> Found:
    """Return what a search that is resumed had found. Exits where its file is another's."""
    path: Path | None = options.resume
    if path is None or not path.exists():
        return Found()
    try:
        seed, found = pickle.loads(path.read_bytes())  # noqa: S301 - this wrote it
    except (pickle.UnpicklingError, EOFError, LookupError, AttributeError, ImportError):
        found = None
    if not isinstance(found, Found):
        sys.exit(f"{path} is no search to go on from: name another file, or remove it")
    if seed != options.seed:
        sys.exit(f"{path} was begun with --seed {seed}")
    found.is_stopped = False
    return found


def _save(found: Found, options: argparse.Namespace) -> None:
    beside = options.resume.with_suffix(".new")
    beside.write_bytes(pickle.dumps((options.seed, found)))
    beside.replace(options.resume)


def _batches(pool: Pool, options: argparse.Namespace, first: int, ends: float) -> Iterator[Batch]:
    """Yield batches in their order; as many are under way as there are processes, and one more."""
    last = options.schedules or sys.maxsize
    under_way: list[AsyncResult[Batch]] = []
    while True:
        while len(under_way) <= options.jobs and first < last and time.monotonic() < ends:
            words = {"at_deadlines": options.at_deadlines}
            under_way.append(pool.apply_async(_run_batch, (first, options.seed), words))
            first += BATCH
        if not under_way:
            return
        yield under_way.pop(0).get()


_NOT_YET = "NOT YET: a longer search reads these"
_BUT_READ = "READ, though reviewed as never (see verification/simulation/unreachable_cells.py)"


def _so_far(found: Found) -> str:
    return f"{found.schedules:,} schedules, {len(found.failures)} rules broken"


def report(found: Found, options: argparse.Namespace, console: Console) -> None:
    """Say what was explored, what was reached, and what was not."""
    rate = found.schedules / max(found.seconds, 1e-9)
    each = found.deliveries / max(found.schedules, 1)
    every = set(cells())
    console.print(
        f"{found.schedules:,} schedules (seed {options.seed}), {len(found.traces):,} distinct "
        f"traces, {each:.0f} deliveries each; {rate:.0f} schedules/s of one core's time, "
        f"{rate * each:,.0f} deliveries/s; {len(found.failures)} rules broken"
        f"{'; stopped by Ctrl-C' if found.is_stopped else ''}"
    )
    never: dict[str, list[str]] = {}
    for cell in sorted(every - found.cells):
        never.setdefault(why_unreached(cell) or _NOT_YET, []).append(" / ".join(cell))
    for cell in sorted(found.cells & REVIEWED.keys()):
        never.setdefault(_BUT_READ, []).append(" / ".join(cell))
    console.print(f"cells read: {len(found.cells)} of {len(every)}; never, and why:")
    for why, unread in sorted(never.items()):
        console.print(f"  {why}:\n    {', '.join(unread)}")
    unmet, unreviewed = lacks(found)
    if unmet or unreviewed:
        console.print(f"not complete: {unmet} never met, {unreviewed} cells not as reviewed")
    met = sum(bool(found.seen[name]) for name in EXPECTED)
    console.print(f"met sometimes: {met} of {len(EXPECTED)}")
    for name in sorted(EXPECTED):
        console.print(f"  {found.seen[name] or 'NEVER':>9}  {name}")


def lacks(found: Found) -> tuple[int, int]:
    """Return how many expected events were never met, and how many cells are not as reviewed."""
    unmet = sum(not found.seen[name] for name in EXPECTED)
    unread = sum(why_unreached(cell) is None for cell in set(cells()) - found.cells)
    return unmet, unread + len(found.cells & REVIEWED.keys())


def _breaks(rule: str, schedule: Sequence[int]) -> bool:
    return run(schedule).rule == rule


def tell_failures(found: Found, options: argparse.Namespace, console: Console) -> None:
    """Shrink the shortest schedule of each broken rule, keep it, and tell it."""
    for rule, failures in found.failures.items():
        name, schedule = min(failures, key=lambda failure: len(failure[1]))
        with without_logs():
            shortest = shrink(schedule, partial(_breaks, rule))
            story = Story(shortest)
        if story.outcome.error is None:
            console.print(f"\n{len(failures)} times, and holds again: {rule}", markup=False)
            continue
        path = keep(story.outcome, f"{name}, seed {options.seed}")
        console.print(f"\n{len(failures)} times: {story.outcome.error}", markup=False)
        console.print(f"schedule {list(shortest)}, kept as {path.name}", markup=False)
        console.print(f"again: {replaying(path)}", markup=False)
        console.print(story.diagram(), markup=False)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m verification.explore", description="Look for races."
    )
    parser.add_argument("--seconds", type=float, help="how long (default 60)")
    parser.add_argument("--schedules", type=int, help=f"how many, in batches of {BATCH}")
    parser.add_argument("--seed", type=int, default=1, help="of the whole search (default 1)")
    parser.add_argument(
        "--jobs", type=int, default=multiprocessing.cpu_count(), help="processes (default: cores)"
    )
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on from it, and save there")
    parser.add_argument(
        "--complete",
        action="store_true",
        help="exit with 1 also where an expected event was never met or a cell is not as reviewed",
    )
    parser.add_argument(
        "--at-deadlines",
        action="store_true",
        help="only what comes at the last moment, and what caches do not show",
    )
    options = parser.parse_args(arguments)
    if options.at_deadlines and options.resume is not None:
        parser.error("argument --at-deadlines: such a search is not kept by --resume")
    for name in ("seconds", "schedules", "jobs"):
        number = getattr(options, name)
        if number is not None and not number > 0:
            parser.error(f"argument --{name}: {number} is not more than 0")
    path: Path | None = options.resume
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        parser.error(f"argument --resume: {path} can't be written: name a file in a folder")
    if options.schedules is None:
        options.seconds = options.seconds or DEFAULT_SECONDS
    return options


def main(arguments: list[str] | None = None) -> int:
    """Explore as the command line says; return the process's exit code."""
    options = _parsed(arguments)
    console = Console(soft_wrap=True, highlight=False)
    try:
        found = explore(options, console)
        report(found, options, console)
        tell_failures(found, options, console)
    except KeyboardInterrupt:  # a second one
        return STOPPED
    if found.failures:
        return 1
    if found.is_stopped:
        return STOPPED
    return 1 if options.complete and any(lacks(found)) else 0


if __name__ == "__main__":
    sys.exit(main())
