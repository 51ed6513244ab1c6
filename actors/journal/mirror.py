"""Records that no commit has written yet, in memory that outlives the process.

A process that is ended over a hang can't commit any more. Its sentinel keeps what lies here, and
the next start writes it where the last commit would have: without it, the message that hung would
have no sender on record, and nothing could be skipped.
"""

import mmap
import os
import struct
from pathlib import Path

from actors.journal.codec import UnreadableError
from actors.journal.files import DISK, DISK_ERRORS
from actors.journal.hash_chain import Batch, next_head
from actors.journal.inspection import JournalLostError, find
from actors.journal.port import UNWRITTEN
from actors.journal.segment import SegmentWriter, segment_path
from actors.plain_files import read_plain

_BYTES_MAX = 8_000_000
"""Far more than waits for a commit while the disk works; beyond it nothing is kept."""
_HEADER = struct.Struct("<8sQQQ32s")
_MAGIC = b"HOLDFPND"
_WORD = struct.Struct("<Q")
_FIRST_AT, _LENGTH_AT, _HEAD_AT = 16, 24, 32
_FRAME = struct.Struct("<I")


class Mirror:
    """The suffix of a journal that is not durable, as its bytes."""

    def __init__(self, epoch: int, first: int, head: bytes) -> None:
        """Begin empty: the next record has the sequence ``first`` and follows ``head``."""
        self.descriptor = os.memfd_create("holdfast-pending")
        os.ftruncate(self.descriptor, _BYTES_MAX)
        self._map = mmap.mmap(self.descriptor, _BYTES_MAX)
        self._length = 0
        self._is_full = False
        _HEADER.pack_into(self._map, 0, _MAGIC, epoch, first, 0, head)

    def add(self, record: bytes) -> None:
        """Take the next record."""
        begin = _HEADER.size + self._length + _FRAME.size
        end = begin + len(record)
        if end > _BYTES_MAX or self._is_full:
            self._is_full = True  # a gap is worth nothing
            _WORD.pack_into(self._map, _LENGTH_AT, 0)
            return
        _FRAME.pack_into(self._map, begin - _FRAME.size, len(record))
        self._map[begin:end] = record
        self._length += _FRAME.size + len(record)
        _WORD.pack_into(self._map, _LENGTH_AT, self._length)  # last: now it counts

    def clear(self, first: int, head: bytes) -> None:
        """Forget what is durable now: the next record is ``first`` and follows ``head``."""
        self._length, self._is_full = 0, False
        _WORD.pack_into(self._map, _LENGTH_AT, 0)
        _WORD.pack_into(self._map, _FIRST_AT, first)
        self._map[_HEAD_AT : _HEADER.size] = head

    def close(self) -> None:
        """Let go of the memory."""
        self._map.close()
        os.close(self.descriptor)


def write_unwritten(folder: Path) -> int:
    """Write what a sentinel kept as the commit that its process could not do; return how many.

    What does not follow the last whole record is put aside. Raises ``OSError``.
    """
    path = folder / UNWRITTEN
    try:
        kept = read_plain(path)
    except FileNotFoundError:
        return 0
    try:
        batch = _follow(folder, kept)
    except (UnreadableError, JournalLostError, struct.error, *DISK_ERRORS):
        batch = None
    path.replace(path.with_name(f"{UNWRITTEN}-before"))
    return 0 if batch is None else batch.last - batch.first + 1


def _follow(folder: Path, kept: bytes) -> Batch | None:
    magic, epoch, first, length, head = _HEADER.unpack_from(kept)
    records = kept[_HEADER.size : _HEADER.size + length]
    found = find(folder)
    if magic != _MAGIC or not records or found is None or found.losses:
        return None
    if (first, head) != (found.snapshot.sequence + 1, found.head):
        return None  # of another history, or durable after all
    last = first - 1
    batch = Batch(first=first, last=last, epoch=epoch, records=records, head=b"")
    last += sum(1 for _ in batch.encoded)
    follows = next_head(head, first, last, epoch, records)
    whole = Batch(first=first, last=last, epoch=epoch, records=records, head=follows)
    writer = SegmentWriter(segment_path(folder, found.last_number), DISK)
    try:
        writer.append(whole)  # the anchor may be behind what is durable
    finally:
        writer.close()
    return whole
