from pathlib import Path

import pytest

from exchange.recordings.inference import survey
from exchange.recordings.reader import open_recording
from tests.data.generate import FOLDER, HOLE, TRADES, files

MOST_BYTES = 100_000


def test_the_recordings_are_what_the_generator_makes() -> None:
    made = files()
    assert made.keys() == {path.name for path in FOLDER.glob("*.csv")}
    for name, text in made.items():
        assert (FOLDER / name).read_bytes() == text.encode(), name


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.name)
def test_a_recording_is_small(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES


def test_the_candles_share_their_times_and_their_hole() -> None:
    one, other = (survey(open_recording(FOLDER / f"{base}-USDT-1m.csv")) for base in ("BTC", "ETH"))
    assert (one.first, one.last, one.rows) == (other.first, other.last, other.rows)
    assert (one.holes, one.missing) == (1, len(HOLE))


def test_the_trades_are_a_recording() -> None:
    assert survey(open_recording(FOLDER / "SOL-USDT-trades.csv")).rows == TRADES
