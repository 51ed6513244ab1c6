"""``download``: candles of an exchange into a recording, a page at a time, resumable.

Owns the pages and the file's growth: only whole, closed, sane candles are written, in order, each
page durable before the next is asked for. The form of a recording is
``exchange.recordings.reader``'.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import BinaryIO

import msgspec
from rich.console import Console

from config.live import LiveSettings
from exchange.keys import no_keys
from exchange.live.connection import Connection
from exchange.port import UnknownSymbolError
from exchange.recordings.reader import CANDLE_HEADER
from messages.base import Milliseconds, Symbol, Timestamp
from messages.border import EARLIEST, LATEST
from messages.money import plain
from messages.orders import Priority
from session.connection import EXIT_UNAVAILABLE, Way, connect, profile_named
from session.screen import progress_bar
from terminal.errors import ConnectFailedError, UsageError

INTERVALS: dict[str, Milliseconds] = {
    "1m": Milliseconds(60_000),
    "5m": Milliseconds(300_000),
    "15m": Milliseconds(900_000),
    "1h": Milliseconds(3_600_000),
    "4h": Milliseconds(14_400_000),
    "1d": Milliseconds(86_400_000),
}
_PAGE = 500
"""Candles a request; every exchange gives that many, or fewer."""
_FIELDS = 6

Row = Sequence[float]
"""Start, open, high, low, close, volume, as ccxt gives them."""
Fetch = Callable[[Timestamp], list[Row]]
"""Returns candles from a start on."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be downloaded."""

    exchange_id: str
    symbols: tuple[Symbol, ...]
    since: Timestamp
    until: Timestamp | None = None
    """Exclusive; None: now."""
    interval: str = "1m"
    folder: Path = Path("recordings")


class Tally(msgspec.Struct):
    """What came of one symbol."""

    written: int = 0
    left_out: int = 0
    """Candles that made no sense: a low above a high, a price of zero."""


