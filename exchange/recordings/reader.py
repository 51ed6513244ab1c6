"""Recorded markets: candles and trades as CSV or CSV.gz, read as a stream.

Owns the files' form, their names, and every message about a broken one. What the recorded prices
say about a market's rules is ``inference``'s business; what a candle means to an order, the
business of ``candles``.

A file's name tells its symbol, and for candles the interval: ``BTC-USDT-1m-2022-01.csv.gz``,
``XRP-ETH-trades-2019-10.csv.gz``. Its first line tells what it holds: ``CANDLE_HEADER`` or
``TRADE_HEADER``. Candles may be missing (holes); all else that is odd raises ``RecordingError``
with the file, the line, what is wrong and what would be right.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import msgspec

from config.files import FileProblemError, MissingFileError, open_file
from config.settings import VolumeIn
from exchange.recordings.problems import (
    PRICE_LEAST,
    PRICE_MOST,
    VOLUME_LEAST,
    VOLUME_MOST,
    backwards,
    bad_prices,
    bad_start,
    not_numbers,
)
from messages.base import Milliseconds, Symbol, Timestamp
from messages.border import one_line, shown
from messages.market import Candle
from messages.orders import Side

CANDLE_HEADER = "timestamp,open,high,low,close,volume"
"""Milliseconds UTC of the start; prices in quote per base; volume as ``volume_in`` says."""
_CANDLE_FIELDS = CANDLE_HEADER.split(",")
TRADE_HEADER = "timestamp,id,side,price,amount"
"""Milliseconds UTC; the venue's id; the taker's side; quote per base; base."""

_NAME = re.compile(
    r"(?P<base>[A-Z0-9]{2,12})-(?P<quote>[A-Z0-9]{2,12})"
    r"(-(?P<count>[1-9]\d{0,2})(?P<unit>[smhd])(?=[-.]|$))?.*",
)
_SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIMESTAMP = re.compile(r"[1-9][0-9]{11,13}")
"""Seconds (10 digits) and microseconds (16) are refused."""
_LINE_MOST = 5_000
"""Characters of a line; a candle has less than 200."""
_NUMBER_MOST = 40
"""Characters of a number."""
_FIRST_ROWS = 100
"""How many rows the interval is taken from, where the name does not tell it."""


class RecordingError(Exception):
    """A recording can't be used: which file, which line, what is wrong, what would be right."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        """Name ``path``, the ``line`` (from 1, the header's) if it is one line's, and why."""
        self.path = path
        self.line = line
        self.problem = problem
        where = one_line(path)
        super().__init__(f"{where}:{line}: {problem}" if line else f"{where}: {problem}")


class RecordingKind(StrEnum):
    """What a recording holds."""

    CANDLES = "candles"
    TRADES = "trades"


class Recording(msgspec.Struct, frozen=True):
    """A file that exists and whose header was read."""

    path: Path
    symbol: Symbol
    kind: RecordingKind
    interval_ms: Milliseconds | None
    """Of candles; None for trades."""


class RecordedTrade(msgspec.Struct, frozen=True, gc=False):
    """One trade."""

    at: Timestamp
    price: float
    quantity: float
    """Base."""
    side: Side
    """The taker's."""


def open_recording(path: Path, symbol: str | None = None) -> Recording:
    """Look at a file's name and first lines; ``symbol`` overrides the name's.

    Raises ``RecordingError``.
    """
    with _lines(path) as lines:
        kind = _kind(path, _line(path, lines, 1))
        interval_ms = _interval(path, lines) if kind is RecordingKind.CANDLES else None
    return Recording(path, _symbol(path, symbol), kind, interval_ms)


