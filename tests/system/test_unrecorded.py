"""The disk dies, exits leave without a record, and the process is killed: nothing is sold twice."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.journal import segment
from actors.position import recovery
from messages.base import Milliseconds
from tests.system.crashing import Outage, Session
from tests.system.dying import AT_A_DEAD_DISK
from tests.system.outside import Points, Venue
from tests.system.test_crashes import judge, settings

FALL = Outage(
    ticks=range(6, 11),
    prices=(100, 100, 102, 101, 100.5, 100.5, 99.9, 99.5, 98.8, 98.8, 97.5),
    open_at=(1, 3),
)
"""While the disk is dead, the second one's stop is touched; the first one's after it."""
RISE = Outage(
    ticks=range(5, 9),
    prices=(100, 100, 100.5, 101, 102, 103.5, 103.5, 103.5, 103, 101.5, 100, 99, 98, 97),
    open_at=(1, 4),
)
"""While the disk is dead, the first one's target is reached."""
STRIDE = 3


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write without waiting for the disk: a killed process leaves its page cache behind."""
    monkeypatch.setattr(segment, "_SYNC", "PRAGMA synchronous=OFF")
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(autouse=True, params=[False, True], ids=["ids once", "ids again"])
def _ids(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Venue, "reuses_ids", request.param)


def run(folder: Path, mode: str, outage: Outage, *at: int) -> Session:
    given = settings(mode)
    journal = replace(given.journal, exit_after_ms=Milliseconds(1_000))
    session = Session(folder, replace(given, journal=journal), Points(*at), outage=outage)
    session.play()
    return session


def points_of(session: Session) -> range:
    """Return the points that are passed while the disk is dead."""
    names = session.points.names
    dead = [place for place, name in enumerate(names, 1) if name == AT_A_DEAD_DISK]
    return range(dead[0], names.index("before a commit", dead[-1]) + 1)


def crashed(folder: Path, mode: str, outage: Outage, stride: int) -> Iterator[Session]:
    whole = run(folder / "whole", mode, outage)
    judge(whole)
    for point in points_of(whole)[::stride]:
        session = run(folder / str(point), mode, outage, point)
        assert session.crashes == 1
        yield session


@pytest.mark.parametrize(
    ("mode", "outage", "leaves"),
    [
        ("synthetic", FALL, True),
        ("synthetic", RISE, False),  # a target that rests fills without us
        ("oco", RISE, False),
        ("stop_rests", RISE, True),
    ],
)
def test_what_this_process_exits_by_leaves_a_dead_disk(
    tmp_path: Path, mode: str, outage: Outage, *, leaves: bool
) -> None:
    session = run(tmp_path, mode, outage)
    judge(session)
    names = [session.points.names[point - 1] for point in points_of(session)]
    assert ("after a submit" in names) is leaves


@pytest.mark.parametrize(
    ("mode", "outage"),
    [("synthetic", FALL), ("synthetic", RISE), ("oco", RISE), ("stop_rests", RISE)],
)
def test_a_crash_while_the_disk_is_dead_sells_nothing_twice(
    tmp_path: Path, mode: str, outage: Outage
) -> None:
    for session in crashed(tmp_path, mode, outage, STRIDE):
        judge(session)
        assert session.differences() == []


def test_without_looking_back_coins_are_sold_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Venue, "reuses_ids", True)
    monkeypatch.setattr(recovery, "begin", lambda _turn, _since: None)
    failures = []
    for session in crashed(tmp_path, "synthetic", FALL, 1):
        try:
            session.check()
        except AssertionError as error:
            failures.append(error)
        session.end()
    assert failures
