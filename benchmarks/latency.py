"""Tick to request: from the moment a tick comes in to the exit's order at the exchange's port.

Run it from the checkout: ``python -m benchmarks.latency``; ``--quick`` for a look whether it works.
The workload is that of ``benchmarks.ticks``. The time runs from before the market's move is told to
the gateway until the port is called with an order that sells; in between lie market data, the
position, the order router, and the recording of their steps.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from benchmarks.brackets import Brackets
from benchmarks.measure import machine, show
from benchmarks.stage import SWITCHED_ON
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.base import Timestamp
from messages.gateway import SubmitOrder
from messages.market import MarketRules
from messages.money import Money
from messages.orders import Side

ROUNDS = 5
POSITIONS = 10_000
TICKS = 50_000
QUICK_POSITIONS = 50
QUICK_TICKS = 3_000
GOAL_P50_US = 50.0
GOAL_P99_US = 300.0
DISPATCHERS: dict[str, Callable[[], Dispatcher]] = {
    "on one thread (simulated dispatcher)": SimulatedDispatcher,
    "told from another thread (production)": ProductionDispatcher,
}


class TimedExchange(PaperExchange):
    """Notes when it is asked to sell."""

    begun_ns = begun_cpu_ns = 0

    def __init__(self, emit: Sink, rules: MarketRules, capital: Money) -> None:
        """Open with ``capital``."""
        super().__init__(emit, [rules], [capital])
        self.taken_us: list[float] = []
        self.cpu_us: list[float] = []

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        """Take an order in."""
        if order.request.side is Side.SELL:
            self.taken_us.append((time.perf_counter_ns() - self.begun_ns) / 1000)
            self.cpu_us.append((time.process_time_ns() - self.begun_cpu_ns) / 1000)
        super().submit(order, now)


class Percentiles(NamedTuple):
    """Of one round, µs."""

    requests: int
    p50: float
    p99: float
    cpu_p50: float
    """Of this process's time alone: without what else the machine did meanwhile."""
    cpu_p99: float


class Course:
    """Brackets at an exchange that notes times."""

    def __init__(self, count: int, dispatcher: Dispatcher) -> None:
        """Open the positions."""
        self._venues: list[TimedExchange] = []
        self._brackets = Brackets(count, connect=self._connect, dispatcher=dispatcher)

    def play(self, ticks: int) -> Percentiles:
        """Walk on, and return how long it took to ask for each exit."""
        (venue,) = self._venues
        venue.taken_us.clear()
        venue.cpu_us.clear()
        for moved in self._brackets.walk(ticks):
            venue.begun_cpu_ns = time.process_time_ns()
            venue.begun_ns = time.perf_counter_ns()
            self._brackets.play(moved)
        self._brackets.check()
        taken, cpu = quantiles(venue.taken_us, n=100), quantiles(venue.cpu_us, n=100)
        return Percentiles(len(venue.taken_us), taken[49], taken[98], cpu[49], cpu[98])

    def _connect(self, emit: Sink, rules: MarketRules, capital: Money) -> TimedExchange:
        venue = TimedExchange(emit, rules, capital)
        self._venues.append(venue)
        return venue

    def close(self) -> None:
        """End its threads."""
        self._brackets.stage.close()


def main(arguments: Sequence[str] | None = None) -> dict[str, list[Percentiles]]:
    """Measure, print, say which goals are missed; return the rounds by dispatcher."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few ticks, few positions")
    is_quick = parser.parse_args(arguments).quick
    count, ticks = (QUICK_POSITIONS, QUICK_TICKS) if is_quick else (POSITIONS, TICKS)
    courses = {name: Course(count, make()) for name, make in DISPATCHERS.items()}
    gc.collect()
    gc.freeze()
    played: dict[str, list[Percentiles]] = {name: [] for name in courses}
    for _ in range(ROUNDS):
        for name, course in courses.items():
            played[name].append(course.play(ticks))
    for course in courses.values():
        course.close()
    gc.unfreeze()
    middle = {
        name: Percentiles(*(median(column) for column in zip(*rounds, strict=True)))
        for name, rounds in played.items()
    }
    show(
        f"Tick to request, µs, {count:,} positions, median of {ROUNDS} rounds of {ticks:,} ticks;"
        f" {machine()}",
        ("dispatcher", "requests", "p50", "p99", "p50 of CPU", "p99 of CPU"),
        [(name, *(f"{number:,.0f}" for number in m)) for name, m in middle.items()],
    )
    print(SWITCHED_ON + " gc.freeze() once all are open.")
    first = middle[next(iter(DISPATCHERS))]
    _judge("p50", first.p50, GOAL_P50_US)
    _judge("p99", first.p99, GOAL_P99_US)
    return played


def _judge(what: str, measured: float, goal: float) -> None:
    is_met = measured <= goal
    print(f"Goal {'met' if is_met else 'missed'}: {what}: {measured:.0f} µs, goal {goal:.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
