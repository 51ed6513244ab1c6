"""Old segments go by age and size, never by how many there are, and never under a floor."""

import pytest

from actors.journal.inspection import find
from actors.journal.retention import Retention, Segment, removable
from actors.journal.segment import segment_numbers
from actors.journal.store import JournalLimits
from messages.base import Milliseconds
from tests.actors.journal.history import journal_in, records
from verification.simulation.disk import SimulatedDisk
from verification.sources import ROOT

DAY = 86_400_000
RULES = Retention(age_ms=Milliseconds(30 * DAY), size_bytes=1_000, floor_bytes=300)


def segments(*of: tuple[int, int]) -> list[Segment]:
    """Size and age in days of each, oldest first."""
    return [
        Segment(number=number, size_bytes=size, written_ms=(1_000 - days) * DAY)
        for number, (size, days) in enumerate(of, 1)
    ]


@pytest.mark.parametrize(
    ("of", "gone"),
    [
        ((), []),
        (((100, 900),), []),
        (tuple((1, 0) for _ in range(500)), []),  # many short starts
        (((100, 31), (100, 31), (100, 31), (100, 0)), [1]),  # older, above the floor
        (((100, 30), (100, 30), (100, 30), (100, 0)), []),
        (((100, 31), (500, 0)), [1]),
        (((600, 2), (300, 1), (300, 0)), [1]),  # larger than all may be
        (((400, 2), (300, 1), (300, 0)), []),
        (((1, 99), (900, 1), (5_000, 0)), [1, 2]),  # what is in use stays
        (((1, 0), (900, 99), (400, 0)), [1, 2]),  # no gap, whatever a clock said
    ],
)
def test_what_goes_is_the_oldest(of: tuple[tuple[int, int], ...], gone: list[int]) -> None:
    assert removable(segments(*of), RULES) == gone


def test_many_short_starts_leave_the_history() -> None:
    disk, folder = SimulatedDisk(), ROOT / "account"
    limits = JournalLimits(reserve_bytes=4_096)
    for record in records()[:40]:
        journal, lease = journal_in(folder, find(folder, disk), limits, disk)
        journal.append(record)
        journal.commit()
        journal.close()
        lease.close()
    assert segment_numbers(folder, disk) == list(range(1, 41))
