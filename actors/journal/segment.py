"""One segment of a journal: an SQLite file that begins with a cut of the system and holds batches.

Owns the file. A commit is one row, in WAL mode with ``synchronous=FULL``: durable when ``append``
returns. A process writes only into segments that it began itself. Reading works on a copy: SQLite
mends and checkpoints what it opens, and what is looked at must stay as it was found.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from actors.journal.chain import Batch, opening_head, why_broken
from actors.journal.codec import FORMAT, Snapshot, UnreadableError, decode_snapshot, encode_snapshot
from actors.journal.lease import sync_folder
from messages.base import Timestamp

_SYNC = "PRAGMA synchronous=FULL"
"""A commit is on the disk when it returns: NORMAL would lose the last ones with the power."""
_PREFIX = "segment-"
_SUFFIX = ".sqlite"
_SCHEMA = """
CREATE TABLE opening (
    previous_head BLOB NOT NULL, manifest BLOB NOT NULL, snapshot BLOB NOT NULL, head BLOB NOT NULL
);
CREATE TABLE batch (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, epoch INTEGER NOT NULL,
    records BLOB NOT NULL, head BLOB NOT NULL
);
"""
# The same key again is a batch whose outcome was not known: it is written anew, maybe longer.
_INSERT = "INSERT OR REPLACE INTO batch (first, last, epoch, records, head) VALUES (?, ?, ?, ?, ?)"
_SELECT = "SELECT first, last, epoch, records, head FROM batch ORDER BY first"


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

    def __init__(self, path: Path) -> None:
        """Open it. Raises ``sqlite3.Error``."""
        self._path = path
        self._database = _connect(path)

    def append(self, batch: Batch) -> None:
        """Make the batch durable. Raises ``sqlite3.Error``: then nobody knows, see ``reopen``."""
        row = (batch.first, batch.last, batch.epoch, batch.records, batch.head)
        self._database.execute(_INSERT, row)

    def reopen(self) -> None:
        """Begin anew with the file, after an error. Raises ``sqlite3.Error``."""
        self.close()
        self._database = _connect(self._path)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def segment_path(folder: Path, number: int) -> Path:
    """Return where a segment lies."""
    return folder / f"{_PREFIX}{number:06d}{_SUFFIX}"


def segment_numbers(folder: Path) -> list[int]:
    """Return which segments there are, oldest first."""
    names = (path.name for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"))
    numbers = (name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for name in names)
    return sorted(int(number) for number in numbers if number.isdigit())


def begin_segment(
    folder: Path, manifest: Manifest, snapshot: Snapshot, previous_head: bytes
) -> bytes:
    """Write a segment's opening, whole or not at all; return its head.

    Raises:
        sqlite3.Error: it could not be written.
        OSError: as above.
    """
    path = segment_path(folder, manifest.number)
    beside = path.with_name(path.name + ".new")
    remove_segment(folder, manifest.number)
    parts = msgspec.msgpack.encode(manifest), encode_snapshot(snapshot)
    head = opening_head(previous_head, *parts)
    with closing(sqlite3.connect(beside, isolation_level=None)) as database:
        database.execute(_SYNC)
        database.executescript(_SCHEMA)
        database.execute("INSERT INTO opening VALUES (?, ?, ?, ?)", (previous_head, *parts, head))
    beside.replace(path)
    sync_folder(folder)
    return head


def remove_segment(folder: Path, number: int) -> None:
    """Forget a segment."""
    path = segment_path(folder, number)
    for file in (path, *_beside(path)):
        file.unlink(missing_ok=True)


class SegmentReader:
    """A segment as it was found: the opening, then every batch that is whole."""

    def __init__(self, database: sqlite3.Connection) -> None:
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
        except (sqlite3.Error, msgspec.ValidationError) as error:
            self.damage = f"the file can't be read after record {self.sequence}: {error}"

    def _read_opening(self) -> Opening:
        try:
            rows = self._database.execute("SELECT * FROM opening").fetchall()
            if len(rows) != 1:
                raise UnreadableError("it has no opening")
            previous, manifest, snapshot, head = (bytes(part) for part in rows[0])
            if head != opening_head(previous, manifest, snapshot):
                raise UnreadableError("its opening is not as it was written")
            decoded = msgspec.msgpack.decode(manifest, type=Manifest)
        except (sqlite3.Error, msgspec.DecodeError, TypeError, ValueError) as error:
            raise UnreadableError(f"its opening can't be read: {error}") from error
        if decoded.format > FORMAT:
            raise UnreadableError(
                f"it is written in format {decoded.format}; this program reads up to {FORMAT}"
            )
        return Opening(previous, decoded, decode_snapshot(snapshot), head)


@contextmanager
def read_segment(folder: Path, number: int) -> Iterator[SegmentReader]:
    """Open a copy of a segment for reading. Raises ``UnreadableError``, ``OSError``."""
    path = segment_path(folder, number)
    with tempfile.TemporaryDirectory(prefix="holdfast-") as copies:
        copy = Path(copies) / path.name
        shutil.copyfile(path, copy)
        log = path.with_name(path.name + "-wal")
        if log.exists():
            shutil.copyfile(log, copy.with_name(log.name))
        with closing(sqlite3.connect(copy, isolation_level=None)) as database:
            yield SegmentReader(database)


def _batch(row: tuple[object, ...]) -> Batch:
    first, last, epoch, records, head = row
    fields = {"first": first, "last": last, "epoch": epoch, "records": records, "head": head}
    return msgspec.convert(fields, Batch)


def _beside(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + end) for end in ("-wal", "-shm", ".new"))


def _connect(path: Path) -> sqlite3.Connection:
    if not os.access(path, os.F_OK):  # SQLite would make an empty one
        raise sqlite3.OperationalError(f"{path} is gone")
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(_SYNC)
    except sqlite3.Error:
        database.close()
        raise
    return database
