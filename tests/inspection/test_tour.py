"""The session that ships is what the code makes, and the tour shows what is answered about it."""

from pathlib import Path

import pytest

from actors.journal.codec import decode
from actors.journal.segment import read_segment
from inspection.command import Context
from inspection.entry import open_session
from tests.data.record_session import FOLDER, record
from tests.inspection.tour import BLOCK, PAGE, context, page, said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "session"
    record(folder)
    return folder


def test_the_tour_shows_what_is_answered() -> None:
    assert len(BLOCK.findall(PAGE.read_text(encoding="utf-8"))) > 4
    assert page() == PAGE.read_text(encoding="utf-8"), "run: python -m tests.inspection.tour"


def test_every_record_of_the_shipped_session_can_still_be_read() -> None:
    with read_segment(FOLDER, 1) as reader:
        records = [decode(one) for batch in reader.batches() for one in batch.encoded]
        assert reader.damage is None
    assert len(records) > 50
    assert [one.sequence for one in records] == list(range(1, len(records) + 1))


@pytest.mark.parametrize("line", ["why p1", "why p2", "why p3", "ledger"])
def test_the_shipped_session_tells_what_one_made_now_tells(made: Path, line: str) -> None:
    source, _ = open_session(made)
    again = said(Context(source=source), line)
    assert again == said(context(), line), "run: python -m tests.data.record_session"
