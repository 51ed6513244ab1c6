"""The journals that a simulated world writes: in memory, or on a disk that outlives the process.

Owns what a dead process leaves: the batches that were committed, and no more. Recovery reads them
with the production codec and folds them into a cut as production does. The files themselves, and
what a power failure does to them, are the store's: see ``files`` beside this module.
"""

import hashlib
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from actors.journal.codec import (
    Snapshot,
    Undelivered,
    decode_outline,
    decode_snapshot,
    encode,
    encode_snapshot,
)
from actors.journal.inspection import nothing
from actors.journal.port import JournalError, Record
from actors.journal.snapshot import Cut, UnderWay
from config.settings import JournalFailure
from messages.base import Timestamp
from verification.simulation.faults import DiskFate

FULL = "database or disk is full"
_DIGEST_BYTES = 16


class ProcessDiedError(KeyboardInterrupt):
    """The process dies here: no handler may catch it, as none would live to."""


class Store(Enum):
    """Where records go."""

    MEMORY = "memory"
    """Durable as they are written, gone with the process: such a world is never killed."""
    DISK = "disk"
    """A model of the store: whole batches, no files. As fast as the one in memory."""
    FILES = "files"
    """The store itself, on a simulated disk."""


class Kept(NamedTuple):
    """A journal of a world."""

    store: Store
    failure: JournalFailure
    """What exits do while the disk fails."""
    draws_epochs: bool = False
    """Whether each start draws an epoch, as all do now; without, it goes on with an old journal."""


_MEMORY = Kept(Store.MEMORY, JournalFailure.HOLD)
_HOLD = Kept(Store.DISK, JournalFailure.HOLD)
_EXIT = Kept(Store.DISK, JournalFailure.EXIT_UNJOURNALED)
_FILES = Kept(Store.FILES, JournalFailure.HOLD)
_OLD = (_MEMORY, _HOLD, _EXIT, _FILES, *(_MEMORY,) * 14, *(_HOLD,) * 12, *(_EXIT,) * 3)
JOURNALS = (*_OLD, *(one._replace(draws_epochs=True) for one in _OLD))
"""By number; explorers take one as often as it stands here. Further ones go to the end."""

ChooseFate = Callable[[], DiskFate]


class SimulatedDisk:
    """What survives a process: a cut to begin with, and the batches that were written since."""

    def __init__(self, at: Timestamp, choose_fate: ChooseFate) -> None:
        self.choose_fate = choose_fate
        """How a commit fares."""
        self.is_full = False
        self._last = 0
        self._opening = encode_snapshot(nothing(at))
        self._batches: dict[int, tuple[bytes, ...]] = {}
        """By their first record: what is written again takes the place of what is there."""

    def write(self, first: int, batch: tuple[bytes, ...]) -> None:
        """Write a batch. Raises ``JournalError``, or that the process died in it."""
        fate = self.choose_fate()
        if fate is DiskFate.DIES_BEFORE:
            raise ProcessDiedError
        if not self.is_full and fate is not DiskFate.FAILS:
            self._batches[first] = batch
        if fate is DiskFate.DIES_AFTER:
            raise ProcessDiedError
        if self.is_full:
            raise JournalError(FULL)
        if fate is not DiskFate.WRITTEN:
            raise JournalError("disk I/O error")

    def journal(self, now: Timestamp) -> "SimulatedJournal":  # noqa: ARG002 - files are dated
        """Return the journal of a process that begins now."""
        return SimulatedJournal(self, self._last)

    def begin(self, snapshot: Snapshot) -> None:
        """Go on from a cut that a start changed."""
        self._opening = encode_snapshot(snapshot)

    def lose_power(self) -> None:
        """Do nothing: what is written is there."""

    def recover(self) -> Snapshot:
        """Return the cut to go on from; what is written next goes on from there."""
        opening = decode_snapshot(self._opening)
        cut, under_way = Cut(opening), UnderWay(opening)
        for encoded in (one for first in sorted(self._batches) for one in self._batches[first]):
            outline = decode_outline(encoded)
            cut.take(outline.sequence, outline.actor, outline.now, outline.changes)
            under_way.take(outline)
        self._last = cut.sequence
        self._opening = encode_snapshot(cut.snapshot(under_way.list()))
        self._batches.clear()
        return decode_snapshot(self._opening)


class SimulatedJournal:
    """What one process appends, until it commits to the disk."""

    def __init__(self, disk: SimulatedDisk, last: int) -> None:
        """Go on after the record ``last``."""
        self.on_pending: Callable[[], None] | None = None
        self.begun_at = self.durable = last
        self.wants_segment = False
        self._disk = disk
        self._next_sequence = last + 1
        self._pending: list[bytes] = []
        self._head = hashlib.blake2b(digest_size=_DIGEST_BYTES)

    @property
    def next_sequence(self) -> int:
        """The sequence that the next record must carry."""
        return self._next_sequence

    @property
    def head(self) -> str:
        """A hash over all records that this process appended."""
        return self._head.hexdigest()

    @property
    def pending(self) -> int:
        """How many records wait for a commit."""
        return len(self._pending)

    def inspect(self) -> None:
        """Find every file in its place: there is none."""

    def append(self, record: Record) -> None:
        """Take the record, for the next commit. Raises ``JournalError`` where one is missing."""
        if record.sequence != self._next_sequence:
            raise JournalError(f"record {record.sequence}: {self._next_sequence} is next")
        encoded = encode(record)
        self._head.update(encoded)
        self._next_sequence += 1
        self._pending.append(encoded)
        if len(self._pending) == 1 and self.on_pending is not None:
            self.on_pending()

    def commit(self) -> None:
        """Make everything durable. Raises ``JournalError``: it is kept."""
        if self._pending:
            self._disk.write(self.durable + 1, tuple(self._pending))
            self.durable = self._next_sequence - 1
            self._pending.clear()

    def lose(self) -> None:
        """Forget what no commit wrote: the process is gone."""
        self._pending.clear()

    def begin_segment(self, undelivered: tuple[Undelivered, ...], now: Timestamp) -> None:
        """Do nothing: this journal has no files."""
