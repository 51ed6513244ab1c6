"""Killed anywhere and started again: everything converges, nothing is sold or bought twice.

Every point of a session at a venue outside is tried: before and after each commit, each request at
the venue and each delivery; and a sample of those within the disk's work. What the disk forgets
differs from point to point. ``python -m tests.system.crash_soak`` tries all, with more choices.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from actors.gateway.actor import Gateway
from actors.journal import segment
from actors.journal.codec import Snapshot
from actors.journal.files import Files
from actors.journal.inspection import JournalLostError
from actors.journal.segment import SegmentWriter, segment_numbers
from config.loading import load
from config.settings import Settings
from messages.base import Milliseconds
from tests.system.crashing import Mend, Session, as_found
from tests.system.outside import Points
from verification.simulation.disk import ALL, NONE

MODES = ("synthetic", "oco", "stop_rests")
FOLDER = Path("/account")
DISK_STRIDE = 13
"""Every so manieth point is tried where the disk's count; a prime, so that kinds mix."""
INSIDE_STRIDE = 4
"""As above, where the venue is recorded and dies with the process."""
MUTANT_STRIDE = 3


@cache
def settings(mode: str) -> Settings:
    given = load(None, [f"plan.protection_mode={mode}", "portfolio.positions_per_symbol=2"])
    portfolio = replace(given.portfolio, cooldown_ms=Milliseconds(0), compare_balances_ms=None)
    return replace(given, portfolio=portfolio)


def run(
    mode: str,
    points: Points,
    choice: int = ALL,
    *,
    is_eager: bool = False,
    is_inside: bool = False,
    mend: Mend = as_found,
) -> Session:
    session = Session(
        FOLDER,
        settings(mode),
        points,
        is_eager=is_eager,
        is_inside=is_inside,
        mend=mend,
        choice=choice,
    )
    session.play()
    return session


def judge(session: Session) -> None:
    session.check()
    assert session.skipped() == []
    session.end()


def points_of(
    mode: str, *, is_eager: bool = False, is_inside: bool = False, counts_disk: bool = False
) -> int:
    whole = run(mode, Points(counts_disk=counts_disk), is_eager=is_eager, is_inside=is_inside)
    judge(whole)
    return len(whole.points.names)


def choice_at(point: int) -> int:
    """Return what the disk forgets: in turn all, nothing, and something."""
    return (NONE, ALL, point)[point % 3]


@pytest.mark.parametrize("mode", MODES)
def test_without_a_crash_two_positions_are_bought_and_sold(mode: str) -> None:
    session = run(mode, Points())
    assert session.bought() == ["p1", "p2"]
    assert len(segment_numbers(FOLDER, session.disk)) > 2
    names = set(session.points.names)
    assert {"before a commit", "after a commit", "before a submit", "after a submit"} <= names
    judge(session)


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize("is_eager", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_crash_anywhere_converges(mode: str, *, is_eager: bool, is_inside: bool) -> None:
    count = points_of(mode, is_eager=is_eager, is_inside=is_inside)
    for point in range(1, count + 1, INSIDE_STRIDE if is_inside else 1):
        session = run(mode, Points(point), choice_at(point), is_eager=is_eager, is_inside=is_inside)
        assert session.crashes == 1
        judge(session)


@pytest.mark.parametrize("is_eager", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_crash_within_the_disk_converges(mode: str, *, is_eager: bool) -> None:
    count = points_of(mode, is_eager=is_eager, counts_disk=True)
    for point in range(1 + MODES.index(mode), count, DISK_STRIDE):
        points = Points(point, counts_disk=True)
        session = run(mode, points, choice_at(point), is_eager=is_eager)
        judge(session)


def test_a_crash_of_the_recovery_converges() -> None:
    for point in (60, 90):
        for later in range(1, 60):
            points = Points(point, point + later, counts_disk=True)
            session = run("synthetic", points, choice_at(later), is_eager=True)
            judge(session)


def outcomes(*, choice: int, is_eager: bool = False, mend: Mend = as_found) -> Iterator[str]:
    """Yield what is found wrong after a crash at each of some points."""
    for point in range(1, points_of("synthetic", is_eager=is_eager), MUTANT_STRIDE):
        try:
            run("synthetic", Points(point), choice, is_eager=is_eager, mend=mend).check()
        except (AssertionError, JournalLostError) as error:
            yield str(error)


def test_the_judges_find_nothing_without_a_mutant() -> None:
    assert list(outcomes(choice=NONE)) == []


def test_not_syncing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "_SYNC", "PRAGMA synchronous=OFF")
    assert any("can't be read" in told for told in outcomes(choice=NONE))


def test_not_syncing_commits_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = SegmentWriter.__init__

    def begin_unsynced(writer: SegmentWriter, path: Path, files: Files) -> None:
        begin(writer, path, files)
        writer._database.execute("PRAGMA synchronous=OFF")

    monkeypatch.setattr(SegmentWriter, "__init__", begin_unsynced)
    assert all("was durable" in told for told in outcomes(choice=NONE))
    assert list(outcomes(choice=NONE))


def test_acting_before_persisting_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "_request_when_durable", Gateway.request)
    assert any("coins are left" in told for told in outcomes(choice=NONE))


def test_a_dropped_message_is_caught() -> None:
    def drop(snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(snapshot, undelivered=())

    assert list(outcomes(choice=ALL, is_eager=True, mend=drop))


def test_a_message_delivered_twice_is_caught() -> None:
    def double(snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(snapshot, undelivered=snapshot.undelivered * 2)

    told = list(outcomes(choice=ALL, is_eager=True, mend=double))
    assert any("twice" in one for one in told)
