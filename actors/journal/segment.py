"""One segment of a journal: an SQLite file that begins with a cut of the system and holds batches.

Owns the file. A commit is one row, in WAL mode with ``synchronous=FULL``: durable when ``append``
returns. A process writes only into segments that it began itself. Reading changes nothing: what is
looked at stays as it was found.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import apsw
import msgspec

from actors.journal.codec import (
    FORMAT,
    Snapshot,
    UnreadableError,
    decode_part,
    decode_snapshot,
    encode_parts,
    encode_snapshot,
)
from actors.journal.entities import Entities
from actors.journal.files import DISK, NEW, NOTHING, OLD, Content, Files, use_alone
from actors.journal.hash_chain import Batch, OpeningHash, why_broken
from actors.journal.image import opened
from actors.journal.retention import Segment
from messages.base import Address, Timestamp

_SYNC = "PRAGMA synchronous=FULL"
"""A commit is on the disk when it returns: NORMAL would lose the last ones with the power."""
_PREFIX = "segment-"
_SUFFIX = ".sqlite"
_SCHEMA = """
CREATE TABLE opening (
    previous_head BLOB NOT NULL, manifest BLOB NOT NULL, snapshot BLOB NOT NULL, head BLOB NOT NULL
);
CREATE TABLE part (number INTEGER PRIMARY KEY, entities BLOB NOT NULL);
CREATE TABLE batch (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, epoch INTEGER NOT NULL,
    records BLOB NOT NULL, head BLOB NOT NULL
);
"""
# The same key again is a batch whose outcome was not known: it is written anew, maybe longer.
_INSERT = "INSERT OR REPLACE INTO batch (first, last, epoch, records, head) VALUES (?, ?, ?, ?, ?)"
_INSERT_PART = "INSERT INTO part (entities) VALUES (?)"
_SELECT_PARTS = "SELECT entities FROM part ORDER BY number"
_WITHOUT_PARTS = 1
"""The format in which an opening's snapshot held its entities."""
_SELECT = "SELECT first, last, epoch, records, head FROM batch ORDER BY first"

_FourParts = tuple[bytes, bytes, bytes, bytes]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """By whom and with what a segment was begun."""

    format: int = FORMAT
    number: int
    """From 1; no two segments of an account share one."""
    epoch: int
    code: str
    """Hash of the sources that decide: see ``code``."""
    config: str
    """All settings, as JSON."""
    seed: int
    created: Timestamp
    lost: str = ""
    """What the recovery before it could not use of the journal; empty: nothing."""


class Opening(NamedTuple):
    """What a segment begins with."""

    previous_head: bytes
    manifest: Manifest
    snapshot: Snapshot
    head: bytes
    """The chain's head before the first batch."""


class SegmentWriter:
    """A segment that is written to."""

    def __init__(self, path: Path, files: Files) -> None:
        """Open it. Raises ``apsw.Error``.

        What is appended stays in the log: copied from there into the file, every few megabytes as
        SQLite does on its own, it would hold up the commit in whose turn that comes.
        """
        self._database = _connect(path, files, OLD)
        self._database.execute("PRAGMA wal_autocheckpoint=0")
        # Closed by chance, as where a forked child ends, it must not copy and remove its log.
        self._copy_log_on_close(0)

    def append(self, batch: Batch) -> None:
        """Make the batch durable. Raises ``apsw.Error``: then nobody knows; it may be tried again.

        The file stays open after an error: what a failed sync left in the log is written anew then.
        After an opening it would be taken for durable, and what follows it be lost with it.
        """
        row = (batch.first, batch.last, batch.epoch, batch.records, batch.head)
        self._database.execute(_INSERT, row)

    def close(self) -> None:
        """Let go of the file; the log is copied into it, and removed by its name."""
        self._copy_log_on_close(1)
        self._database.close()

    def leave(self) -> None:
        """Let go of the file and its log as they are: somebody waits."""
        self._database.close()

    def _copy_log_on_close(self, does: int) -> None:
        self._database.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 - does)


def segment_path(folder: Path, number: int) -> Path:
    """Return where a segment lies."""
    return folder / f"{_PREFIX}{number:06d}{_SUFFIX}"


def log_path(path: Path) -> Path:
    """Return where SQLite's log of a segment lies: what is committed and not yet in its file."""
    return path.with_name(f"{path.name}-wal")


def segment_numbers(folder: Path, files: Files = DISK) -> list[int]:
    """Return which segments there are, oldest first."""
    names = [name for name in files.names(folder) if name.startswith(_PREFIX)]
    numbers = [name[len(_PREFIX) : -len(_SUFFIX)] for name in names if name.endswith(_SUFFIX)]
    return sorted(int(number) for number in numbers if number.isdigit())


def segment_seen(folder: Path, number: int, files: Files) -> Segment:
    """Return what is seen of a segment and its log. Raises ``OSError``."""
    path = segment_path(folder, number)
    seen = [files.sight(one) for one in (path, log_path(path))]
    there = [one for one in seen if one is not None]
    return Segment(
        number=number,
        size_bytes=sum(one.size for one in there),
        written_ms=max((one.modified_ns for one in there), default=0) // 1_000_000,
    )


