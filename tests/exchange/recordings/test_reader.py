import gzip
from pathlib import Path

import pytest

from config.settings import VolumeIn
from exchange.recordings.reader import (
    CANDLE_HEADER,
    TRADE_HEADER,
    RecordedTrade,
    Recording,
    RecordingError,
    RecordingKind,
    open_recording,
    read_candles,
    read_trades,
)
from messages.base import Milliseconds, Symbol, Timestamp
from messages.market import Candle
from messages.orders import Side

START = 1_704_067_200_000
NAME = "BTC-USDT-1m-2024-01.csv"


def candle_line(minute: int, prices: str = "100,102,99,101", volume: str = "5") -> str:
    return f"{START + minute * 60_000},{prices},{volume}"


def write(folder: Path, *lines: str, name: str = NAME, header: str = CANDLE_HEADER) -> Path:
    path = folder / name
    text = "\n".join([header, *lines]) + "\n"
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def read_all(path: Path, symbol: str | None = None) -> list[Candle] | list[RecordedTrade]:
    recording = open_recording(path, symbol)
    if recording.kind is RecordingKind.TRADES:
        return list(read_trades(recording))
    return list(read_candles(recording, VolumeIn.BASE))


def test_a_candle_file_tells_symbol_kind_and_interval(tmp_path: Path) -> None:
    path = write(tmp_path, candle_line(0))
    recording = open_recording(path)
    assert recording == Recording(
        path, Symbol("BTC/USDT"), RecordingKind.CANDLES, Milliseconds(60_000)
    )


def test_a_trade_file_tells_its_symbol_and_has_no_interval(tmp_path: Path) -> None:
    name = "XRP-ETH-trades-2019-10.csv.gz"
    path = write(tmp_path, f"{START},7,buy,0.1,3", name=name, header=TRADE_HEADER)
    recording = open_recording(path)
    assert recording == Recording(path, Symbol("XRP/ETH"), RecordingKind.TRADES, None)
    assert list(read_trades(recording)) == [RecordedTrade(Timestamp(START), 0.1, 3.0, Side.BUY)]


@pytest.mark.parametrize(
    ("name", "interval_ms"),
    [
        ("A1-B2-30s.csv", 30_000),
        ("BTC-USDT-5m.csv.gz", 300_000),
        ("BTC-USDT-4h-2022.csv", 14_400_000),
        ("BTC-USDT-1d-2022.csv", 86_400_000),
    ],
)
def test_the_interval_comes_from_the_name(tmp_path: Path, name: str, interval_ms: int) -> None:
    path = write(tmp_path, f"{START},1,1,1,1,0", name=name)
    assert open_recording(path).interval_ms == interval_ms


def test_a_name_without_an_interval_takes_the_least_step_of_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path, candle_line(0), candle_line(10), candle_line(15), name="mine.csv")
    recording = open_recording(path, "BTC/USDT")
    assert recording.interval_ms == 300_000


def test_a_given_symbol_goes_over_the_name(tmp_path: Path) -> None:
    assert open_recording(write(tmp_path, candle_line(0)), "ETH/EUR").symbol == "ETH/EUR"


@pytest.mark.parametrize("name", [NAME, NAME + ".gz"])
def test_candles_are_read_as_written(tmp_path: Path, name: str) -> None:
    path = write(
        tmp_path, candle_line(0), candle_line(1, "5.1e-05,5.3e-05,5e-05,5.2e-05"), name=name
    )
    first, second = read_all(path)
    assert first == Candle(
        start=Timestamp(START),
        interval_ms=Milliseconds(60_000),
        open=100.0,
        high=102.0,
        low=99.0,
        close=101.0,
        volume=5.0,
    )
    assert isinstance(second, Candle)
    assert (second.start, second.low) == (START + 60_000, 0.00005)


