from decimal import Decimal
from pathlib import Path

import pytest

from config.settings import MarketDefaults, MarketSettings
from exchange.recordings.grid import Grid
from exchange.recordings.inference import Source, infer_market, survey
from exchange.recordings.reader import (
    CANDLE_HEADER,
    TRADE_HEADER,
    RecordingError,
    open_recording,
    read_rows,
)
from messages.market import FeeCurrency
from messages.money import ZERO

START = 1_704_067_200_000


def candles(folder: Path, closes: dict[int, str], name: str = "BTC-USDT-1m.csv") -> Path:
    lines = [f"{START + at * 60_000},{p},{p},{p},{p},1.5" for at, p in closes.items()]
    path = folder / name
    path.write_text("\n".join([CANDLE_HEADER, *lines]), encoding="utf-8")
    return path


def test_a_survey_counts_rows_holes_and_what_is_missing(tmp_path: Path) -> None:
    closes = {0: "10", 1: "11.5", 4: "12", 5: "12", 9: "13.25"}
    found = survey(open_recording(candles(tmp_path, closes)))
    assert (found.rows, found.holes, found.missing, found.missing_ms) == (5, 2, 5, 300_000)
    assert (found.first, found.last) == (START, START + 540_000)
    assert (found.first_price, found.last_price) == (Decimal(10), Decimal("13.25"))


def test_a_survey_finds_the_broken_line_before_anything_trades(tmp_path: Path) -> None:
    path = candles(tmp_path, {0: "10", 1: "-1"})
    with pytest.raises(RecordingError, match=r"\.csv:3: "):
        survey(open_recording(path))


@pytest.mark.parametrize(
    ("numbers", "step"),
    [
        (["1.5", "2", "3.25"], "0.01"),
        (["5.33e-05", "0.000053"], "0.0000001"),
        (["10", "20.000"], "1"),
        ([str(number * 20) for number in range(1, 200)], "20"),
        ([f"{number / 2:.2f}" for number in range(1, 200)], "0.5"),
        ([str(number * 75) for number in range(1, 200)], "5"),
        ([*(str(number * 20) for number in range(1, 200)), "0.05"], "0.05"),
    ],
)
def test_the_step_is_the_coarsest_that_divides_all(numbers: list[str], step: str) -> None:
    grid = Grid()
    for number in numbers:
        grid.add(number)
    assert grid.step == Decimal(step)


def test_what_the_config_says_goes_over_what_is_inferred(tmp_path: Path) -> None:
    recording = open_recording(candles(tmp_path, {0: "40000.5", 1: "40001"}))
    settings = MarketSettings(tick_size=Decimal("0.01"), taker_fee_ratio=Decimal(0))
    market = infer_market(recording, survey(recording), settings, MarketDefaults())
    assert market.rules.tick_size == Decimal("0.01")
    assert market.rules.taker_fee_ratio == 0
    assert market.rules.maker_fee_ratio == Decimal("0.001")
    assert market.rules.fee_currency is FeeCurrency.QUOTE
    sources = {origin.name: (origin.value, origin.source) for origin in market.origins}
    assert sources["tick_size"] == ("0.01", Source.CONFIG)
    assert sources["taker_fee_ratio"] == ("0", Source.CONFIG)
    assert sources["maker_fee_ratio"] == ("0.001", Source.DEFAULT)
    assert sources["step_size"] == ("0.00001", Source.INFERRED)


@pytest.mark.parametrize(
    ("price", "step"),
    [("40000", "0.00001"), ("2200", "0.0001"), ("0.05", "1"), ("999999999999", "0.00000001")],
)
def test_the_step_of_candles_is_worth_little_of_the_least_order(
    tmp_path: Path, price: str, step: str
) -> None:
    recording = open_recording(candles(tmp_path, {0: price}))
    market = infer_market(recording, survey(recording), MarketSettings(), MarketDefaults())
    assert market.rules.step_size == market.rules.min_quantity == Decimal(step)


def test_a_quote_currency_without_a_default_has_no_minimum(tmp_path: Path) -> None:
    recording = open_recording(candles(tmp_path, {0: "10"}, name="BTC-JPY-1m.csv"))
    market = infer_market(recording, survey(recording), MarketSettings(), MarketDefaults())
    assert (market.rules.min_notional, market.rules.step_size) == (ZERO, Decimal("1e-8"))


def test_the_step_of_trades_comes_from_their_amounts(tmp_path: Path) -> None:
    path = tmp_path / "A1-B1.csv"
    lines = [f"{START},{number},buy,0.5,{number + 1}.25" for number in range(200)]
    path.write_text("\n".join([TRADE_HEADER, *lines]), encoding="utf-8")
    found = survey(open_recording(path))
    assert (found.price_step, found.quantity_step) == (Decimal("0.5"), Decimal("0.05"))
    assert (found.holes, found.missing_ms) == (0, 0)


def test_a_tick_that_the_prices_are_off_is_refused(tmp_path: Path) -> None:
    recording = open_recording(candles(tmp_path, {0: "10.25", 1: "11"}))
    settings = MarketSettings(tick_size=Decimal("0.1"))
    with pytest.raises(RecordingError, match=r"multiples of 0\.01, not of 0\.1: set a .*BTC/USDT"):
        infer_market(recording, survey(recording), settings, MarketDefaults())


@pytest.mark.parametrize(
    "name",
    [
        "BTC-USDT-1m-2022-01.csv.gz",
        "ADA-BTC-5m-2018-01.csv.gz",
        "ETH-USDT-trades-2023-02-02.csv.gz",
    ],
)
def test_every_real_price_is_a_multiple_of_the_inferred_tick(recordings: Path, name: str) -> None:
    recording = open_recording(recordings / name)
    found = survey(recording)
    tick = infer_market(recording, found, MarketSettings(), MarketDefaults()).rules.tick_size
    prices = slice(1, 5) if recording.interval_ms else slice(3, 4)
    texts = {text for _, fields in read_rows(recording) for text in fields[prices]}
    assert found.rows > len(texts) / 4
    assert not [text for text in texts if Decimal(text) % tick]


def test_real_holes_are_counted(recordings: Path) -> None:
    found = survey(open_recording(recordings / "ADA-BTC-5m-2018-01.csv.gz"))
    assert (found.rows, found.holes, found.missing) == (5_720, 5, 40)
