"""Search a small model whole: ``python -m verification.model``.

Exits with 1 where a rule breaks, 3 where none broke but a search was not whole, 130 on Ctrl-C.

Breadth first over the real pure cores, see ``verification.model``: every reachable state is
safe, from every one CLOSED stays reachable, and on no fair schedule is something held for ever that
nobody covers. The bounds are printed with the result. The first state that breaks a rule is told
with the shortest way to it, as a sequence diagram.

Without options each mode of protection is searched, then each with deadlines of requests, and two
positions on one symbol, both in smaller models. Each search has a process of its own.
"""

import argparse
import multiprocessing
import os
import queue
import signal
import sys
from collections.abc import Iterator
from multiprocessing.queues import Queue
from typing import NamedTuple

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from verification.model.model import Model
from verification.model.search import Found, Reached, search
from verification.model.world import PRICES, Bounds
from verification.simulation.plans import PLANS

NOT_WHOLE, STOPPED = 3, 130
"""Exit codes: a search ended at its limit, and Ctrl-C, as shells have it."""
MODES = len(PLANS)
DEADLINES = Bounds(moves=0, deadlines=True)
"""Requests with deadlines, in a model without moves of the price."""
TWO = (0, Bounds(faults=0, moves=1, positions=2, units=1))
"""Two positions on one symbol; plan and bounds."""
LEGEND = f"""\
The real cores of position, router and portfolio, each order of deliveries, deadlines and fills, and
moves of the price over {PRICES}; the last fall, to {PRICES[0]}, is always free.
In every state: nothing sold beyond what is held, one working exit, no more working than held,
CLOSED is flat, the books add up and are the venue's, nobody is quiet and uncovered, no core raises.
Over all states: CLOSED stays reachable; no fair circle leaves what is held uncovered.
"""


class Task(NamedTuple):
    """One search."""

    plan: int
    bounds: Bounds
    states: int
    """At most."""
    seconds: float


def diagram(found: Found) -> str:
    """Return the shortest way to the broken rule as a Mermaid sequence diagram."""
    return "\n    ".join(("sequenceDiagram", *found.way, f"Note over venue: {found.error}"))


_TOLD: "Queue[tuple[int, Reached]] | None" = None
"""In a process of the pool: where it tells how far it is."""


def _begin_process(told: "Queue[tuple[int, Reached]]") -> None:
    global _TOLD  # noqa: PLW0603 - once, as the process begins
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that reports
    _TOLD = told


def _run(number: int, task: Task) -> Found:
    assert _TOLD is not None
    tell = _TOLD.put
    model = Model(PLANS[task.plan], task.bounds)
    return search(model, task.states, task.seconds, lambda reached: tell((number, reached)))


