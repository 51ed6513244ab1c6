"""A replay of a few candles in this process: no fees, a tick of 0.01, entries where a test says."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

import supervisor
from actors.observers.trades import Trade
from actors.runtime.dispatcher import Dispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.strategy.port import Enter, MarketView, Strategy
from config.loading import load
from config.settings import CandlePath
from messages.base import Symbol
from replay.playback import Played, Player
from replay.stage import look_at

HOUR = 3_600_000
BEGIN = 1_538_524_800_000
"""2018-10-03 00:00 UTC."""

Bar = tuple[str, str, str, str]
"""Open, high, low, close."""

BASE = (
    "market_defaults.maker_fee_ratio=0",
    "market_defaults.taker_fee_ratio=0",
    "plan.protection_mode=synthetic",
    "plan.take_profit_ratio=none",
    "plan.stop_loss_ratio=none",
    "portfolio.cooldown_seconds=0",
    "drop.budget=1000",
)


class EntersAt:
    """Wishes to enter a symbol at the end of each candle with one of these numbers, from 0."""

    def __init__(self, numbers: Mapping[Symbol, Sequence[int]]) -> None:
        self._numbers = numbers

    def on_market(self, market: MarketView) -> Enter | None:
        if market.candle is None or market.is_busy:
            return None
        number = (market.candle.start - BEGIN) // market.candle.interval_ms
        is_wanted = number in self._numbers.get(market.symbol, ())
        return Enter(reason=f"candle {number}") if is_wanted else None


def candle_file(folder: Path, symbol: str, bars: Mapping[int, Bar]) -> Path:
    """Write candles by number; a number left out is a hole."""
    lines = ["timestamp,open,high,low,close,volume"]
    lines += [f"{BEGIN + n * HOUR},{','.join(bar)},1000" for n, bar in sorted(bars.items())]
    path = folder / f"{symbol.replace('/', '-')}-1h.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def play(
    files: Sequence[Path],
    path: CandlePath,
    make_strategy: Callable[[], Strategy],
    *overrides: str,
    new_dispatcher: Callable[[], Dispatcher] = SimulatedDispatcher,
) -> Played:
    """Replay the files along one path."""
    settings = load(None, [*BASE, *overrides])
    stage = look_at(tuple(files), None, settings)
    console = Console(quiet=True)
    return Player(supervisor.start, stage, make_strategy, new_dispatcher, console).play(path)


def played_bars(
    folder: Path, bars: Sequence[Bar], path: CandlePath, *overrides: str
) -> list[Trade]:
    """Enter at the end of the first bar of ABC/USDT; return the trades."""
    files = [candle_file(folder, "ABC/USDT", dict(enumerate(bars)))]
    symbol = Symbol("ABC/USDT")
    rules = 'market."ABC/USDT".tick_size=0.01'
    played = play(files, path, lambda: EntersAt({symbol: (0,)}), rules, *overrides)
    assert played.summary.skipped_messages == 0
    return played.report.trades
