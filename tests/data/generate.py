"""Writes the recordings in this folder: ``python -m tests.data.generate``.

Only ``random.Random.random`` and plain arithmetic are used, which give the same on every Python and
machine; a test holds the files equal to what this makes. The prices belong to no market.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from exchange.recordings.reader import CANDLE_HEADER, TRADE_HEADER

FOLDER = Path(__file__).parent
START_MS = 1_704_067_200_000
"""2024-01-01, 00:00 UTC."""
MINUTE_MS = 60_000
CANDLES = 1_900
HOLE = range(1_203, 1_220)
"""Candles that are not there; the price moves on meanwhile."""
MOVES = 8
"""Per candle."""
TRADES = 1_000


class Regime(NamedTuple):
    """A stretch of the market."""

    minutes: int
    change: float
    """Over the whole stretch, as a share of the price."""


CALM = Regime(35, 0.0)
DROP = Regime(8, -0.022)
REBOUND = Regime(60, 0.042)
SLIDE = Regime(45, -0.035)
RECOVERY = Regime(70, 0.032)

CYCLES = (
    (CALM, DROP, REBOUND),
    (CALM, DROP, SLIDE, RECOVERY),
    (CALM, DROP, REBOUND),
    (CALM, DROP, CALM, REBOUND),
)
"""A drop entry leaves by its take profit in a rebound, by its stop in a slide."""

QUICK = (
    (Regime(5, 0.0), Regime(4, -0.022), Regime(12, 0.042)),
    (Regime(3, -0.03), Regime(9, -0.03)),
)
"""The same within the minutes that the trades last."""


def candles(seed: int, start_price: float, tick: float, digits: int, offset: int) -> Iterator[str]:
    """Yield a recording's lines; ``offset`` is the cycle that the market begins with."""
    random = Random(seed)  # noqa: S311 - a market, not a secret
    changes = _changes(CYCLES, offset)
    price = start_price
    yield CANDLE_HEADER
    for minute in range(CANDLES):
        drift = next(changes)
        # One open in five is not the close before: a gap.
        price += (random.random() < 0.2) * (random.random() - 0.5) * 10 * tick
        prices = [price]
        for _ in range(MOVES):
            noise = (random.random() - 0.5) * 0.0008
            prices.append(prices[-1] * (1 + drift / MOVES + noise))
        price = prices[-1]
        volume = 0.1 + random.random() * 20 + abs(drift) * 20_000
        if minute not in HOLE:
            ticks = [round(one / tick) * tick for one in prices]
            shown = [f"{one:.{digits}f}" for one in (ticks[0], max(ticks), min(ticks), ticks[-1])]
            yield ",".join([str(START_MS + minute * MINUTE_MS), *shown, f"{volume:.1f}"])


def trades(seed: int, start_price: float, digits: int) -> Iterator[str]:
    """Yield the lines of a recording of trades: some at one moment, two drops."""
    random = Random(seed)  # noqa: S311 - as above
    changes = _changes(QUICK, 0)
    at, price, minute, drift = START_MS + 137, start_price, -1, 0.0
    yield TRADE_HEADER
    for number in range(TRADES):
        while minute < (at - START_MS) // MINUTE_MS:
            minute, drift = minute + 1, next(changes)
            price *= 1 + drift
        price *= 1 + (random.random() - 0.5) * 0.0006
        side = "buy" if random.random() < 0.5 + drift * 50 else "sell"
        amount = 0.01 + random.random() * 5
        yield f"{at},{700_000 + number},{side},{price:.{digits}f},{amount:.2f}"
        at += (random.random() < 0.6) * round(random.random() * 9_000)


def files() -> dict[str, str]:
    """Return every file's name and text."""
    lines = {
        "BTC-USDT-1m.csv": candles(seed=1, start_price=40_000.0, tick=0.1, digits=1, offset=0),
        "ETH-USDT-1m.csv": candles(seed=2, start_price=2_200.0, tick=0.01, digits=2, offset=2),
        "SOL-USDT-trades.csv": trades(seed=3, start_price=95.0, digits=2),
    }
    return {name: "\n".join(recording) + "\n" for name, recording in lines.items()}


def _changes(cycles: tuple[tuple[Regime, ...], ...], offset: int) -> Iterator[float]:
    """Yield the drift of each minute, for ever."""
    cycle = offset
    while True:
        for regime in cycles[cycle % len(cycles)]:
            yield from [regime.change / regime.minutes] * regime.minutes
        cycle += 1


if __name__ == "__main__":
    for file_name, text in files().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8", newline="\n")
