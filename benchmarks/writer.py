"""Where commits run: on the dispatcher, or on a thread of their own. A measurement to decide by.

Run it from the checkout: ``python -m benchmarks.writer``; ``--quick`` for a look whether it works.
One thread plays a busy dispatcher: it appends the records of real lives, with as much work before
each as a step takes, and asks for a commit whenever the last one is over. The same records go
through both ways in turn: steps a second, and the time from a request to its commit's answer.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from statistics import median, quantiles
from typing import NamedTuple

from msgspec.structs import replace

from actors.journal.codec import encode
from actors.journal.files import DISK
from actors.journal.hash_chain import Batch, join, next_head
from actors.journal.port import Record
from actors.journal.segment import SegmentWriter, segment_path
from actors.journal.store import FileJournal
from benchmarks.journal import Recorded, open_journal
from benchmarks.measure import machine, show

ROUNDS, LIVES, QUICK_LIVES = 5, 2_000, 20
STEP_SECONDS = 25e-6
"""What a step works before its record is appended."""
EACH = 8
"""Steps between two requests that wait for a commit."""


class Measured(NamedTuple):
    """One way, one round."""

    per_second: float
    p50_ms: float
    p99_ms: float


def inline(records: Sequence[Record], folder: Path) -> Measured:
    """Commit on the thread that works."""
    journal, lease = open_journal(folder)
    waits: list[float] = []
    begun = time.perf_counter()
    for number, record in enumerate(records, 1):
        _work()
        journal.append(record)
        if not number % EACH:
            asked = time.perf_counter()
            journal.commit()
            waits.append(time.perf_counter() - asked)
    journal.commit()
    seconds = time.perf_counter() - begun
    journal.close()
    lease.close()
    return _measured(len(records), seconds, waits)


class Writer:
    """A thread that commits what it is handed, all that has gathered at once."""

    def __init__(self, journal: FileJournal, path: Path) -> None:
        """Write into a segment of its own, with the journal's chain."""
        journal.close()
        self._segment = SegmentWriter(path, DISK)
        self._head = bytes(32)
        self.jobs: SimpleQueue[tuple[list[bytes], list[float]] | None] = SimpleQueue()
        self.idle = threading.Event()
        self.idle.set()
        self.waits: list[float] = []
        self._next = 1
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while (job := self.jobs.get()) is not None:
            encoded, asked = job
            first, last = self._next, self._next + len(encoded) - 1
            records = join(encoded)
            self._head = next_head(self._head, first, last, 1, records)
            self._segment.append(
                Batch(first=first, last=last, epoch=1, records=records, head=self._head)
            )
            self._next = last + 1
            now = time.perf_counter()
            self.waits += [now - at for at in asked]
            self.idle.set()
        self._segment.close()


def handed_over(records: Sequence[Record], folder: Path) -> Measured:
    """Commit on a thread of its own; what is asked for meanwhile goes with its next commit."""
    journal, lease = open_journal(folder)
    writer = Writer(journal, segment_path(folder, 1))
    encoded: list[bytes] = []
    asked: list[float] = []
    begun = time.perf_counter()
    for number, record in enumerate(records, 1):
        _work()
        encoded.append(encode(record))
        if not number % EACH:
            asked.append(time.perf_counter())
        if asked and writer.idle.is_set():
            writer.idle.clear()
            writer.jobs.put((encoded, asked))
            encoded, asked = [], []
    writer.idle.wait()
    writer.jobs.put((encoded, asked))
    writer.jobs.put(None)
    writer.thread.join()
    seconds = time.perf_counter() - begun
    lease.close()
    return _measured(len(records), seconds, writer.waits)


WAYS: dict[str, Callable[[Sequence[Record], Path], Measured]] = {
    "on the dispatcher": inline,
    "on a thread of their own": handed_over,
}


def _work() -> None:
    until = time.perf_counter() + STEP_SECONDS
    while time.perf_counter() < until:
        pass


def _measured(steps: int, seconds: float, waits: list[float]) -> Measured:
    cuts = quantiles(waits, n=100, method="inclusive")
    return Measured(steps / seconds, cuts[49] * 1_000, cuts[98] * 1_000)


def main(arguments: Sequence[str] | None = None) -> dict[str, list[Measured]]:
    """Measure and print; return the rounds by way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few lives")
    lives = QUICK_LIVES if parser.parse_args(arguments).quick else LIVES
    brackets = Recorded(1)
    for moved in brackets.jumps(lives):
        brackets.play(moved)
    records = [replace(one, sequence=n) for n, one in enumerate(brackets.records, 1)]
    played: dict[str, list[Measured]] = {name: [] for name in WAYS}
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as the production dispatcher does
    for _ in range(ROUNDS):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as place:
                played[name].append(way(records, Path(place)))
    sys.setswitchinterval(interval)
    show(
        f"Commits, median of {ROUNDS} × {len(records):,} steps in turn; {machine()}",
        ("commits", "steps/s", "request to commit, p50 ms", "p99 ms"),
        [
            (
                name,
                f"{median(r.per_second for r in rounds):,.0f}",
                f"{median(r.p50_ms for r in rounds):.2f}",
                f"{median(r.p99_ms for r in rounds):.2f}",
            )
            for name, rounds in played.items()
        ],
    )
    print(
        "Switched on: encoding, chain, SQLite with synchronous=FULL. Off: actors; a step is a wait."
    )
    return played


if __name__ == "__main__":
    main(sys.argv[1:])
