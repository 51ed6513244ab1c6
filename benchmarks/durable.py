"""Tick to request with a journal on a disk: nothing leaves before its commit, and what that costs.

Run it from the checkout: ``python -m benchmarks.durable``; ``--quick`` for a look whether it works.
Each tick ends one position. The time runs from before the market's move is told to the production
dispatcher until the exchange's port is called with the order that sells; in between lie the steps
of position and order router and the commit of both. After each tick as many bytes are appended to a
plain file and synced: the raw limit, in the same sitting and under the same load.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from actors.journal.store import FileJournal
from actors.runtime.dispatcher import ProductionDispatcher
from benchmarks.brackets import Brackets
from benchmarks.journal import open_journal
from benchmarks.latency import TimedExchange
from benchmarks.measure import machine, show
from exchange.port import Sink
from messages.market import MarketRules
from messages.money import Money

POSITIONS, QUICK_POSITIONS = 100, 5
TICKS, QUICK_TICKS = 5_000, 40
COMMIT_BYTES = 4_096
"""What the two steps before a request come to, about."""
SWITCHED_ON = (
    "Switched on: every actor of a session, the production dispatcher, the journal as a session has"
    " it (SQLite with synchronous=FULL, chain, anchor). Off: watchdog, logs, looks at balances."
)
GOAL_MS = 2.0
"""Over the raw p99."""


class Measured(NamedTuple):
    """How long each took, ms."""

    requests: list[float]
    raw: list[float]


def play(positions: int, ticks: int, folder: Path) -> Measured:
    """Let each tick end a position; return the times."""
    journal, lease = open_journal(folder)
    venues: list[TimedExchange] = []
    brackets = Brackets(
        positions,
        connect=lambda *given: _timed(venues, *given),
        dispatcher=ProductionDispatcher(),
        durable=journal,
    )
    (venue,) = venues
    raw: list[float] = []
    plain = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for moved in brackets.jumps(ticks):
        venue.begun_ns = time.perf_counter_ns()
        brackets.play(moved)
        raw.append(_append(plain))
    os.close(plain)
    brackets.check()
    _close(brackets, journal)
    lease.close()
    return Measured([taken / 1_000 for taken in venue.taken_us], raw)


def _timed(
    venues: list[TimedExchange], emit: Sink, rules: MarketRules, capital: Money
) -> TimedExchange:
    venues.append(TimedExchange(emit, rules, capital))
    return venues[0]


def _append(plain: int) -> float:
    begun = time.perf_counter()
    os.write(plain, bytes(COMMIT_BYTES))
    os.fdatasync(plain)
    return (time.perf_counter() - begun) * 1_000


def _close(brackets: Brackets, journal: FileJournal) -> None:
    brackets.stage.close()
    journal.close()


def main(arguments: Sequence[str] | None = None) -> Measured:
    """Measure, print, say whether the goal is met; return the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few ticks, few positions")
    quick = parser.parse_args(arguments).quick
    positions, ticks = (QUICK_POSITIONS, QUICK_TICKS) if quick else (POSITIONS, TICKS)
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as place:
        measured = play(positions, ticks, Path(place))
    requests, raw = _percentiles(measured.requests), _percentiles(measured.raw)
    show(
        f"{ticks:,} requests, each after its commit; {machine()}",
        ("ms", "p50", "p99", "p99.9", "max"),
        [
            ("tick to request", *(f"{value:.2f}" for value in requests)),
            ("raw: append and sync", *(f"{value:.2f}" for value in raw)),
        ],
    )
    print(SWITCHED_ON)
    over = requests[1] - raw[1]
    print(f"Goal {'met' if over <= GOAL_MS else 'missed'}: p99 {over:.1f} ms over raw, {GOAL_MS}")
    return measured


def _percentiles(times: list[float]) -> tuple[float, float, float, float]:
    cuts = quantiles(times, n=1_000, method="inclusive")
    return cuts[499], cuts[989], cuts[998], max(times)


if __name__ == "__main__":
    main(sys.argv[1:])
