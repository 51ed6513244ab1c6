"""A list is read whole whatever its pages are like, or it is marked as cut off."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.live.pages import PAGES_MOST, SURELY_SHORT, WholeList, read_whole
from messages.base import Timestamp

Row = Mapping[str, Any]
NOW = Timestamp(10_000_000)


class Venue:
    """A list of rows behind an exchange's kind of paging."""

    def __init__(
        self, times: list[int], page: int, *, newest_first: bool, window_ms: int | None = None
    ) -> None:
        self.rows: list[Row] = [
            {"id": str(number), "timestamp": at} for number, at in enumerate(sorted(times))
        ]
        self.page, self.newest_first, self.window_ms = page, newest_first, window_ms
        self.asked = 0

    async def fetch(self, begin: Timestamp, end: Timestamp | None) -> list[Row]:
        self.asked += 1
        until = NOW if end is None else end
        if self.window_ms is not None:
            until = Timestamp(min(until, begin + self.window_ms))
        found = [row for row in self.rows if begin <= row["timestamp"] <= until]
        return found[-self.page :] if self.newest_first else found[: self.page]

    def read(self, since: int = 0) -> WholeList:
        listed = asyncio.run(read_whole(self.fetch, Timestamp(since), NOW, self.window_ms))
        assert listed is not None
        return listed


def ids(rows: Sequence[Row]) -> set[str]:
    return {row["id"] for row in rows}


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("page", [50, 100, 500])
def test_every_row_is_read_in_either_order(page: int, *, newest_first: bool) -> None:
    venue = Venue([n * 10_000 for n in range(120)], page, newest_first=newest_first)
    listed = venue.read()
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


def test_a_short_page_needs_no_second_question() -> None:
    venue = Venue([n * 1_000 for n in range(SURELY_SHORT - 1)], 50, newest_first=True)
    assert venue.read().is_whole
    assert venue.asked == 1


@pytest.mark.parametrize("newest_first", [False, True])
def test_windows_of_days_are_read_one_after_the_other_also_where_one_is_empty(
    *, newest_first: bool
) -> None:
    times = [10_000, 20_000, 9_000_000, *(9_500_000 + n for n in range(90))]
    venue = Venue(times, 50, newest_first=newest_first, window_ms=1_000_000)
    listed = venue.read()
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


def test_a_page_of_one_moment_is_cut_off() -> None:
    venue = Venue([5_000] * 80, 50, newest_first=True)
    listed = venue.read()
    assert not listed.is_whole
    assert len(listed.rows) == 50


@pytest.mark.parametrize("newest_first", [False, True])
def test_many_fills_of_one_moment_are_whole_where_a_page_had_more_rows(
    *, newest_first: bool
) -> None:
    """A market order that sweeps a thin book leaves dozens of fills of one millisecond."""
    times = [1_000, 2_000, *[5_000] * 30, 9_000]
    venue = Venue(times, 50, newest_first=newest_first)
    listed = venue.read()
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_moment_at_the_border_of_two_pages_is_read_whole(*, newest_first: bool) -> None:
    times = [*(n * 1_000 for n in range(45)), *[50_000] * 12, *(60_000 + n for n in range(45))]
    venue = Venue(times, 50, newest_first=newest_first)
    listed = venue.read()
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


@pytest.mark.parametrize("rows", [50, 100, 150])
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_list_that_ends_with_a_full_page_is_whole(rows: int, *, newest_first: bool) -> None:
    venue = Venue([n * 1_000 for n in range(rows)], 50, newest_first=newest_first)
    listed = venue.read()
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


class Deaf(Venue):
    """An exchange that does not heed the end of a stretch."""

    async def fetch(self, begin: Timestamp, end: Timestamp | None) -> list[Row]:
        del end
        return await super().fetch(begin, None)


def test_where_the_end_is_not_heeded_the_newest_rows_are_not_the_whole_list() -> None:
    venue = Deaf([n * 10_000 for n in range(120)], 50, newest_first=True)
    listed = venue.read()
    assert not listed.is_whole
    venue = Deaf([n * 10_000 for n in range(120)], 50, newest_first=False)
    listed = venue.read()
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


