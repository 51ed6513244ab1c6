"""Killed anywhere and started again: everything converges, nothing is sold or bought twice."""

import os
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from actors.gateway.actor import Gateway
from actors.journal import segment
from actors.journal.codec import Snapshot
from config.loading import load
from config.settings import Settings
from messages.base import Milliseconds
from tests.system.crashing import Mend, Points, Session, as_found

MODES = ("synthetic", "oco", "stop_rests")
STRIDE = 23
"""Every so manieth point is tried here, others in each mode; a prime, so that kinds mix."""


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write without waiting for the disk: a killed process leaves its page cache behind."""
    monkeypatch.setattr(segment, "_SYNC", "PRAGMA synchronous=OFF")
    monkeypatch.setattr(os, "fsync", lambda _: None)


def settings(mode: str) -> Settings:
    given = load(None, [f"plan.protection_mode={mode}", "portfolio.positions_per_symbol=2"])
    portfolio = replace(given.portfolio, cooldown_ms=Milliseconds(0), compare_balances_ms=None)
    return replace(given, portfolio=portfolio)


def run(
    folder: Path,
    mode: str,
    *at: int,
    is_eager: bool = False,
    is_inside: bool = False,
    mend: Mend = as_found,
) -> Session:
    points = Points(*at)
    session = Session(
        folder, settings(mode), points, is_eager=is_eager, is_inside=is_inside, mend=mend
    )
    session.play()
    return session


def judge(session: Session) -> None:
    session.check()
    assert session.skipped() == []
    session.end()


def points_of(folder: Path, mode: str, *, is_eager: bool, is_inside: bool) -> int:
    whole = run(folder / "whole", mode, is_eager=is_eager, is_inside=is_inside)
    judge(whole)
    return len(whole.points.names)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_crash_two_positions_are_bought_and_sold(tmp_path: Path, mode: str) -> None:
    session = run(tmp_path, mode)
    assert session.bought() == ["p1", "p2"]
    names = set(session.points.names)
    assert {"before a commit", "after a commit", "before a submit", "after a submit"} <= names
    judge(session)


@pytest.mark.parametrize("is_inside", [False, True])
@pytest.mark.parametrize("is_eager", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_a_crash_anywhere_converges(
    tmp_path: Path, mode: str, *, is_eager: bool, is_inside: bool
) -> None:
    first = 1 + 7 * MODES.index(mode)
    points = points_of(tmp_path, mode, is_eager=is_eager, is_inside=is_inside)
    for point in range(first, points, STRIDE):
        folder = tmp_path / str(point)
        session = run(folder, mode, point, is_eager=is_eager, is_inside=is_inside)
        assert session.crashes == 1
        judge(session)


def test_a_crash_of_the_recovery_converges(tmp_path: Path) -> None:
    for point in (60, 90):
        for later in (1, 4, 9, 16):
            folder = tmp_path / f"{point}-{later}"
            session = run(folder, "synthetic", point, point + later, is_eager=True)
            assert session.crashes == 2
            judge(session)


def test_acting_before_persisting_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gateway, "_request_when_durable", Gateway.request)
    session = run(tmp_path, "synthetic", 73)
    assert session.crashes == 1
    with pytest.raises(AssertionError, match="coins are left"):
        session.check()


def test_a_dropped_message_is_caught(tmp_path: Path) -> None:
    def drop(snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(snapshot, undelivered=())

    session = run(tmp_path, "synthetic", 21, is_eager=True, mend=drop)
    assert session.crashes == 1
    with pytest.raises(AssertionError):
        session.check()
