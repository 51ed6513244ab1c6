"""How soon a session has something to show: over many seeds, when positions open and close.

Runs the session's own tree on the simulated dispatcher: the market's time passes as fast as it can,
and a market hour is what a watcher sees in a minute at ``--speed 60``.

    python -m benchmarks.first_minute [SEEDS]
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

import msgspec
from loguru import logger

import supervisor
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.observers.report import Report
from actors.position.position import Position
from actors.position.states import State
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.strategy.actor import strategy_of
from config.loading import load
from messages.base import Timestamp
from session.paper import paper_wiring

BEGIN = Timestamp(1_800_000_000_000)
SEEDS = 100
FIRST_SECONDS = 60
"""Of watching: by then a position is open."""
WATCHED_SECONDS = 300
"""Of watching: by then positions were opened, protected and closed."""
WANTED_SHARE = 0.95
"""Of the seeds, that open a position within the first seconds."""
_STEP_MS = 60_000


class Firsts(msgspec.Struct):
    """When a session first showed what, in seconds of watching; None: not within the time."""

    seed: int
    opened: float | None = None
    protected: float | None = None
    closed: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it has shown everything."""
        return None not in (self.opened, self.protected, self.closed)


def watch(seed: int) -> Firsts:
    """Run a session of ``seed`` until it has shown everything, or the time is up."""
    logger.remove()
    settings = load(None, [f"paper.seed={seed}"])
    speed = settings.paper.speed
    firsts = Firsts(seed)

    def look(record: Record) -> None:
        seconds = (record.now - BEGIN) / 1000 / speed
        for change in record.changes:
            if isinstance(change, Position):
                _note(firsts, change, seconds)

    clock = VirtualClock(BEGIN)
    dispatcher = SimulatedDispatcher()
    system = System(dispatcher, clock, MemoryJournal(keep=False))
    system.observe(look)
    wiring = paper_wiring(settings, Report(settings.capital), strategy_of(settings), BEGIN)
    wiring = msgspec.structs.replace(wiring, calls_strategy_directly=True, conflates_quotes=False)
    supervisor.start(system, wiring)
    dispatcher.run_until_idle()
    end = BEGIN + int(WATCHED_SECONDS * 1000 * speed)
    while clock.now() < end and not firsts.is_complete:
        clock.advance_to(Timestamp(clock.now() + _STEP_MS), dispatcher.run_until_idle)
    system.shutdown(1.0)
    return firsts


def _note(firsts: Firsts, position: Position, seconds: float) -> None:
    """Note what this is the first of."""
    if not position.booked.bought:
        return
    if firsts.opened is None:
        firsts.opened = seconds
    if firsts.protected is None and position.state is State.PROTECTING:
        firsts.protected = seconds
    if firsts.closed is None and position.state is State.CLOSED:
        firsts.closed = seconds


def main(seeds: int) -> int:
    """Print the figures; return 1 where they are not as wanted."""
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(watch, range(1, seeds + 1)))
    first_minute = [r for r in results if r.opened is not None and r.opened <= FIRST_SECONDS]
    complete = [r for r in results if r.is_complete]
    print(f"{seeds} seeds: {len(first_minute)} opened a position within {FIRST_SECONDS} s,")
    print(f"{len(complete)} opened, protected and closed one within {WATCHED_SECONDS} s")
    for name in ("opened", "protected", "closed"):
        times = sorted(time for r in results if (time := getattr(r, name)) is not None)
        if times:
            median, last = times[len(times) // 2], times[-1]
            print(f"  first {name}: median {median:.0f} s, last {last:.0f} s")
    late = [r.seed for r in results if r not in first_minute or not r.is_complete]
    print(f"  seeds that were late: {', '.join(map(str, late)) or 'none'}")
    is_as_wanted = len(first_minute) >= WANTED_SHARE * seeds and len(complete) == seeds
    return 0 if is_as_wanted else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=SEEDS)
    sys.exit(main(parser.parse_args().seeds))
