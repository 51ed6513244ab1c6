"""The summary's figures of a replay, reckoned here from its candles: by hand, with fractions."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from config.settings import CandlePath
from messages.base import Symbol
from tests.replay.scene import EntersAt, candle_file, play

ABC = Symbol("ABC/USDT")
CLOSES = ["100", "104", "96", "98", "90", "101", "99"]
MARKET = (
    'market."ABC/USDT"={tick_size=0.01,step_size=0.01,taker_fee_ratio=0.001,maker_fee_ratio=0.001,'
    "fee_currency='third',fee_third_currency='BNB',fee_third_rate=500,depth_quantity=2.5}"
)
RULES = (
    MARKET,
    "capital={USDT=1000,BNB=1}",
    "plan.slippage_ratio=0",
    "guards.max_slippage_ratio=1%",
)


@pytest.mark.parametrize("path", list(CandlePath))
def test_profit_fees_and_drawdown_are_those_of_the_candles(
    path: CandlePath, tmp_path: Path
) -> None:
    """The entry and the exit take four levels of a thin book each, a tick apart."""
    bars = {
        n: (before, max(before, close, key=float), min(before, close, key=float), close)
        for n, (before, close) in enumerate(zip(CLOSES[:1] + CLOSES, CLOSES, strict=False))
    }
    file = candle_file(tmp_path, "ABC/USDT", bars)
    played = play([file], path, lambda: EntersAt({ABC: (0,)}), *RULES)
    (trade,) = played.report.trades
    bought = taken(Fraction(trade.quantity), Fraction(100), Fraction("0.01"))
    sold = taken(Fraction(trade.quantity), Fraction(99), Fraction("-0.01"))
    assert (Fraction(trade.cost), Fraction(trade.proceeds)) == (bought, sold)
    equity = [1000 - bought + Fraction(trade.quantity) * Fraction(close) for close in CLOSES]
    equity.append(1000 - bought + sold)
    peaks = [max([Fraction(1000), *equity[: n + 1]]) for n in range(len(equity))]
    falls = [peak - now for peak, now in zip(peaks, equity, strict=True)]
    said = played.summary.currencies["USDT"]
    assert (Fraction(said.pnl), Fraction(said.equity)) == (sold - bought, equity[-1])
    assert Fraction(said.max_drawdown) == max(falls)
    deepest = max(fall / peak for fall, peak in zip(falls, peaks, strict=True))
    assert Fraction(said.max_drawdown_ratio) == rounded(deepest)
    assert Fraction(said.pnl_ratio) == rounded((sold - bought) / 1000)
    fee = (bought + sold) / 1000 / 500
    assert [(one.currency, Fraction(one.amount)) for one in played.summary.fees] == [("BNB", fee)]
    assert Fraction(played.summary.currencies["BNB"].realised) == -fee
    assert played.summary.win_ratio == Decimal(0)


def taken(quantity: Fraction, best: Fraction, apart: Fraction) -> Fraction:
    """Return the value of ``quantity`` at 2.5 a level, from the best price on."""
    value, level = Fraction(0), best
    while quantity > 0:
        part = min(quantity, Fraction("2.5"))
        value += part * level
        quantity, level = quantity - part, level + apart
    return value


def rounded(ratio: Fraction) -> Fraction:
    """Round to a hundredth of a percent, half even."""
    return Fraction(round(ratio * 10_000), 10_000)
