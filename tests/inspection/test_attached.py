"""A session that runs and its journal together: the past, and what is newer than the disk has."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from actors.journal.code_hash import code_version
from actors.journal.holder import Holder
from actors.journal.lease import Lease
from actors.journal.store import FileJournal, JournalLimits, Origin
from inspection.client import Connection
from inspection.command import Context
from inspection.commands import run
from inspection.errors import InspectError, NoSessionError, NotLiveError
from inspection.journal_follower import Following
from inspection.recorded import recorded
from inspection.recorded_source import Past
from inspection.source import Kept, LiveSource, Steps
from inspection.view import View
from messages.base import Timestamp
from messages.inspection import PROTOCOL, Greeting
from tests.inspection.recording import append, write_session
from tests.inspection.test_recorded_source import Filmed


class Running(LiveSource):
    """A session of which the disk has the beginning, and the process the end."""

    def __init__(self, folder: Path, filmed: Filmed, kept_from: int) -> None:
        self._folder, self._kept_from = folder, kept_from
        self._past = Past(recorded(folder))
        self._late = tuple(r for r in filmed.written if r.sequence >= kept_from)
        self.is_closed = False

    @property
    def folder(self) -> Path:
        return self._folder

    def about(self) -> Greeting:
        at, now = self._late[-1].now, Timestamp(0)
        folder = str(self._folder)
        return Greeting(protocol=PROTOCOL, pid=1, folder=folder, account="", at=at, started_at=now)

    def entities(
        self, actors: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = 1_000_000
    ) -> Kept:
        return self._past.entities(actors, kinds, limit)

    def records(self, actor: str, limit: int) -> Steps:
        found = [
            r for r in self._late if actor in (r.actor, r.sender, *(send.to for send in r.outbox))
        ]
        return Steps(records=tuple(found[-limit:]), kept_from=self._kept_from)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture(scope="module")
def filmed() -> Filmed:
    one = Filmed(2)
    one.play()
    return one


def told(context: Context, line: str) -> object:
    view = run(context, line)
    assert isinstance(view, View)
    return view.data


def test_why_goes_on_from_the_disk_to_what_the_process_still_has(
    filmed: Filmed, tmp_path: Path
) -> None:
    whole = write_session(tmp_path / "whole", filmed.written)
    closes = [r.sequence for r in filmed.written if r.actor == "position/p2"]
    durable = closes[len(closes) // 2]
    early = write_session(tmp_path / "early", filmed.written[:durable])
    attached = Context(source=Running(early, filmed, durable - 3))
    offline = Context(source=Past(recorded(whole)))
    assert told(attached, "why p2") == told(offline, "why p2")
    assert told(attached, "diagram p2") == told(offline, "diagram p2")


def test_at_leaves_the_running_session_and_comes_back(filmed: Filmed, tmp_path: Path) -> None:
    folder = write_session(tmp_path / "one", filmed.written)
    live = Running(folder, filmed, filmed.written[-1].sequence)
    context = Context(source=live)
    told(context, "at 30")
    assert isinstance(context.source, Past)
    with pytest.raises(NotLiveError, match="needs the running session, not its past: at now"):
        run(context, "tap")
    told(context, "at 40")
    told(context, "at now")
    back: object = context.source
    assert back is live


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[tuple[Path, FileJournal]]:
    """A journal that a process holds and writes."""
    folder = tmp_path / "in-use"
    folder.mkdir()
    (folder / "session.json").write_text('{"epoch": 1}')
    with closing(Lease(folder, Holder(pid=1, since=Timestamp(0), session=""))) as lease:
        origin = Origin(code=code_version(), config="{}", seed=1)
        limits = JournalLimits(segment_bytes=90_000, reserve_bytes=1)
        with closing(FileJournal(lease, origin, limits, None, Timestamp(0))) as journal:
            yield folder, journal


def test_a_journal_in_use_is_read_as_far_as_it_is_durable_and_then_further(
    filmed: Filmed, writing: tuple[Path, FileJournal]
) -> None:
    folder, journal = writing
    following = Following(folder)
    half = len(filmed.written) // 2
    append(journal, filmed.written[:half])
    journal.append(filmed.written[half])  # not committed
    assert following.recorded().last == half
    append(journal, filmed.written[half + 1 :])
    assert following.recorded().last == half  # nobody asked for more
    found = following.recorded(at_least=half + 1)
    assert found.last == len(filmed.written)
    assert len(found.journal.chapters) > 2
    read = [found.journal.record(sequence) for sequence in range(1, found.last + 1)]
    assert read == filmed.written


def test_a_journal_of_another_run_is_not_taken_for_the_sessions(
    filmed: Filmed, tmp_path: Path
) -> None:
    folder = write_session(tmp_path / "one", filmed.written)
    (folder / "session.json").write_text('{"epoch": 7}')
    with pytest.raises(NoSessionError, match="holds none of its records any more"):
        recorded(folder)


def test_a_session_without_a_journal_still_answers_what_needs_none(
    filmed: Filmed, tmp_path: Path
) -> None:
    folder = write_session(tmp_path / "one", filmed.written)
    live = Running(folder, filmed, 1)
    for path in folder.glob("segment-*"):
        path.unlink()
    context = Context(source=live)
    assert told(context, "ledger")
    with pytest.raises(InspectError, match="no journal of it is there"):
        run(context, "why p1")


def test_a_socket_that_is_gone_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(NoSessionError, match="no session listens at"):
        Connection(tmp_path / "inspect.sock")


def test_a_session_finds_its_records_in_an_account_that_went_on_without_it(
    filmed: Filmed, tmp_path: Path
) -> None:
    account, half = tmp_path / "state" / "paper-embedded-main", len(filmed.written) // 2
    write_session(account, filmed.written[:half])
    (account / "session.json").unlink()
    session = tmp_path / "sessions" / "one"
    session.mkdir(parents=True)
    (session / "session.json").write_text('{"epoch": 1}')
    assert recorded(session).last == half, "beside the folder of sessions"
    aside = account / "before-2"
    aside.mkdir()
    for path in account.glob("segment-*"):
        path.rename(aside / path.name)
    facts = f'{{"epoch": 1, "journal": "{account}"}}'
    (session / "session.json").write_text(facts)
    with pytest.raises(NoSessionError, match="no journal of it is there"):
        recorded(session)
    write_session(account, filmed.written)  # a fresh one, of the next epoch
    (account / "session.json").unlink()
    found = recorded(session)
    assert (found.journal.folder, found.last) == (aside, half)
