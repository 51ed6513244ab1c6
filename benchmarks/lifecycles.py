"""Position lifecycles a second: asked for, bought, protected, sold, booked and let go.

Run it from the checkout: ``python -m benchmarks.lifecycles``; ``--quick`` for a look whether it
works. One position lives at a time; each tick jumps to its take profit or under its stop, in turn,
so that it ends and the next one is opened.
"""

import argparse
import sys
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.brackets import Brackets
from benchmarks.measure import machine, show
from benchmarks.stage import SWITCHED_ON, Took, timed
from messages.plan import ProtectionMode

ROUNDS = 5
LIVES = 1_000
QUICK_LIVES = 20
MODES = (ProtectionMode.TRIGGERS, ProtectionMode.SYNTHETIC, ProtectionMode.OCO)
"""Of the paper exchange, which can do them all; two orders a life, or three where one rests."""


class Round(NamedTuple):
    """What a number of lives came to."""

    lives: int
    took: Took
    records: int
    recorded: int
    """Bytes."""


def play(brackets: Brackets, lives: int) -> Round:
    """Let so many positions end, by jumps up and down that each end one."""
    journal, exits = brackets.stage.journal, brackets.exits
    jumps = brackets.jumps(lives)
    records, recorded = journal.durable, journal.total_bytes
    took = timed(lambda: brackets.play_all(jumps))
    brackets.check()
    if brackets.exits - exits != lives:
        raise AssertionError(f"{brackets.exits - exits} positions ended, not {lives}")
    return Round(lives, took, journal.durable - records, journal.total_bytes - recorded)


def main(arguments: Sequence[str] | None = None) -> dict[ProtectionMode, list[Round]]:
    """Measure and print; return the rounds by mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few lives")
    lives = QUICK_LIVES if parser.parse_args(arguments).quick else LIVES
    brackets = {mode: Brackets(1, mode=mode) for mode in MODES}
    played: dict[ProtectionMode, list[Round]] = {mode: [] for mode in MODES}
    for _ in range(ROUNDS):
        for mode in MODES:
            played[mode].append(play(brackets[mode], lives))
    show(
        f"Lifecycles/s, median of {ROUNDS} × {lives:,}, in turn; {machine()}",
        ("protection", "lives/s", "of CPU", "records each", "bytes each"),
        [
            (
                mode.value,
                f"{lives / median(r.took.seconds for r in rounds):,.0f}",
                f"{lives / median(r.took.cpu_seconds for r in rounds):,.0f}",
                f"{median(r.records for r in rounds) / lives:.1f}",
                f"{median(r.recorded for r in rounds) / lives:,.0f}",
            )
            for mode, rounds in played.items()
        ],
    )
    print(SWITCHED_ON + " The simulated dispatcher.")
    return played


if __name__ == "__main__":
    main(sys.argv[1:])
