"""The anchor: the last durable sequence and the chain's head, in a file beside the journal.

A store that lost its end, or was put back from a copy, looks whole by itself; the anchor tells. It
is written after each commit into one of two slots in turn, each with a checksum of its own, so that
a torn write leaves the one before. Only the first of a process is synced, in both slots: later ones
may be behind what is durable, never ahead.
"""

import hashlib
import struct
from pathlib import Path
from typing import Self

import msgspec

from actors.journal.files import DISK, Files

_BODY = struct.Struct("<8sQQ32s")
_CHECKSUM_BYTES = 16
_SLOT_BYTES = 128
_SLOTS = 2
_MAGIC = b"HOLDFAS1"


class Anchor(msgspec.Struct, frozen=True):
    """What was durable when it was written."""

    sequence: int
    head: bytes


class AnchorFile:
    """The file, open for writing."""

    def __init__(self, path: Path, first: Anchor, files: Files = DISK) -> None:
        """Put a new one that says ``first`` in the place of the last; raises ``OSError``."""
        self._writes = max((number for number, _ in _slots(path, files)), default=0)
        beside = path.with_name(path.name + ".new")
        self._file = files.create(beside)
        for _ in range(_SLOTS):
            self.write(first)
        self._file.sync()
        files.rename(beside, path)
        files.sync_folder(path.parent)

    def write(self, anchor: Anchor) -> None:
        """Say what is durable now; raises ``OSError``."""
        number = self._writes + 1
        body = _BODY.pack(_MAGIC, number, anchor.sequence, anchor.head)
        self._file.write(body + _checksum(body), number % _SLOTS * _SLOT_BYTES)
        self._writes = number

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def read_anchor(path: Path, files: Files = DISK) -> Anchor | None:
    """Return the newest anchor that is whole; None where there is none."""
    newest = max(_slots(path, files), default=None, key=lambda slot: slot[0])
    return None if newest is None else newest[1]


def _slots(path: Path, files: Files) -> list[tuple[int, Anchor]]:
    try:
        data = files.read(path)
    except FileNotFoundError:
        return []
    found = []
    for slot in range(_SLOTS):
        part = data[slot * _SLOT_BYTES :][: _BODY.size + _CHECKSUM_BYTES]
        body = part[: _BODY.size]
        if len(body) == _BODY.size and part[_BODY.size :] == _checksum(body):
            magic, number, sequence, head = _BODY.unpack(body)
            if magic == _MAGIC:
                found.append((number, Anchor(sequence, head)))
    return found


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECKSUM_BYTES).digest()
