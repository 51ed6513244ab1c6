"""The chain over all batches: any number or byte of one that is altered breaks it."""

import pytest
from msgspec.structs import replace

from actors.journal.hash_chain import Batch, next_head, why_broken

HEAD = bytes(32)
RECORDS = b"as they were written"
WHOLE = Batch(first=1, last=3, epoch=1, head=next_head(HEAD, 1, 3, 1, RECORDS), records=RECORDS)


def test_a_batch_as_it_was_written_follows() -> None:
    assert why_broken(WHOLE, HEAD, 1) is None


@pytest.mark.parametrize(
    "change",
    [
        {"last": 2},
        {"last": -125},
        {"epoch": 2},
        {"epoch": -1},
        {"epoch": 1 << 63},
        {"records": b""},
    ],
)
def test_any_altered_part_of_it_is_damage_and_no_error(change: dict[str, int | bytes]) -> None:
    assert "not as they were written" in (why_broken(replace(WHOLE, **change), HEAD, 1) or "")
