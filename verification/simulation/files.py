"""The real store under a world: its files, its SQLite, on a disk that forgets what was not synced.

A process that dies leaves what the disk says survives of its unsynced writes, which is a choice.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from actors.journal.codec import Snapshot, encode
from actors.journal.hash_chain import NO_HEAD
from actors.journal.holder import Holder
from actors.journal.inspection import Found, find
from actors.journal.lease import Lease
from actors.journal.port import Record
from actors.journal.retention import Retention
from actors.journal.store import FileJournal, JournalLimits, Origin
from messages.base import Timestamp
from verification.simulation.disk import ALL, NONE, SimulatedDisk
from verification.simulation.faults import DiskFate
from verification.simulation.journals import ChooseFate, ProcessDiedError

SURVIVALS = 8
"""Ways in which a disk may lose what was not synced; 0: it loses nothing."""
_FOLDER = Path("/account")
_HOLDER = Holder(pid=1, since=Timestamp(0), session="a race")
_ORIGIN = Origin(code="as it is", config="{}", seed=1)
_LIMITS = JournalLimits(
    segment_bytes=9_000,
    retention=Retention(size_bytes=30_000, floor_bytes=20_000),
    reserve_bytes=1_000,
)
"""Small: a new segment begins a few times in a run."""


class StoreJournal(FileJournal):
    """The store's own, which commits as a fate wants."""

    def __init__(
        self, disk: SimulatedDisk, choose_fate: ChooseFate, opening: Snapshot | None, now: Timestamp
    ) -> None:
        self._choose_fate = choose_fate
        self._disk = disk
        self._records_head = hashlib.blake2b(digest_size=16)
        found = find(_FOLDER, disk)
        if opening is not None and found is None:
            found = Found(snapshot=opening, head=NO_HEAD, last_number=0, seed=_ORIGIN.seed)
        elif opening is not None and found is not None:
            found = replace(found, snapshot=opening)
        super().__init__(Lease(_FOLDER, _HOLDER, disk), _ORIGIN, _LIMITS, found, now)
        self.begun_at = self.durable

    @property
    def head(self) -> str:
        """A hash over all records that this process appended."""
        return self._records_head.hexdigest()

    def append(self, record: Record) -> None:
        """Take the record, for the next commit. Raises ``JournalError``."""
        super().append(record)
        self._records_head.update(encode(record))

    def commit(self) -> None:
        """Make everything durable. Raises ``JournalError``, or that the process died in it."""
        if not self.pending:
            return
        fate = self._choose_fate()
        if fate is DiskFate.DIES_BEFORE:
            raise ProcessDiedError
        disk = self._disk
        disk.is_read_only = fate is DiskFate.FAILS
        # The write to the log is done; that it is on the disk fails.
        disk.fail_at = frozenset({disk.operations + 3} if fate is DiskFate.FAILS_WRITTEN else ())
        try:
            super().commit()
        finally:
            disk.is_read_only, disk.fail_at = False, frozenset()
        if fate is DiskFate.DIES_AFTER:
            raise ProcessDiedError

    def lose(self) -> None:
        """Forget what no commit wrote: the process is gone, and what closing writes is not seen."""
        self._pending.clear()
        self._disk.capacity = None
        self.close()


class StoreDisk:
    """The disk with the store's files."""

    def __init__(self, choose_fate: ChooseFate, choose_survivors: Callable[[], int]) -> None:
        self._choose_fate = choose_fate
        self._choose_survivors = choose_survivors
        self._disk = SimulatedDisk()
        self._opening: Snapshot | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing more fits."""
        return self._disk.capacity is not None

    @is_full.setter
    def is_full(self, is_full: bool) -> None:
        self._disk.capacity = 0 if is_full else None

    def journal(self, now: Timestamp) -> StoreJournal:
        """Begin a segment, as a process that starts does: not before there is room for it."""
        self.is_full = False
        return StoreJournal(self._disk, self._choose_fate, self._opening, now)

    def begin(self, opening: Snapshot) -> None:
        """Let the next segment begin with a cut that a start changed."""
        self._opening = opening

    def lose_power(self) -> None:
        """Leave what survives."""
        choice = self._choose_survivors()
        self._disk = self._disk.crashed({0: ALL, 1: NONE}.get(choice, choice))

    def recover(self) -> Snapshot:
        """Return the cut to go on from. Nothing that was durable may be missing."""
        found = find(_FOLDER, self._disk)
        assert found is not None, "the journal is gone"
        assert not found.losses, f"the journal is not whole: {found.losses}"
        return found.snapshot
