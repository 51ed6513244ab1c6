"""One segment of a journal as it is looked at: its records, and the index of who they concern.

Read from a copy, also while it is written: then as far as it is durable.
"""

from array import array
from collections import defaultdict
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from actors.journal.codec import Snapshot, UnreadableError
from actors.journal.segment import Manifest, log_path, read_segment, segment_path

_TRIES = 3


class _Quote(msgspec.Struct):
    symbol: str = ""


class _Heard(msgspec.Struct):
    quote: _Quote | None = None


class _Told(msgspec.Struct):
    to: str


class _Glance(msgspec.Struct):
    """What the index needs of a record."""

    sequence: int
    actor: str
    now: int
    sender: str
    message: _Heard
    outbox: tuple[_Told, ...]
    error: str | None = None


_glance = msgspec.msgpack.Decoder(_Glance).decode


def _places() -> "array[int]":
    return array("Q")


class Page(NamedTuple):
    """What one segment begins with, and its records."""

    manifest: Manifest
    opening: Snapshot
    encoded: list[bytes]
    damage: str | None


class Chapter:
    """The index of one segment."""

    def __init__(self, number: int) -> None:
        """Begin empty."""
        self.number = number
        self.epoch = 0
        self.first = 0
        """Sequence of its first record, were there one."""
        self.size = (-1, -1)
        """Of the files as they were read last."""
        self.times = array("q")
        """Of every record, in order."""
        self.concerned: dict[str, array[int]] = defaultdict(_places)
        """By address: who took the step, caused it, or was told by it."""
        self.steps: dict[str, array[int]] = defaultdict(_places)
        self.raised: dict[str, array[int]] = defaultdict(_places)
        self.quotes: dict[str, array[int]] = defaultdict(_places)
        """By symbol: records that were heard with a quote."""

    @property
    def last(self) -> int:
        """Sequence of its last record."""
        return self.first + len(self.times) - 1

    def take(self, page: Page) -> None:
        """Take in what is new in the segment. Raises ``UnreadableError``."""
        self.epoch, self.first = page.manifest.epoch, page.opening.sequence + 1
        for encoded in islice(page.encoded, len(self.times), None):
            try:
                seen = _glance(encoded)
            except msgspec.DecodeError as error:
                raise UnreadableError(str(error)) from error
            for address in {
                seen.actor,
                seen.sender,
                *(told.to for told in seen.outbox),
            }:  # an index
                self.concerned[address].append(seen.sequence)
            self.steps[seen.actor].append(seen.sequence)
            if seen.error is not None:
                self.raised[seen.actor].append(seen.sequence)
            if seen.message.quote is not None:
                self.quotes[seen.message.quote.symbol].append(seen.sequence)
            self.times.append(seen.now)


def read_page(folder: Path, number: int) -> Page:
    """Return a segment whole. Raises ``UnreadableError``, ``FileNotFoundError``.

    Its writer may close it meanwhile, and fold the log into the file: then it is read once more.
    """
    for _ in range(_TRIES):
        before = size_of(folder, number)
        with read_segment(folder, number) as reader:
            encoded = list(chain.from_iterable(batch.encoded for batch in reader.batches()))
            opening, damage = reader.opening, reader.damage
        after = size_of(folder, number)
        if before[0] == after[0] and before[1] <= after[1]:
            break
    return Page(opening.manifest, opening.snapshot, encoded, damage)


def size_of(folder: Path, number: int) -> tuple[int, int]:
    """Return the size of a segment's file, and of its log."""
    path = segment_path(folder, number)
    log = log_path(path)
    return path.stat().st_size, log.stat().st_size if log.exists() else 0