def begin_segment(
    folder: Path, manifest: Manifest, snapshot: Snapshot, previous_head: bytes, files: Files
) -> bytes:
    """Write a segment's opening, whole or not at all; return its head.

    Raises:
        apsw.Error: it could not be written.
        OSError: as above.
    """
    path = segment_path(folder, manifest.number)
    beside = path.with_name(path.name + ".new")
    remove_segment(folder, manifest.number, files)
    hashed = OpeningHash(previous_head)
    known = hashed.take(msgspec.msgpack.encode(manifest))
    rest = hashed.take(encode_snapshot(msgspec.structs.replace(snapshot, actors=())))
    with closing(_connect(beside, files, NEW)) as new:
        with new:  # one transaction
            new.execute(_SCHEMA)
            parts = encode_parts(snapshot.actors)
            new.executemany(_INSERT_PART, ((hashed.take(part),) for part in parts))
            row = (previous_head, known, rest, hashed.head)
            new.execute("INSERT INTO opening VALUES (?, ?, ?, ?)", row)
        new.execute("PRAGMA journal_mode=WAL")  # now: no later crash can tear the file's header
    files.rename(beside, path)
    files.sync_folder(folder)
    return hashed.head


def remove_segment(folder: Path, number: int, files: Files = DISK) -> None:
    """Forget a segment. Raises ``OSError``."""
    path = segment_path(folder, number)
    for end in ("", "-wal", "-shm", ".new", ".new-journal", ".new-wal"):
        files.remove(path.with_name(path.name + end))


class SegmentReader:
    """A segment as it was found: the opening, then every batch that is whole."""

    def __init__(self, database: apsw.Connection) -> None:
        """Read the opening. Raises ``UnreadableError``."""
        self._database = database
        self.opening = self._read_opening()
        self.head = self.opening.head
        """After the last whole batch that was read."""
        self.sequence = self.opening.snapshot.sequence
        """Of the last whole record that was read."""
        self.damage: str | None = None
        """Why reading ended before the segment did; None: it did not."""

    def batches(self) -> Iterator[Batch]:
        """Yield the batches up to the first that is not as it was written."""
        try:
            for row in self._database.execute(_SELECT):
                batch = _batch(row)
                self.damage = why_broken(batch, self.head, self.sequence + 1)
                if self.damage is not None:
                    return
                self.head, self.sequence = batch.head, batch.last
                yield batch
        except (apsw.Error, msgspec.ValidationError, ValueError) as error:
            self.damage = f"the file can't be read after record {self.sequence}: {error}"

    def _read_opening(self) -> Opening:
        try:
            rows = self._database.execute("SELECT * FROM opening").fetchall()
            if len(rows) != 1:
                raise UnreadableError("it has no opening")
            previous, known, rest, head = msgspec.convert(rows[0], _FourParts)
            hashed = OpeningHash(previous)
            manifest = _manifest(hashed.take(known))
            snapshot = decode_snapshot(hashed.take(rest))
            if manifest.format != _WITHOUT_PARTS:
                actors = _joined(decode_part(hashed.take(part)) for part in self._parts())
                snapshot = msgspec.structs.replace(snapshot, actors=actors)
        except (apsw.Error, msgspec.DecodeError, TypeError, ValueError) as error:
            raise UnreadableError(f"its opening can't be read: {error}") from error
        if head != hashed.head:
            raise UnreadableError("its opening is not as it was written")
        return Opening(previous, manifest, snapshot, head)

    def _parts(self) -> Iterator[bytes]:
        return (part for (part,) in self._database.execute(_SELECT_PARTS))


@contextmanager
def read_segment(folder: Path, number: int, files: Files = DISK) -> Iterator[SegmentReader]:
    """Open a copy of a segment for reading. Raises ``UnreadableError``, ``OSError``."""
    with ExitStack() as held:
        yield open_segment(folder, number, files, held)


def open_segment(folder: Path, number: int, files: Files, held: ExitStack) -> SegmentReader:
    """Open a copy of a segment until ``held`` is closed.

    Raises ``UnreadableError``, ``OSError``.
    """
    path = segment_path(folder, number)
    data = held.enter_context(closing(files.look(path)))
    log: Content = NOTHING
    with suppress(FileNotFoundError):
        log = held.enter_context(closing(files.look(log_path(path))))
    try:
        return SegmentReader(held.enter_context(opened(path.name, data, log)))
    except apsw.Error as error:
        raise UnreadableError(str(error)) from error


def _manifest(encoded: bytes) -> Manifest:
    manifest = msgspec.msgpack.decode(encoded, type=Manifest)
    if manifest.format > FORMAT:
        raise UnreadableError(
            f"it is written in format {manifest.format}; this program reads up to {FORMAT}"
        )
    return manifest


def _joined(parts: Iterable[tuple[Entities, ...]]) -> tuple[Entities, ...]:
    """Return the entities actor by actor, in the order in which they were written."""
    actors: dict[Address, list[msgspec.Struct]] = {}
    for one in chain.from_iterable(parts):
        actors.setdefault(one.actor, []).extend(one.entities)
    return tuple(Entities(actor, tuple(entities)) for actor, entities in actors.items())


def _batch(row: tuple[object, ...]) -> Batch:
    first, last, epoch, records, head = row
    fields = {"first": first, "last": last, "epoch": epoch, "records": records, "head": head}
    return msgspec.convert(fields, Batch)


def _connect(path: Path, files: Files, flags: int) -> apsw.Connection:
    database = files.connect(path, flags)
    use_alone(database)
    database.execute(_SYNC)
    return database
