"""The journal of an account on disk: appended in memory, made durable commit by commit.

Owns the suffix that is not durable yet, the segment it goes into, the anchor, the reserve of disk
space, and when a new segment begins. Who commits when is the journal's actor's business. A commit
that fails loses nothing: the suffix stays, within a bound, and the next commit tries it again.
"""

from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import apsw
import msgspec

from actors.journal.anchor import Anchor, AnchorFile, read_anchor
from actors.journal.codec import Undelivered, UnreadableError, encode
from actors.journal.custody import ONLY_REPORTS, AlteredError, Custody, Kept, Written
from actors.journal.files import DISK_ERRORS
from actors.journal.hash_chain import NO_HEAD, Batch, join, next_head
from actors.journal.inspection import ANCHOR, Found, nothing
from actors.journal.lease import Lease
from actors.journal.mirror import Mirror
from actors.journal.port import CustodyError, JournalError, Record
from actors.journal.retention import Retention, Segment, removable
from actors.journal.segment import (
    Manifest,
    SegmentWriter,
    begin_segment,
    open_segment,
    remove_segment,
    segment_numbers,
    segment_path,
    segment_seen,
)
from actors.journal.snapshot import Cut
from messages.base import Timestamp

_RESERVE = "reserve"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What every segment's manifest says of the process that writes it."""

    code: str
    config: str
    seed: int


class JournalLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much the journal may take."""

    segment_bytes: int = 64_000_000
    """Records in one segment; then a new one begins."""
    retention: Retention = Retention()
    pending_bytes: int = 64_000_000
    """Records that wait in memory while the disk fails; then no step can be taken any more."""
    reserve_bytes: int = 4_000_000
    """Disk space that is let go of when the disk is full."""


class FileJournal:
    """Recorded actors append to it, on one thread; ``commit`` is called on the same."""

    def __init__(
        self,
        lease: Lease,
        origin: Origin,
        limits: JournalLimits,
        found: Found | None,
        now: Timestamp,
        session_folder: Path | None = None,
    ) -> None:
        """Begin a segment that goes on from what was found. Raises ``JournalError``.

        ``session_folder`` is looked at with the journal's own files; None: there is none.
        """
        self._folder, self._epoch, self._files = lease.folder, lease.epoch, lease.files
        self._origin, self._limits = origin, limits
        snapshot = nothing(now) if found is None else found.snapshot
        self._cut = Cut(snapshot)
        self._head = NO_HEAD if found is None else found.head
        self._number = 0 if found is None else found.last_number
        self._next_sequence = snapshot.sequence + 1
        self._durable = snapshot.sequence
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self.failure = ""
        """Why the last commit failed; empty: it did not."""
        self.mirror: Mirror | None = None
        """Where records that wait are kept beyond the process; None: nowhere."""
        self.on_pending: Callable[[], None] | None = None
        """Called when the first record waits for a commit."""
        lost = "" if found is None else "; ".join(found.losses)
        self._disproved: Written | None = None
        """What the files looked like when they were last found to be changed."""
        self.on_missed: Callable[[CustodyError | None], None] | None = None
        """Called when a file is not in its place, and with None when all are again."""
        self._is_missed = False
        self._looked_at = ExitStack()
        """What was read of the segment again: to close a file frees SQLite's own locks on it."""
        try:
            self._custody = Custody(lease)
            self._session: Kept | None = None
            if session_folder is not None:
                self._session = Kept.folder(
                    "the session's folder", session_folder, self._files, ONLY_REPORTS
                )
            self._reserve()
            self._begin(snapshot.undelivered, now, lost)
            anchor = Anchor(self._durable, self._head)
            self._anchor = AnchorFile(self._folder / ANCHOR, anchor, self._files)
            self._custody.begin(self._path, self._folder / ANCHOR)
        except DISK_ERRORS as error:
            raise JournalError(f"no journal can be begun in {self._folder}: {error}") from error

    @property
    def next_sequence(self) -> int:
        """The sequence that the next record must carry."""
        return self._next_sequence

    @property
    def durable(self) -> int:
        """Sequence of the last record that a crash would not lose."""
        return self._durable

    @property
    def head(self) -> str:
        """The chain's head after the last commit, hexadecimal."""
        return self._head.hex()

    @property
    def cut(self) -> Cut:
        """All that lives, as the records tell it."""
        return self._cut

    @property
    def place(self) -> str:
        """Where the journal lies now, for people."""
        return self._custody.where()

    @property
    def pending(self) -> int:
        """How many records wait for a commit."""
        return len(self._pending)

    @property
    def wants_segment(self) -> bool:
        """Whether the segment is as large as it may be."""
        return self._segment_bytes >= self._limits.segment_bytes

    def append(self, record: Record) -> None:
        """Take the record, for the next commit.

        Raises ``JournalError`` where it can't be encoded, has a gap before it, or too much waits.
        """
        if record.sequence != self._next_sequence:
            raise JournalError(
                f"record {record.sequence} of {record.actor}: {self._next_sequence} is next"
            )
        if self._pending_bytes >= self._limits.pending_bytes:
            raise JournalError(
                f"{self._pending_bytes} bytes wait for a disk that fails: nothing more can be taken"
            )
        encoded = encode(record)
        self._cut.take(record.sequence, record.actor, record.now, record.changes)
        self._next_sequence += 1
        self._pending.append(encoded)
        self._pending_bytes += len(encoded)
        if self.mirror is not None:
            self.mirror.add(encoded)
        if len(self._pending) == 1 and self.on_pending is not None:
            self.on_pending()

    def keep_pending(self) -> Mirror:
        """Keep records that wait also where a sentinel finds them; return that place."""
        self.mirror = Mirror(self._epoch, self._next_sequence, self._head)
        return self.mirror

    def inspect(self) -> None:
        """Look whether every file that it stands on is in its place.

        Raises:
            CustodyError: one is not: what is written now may be lost.
        """
        try:
            self._check()
            self._custody.inspect()
        except CustodyError as error:
            self._tell_missed(error)
            raise
        self._tell_missed(None)

    def problem(self) -> CustodyError | None:
        """Return what is not in its place; None: everything is."""
        try:
            self.inspect()
        except CustodyError as error:
            return error
        return None

    def session_problem(self) -> CustodyError | None:
        """Return what became of the session's folder; None: it is in its place."""
        if self._session is None:
            return None
        try:
            self._session.check()
            self._session.check_mark()
        except CustodyError as error:
            return error
        return None

    def commit(self) -> None:
        """Make everything durable that was appended. Raises ``JournalError``: it is kept."""
        self._check()
        if not self._pending:
            return
        records = join(self._pending)
        first, last = self._durable + 1, self._next_sequence - 1
        head = next_head(self._head, first, last, self._epoch, records)
        batch = Batch(first=first, last=last, epoch=self._epoch, records=records, head=head)
        try:
            self._write(batch)
        except DISK_ERRORS as error:
            self._let_reserve_go()
            self.failure = f"{self._folder}: {error}"
            raise JournalError(self.failure) from error
        self._custody.check()
        self.failure = ""
        self._head, self._durable = head, last
        self._pending.clear()
        self._pending_bytes = 0
        if self.mirror is not None:
            self.mirror.clear(last + 1, head)
        self._segment_bytes += len(records)
        if not self._has_reserve:
            with suppress(OSError):  # the disk is as good as full still; tried again next time
                self._reserve()

    def begin_segment(self, undelivered: tuple[Undelivered, ...], now: Timestamp) -> None:
        """Go on in a new segment; everything is durable. Raises ``JournalError``: go on in the old.

        ``undelivered`` are the messages of recorded steps that wait in recorded actors' mailboxes.
        """
        if self._pending:
            raise JournalError(f"{len(self._pending)} records wait for a commit")
        self._check()
        old = self._segment
        try:
            self._begin(undelivered, now, "")
        except DISK_ERRORS as error:
            raise JournalError(f"{self._folder}: {error}") from error
        if self.mirror is not None:
            self.mirror.clear(self._next_sequence, self._head)
        old.leave()
        self._looked_at.close()
        with suppress(OSError):  # one that is behind does no harm: the next commit writes it again
            self._anchor.write(Anchor(self._durable, self._head))
        with suppress(OSError):  # the next commit finds what is wrong
            self._custody.begin(self._path, self._folder / ANCHOR)

    def close(self) -> None:
        """Let go of the files; what waits for a commit is lost.

        Raises ``JournalError`` where another thread commits just now: nothing is let go of.
        """
        try:
            if self._is_in_place():
                self._segment.close()
            else:  # to copy the log SQLite would remove a file by its name, and it is not ours
                self._segment.leave()
        except apsw.ThreadingViolationError as error:
            raise JournalError(f"{self._folder}: a commit is under way: {error}") from error
        if self.mirror is not None:
            self.mirror.close()
        self._looked_at.close()
        self._anchor.close()
        self._custody.close()
        if self._session is not None:
            self._session.close()

    @property
    def _path(self) -> Path:
        return segment_path(self._folder, self._number)

    def _check(self) -> None:
        """Raise ``CustodyError`` where a commit would be lost."""
        try:
            self._custody.check()
        except AlteredError:
            if not self._is_as_written():
                raise
            self._custody.note_written()

    def _tell_missed(self, error: CustodyError | None) -> None:
        is_missed = error is not None
        if is_missed is not self._is_missed and self.on_missed is not None:
            self._is_missed = is_missed
            self.on_missed(error)

    def _is_in_place(self) -> bool:
        try:
            self._check()
        except CustodyError:
            return False
        return True

    def _is_as_written(self) -> bool:
        """Read the segment again: it was touched, and may hold every byte that was written."""
        written = self._custody.written()
        if written == self._disproved:
            return False
        self._disproved = written
        try:
            reader = open_segment(self._folder, self._number, self._files, self._looked_at)
            for _ in reader.batches():
                pass
            anchor = read_anchor(self._folder / ANCHOR, self._files)
        except (UnreadableError, OSError):
            return False
        found = reader.damage, reader.sequence, reader.head, anchor
        return found == (None, self._durable, self._head, Anchor(self._durable, self._head))

    def _write(self, batch: Batch) -> None:
        try:
            self._segment.append(batch)
            self._anchor.write(Anchor(batch.last, batch.head))
        finally:
            with suppress(OSError):  # a look finds what is wrong
                self._custody.note_written()

    def _begin(self, undelivered: tuple[Undelivered, ...], now: Timestamp, lost: str) -> None:
        manifest = Manifest(
            number=self._number + 1,
            epoch=self._epoch,
            code=self._origin.code,
            config=self._origin.config,
            seed=self._origin.seed,
            created=now,
            lost=lost,
        )
        snapshot = self._cut.snapshot(undelivered)
        try:
            head = begin_segment(self._folder, manifest, snapshot, self._head, self._files)
            segment = SegmentWriter(segment_path(self._folder, manifest.number), self._files)
        except DISK_ERRORS:
            with suppress(OSError):  # never to be taken for the newest, also not after a crash
                remove_segment(self._folder, manifest.number, self._files)
                self._files.sync_folder(self._folder)
            raise
        self._segment = segment
        self._number, self._head, self._segment_bytes = manifest.number, head, 0
        with suppress(OSError):  # one too many does no harm: the next segment tries again
            for number in removable(self._segments(), self._limits.retention):
                remove_segment(self._folder, number, self._files)

    def _segments(self) -> list[Segment]:
        """Return what is seen of all segments. Raises ``OSError``."""
        numbers = segment_numbers(self._folder, self._files)
        return [segment_seen(self._folder, number, self._files) for number in numbers]

    def _reserve(self) -> None:
        """Set disk space aside. Raises ``OSError``."""
        with closing(self._files.create(self._folder / _RESERVE)) as file:
            file.reserve(max(1, self._limits.reserve_bytes))
        self._has_reserve = True

    def _let_reserve_go(self) -> None:
        self._has_reserve = False
        with suppress(OSError):
            self._files.remove(self._folder / _RESERVE)