def test_a_volume_in_quote_becomes_base_by_the_middle_of_open_and_close(tmp_path: Path) -> None:
    path = write(tmp_path, candle_line(0, "100,120,90,110", volume="2100"))
    (candle,) = read_candles(open_recording(path), VolumeIn.QUOTE)
    assert candle.volume == 20.0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (candle_line(2) + ",1", "has 7 fields, not 6"),
        ("", "has 1 fields, not 6"),
        (candle_line(2, "x,102,99,101"), "open 'x' is not a number"),
        (candle_line(2, volume=""), "volume '' is not a number"),
        (candle_line(2, "nan,102,99,101"), "open nan is not a price"),
        (candle_line(2, "100,inf,99,101"), "high inf is not a price"),
        (candle_line(2, "100,102,0,101"), "low 0.0 is not a price"),
        (candle_line(2, "100,102,-1,101"), "low -1.0 is not a price"),
        (candle_line(2, volume="-1"), "volume -1.0 is not"),
        (candle_line(2, volume="nan"), "volume nan is not"),
        (candle_line(2, volume="inf"), "volume inf is not"),
        (candle_line(2, "100,98,99,100"), "high 98.0 is below low 99.0"),
        (candle_line(2, "103,102,99,101"), "open 103.0 is not between low 99.0 and high 102.0"),
        (candle_line(2, "100,102,99,98"), "close 98.0 is not between low 99.0 and high 102.0"),
        (candle_line(0), f"timestamp {START} is before the last line's"),
        (candle_line(1), f"timestamp {START + 60_000} is there twice"),
        ("1704067380001,100,102,99,101,5", "is no multiple of the candles' 60000 ms"),
        ("1704067380,100,102,99,101,5", "timestamp '1704067380' is not in milliseconds"),
        ("1704067380.5,100,102,99,101,5", "timestamp '1704067380.5' is not in milliseconds"),
    ],
)
def test_a_broken_candle_is_named_by_file_and_line(tmp_path: Path, line: str, told: str) -> None:
    path = write(tmp_path, candle_line(0), candle_line(1), line, candle_line(9))
    with pytest.raises(RecordingError) as raised:
        read_all(path)
    assert str(raised.value).startswith(f"{path}:4: ")
    assert told in raised.value.problem


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"{START},8,buy,1", "has 4 fields, not 5"),
        (f"{START - 1},8,buy,1,1", "is before the last line's"),
        (f"{START},7,buy,1,1", "id '7' is empty or that of the line before"),
        (f"{START},,buy,1,1", "id '' is empty or that of the line before"),
        (f"{START},8,bid,1,1", "side 'bid' is not buy or sell"),
        (f"{START},8,buy,x,1", "price 'x' is not a finite number"),
        (f"{START},8,buy,nan,1", "price 'nan' is not a finite number"),
        (f"{START},8,buy,1,inf", "amount 'inf' is not a finite number"),
        (f"{START},8,buy,0,1", "price and amount must be above 0"),
        (f"{START},8,buy,1,-1", "price and amount must be above 0"),
    ],
)
def test_a_broken_trade_is_named_by_file_and_line(tmp_path: Path, line: str, told: str) -> None:
    name = "BTC-USDT-trades.csv"
    path = write(tmp_path, f"{START},7,buy,1,1", line, name=name, header=TRADE_HEADER)
    with pytest.raises(RecordingError) as raised:
        read_all(path)
    assert str(raised.value).startswith(f"{path}:3: ")
    assert told in raised.value.problem


def test_trades_of_one_moment_are_no_mistake(tmp_path: Path) -> None:
    lines = [f"{START},{number},sell,1,1" for number in range(3)]
    assert len(read_all(write(tmp_path, *lines, name="A1-B1.csv", header=TRADE_HEADER))) == 3


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (NAME, b"", "is empty"),
        (NAME, b"time,open\n", "header is 'time,open', not 'timestamp,open,high,low,close,volume'"),
        (NAME, CANDLE_HEADER.encode() + b"\n", "holds a header and no rows"),
        (NAME, b"\xff\xfe\x00", "is not text"),
        (NAME + ".gz", b"timestamp", "is no whole gzip file"),
        (NAME + ".gz", gzip.compress(CANDLE_HEADER.encode() * 99)[:-12], "is cut off or damaged"),
        ("btc.csv", f"{CANDLE_HEADER}\n{START},1,1,1,1,1\n".encode(), "tell the interval"),
    ],
)
def test_a_file_that_is_no_recording_is_told(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecordingError) as raised:
        read_all(path)
    assert str(path) in str(raised.value)
    assert told in raised.value.problem


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no such file"):
        open_recording(tmp_path / NAME)
    with pytest.raises(RecordingError, match="can't be read"):
        open_recording(tmp_path)


def test_damage_in_the_middle_of_a_gzip_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, *map(candle_line, range(3_000)), name=NAME + ".gz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=str(path)):
        read_all(path)


def test_a_name_that_tells_no_symbol_asks_for_one(tmp_path: Path) -> None:
    path = write(tmp_path, candle_line(0), candle_line(1), name="prices.csv")
    with pytest.raises(RecordingError, match=r"tells no symbol; .* say --symbol"):
        open_recording(path)
    with pytest.raises(RecordingError, match="symbol 'BTCUSDT' is not of the form BTC/USDT"):
        open_recording(path, "BTCUSDT")


def test_candles_and_trades_are_not_taken_for_each_other(tmp_path: Path) -> None:
    candles = open_recording(write(tmp_path, candle_line(0)))
    lines = [f"{START},7,buy,1,1"]
    trades = open_recording(write(tmp_path, *lines, name="A1-B1.csv", header=TRADE_HEADER))
    with pytest.raises(RecordingError, match="holds candles, not trades"):
        next(read_trades(candles))
    with pytest.raises(RecordingError, match="holds trades, not candles"):
        next(read_candles(trades, VolumeIn.BASE))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("BTC-USDT-1m-2022-01.csv.gz", 45_031),
        ("XMR-BTC-5m-2018-01.csv.gz", 5_758),
        ("XRP-ETH-trades-2019-10.csv.gz", 12_477),
    ],
)
def test_real_recordings_are_read_whole(recordings: Path, name: str, rows: int) -> None:
    assert len(read_all(recordings / name)) == rows
