"""``download``: pages of candles into a recording, whatever the exchange's pages are like."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from commands.download import INTERVALS, Request, Row, Tally, download, moment, pages
from config.settings import VolumeIn
from exchange.recordings.reader import open_recording, read_candles
from exchange.server.connect import open_session
from exchange.server.thread import ServerThread
from messages.base import Symbol, Timestamp
from session.connection import Way
from terminal.errors import UsageError
from tests.exchange.live.wire import STILL
from tests.exchange.venue import RULES, SYMBOL, holding

MINUTE = INTERVALS["1m"]
START = moment("2024-01-31")


def candle(number: int, low: float = 99.5) -> Row:
    return [float(START + number * MINUTE), 100.0, 101.0, low, 100.5, 1.5]


class Book:
    """An exchange's candles, given out in pages of ``size`` from the start that is asked for."""

    def __init__(self, rows: list[Row], size: int) -> None:
        self.rows = rows
        self.size = size
        self.asked: list[Timestamp] = []

    def __call__(self, start: Timestamp) -> list[Row]:
        self.asked.append(start)
        return [row for row in self.rows if row[0] >= start][: self.size]


def starts(found: Iterator[list[Row]]) -> list[int]:
    return [int(row[0]) - START for page in found for row in page]


@given(
    numbers=st.sets(st.integers(0, 1_500), max_size=60),
    size=st.integers(1, 20),
    end=st.integers(0, 1_600),
)
@settings(deadline=None, max_examples=60)
def test_every_closed_candle_comes_once_and_in_order(
    numbers: set[int], size: int, end: int
) -> None:
    book = Book([candle(number) for number in sorted(numbers)], size)
    until = Timestamp(START + end * MINUTE)
    found = starts(pages(book, START, until, MINUTE, Tally()))
    assert found == [number * MINUTE for number in sorted(numbers) if number < end]


def test_the_candle_that_is_still_being_made_is_left_for_later() -> None:
    book = Book([candle(0), candle(1)], 10)
    until = Timestamp(START + 2 * MINUTE - 1)
    assert starts(pages(book, START, until, MINUTE, Tally())) == [0]


def test_a_long_hole_is_crossed_in_steps() -> None:
    book = Book([], 10)
    assert list(pages(book, START, Timestamp(START + 1_200 * MINUTE), MINUTE, Tally())) == []
    assert [asked - START for asked in book.asked] == [0, 500 * MINUTE, 1_000 * MINUTE]


@pytest.mark.parametrize(
    "row",
    [
        candle(1, low=102.0),
        candle(1, low=0.0),
        candle(1, low=float("nan")),
        [*candle(1)[:5], -1.0],
        [candle(1)[0] + 1, *candle(1)[1:]],  # off the minute
        candle(1)[:5],
    ],
)
def test_a_candle_that_makes_no_sense_is_left_out_and_counted(row: Row) -> None:
    tally = Tally()
    book = Book([candle(0), row, candle(2)], 10)
    found = starts(pages(book, START, Timestamp(START + 9 * MINUTE), MINUTE, tally))
    assert found == [0, 2 * MINUTE]
    assert (tally.written, tally.left_out) == (2, 1)


@pytest.mark.parametrize("text", ["yesterday", "31.01.2024", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write it like 2024-01-31"):
        moment(text)


def test_a_time_zone_is_minded() -> None:
    assert moment("2024-01-31T02:00+02:00") == START


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    """A venue that traded at 100, 101, … in the first five minutes of a day long ago."""
    now = [START]
    with ServerThread("binance", [RULES], holding(), clock=lambda: now[0]) as thread:
        for minute in range(5):
            now[0] = Timestamp(START + minute * MINUTE + 1_000)
            thread.move(SYMBOL, 100.0 + minute)
        yield thread


def way_to(thread: ServerThread) -> Way:
    return Way(
        settings=STILL,
        make_session=lambda: open_session(thread.reach),
        environment={},
        pause=lambda _: None,
    )


def request_of(folder: Path, minutes: int) -> Request:
    return Request(
        exchange_id="binance",
        symbols=(SYMBOL,),
        since=START,
        until=Timestamp(START + minutes * MINUTE),
        folder=folder,
    )


def recorded(folder: Path) -> list[tuple[int, float]]:
    recording = open_recording(folder / "BTC-USDT-1m.csv")
    found = read_candles(recording, VolumeIn.BASE)
    return [((one.start - START) // MINUTE, one.close) for one in found]


FOUR = [(0, 100.0), (1, 101.0), (2, 102.0), (3, 103.0)]


def test_candles_over_the_wire_become_a_recording(server: ServerThread, tmp_path: Path) -> None:
    download(request_of(tmp_path, 4), way_to(server), Console(quiet=True))
    assert recorded(tmp_path) == FOUR


def test_a_second_run_carries_on_where_the_first_ended(
    server: ServerThread, tmp_path: Path
) -> None:
    console = Console(record=True, width=200, file=(tmp_path / "out").open("w"))
    download(request_of(tmp_path, 2), way_to(server), console)
    assert recorded(tmp_path) == FOUR[:2]
    download(request_of(tmp_path, 4), way_to(server), console)
    assert recorded(tmp_path) == FOUR
    console.file.close()
    assert "goes on after 2024-01-31 00:01 UTC" in console.export_text()


def test_a_line_cut_short_by_a_crash_is_written_anew(server: ServerThread, tmp_path: Path) -> None:
    download(request_of(tmp_path, 4), way_to(server), Console(quiet=True))
    file = tmp_path / "BTC-USDT-1m.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[:-7])
    download(request_of(tmp_path, 4), way_to(server), Console(quiet=True))
    assert file.read_bytes() == whole


def test_a_file_of_another_kind_is_not_touched(server: ServerThread, tmp_path: Path) -> None:
    file = tmp_path / "BTC-USDT-1m.csv"
    file.write_text("my notes\n", encoding="utf-8")
    with pytest.raises(UsageError, match="something else than candles"):
        download(request_of(tmp_path, 4), way_to(server), Console(quiet=True))
    assert file.read_text(encoding="utf-8") == "my notes\n"


def test_a_symbol_that_is_not_there_leaves_no_file(server: ServerThread, tmp_path: Path) -> None:
    request = msgspec.structs.replace(request_of(tmp_path, 4), symbols=(Symbol("BTC/EUR"),))
    with pytest.raises(UsageError, match="no market BTC/EUR"):
        download(request, way_to(server), Console(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_an_interval_nobody_offers_is_refused(server: ServerThread, tmp_path: Path) -> None:
    request = msgspec.structs.replace(request_of(tmp_path, 4), interval="7m")
    with pytest.raises(UsageError, match="--interval 7m: one of 1m, 5m"):
        download(request, way_to(server), Console(quiet=True))
