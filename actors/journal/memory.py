"""A journal in memory, with a chain of hashes: same inputs, same head.

Owns encoded records and the chain. Durable as it is written, gone with the process.
"""

import hashlib

import msgspec

from actors.journal.port import JournalError, Record

_DIGEST_BYTES = 32


class MemoryJournal:
    """Keeps encoded records, or with ``keep=False`` only the head of the chain and the counts."""

    def __init__(self, *, keep: bool = True) -> None:
        """Begin an empty journal."""
        self.encoded: list[bytes] = []
        """The records as msgpack, oldest first; empty with ``keep=False``."""
        self.total_bytes = 0
        self._keep = keep
        self._next_sequence = 1
        self._head = bytes(_DIGEST_BYTES)
        self._encode = msgspec.msgpack.Encoder().encode

    @property
    def next_sequence(self) -> int:
        """The sequence that the next record must carry."""
        return self._next_sequence

    @property
    def durable(self) -> int:
        """Sequence of the last record."""
        return self._next_sequence - 1

    @property
    def head(self) -> str:
        """The hash over all records so far, hexadecimal."""
        return self._head.hex()

    def append(self, record: Record) -> None:
        """Encode the record and link it to the chain.

        Raises ``JournalError`` where the sequence has a gap or a part of it can't be encoded.
        """
        if record.sequence != self._next_sequence:
            raise JournalError(
                f"record {record.sequence} of {record.actor}: {self._next_sequence} is next"
            )
        try:
            encoded = self._encode(record)
        except (TypeError, ValueError) as error:
            raise JournalError(
                f"record {record.sequence} of {record.actor} can't be encoded: {error}"
            ) from error
        self._head = hashlib.blake2b(self._head + encoded, digest_size=_DIGEST_BYTES).digest()
        self._next_sequence += 1
        self.total_bytes += len(encoded)
        if self._keep:
            self.encoded.append(encoded)