def read_candles(recording: Recording, volume_in: VolumeIn) -> Iterator[Candle]:
    """Yield the candles in order, the volume in base. Raises ``RecordingError`` at a broken line.

    A volume in quote is divided by the middle of open and close: what a candle tells of the price
    it was traded at. A hole is simply not there; see ``inference.survey`` for its length.
    """
    interval_ms = recording.interval_ms
    if interval_ms is None:
        raise RecordingError(recording.path, 1, f"holds trades, not candles: {CANDLE_HEADER}")
    is_quote = volume_in is VolumeIn.QUOTE
    for start, (open_, high, low, close, volume) in _candle_rows(recording.path, interval_ms):
        base_volume = volume / ((open_ + close) / 2) if is_quote else volume
        yield Candle(
            start=start,
            interval_ms=interval_ms,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=base_volume,
        )


def read_trades(recording: Recording) -> Iterator[RecordedTrade]:
    """Yield the trades in order. Raises ``RecordingError`` at a broken line."""
    if recording.kind is not RecordingKind.TRADES:
        raise RecordingError(recording.path, 1, f"holds candles, not trades: {TRADE_HEADER}")
    path, last, last_id = recording.path, 0, ""
    for line, fields in read_rows(recording):
        at = _timestamp(path, line, fields[0])
        if at < last:
            raise RecordingError(path, line, backwards(at, last))
        if not fields[1] or fields[1] == last_id:
            problem = (
                f"id {fields[1]!r} is empty or that of the line before; each trade has its own"
            )
            raise RecordingError(path, line, problem)
        last, last_id = at, fields[1]
        price = _number(path, line, "price", fields[3])
        quantity = _number(path, line, "amount", fields[4])
        if not (price > 0 and quantity > 0):
            raise RecordingError(path, line, "price and amount must be above 0")
        yield RecordedTrade(at, price, quantity, _side(path, line, fields[2]))


