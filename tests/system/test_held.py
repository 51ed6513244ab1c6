"""The disk is dead for long: one exit of a position waits for it, and no second one beside it."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from actors.journal import segment
from actors.order_router import replies
from config.settings import JournalFailure
from messages.base import Milliseconds, Timestamp
from messages.gateway import SubmitOrder
from messages.orders import Side
from tests.system.crashing import Outage, Session
from tests.system.outside import Points, Venue
from tests.system.test_crashes import judge, settings

MINUTES = Outage(
    ticks=range(6, 90),
    prices=(100, 100, 102, 101, 100.5, 100.5, *[97.5] * 140),
    open_at=(1, 3),
)
"""Both stops are touched while the disk is dead, for three minutes."""


@pytest.fixture(autouse=True)
def sold(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the sells that reach the venue; write without waiting for the disk."""
    monkeypatch.setattr(segment, "_SYNC", "PRAGMA synchronous=OFF")
    monkeypatch.setattr(os, "fsync", lambda _: None)
    submit = Venue.submit
    noted: list[str] = []

    def note(venue: Venue, order: SubmitOrder, now: Timestamp) -> None:
        if order.request.side is Side.SELL:
            noted.append(str(order.request.client_order_id))
        submit(venue, order, now)

    monkeypatch.setattr(Venue, "submit", note)
    return noted


def play(folder: Path, mode: str, failure: JournalFailure) -> None:
    given = settings(mode)
    journal = replace(given.journal, failure=failure, exit_after_ms=Milliseconds(100_000))
    plan = replace(given.plan, take_profit_ratio=None)
    given = replace(given, journal=journal, plan=plan if mode == "synthetic" else given.plan)
    session = Session(folder, given, Points(), outage=MINUTES)
    session.play()
    judge(session)


@pytest.mark.parametrize("failure", JournalFailure)
@pytest.mark.parametrize("mode", ["synthetic", "stop_rests"])
def test_of_each_position_one_exit_leaves(
    tmp_path: Path, sold: list[str], mode: str, failure: JournalFailure
) -> None:
    play(tmp_path, mode, failure)
    assert sorted(sold) == ["he1p1x1", "he1p2x1"]


@pytest.mark.parametrize("failure", JournalFailure)
def test_where_the_router_gave_up_on_one_that_waits_the_next_takes_its_place(
    tmp_path: Path, sold: list[str], failure: JournalFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a commit that hung for long: nobody could tell the router that it waits."""
    monkeypatch.setattr(replies, "held", lambda order, *_: order)
    play(tmp_path, "synthetic", failure)
    assert sorted(one.rpartition("x")[0] for one in sold) == ["he1p1", "he1p2"]
    assert "he1p2x1" not in sold