def moment(text: str) -> Timestamp:
    """Return ``2024-01-31`` or ``2024-01-31T12:00`` as UTC. Raises ``UsageError``."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date; write it like 2024-01-31") from None
    ms = int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000)
    if not EARLIEST <= ms < LATEST:
        raise UsageError(f"{text}: a date from 2009 to 2099 is wanted")
    return Timestamp(ms)


def download(request: Request, way: Way, console: Console) -> None:
    """Download each symbol's candles; a file that is there already is carried on.

    Raises:
        UsageError: the interval, a symbol, or a file can't be used.
        ConnectFailedError: the exchange can't be reached, or stopped answering.

    """
    if request.interval not in INTERVALS:
        raise UsageError(f"--interval {request.interval}: one of {', '.join(INTERVALS)}")
    profile = profile_named(request.exchange_id)
    connection = connect(profile, no_keys(profile), way, console.print, LiveSettings())
    try:
        for symbol in request.symbols:
            _check_symbol(connection, symbol)
        for symbol in request.symbols:
            _download(request, symbol, _fetcher(connection, request, symbol, way), console)
    finally:
        connection.close()


def _check_symbol(connection: Connection, symbol: Symbol) -> None:
    try:
        connection.listing(symbol)
    except UnknownSymbolError as error:
        raise UsageError(str(error)) from None


def _fetcher(connection: Connection, request: Request, symbol: Symbol, way: Way) -> Fetch:
    """Return what asks for a page, again while the network fails."""

    async def ask(start: Timestamp) -> list[Row]:
        call = connection.call(
            "fetch_ohlcv", symbol, request.interval, start, _PAGE, urgency=Priority.QUERY
        )
        rows: list[Row] = await call
        return rows

    def fetch(start: Timestamp) -> list[Row]:
        pause = way.pause_seconds
        for attempt in range(1, way.attempts + 1):
            try:
                return connection.thread.run(ask(start))
            except Exception as error:  # noqa: BLE001 - ccxt's classes are not imported here
                if attempt == way.attempts:
                    text = f"{connection.text_of(error)}; what came so far is kept: run it again"
                    raise ConnectFailedError(text, EXIT_UNAVAILABLE) from None
            way.pause(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    return fetch


def _download(request: Request, symbol: Symbol, fetch: Fetch, console: Console) -> None:
    interval = INTERVALS[request.interval]
    path = request.folder / f"{symbol.replace('/', '-')}-{request.interval}.csv"
    now = Timestamp(int(datetime.now(UTC).timestamp() * 1000))
    until = min(request.until or now, now)
    tally = Tally()
    with _opened(path) as file:
        last = _last_start(path, file)
        start = _aligned(request.since, interval) if last is None else last + interval
        total = max(0, (until - start) // interval)
        if last is not None:
            console.print(f"{path}: goes on after {_utc(last)}")
        with progress_bar(console, f"{symbol} {request.interval}", total) as advance:
            for page in pages(fetch, Timestamp(start), until, interval, tally):
                _append(file, page)
                for _ in page:
                    advance()
    left = f", {tally.left_out} that make no sense left out" if tally.left_out else ""
    console.print(f"{path}: {tally.written} candles written{left}")


def pages(
    fetch: Fetch, start: Timestamp, until: Timestamp, interval: Milliseconds, tally: Tally
) -> Iterator[list[Row]]:
    """Yield the candles from ``start`` that end by ``until``, in order, each once."""
    while start + interval <= until:
        fetched = sorted(fetch(start), key=lambda row: row[0])
        fresh = [row for row in fetched if start <= row[0] and row[0] + interval <= until]
        page = _sane(fresh, interval)
        tally.written += len(page)
        tally.left_out += len(fresh) - len(page)
        if page:
            yield page
        if fetched and fetched[-1][0] >= start:
            start = Timestamp(int(fetched[-1][0]) + interval)
        else:  # a hole, or the time before the listing: look behind it
            start = Timestamp(start + _PAGE * interval)


def _sane(rows: list[Row], interval: Milliseconds) -> list[Row]:
    """Return what a recording may hold: one candle a start, on the grid, with possible prices."""
    kept: list[Row] = []
    last = -1.0
    for row in rows:
        if len(row) != _FIELDS or any(value is None for value in row):
            continue
        at, open_, high, low, close, volume = row
        is_possible = 0 < low <= open_ <= high < inf and low <= close <= high and 0 <= volume < inf
        if is_possible and at > last and at % interval == 0:
            kept.append(row)
            last = at
    return kept


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a recording to add to, made with its header where it is not there yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            yield file
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from None


def _last_start(path: Path, file: BinaryIO) -> Timestamp | None:
    """Return the last candle's start; None: there is none. Cuts off a line that was cut short.

    Raises ``UsageError`` where the file holds anything else.
    """
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    if not whole:
        file.truncate(0)
        file.write(f"{CANDLE_HEADER}\n".encode())
        return None
    file.truncate(len(whole))
    lines = whole.splitlines()
    if lines[0].decode(errors="replace") != CANDLE_HEADER:
        raise UsageError(f"{path} holds something else than candles: move it away")
    start = lines[-1].split(b",")[0]
    if len(lines) > 1 and not start.isdigit():
        raise UsageError(f"{path}:{len(lines)}: the last line is no candle")
    return Timestamp(int(start)) if len(lines) > 1 else None


def _append(file: BinaryIO, rows: list[Row]) -> None:
    lines = [",".join((str(int(row[0])), *map(_number, row[1:]))) for row in rows]
    file.write(("\n".join(lines) + "\n").encode())
    file.flush()
    os.fsync(file.fileno())


def _number(value: float) -> str:
    """Return a number without an exponent: how many places it has tells the tick."""
    return plain(Decimal(repr(float(value))))


def _aligned(at: Timestamp, interval: Milliseconds) -> Timestamp:
    return Timestamp(-(-at // interval) * interval)


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