def read_rows(recording: Recording) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and its fields as text, the number of fields checked."""
    path = recording.path
    wanted = CANDLE_HEADER if recording.kind is RecordingKind.CANDLES else TRADE_HEADER
    with _lines(path) as lines:
        _line(path, lines, 1)
        yield from _fields(path, lines, wanted)


def _candle_rows(
    path: Path, interval_ms: int
) -> Iterator[tuple[Timestamp, tuple[float, float, float, float, float]]]:
    last = -1
    with _lines(path) as lines:
        _line(path, lines, 1)
        for line, fields in _fields(path, lines, CANDLE_HEADER):
            start = _timestamp(path, line, fields[0])
            if start <= last or start % interval_ms:
                raise RecordingError(path, line, bad_start(start, last, interval_ms))
            last = start
            try:
                open_, high, low, close, volume = map(float, fields[1:])
            except ValueError:
                raise RecordingError(path, line, not_numbers(_CANDLE_FIELDS, fields)) from None
            # Written so that NaN, which compares false with everything, is refused too.
            is_candle = PRICE_LEAST <= low <= open_ <= high <= PRICE_MOST and low <= close <= high
            if not (is_candle and (volume == 0 or VOLUME_LEAST <= volume <= VOLUME_MOST)):
                raise RecordingError(path, line, bad_prices(open_, high, low, close, volume))
            _check_written(path, line, _CANDLE_FIELDS, fields)
            yield start, (open_, high, low, close, volume)


@contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    """Open a file as text; turn what reading it raises into ``RecordingError``."""
    is_gzip = path.suffix == ".gz"
    try:
        with open_file(path) as file:
            plain = gzip.GzipFile(fileobj=file) if is_gzip else file
            with TextIOWrapper(cast("BinaryIO", plain), encoding="utf-8-sig") as lines:
                yield lines
    except MissingFileError:
        raise RecordingError(path, None, "there is no such file") from None
    except FileProblemError as error:
        raise RecordingError(path, None, str(error)) from None
    except gzip.BadGzipFile as error:
        problem = f"is no whole gzip file ({error}); compress it, or drop the .gz"
        raise RecordingError(path, None, problem) from None
    except (EOFError, zlib.error) as error:
        problem = f"the gzip file is cut off or damaged ({error}); copy it again"
        raise RecordingError(path, None, problem) from None
    except UnicodeError:
        problem = "is not text; a CSV file, or one compressed as .csv.gz, is wanted"
        raise RecordingError(path, None, problem) from None
    except OSError as error:
        raise RecordingError(path, None, f"can't be read: {error.strerror}") from None


def _fields(path: Path, lines: TextIO, header: str) -> Iterator[tuple[int, list[str]]]:
    wanted = header.count(",") + 1
    line = 1
    while text := _line(path, lines, line + 1):
        line += 1
        fields = text.rstrip("\r\n").split(",")
        if len(fields) != wanted:
            problem = f"has {len(fields)} fields, not {wanted}: {header}"
            raise RecordingError(path, line, problem)
        yield line, fields
    if line == 1:
        raise RecordingError(path, None, "holds a header and no rows")


def _line(path: Path, lines: TextIO, number: int) -> str:
    """Return the next line, with its end; empty: there is none. One without an end is refused."""
    text = lines.readline(_LINE_MOST + 1)
    if len(text) > _LINE_MOST:
        raise RecordingError(path, number, f"is longer than {_LINE_MOST} characters")
    return text


def _kind(path: Path, header: str) -> RecordingKind:
    match header.rstrip("\r\n"):
        case "":
            raise RecordingError(path, None, "is empty")
        case text if text == CANDLE_HEADER:
            return RecordingKind.CANDLES
        case text if text == TRADE_HEADER:
            return RecordingKind.TRADES
        case text:
            problem = f"header is {shown(text)}, not {CANDLE_HEADER!r} or {TRADE_HEADER!r}"
            raise RecordingError(path, 1, problem)


def _symbol(path: Path, given: str | None) -> Symbol:
    if given is not None:
        if not _SYMBOL.fullmatch(given):
            raise RecordingError(path, None, f"symbol {given!r} is not of the form BTC/USDT")
        return Symbol(given)
    name = _NAME.fullmatch(path.name)
    if name is None:
        problem = (
            "the name tells no symbol; name it like BTC-USDT-1m-2022-01.csv.gz or say --symbol"
        )
        raise RecordingError(path, None, problem)
    return Symbol(f"{name['base']}/{name['quote']}")


def _interval(path: Path, lines: TextIO) -> Milliseconds:
    """Take a candle's length from the name, or as the least step of the first rows."""
    name = _NAME.fullmatch(path.name)
    if name is not None and name["count"]:
        return Milliseconds(int(name["count"]) * _UNIT_MS[name["unit"]])
    starts = [
        _timestamp(path, line, fields[0])
        for (line, fields), _ in zip(
            _fields(path, lines, CANDLE_HEADER), range(_FIRST_ROWS), strict=False
        )
    ]
    steps = [after - before for before, after in pairwise(starts) if after > before]
    if not steps:
        problem = "neither name nor rows tell the interval; name it like BTC-USDT-1m-2022-01.csv"
        raise RecordingError(path, None, problem)
    return Milliseconds(min(steps))


def _timestamp(path: Path, line: int, text: str) -> Timestamp:
    if not _TIMESTAMP.fullmatch(text):
        problem = f"timestamp {shown(text)} is not in milliseconds since 1970, UTC (13 digits)"
        raise RecordingError(path, line, problem)
    return Timestamp(int(text))


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = inf
    if not -inf < number < inf:
        raise RecordingError(path, line, f"{name} {shown(text)} is not a finite number")
    if number > VOLUME_MOST or 0 < number < PRICE_LEAST:
        raise RecordingError(path, line, f"{name} {shown(text)} is not what a market has")
    _check_written(path, line, [name], [text])
    return number


def _check_written(path: Path, line: int, names: Iterable[str], fields: list[str]) -> None:
    """Refuse what Python reads as a number, and no market writes: underscores, other digits."""
    for name, text in zip(names, fields, strict=True):
        if len(text) > _NUMBER_MOST or not text.isascii() or "_" in text or text != text.strip():
            problem = f"{name} {shown(text)} is not a number of at most {_NUMBER_MOST} characters"
            raise RecordingError(path, line, problem)


def _side(path: Path, line: int, text: str) -> Side:
    if text not in ("buy", "sell"):
        raise RecordingError(path, line, f"side {shown(text)} is not buy or sell")
    return Side(text)
