"""A million positions opened and closed, with the journal on a disk: does anything grow?

Run it from the checkout: ``python -m benchmarks.soak``; ``--positions N`` for another number. Time
is virtual: a price every five minutes, and each price ends all positions that live and opens as
many. What is remembered for a while (by the router two hours, by the portfolio six, by the embedded
venue a day) so comes to rest before the first 15,000 ended; from then on memory has no reason to
grow. The journal is that of a session: every step is recorded, requests leave when their commit is
durable, segments rotate, old ones are removed.

Exit code 1 where the memory at the end is more than ``GROWTH_RATIO`` times that after the first
``BASE_POSITIONS``.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from actors.journal.retention import Retention
from actors.journal.segment import segment_numbers
from actors.journal.store import FileJournal
from benchmarks.brackets import Brackets
from benchmarks.journal import open_journal
from benchmarks.measure import machine, resident_bytes

POSITIONS = 1_000_000
BASE_POSITIONS = 50_000
"""Ended, when memory is looked at for the first time."""
GROWTH_RATIO = 1.05
CROWD = 50
"""Living at a time."""
TICK_MS = 300_000
SEGMENT_BYTES = 64_000_000
KEPT = Retention(size_bytes=3 * SEGMENT_BYTES, floor_bytes=SEGMENT_BYTES)
_REPORT_SECONDS = 30.0


class Crowd(Brackets):
    """Brackets that all stand as near as the nearest: one jump ends them all."""

    def __init__(self, journal: FileJournal) -> None:
        """Open as many as live at a time."""
        super().__init__(CROWD, durable=journal, tick_ms=TICK_MS)

    def _open(self, rank: int) -> None:  # noqa: ARG002 - all have the first
        super()._open(1)


class Progress:
    """Says how far the soak is, how fast, and how much memory it takes."""

    def __init__(self, positions: int) -> None:
        """Begin to count the time."""
        self._positions = positions
        self._begun = self._last = time.monotonic()

    def look(self, ended: int, segment: int) -> None:
        """Print a line, unless the last one is recent."""
        now = time.monotonic()
        if now - self._last < _REPORT_SECONDS:
            return
        self._last = now
        per_second = ended / (now - self._begun)
        left = (self._positions - ended) / per_second
        print(
            f"{ended:,} ended, {per_second:,.0f}/s, {resident_bytes() / 1e6:.1f} MB,"
            f" segment {segment}, {left / 60:.1f} min left",
            flush=True,
        )


def soak(positions: int, folder: Path) -> tuple[int, int]:
    """Let so many positions end; return the memory after the first of them, and at the end."""
    journal, lease = open_journal(folder, SEGMENT_BYTES, KEPT)
    crowd, progress = Crowd(journal), Progress(positions)
    base = 0
    for _ in count():
        crowd.play_all(crowd.jumps(2))
        progress.look(crowd.exits, segment_numbers(folder)[-1])
        if not base and crowd.exits >= min(BASE_POSITIONS, positions // 2):
            base = resident_bytes()
        if crowd.exits >= positions:
            break
    crowd.check()
    at_end = resident_bytes()
    crowd.stage.close()
    journal.close()
    lease.close()
    return base, at_end


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak and say what came of it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--positions", type=int, default=POSITIONS)
    positions = parser.parse_args(arguments).positions
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as place:
        base, at_end = soak(positions, Path(place))
    is_met = at_end <= GROWTH_RATIO * base
    print(
        f"{positions:,} positions in {time.monotonic() - begun:,.0f} s: {base / 1e6:.1f} MB after"
        f" the first {min(BASE_POSITIONS, positions // 2):,}, {at_end / 1e6:.1f} MB at the end,"
        f" {at_end / base:.3f} times: {'met' if is_met else 'MISSED'} (goal {GROWTH_RATIO});"
        f" {machine()}"
    )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
