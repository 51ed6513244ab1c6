"""What the journal on disk costs: commits beside the raw limit, steps a second, bytes, a start.

Run it from the checkout: ``python -m benchmarks.journal``; ``--quick`` for a look whether it works.
The records are those of real lives of positions. The raw limit is the same bytes in the same parts,
appended to a plain file and synced, in turn with the commits: one sitting, one load.
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

from msgspec.structs import replace

from actors.journal.codec import encode
from actors.journal.gc_pause import making_what_stays
from actors.journal.holder import Holder
from actors.journal.inspection import Found, find
from actors.journal.lease import Lease
from actors.journal.memory import MemoryJournal
from actors.journal.port import Record
from actors.journal.recovery import restore
from actors.journal.retention import Retention
from actors.journal.store import FileJournal, JournalLimits, Origin
from actors.positions.actor import PositionsActor
from actors.positions.roster import Numbering
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from benchmarks.brackets import Brackets
from benchmarks.measure import machine, show
from benchmarks.stage import PATIENCE_SECONDS, START, Took, timed
from messages.addresses import POSITIONS as POSITIONS_ACTOR
from messages.base import Milliseconds

BATCH = 64
LIVES, QUICK_LIVES = 4_000, 40
POSITIONS, QUICK_POSITIONS = 10_000, 50
TTL = Milliseconds(7_200_000)
_ORIGIN = Origin(code="", config="", seed=0)


class Written(NamedTuple):
    """How a number of records was made durable."""

    records: int
    recorded: int
    """Bytes."""
    seconds: float
    commits_ms: list[float]
    raw_ms: list[float]


def write(records: Sequence[Record], folder: Path) -> Written:
    """Append and commit, batch by batch; after each, the same bytes to a plain file."""
    journal, lease = open_journal(folder)
    commits: list[float] = []
    raw: list[float] = []
    recorded, seconds = 0, 0.0
    plain = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for start in range(0, len(records), BATCH):
        begun = time.perf_counter()
        for record in records[start : start + BATCH]:
            journal.append(record)
        appended = time.perf_counter()
        journal.commit()
        ended = time.perf_counter()
        seconds += ended - begun
        commits.append((ended - appended) * 1_000)
        data = b"".join(encode(record) for record in records[start : start + BATCH])
        recorded += len(data)
        begun = time.perf_counter()
        os.write(plain, data)
        os.fdatasync(plain)
        raw.append((time.perf_counter() - begun) * 1_000)
    os.close(plain)
    journal.close()
    lease.close()
    return Written(len(records), recorded, seconds, commits, raw)


class Recorded(Brackets):
    """Brackets whose every record is kept, from the first on."""

    def __init__(self, count: int) -> None:
        """Open ``count`` positions."""
        self.records: list[Record] = []
        super().__init__(count)

    def _open(self, rank: int) -> None:
        if not self.records:
            self.stage.system.observe(self.records.append)
        super()._open(rank)


class Recovered(NamedTuple):
    """How long it took to go on with so many open positions."""

    positions: int
    found: Took
    began: Took
    """The first segment of the new process, written and synced."""
    started: Took
    """Until all actors live."""


def recover(positions: int, folder: Path) -> Recovered:
    """Write a journal of so many open positions, and go on from it."""
    records = Recorded(positions).records
    journal, lease = open_journal(folder)
    for number, record in enumerate(records, 1):
        journal.append(replace(record, sequence=number))
        if not number % BATCH:
            journal.commit()
    journal.commit()
    journal.begin_segment((), records[-1].now)
    journal.close()
    lease.close()
    del records, record
    return _go_on(positions, folder)


def _go_on(positions: int, folder: Path) -> Recovered:
    kept: list[Found | None] = []
    found_took = timed(lambda: kept.append(find(folder)))
    found = kept[0]
    if found is None or found.losses:
        raise AssertionError("the journal is not whole")
    opened: list[tuple[FileJournal, Lease]] = []
    began_took = timed(lambda: opened.append(open_journal(folder, found=found)))
    journal, lease = opened[0]
    journal.close()
    lease.close()
    dispatcher = SimulatedDispatcher()
    system = System(dispatcher, VirtualClock(found.snapshot.at), MemoryJournal(keep=False))

    def start() -> None:
        numbering = Numbering(account_tag="", journal_epoch=1)
        with making_what_stays():
            restore(system, found.snapshot)
            system.spawn(PositionsActor, POSITIONS_ACTOR, numbering, TTL)

    started_took = timed(start)
    if len(system.mailboxes) != positions + 1:
        raise AssertionError(f"{len(system.mailboxes) - 1} positions live, not {positions}")
    system.shutdown(PATIENCE_SECONDS)
    return Recovered(positions, found_took, began_took, started_took)


def main(arguments: Sequence[str] | None = None) -> Written:
    """Measure and print; return what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few lives")
    parser.add_argument("--positions", type=int, default=POSITIONS, help="open at a start")
    options = parser.parse_args(arguments)
    lives, positions = LIVES, options.positions
    if options.quick:
        lives, positions = QUICK_LIVES, QUICK_POSITIONS
    brackets = Recorded(1)
    for moved in brackets.jumps(lives):
        brackets.play(moved)
    records = [replace(one, sequence=n) for n, one in enumerate(brackets.records, 1)]
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as place:
        written = write(records, Path(place) / "written")
        recovered = recover(positions, Path(place) / "recovered")
    _print(written, lives, recovered)
    return written


SWITCHED_ON = (
    "Switched on: the account's journal as a session has it: encoding, chain of hashes, SQLite with"
    " synchronous=FULL, anchor, lease, the state's cut. Off: actors, but where a start is timed."
)


def _print(written: Written, lives: int, recovered: Recovered) -> None:
    show(
        f"{machine()}; batches of {BATCH}, synchronous=FULL",
        ("", "p50 ms", "p99 ms", "p99.9 ms", "max ms"),
        [
            ("commit", *_percentiles(written.commits_ms)),
            ("raw: append and sync", *_percentiles(written.raw_ms)),
        ],
    )
    print(SWITCHED_ON)
    per_second = written.records / written.seconds
    print(f"{per_second:,.0f} steps a second appended and durable")
    print(f"{written.recorded / lives:,.0f} bytes a life, {written.records / lives:.1f} records")
    print(f"{recovered.positions:,} open positions, seconds and of CPU:")
    for name, took in zip(("find", "begin a segment", "start"), recovered[1:], strict=True):
        print(f"  {name}: {took.seconds:.2f}, {took.cpu_seconds:.2f}")


def _percentiles(times_ms: list[float]) -> tuple[str, ...]:
    cuts = quantiles(times_ms, n=1_000, method="inclusive")
    return tuple(f"{value:.2f}" for value in (cuts[499], cuts[989], cuts[998], max(times_ms)))


def open_journal(
    folder: Path,
    segment_bytes: int = 10**12,
    retention: Retention = Retention(),  # noqa: B008 - frozen
    found: Found | None = None,
) -> tuple[FileJournal, Lease]:
    """Begin a journal in ``folder``, or go on from what was found; hold its lease."""
    lease = Lease(folder, Holder(pid=os.getpid(), since=START, session="a benchmark"))
    limits = JournalLimits(reserve_bytes=1, segment_bytes=segment_bytes, retention=retention)
    return FileJournal(lease, _ORIGIN, limits, found, START), lease


if __name__ == "__main__":
    main(sys.argv[1:])
