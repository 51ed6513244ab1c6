"""The ledgers, after every single message of a recording."""

from pathlib import Path

import pytest

from config.loading import load
from config.settings import CandlePath, Settings
from messages.base import Currency
from messages.money import ZERO
from tests.system.watched import Watched, told_profit, venue_profit
from verification.sources import ROOT

DATA = ROOT / "tests" / "data"
USDT = Currency("USDT")


def settings(*overrides: str) -> Settings:
    return load(None, list(overrides))


@pytest.mark.parametrize("path", list(CandlePath))
@pytest.mark.parametrize("fee_currency", ["quote", "received"])
def test_the_ledgers_hold_after_every_message(path: CandlePath, fee_currency: str) -> None:
    given = settings(f"market_defaults.fee_currency={fee_currency}")
    recordings = (DATA / "BTC-USDT-1m.csv", DATA / "ETH-USDT-1m.csv")
    watched = Watched(recordings, given)
    played = watched.play(path)
    assert played.summary.trades > 5
    assert played.summary.open_positions == 0
    assert watched.deliveries > 2_000


def test_in_the_end_the_venue_has_what_the_trades_say() -> None:
    watched = Watched((DATA / "BTC-USDT-1m.csv",), settings())
    played = watched.play()
    assert watched.venue is not None
    told = told_profit(played.report.trades, USDT)
    assert venue_profit(watched.venue, USDT, watched.settings.capital[USDT]) == told
    assert all(holding.held == ZERO for holding in watched.venue.ledger().holdings)


@pytest.mark.parametrize(
    ("pattern", "overrides"),
    [
        ("BTC-USDT-1m-2022-01.csv.gz", ['market."BTC/USDT".volume_in=quote']),
        (
            "*-BTC-5m-2018-01.csv.gz",
            ["capital={ BTC = 1 }", "drop.budget=0.02", "drop.lookback_seconds=18000"],
        ),
    ],
)
def test_the_ledgers_hold_on_real_markets(
    recordings: Path, pattern: str, overrides: list[str]
) -> None:
    files = tuple(sorted(recordings.glob(pattern)))
    assert files
    watched = Watched(files, settings(*overrides), checks_all=False)
    played = watched.play()
    assert played.summary.trades >= 10
    assert played.summary.skipped_messages == 0
    assert watched.venue is not None
    for currency, capital in watched.settings.capital.items():
        told = told_profit(played.report.trades, currency)
        assert venue_profit(watched.venue, currency, capital) == told
