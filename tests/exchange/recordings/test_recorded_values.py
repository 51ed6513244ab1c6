"""A recording with values that no market has, or that is no file of lines, is refused by name."""

import gzip
import os
from pathlib import Path

import pytest

from config.settings import VolumeIn
from exchange.recordings.reader import (
    CANDLE_HEADER,
    TRADE_HEADER,
    RecordingError,
    RecordingKind,
    open_recording,
    read_candles,
    read_trades,
)

START = 1_700_000_040_000
NAME = "BTC-USDT-1m.csv"


def read(path: Path) -> list[object]:
    recording = open_recording(path)
    if recording.kind is RecordingKind.TRADES:
        return list(read_trades(recording))
    return list(read_candles(recording, VolumeIn.BASE))


def written(folder: Path, *lines: str, name: str = NAME) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


IMPOSSIBLE = [
    "1e-300", "1e300", "nan", "inf", "-1", "1_0", "٣", " 1", "1" * 60, "0." + "1" * 400,
    str(2**200), "", "0x1", "\x1b[2J", "1e9999999999",
]  # fmt: skip


@pytest.mark.parametrize("value", IMPOSSIBLE)
def test_a_price_or_volume_that_can_not_be_is_refused(tmp_path: Path, value: str) -> None:
    for place in range(1, 6):
        fields = [str(START), "1", "1", "1", "1", "1"]
        fields[place] = value
        with pytest.raises(RecordingError) as caught:
            read(written(tmp_path, CANDLE_HEADER, ",".join(fields)))
        assert caught.value.line == 2
        assert str(caught.value).isprintable()
    for row in (f"{START},7,buy,{value},1", f"{START},7,buy,1,{value}"):
        with pytest.raises(RecordingError):
            read(written(tmp_path, TRADE_HEADER, row, name="BTC-USDT-trades.csv"))


@pytest.mark.parametrize("at", ["253402300799999", "-1", "1e12", "٣" * 13, "1" * 400, "999999"])
def test_a_time_that_can_not_be_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(RecordingError, match="timestamp"):
        read(written(tmp_path, CANDLE_HEADER, f"{at},1,1,1,1,1"))


def test_a_line_without_an_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(RecordingError, match="longer than 5000 characters"):
        read(path)


def test_a_gzip_bomb_is_not_blown_up(tmp_path: Path) -> None:
    path = tmp_path / (NAME + ".gz")
    with gzip.open(path, "wb") as file:
        file.write(CANDLE_HEADER.encode() + b"\n")
        for _ in range(200):
            file.write(b"\n" * 1_000_000)
    with pytest.raises(RecordingError, match="has 1 fields, not 6"):
        read(path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    fifo = tmp_path / NAME
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, Path("/dev/zero"), Path("x" * 5_000), Path("a\0b")):
        with pytest.raises(RecordingError, match="can't be read"):
            read(path)


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    rows = f"{CANDLE_HEADER}\r\n{START},1,2,1,1.5,3\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + rows.encode())
    assert len(read(path)) == 1
