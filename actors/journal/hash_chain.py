"""How records lie in a batch, and the chain of hashes that ties each batch to all before it.

A batch is what one commit made durable: it ends between two steps, so it is a consistent cut of the
whole system. It counts as a whole or not at all.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator

import msgspec

from actors.journal.codec import UnreadableError

DIGEST_BYTES = 32
NO_HEAD = bytes(DIGEST_BYTES)
"""Of a chain that has not begun."""

_FORMAT = 1
"""Of what is hashed; a segment has its own, in its manifest."""
_LENGTH = struct.Struct("<I")
_HEADER = struct.Struct("<HQQQ")


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one commit."""

    first: int
    """Sequence of the first record."""
    last: int
    epoch: int
    """Of the process that wrote it: see ``lease``."""
    records: bytes
    """One after the other, each with its length before it."""
    head: bytes
    """The chain up to and with this batch."""

    @property
    def encoded(self) -> Iterator[bytes]:
        """Yield the records, still encoded. Raises ``UnreadableError`` where they don't add up."""
        data, place = self.records, 0
        while place < len(data):
            if len(data) - place < _LENGTH.size:
                raise UnreadableError("a record's length is cut")
            (length,) = _LENGTH.unpack_from(data, place)
            place += _LENGTH.size
            if len(data) - place < length:
                raise UnreadableError("a record is cut")
            yield data[place : place + length]
            place += length


def join(records: Iterable[bytes]) -> bytes:
    """Return the records as they lie in a batch."""
    return b"".join(_LENGTH.pack(len(record)) + record for record in records)


def next_head(head: bytes, first: int, last: int, epoch: int, records: bytes) -> bytes:
    """Return the chain's head after a batch."""
    digest = hashlib.blake2b(head, digest_size=DIGEST_BYTES)
    digest.update(_HEADER.pack(_FORMAT, first, last, epoch))
    digest.update(records)
    return digest.digest()


class OpeningHash:
    """The chain at the beginning of a segment that follows one ending in ``head``, part by part."""

    def __init__(self, head: bytes) -> None:
        """Begin before the first part."""
        self._digest = hashlib.blake2b(head, digest_size=DIGEST_BYTES)

    def take(self, part: bytes) -> bytes:
        """Take the next part in; return it."""
        self._digest.update(_LENGTH.pack(len(part)))
        self._digest.update(part)
        return part

    @property
    def head(self) -> bytes:
        """The chain's head after the parts that were taken."""
        return self._digest.digest()


def why_broken(batch: Batch, head: bytes, next_sequence: int) -> str | None:
    """Return why ``batch`` does not follow; None: it does, every byte of it."""
    if batch.first != next_sequence:
        return f"record {next_sequence} is missing: the next one is {batch.first}"
    try:
        follows = next_head(head, batch.first, batch.last, batch.epoch, batch.records)
    except struct.error:  # a damaged number that no batch can have, such as a negative one
        follows = b""
    if batch.head != follows:
        return f"records {batch.first} to {batch.last} are not as they were written"
    return None
