"""Which segments of a journal are removed: by age and size, with a floor; never by their count.

Every start begins a segment, however little it writes: a count would let a few short starts remove
the history. What is removed is always the oldest, so what is left has no gap.
"""

from collections.abc import Sequence

import msgspec

from messages.base import Milliseconds


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a journal is kept."""

    age_ms: Milliseconds = Milliseconds(365 * 86_400_000)
    """Since a segment was last written to."""
    size_bytes: int = 4_000_000_000
    """Of all segments together."""
    floor_bytes: int = 1_000_000_000
    """The newest so many bytes stay, whatever their age."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of a segment from outside."""

    number: int
    size_bytes: int
    """With its log."""
    written_ms: int
    """When it was last written to, by the disk's clock."""


def removable(segments: Sequence[Segment], retention: Retention) -> list[int]:
    """Return the numbers of the segments to remove; ``segments`` oldest first, the last in use."""
    newer_bytes = 0
    for place in reversed(range(len(segments))):
        segment = segments[place]
        with_it = newer_bytes + segment.size_bytes
        is_old = segments[-1].written_ms - segment.written_ms > retention.age_ms
        is_above_floor = newer_bytes >= retention.floor_bytes
        if is_above_floor and (is_old or with_it > retention.size_bytes):
            return [one.number for one in segments[: place + 1]]
        newer_bytes = with_it
    return []
