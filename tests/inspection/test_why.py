"""``why`` explains each kind of exit: golden texts of fixed sessions, with the records' numbers."""

import pytest

from actors.position.position import Position
from inspection.narrative import tell
from tests.inspection.fates import FATES, play
from tests.inspection.goldens import FOLDER, said


@pytest.mark.parametrize("name", FATES)
def test_why_says_what_the_golden_text_says(name: str) -> None:
    golden = (FOLDER / f"why_{name}.txt").read_text(encoding="utf-8")
    assert said(name) == golden, "if it is meant: python -m tests.inspection.goldens"


@pytest.mark.parametrize("name", FATES)
def test_every_sentence_names_a_record_of_the_position_and_what_caused_it(name: str) -> None:
    records, address = play(name)
    by_sequence = {record.sequence: record for record in records}
    story = tell(records, address, by_sequence.get)
    assert story.lines
    for line in story.lines:
        record = by_sequence[line.sequence]
        assert (record.actor, record.now) == (address, line.at)
        assert line.cause in (None, record.id[0])
        if line.cause is not None:
            sent = by_sequence[line.cause].outbox[record.id[1]]
            assert (sent.to, sent.message) == (address, record.message)
    last = [c for r in records if r.actor == address for c in r.changes if isinstance(c, Position)]
    assert story.life is not None
    assert story.life.position == last[-1]


def test_a_life_that_is_told_from_its_middle_goes_on_from_what_was_kept() -> None:
    records, address = play("stop")
    whole = tell(records, address, lambda _: None)
    own = [record for record in records if record.actor == address]
    kept: dict[str, object] = {}
    for record in own[:4]:
        kept |= {type(change).__name__: change for change in record.changes}
    rest = tell(own[4:], address, lambda _: None, kept.values())  # type: ignore[arg-type]
    assert rest.headline == whole.headline
    assert rest.lines == whole.lines[-len(rest.lines) :]