class InSeconds(Venue):
    """An exchange that takes the moments of a question in whole seconds."""

    async def fetch(self, begin: Timestamp, end: Timestamp | None) -> list[Row]:
        until = None if end is None else Timestamp(end // 1_000 * 1_000 + 999)
        return await super().fetch(Timestamp(begin // 1_000 * 1_000), until)


def test_a_second_with_more_rows_than_a_page_hides_what_came_before() -> None:
    times = [1_000, 2_000, 3_000, *(5_000 + n * 10 for n in range(80))]
    listed = InSeconds(times, 50, newest_first=True).read()
    assert not listed.is_whole
    listed = InSeconds(times[:40], 50, newest_first=True).read()
    assert listed.is_whole


def test_a_page_of_any_size_may_be_cut_off_where_no_profile_says_otherwise() -> None:
    venue = Venue([n * 10_000 for n in range(25)], 10, newest_first=True)
    listed = asyncio.run(read_whole(venue.fetch, Timestamp(0), NOW, short=1))
    assert listed is not None
    assert listed.is_whole
    assert ids(listed.rows) == ids(venue.rows)


def test_rows_without_a_time_are_cut_off() -> None:
    async def fetch(_: Timestamp, __: Timestamp | None) -> list[Row]:
        return [{"id": str(n), "timestamp": None} for n in range(SURELY_SHORT)]

    listed = asyncio.run(read_whole(fetch, Timestamp(0), NOW))
    assert listed is not None
    assert not listed.is_whole


def test_a_list_without_end_is_cut_off() -> None:
    venue = Venue(
        [n * 10 for n in range(SURELY_SHORT * PAGES_MOST * 2)], SURELY_SHORT, newest_first=False
    )
    listed = venue.read()
    assert not listed.is_whole
    assert venue.asked == PAGES_MOST


def test_no_answer_to_a_later_page_is_no_list() -> None:
    venue = Venue([n * 10_000 for n in range(120)], 50, newest_first=True)

    async def fetch(begin: Timestamp, end: Timestamp | None) -> list[Row] | None:
        return None if venue.asked else await venue.fetch(begin, end)

    assert asyncio.run(read_whole(fetch, Timestamp(0), NOW)) is None


@given(
    times=st.lists(st.integers(0, 400).map(lambda n: n * 20_000), max_size=150),
    page=st.integers(SURELY_SHORT, 100),
    newest_first=st.booleans(),
    window_ms=st.none() | st.integers(500_000, 5_000_000),
    since=st.integers(0, 5_000_000),
)
def test_a_list_that_is_called_whole_is_whole(
    times: list[int], page: int, *, newest_first: bool, window_ms: int | None, since: int
) -> None:
    venue = Venue(times, page, newest_first=newest_first, window_ms=window_ms)
    listed = venue.read(since)
    wanted = {row["id"] for row in venue.rows if row["timestamp"] >= since}
    assert ids(listed.rows) <= wanted
    assert ids(listed.rows) == wanted or not listed.is_whole
    most = max((times.count(at) for at in times), default=0)
    assert listed.is_whole or most >= SURELY_SHORT


def test_both_sides_of_a_trade_with_oneself_are_kept() -> None:
    venue = Venue([5_000, 6_000], 50, newest_first=True)
    sides = [{"id": "t1", "order": order, "timestamp": 7_000} for order in ("buy", "sell")]
    venue.rows += sides
    assert [row for row in venue.read().rows if row["id"] == "t1"] == sides


@given(
    kind=st.sampled_from([Deaf, InSeconds]),
    times=st.lists(st.integers(0, 4_000).map(lambda n: n * 250), max_size=150),
    page=st.integers(SURELY_SHORT, 60),
    newest_first=st.booleans(),
)
def test_no_way_of_answering_makes_a_part_the_whole(
    kind: type[Venue], times: list[int], page: int, *, newest_first: bool
) -> None:
    venue = kind(times, page, newest_first=newest_first)
    listed = venue.read()
    assert ids(listed.rows) <= ids(venue.rows)
    assert ids(listed.rows) == ids(venue.rows) or not listed.is_whole