def check(tasks: list[Task], jobs: int, console: Console) -> Iterator[tuple[Task, Found]]:
    """Yield what each search showed, as soon as it has."""
    context = multiprocessing.get_context("spawn")
    told: Queue[tuple[int, Reached]] = context.Queue()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with (
        context.Pool(jobs, _begin_process, (told,), maxtasksperchild=1) as pool,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        running = {n: pool.apply_async(_run, (n, task)) for n, task in enumerate(tasks)}
        bars: dict[int, TaskID] = {}
        while running:
            _show(told, tasks, bars, progress)
            for number in [n for n, result in running.items() if result.ready()]:
                found = running.pop(number).get()
                if number in bars:
                    progress.remove_task(bars[number])
                yield tasks[number], found


def _show(
    told: "Queue[tuple[int, Reached]]",
    tasks: list[Task],
    bars: dict[int, TaskID],
    progress: Progress,
) -> None:
    """Show what one search told, if one does."""
    try:
        number, reached = told.get(timeout=0.2)
    except queue.Empty:
        return
    if number not in bars:
        bars[number] = progress.add_task("")
    mode = PLANS[tasks[number].plan].protection_mode
    speed = reached.states / max(reached.seconds, 0.001)
    progress.update(
        bars[number],
        description=f"{mode}: {reached.states:,} states, {reached.left:,} of them to be looked at, "
        f"depth {reached.depth}, {speed:,.0f} states/s",
    )


def _tell(task: Task, found: Found, console: Console) -> None:
    """Print what a search showed, with its bounds."""
    mode = PLANS[task.plan].protection_mode
    console.print(f"[bold]{mode}[/bold], plan {task.plan}, within {task.bounds}:")
    whole = "all of them" if found.is_whole else "NOT all of them"
    console.print(
        f"  {found.states:,} states ({whole}), {found.steps:,} steps, depth {found.depth}, "
        f"{found.seconds:.0f} s, {found.cpu_seconds:.0f} s of one core"
    )
    if found.error is not None:
        console.print(f"  [red]BROKEN[/red]: {found.error}, after {len(found.way)} steps:")
        console.print(diagram(found), markup=False, highlight=False, soft_wrap=True)
    elif found.is_whole:
        console.print("  every rule holds")
    else:
        console.print(
            "  STOPPED at its limit: no rule broke in what was seen, not whole; "
            "what is for ever is not judged"
        )


_LEAST = {
    "faults": 0,
    "moves": 0,
    "closes": 0,
    "lates": 0,
    "positions": 1,
    "units": 1,
    "jobs": 1,
    "states": 1,
}


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m verification.model",
        description="Search a small model whole.",
        epilog=f"Exit codes: 0 every rule holds in all states, 1 a rule broke, {NOT_WHOLE} none "
        f"broke in what was seen but a search was not whole, {STOPPED} Ctrl-C.",
    )
    parser.add_argument("--faults", type=int, default=1, help="requests and answers that go wrong")
    parser.add_argument("--moves", type=int, default=1, help="of the price, the last fall aside")
    parser.add_argument("--closes", type=int, default=1, help="by hand")
    parser.add_argument("--lates", type=int, default=0, help="deadlines while mail still waits")
    parser.add_argument("--positions", type=int, help="1, and then the smaller model of 2")
    parser.add_argument("--units", type=int, default=2, help="what each position buys")
    parser.add_argument(
        "--deadlines", action="store_true", help="of requests, which may arrive until then"
    )
    parser.add_argument("--modes", default="0,1,2,3,4", help="of the plans, by number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="searches at a time")
    parser.add_argument("--states", type=int, default=10_000_000, help="for each search, at most")
    parser.add_argument("--seconds", type=float, default=1800.0, help="for each search, at most")
    options = parser.parse_args(arguments)
    for name, least in _LEAST.items():
        number = getattr(options, name)
        if number is not None and not number >= least:
            parser.error(f"argument --{name}: {number} is less than {least}")
    if not options.seconds > 0:
        parser.error(f"argument --seconds: {options.seconds} is not more than 0")
    for number in options.modes.split(","):
        if number not in map(str, range(MODES)):
            parser.error(f"argument --modes: {number!r} is no number from 0 to {MODES - 1}")
    return options


def _tasks(options: argparse.Namespace) -> list[Task]:
    bounds = Bounds(
        faults=options.faults,
        moves=options.moves,
        closes=options.closes,
        lates=options.lates,
        positions=options.positions or 1,
        units=options.units,
        deadlines=options.deadlines,
    )
    wanted = [(int(number), bounds) for number in options.modes.split(",")]
    if options.positions is None:
        wanted += [*((plan, DEADLINES) for plan, _ in wanted), TWO]
    return [Task(plan, bounds, options.states, options.seconds) for plan, bounds in wanted]


def main(arguments: list[str] | None = None) -> int:
    """Search as the command line says; return the process's exit code."""
    options, console = _parsed(arguments), Console(width=100, highlight=False)
    console.print(LEGEND)
    broken = cut = 0
    try:
        for task, found in check(_tasks(options), options.jobs, console):
            _tell(task, found, console)
            broken += found.error is not None
            cut += found.error is None and not found.is_whole
    except KeyboardInterrupt:
        console.print("stopped by Ctrl-C: nothing is said of what was not told above")
        return STOPPED
    return 1 if broken else NOT_WHOLE if cut else 0


if __name__ == "__main__":
    sys.exit(main())
