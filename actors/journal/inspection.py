"""What an account's folder holds: the last cut that is whole, and what is not.

Reads and judges; changes nothing. Whole is what the chain of hashes proves from a segment's opening
on, and what the anchor does not contradict.
"""

from pathlib import Path

import msgspec

from actors.journal.anchor import Anchor, read_anchor
from actors.journal.codec import Snapshot, UnreadableError, decode_outline
from actors.journal.files import DISK, Files
from actors.journal.gc_pause import making_what_stays
from actors.journal.segment import SegmentReader, read_segment, segment_numbers
from actors.journal.snapshot import Cut, UnderWay
from messages.base import Timestamp

ANCHOR = "anchor"
"""The anchor's file in the account's folder."""


class JournalLostError(Exception):
    """There is a journal, and no segment of it can be read."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where a journal stands."""

    snapshot: Snapshot
    """The last whole cut."""
    head: bytes
    """The chain's head there."""
    last_number: int
    """Of the newest segment, readable or not."""
    seed: int
    """Of the market that the journal began with."""
    losses: tuple[str, ...] = ()
    """What is not whole, for people; empty: nothing was lost."""


@making_what_stays()
def find(folder: Path, files: Files = DISK) -> Found | None:
    """Return where the journal in ``folder`` stands; None where there is none.

    Raises:
        JournalLostError: no segment can be read.
        OSError: the folder can't be.
    """
    numbers = segment_numbers(folder, files)
    anchor = read_anchor(folder / ANCHOR, files)
    if not numbers:
        if anchor is not None and anchor.sequence:
            raise JournalLostError(
                f"{folder} holds no segment of a journal that had {anchor.sequence} records"
            )
        return None
    losses: list[str] = []
    for number in reversed(numbers):
        try:
            with read_segment(folder, number, files) as reader:
                found = _fold(reader, number, anchor)
        except UnreadableError as error:
            losses.append(f"segment {number} can't be read: {error}")
        else:
            losses += found.losses
            return msgspec.structs.replace(found, last_number=numbers[-1], losses=tuple(losses))
    raise JournalLostError(f"nothing in {folder} can be read: {'; '.join(losses)}")


def against_anchor(anchor: Anchor | None, sequence: int, heads: tuple[bytes, ...]) -> str | None:
    """Return what the anchor says against a journal that ends at ``sequence``; None: nothing.

    ``heads`` are the chain's there: two where a new segment begins.
    """
    if anchor is None:
        return (
            "there is no anchor: nobody can tell whether the end is missing" if sequence else None
        )
    if anchor.sequence > sequence:
        return f"records {sequence + 1} to {anchor.sequence} were durable and are lost"
    if anchor.sequence == sequence and anchor.head not in heads:
        return f"at record {sequence} the anchor tells of another history"
    return None


def _fold(reader: SegmentReader, number: int, anchor: Anchor | None) -> Found:
    snapshot = reader.opening.snapshot
    cut, under_way = Cut(snapshot), UnderWay(snapshot)
    for batch in reader.batches():
        for encoded in batch.encoded:
            outline = decode_outline(encoded)
            cut.take(outline.sequence, outline.actor, outline.now, outline.changes)
            under_way.take(outline)
    losses = [f"segment {number}: {reader.damage}"] if reader.damage else []
    heads: tuple[bytes, ...] = (reader.head,)
    if reader.sequence == snapshot.sequence:
        heads += (reader.opening.previous_head,)
    if (lost := against_anchor(anchor, reader.sequence, heads)) is not None:
        losses.append(lost)
    return Found(
        snapshot=cut.snapshot(under_way.list()),
        head=reader.head,
        last_number=number,
        seed=reader.opening.manifest.seed,
        losses=tuple(losses),
    )


def nothing(at: Timestamp) -> Snapshot:
    """Return the cut of a system in which nothing has happened."""
    return Snapshot(sequence=0, at=at)
