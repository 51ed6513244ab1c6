"""Candles a second through a replay's own loop, positions open most of the time.

Run it from the checkout: ``python -m benchmarks.candles [--csv FILE]``; ``--quick`` for a look
whether it works. The plan and the candles are those of a well-known backtester's benchmark: a walk
of one-minute candles, an entry every 30 candles where none is open, a stop 1 % under the entry, one
that trails 0.3 % under the highest price from 0.6 % on, a target that falls with age. With
``--csv`` the candles are that benchmark's own, as it writes them; else they are made here, by the
same law from another source of chance. Reading them is not part of the figure.
"""

import argparse
import gc
import random
import sys
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from math import exp, inf
from pathlib import Path
from statistics import median
from typing import NamedTuple

from actors.observers.report import Report
from actors.strategy.port import Enter, MarketView
from benchmarks.measure import machine, show
from benchmarks.stage import CAPITAL, START, SWITCHED_ON, Stage, Took, timed
from config.settings import CandlePath, MarketDataSettings, VolumeIn
from exchange.recordings.reader import open_recording, read_candles
from messages.base import Milliseconds, Symbol, Timestamp
from messages.market import Candle, MarketRules
from messages.plan import AgedTarget, Plan, ProtectionMode, Trailing
from replay.feed import Feed
from replay.items import FeedItem, candle_items
from replay.stage import RATE_MS, STALE_INTERVALS

ROUNDS = 5
CANDLES = 100_000
QUICK_CANDLES = 2_000
GOAL_PER_SECOND = 100_000
INTERVAL_MS = Milliseconds(60_000)
MINUTE_MS = 60_000
SYMBOL = Symbol("C00/USDT")
SEED = 0
ENTRY_EVERY = 30

RULES = MarketRules(
    symbol=SYMBOL,
    tick_size=Decimal("1e-6"),
    step_size=Decimal("1e-6"),
    min_quantity=Decimal("1e-6"),
    min_notional=Decimal(1),
    maker_fee_ratio=Decimal("0.001"),
    taker_fee_ratio=Decimal("0.001"),
)
PLAN = Plan(
    protection_mode=ProtectionMode.TRIGGERS,
    stop_loss_ratio=Decimal("0.01"),
    trailing=Trailing(
        activation_ratio=Decimal("0.006"),
        distance_ratio=Decimal("0.003"),
        step_ratio=Decimal("0.0005"),
    ),
    take_profit_ratio=Decimal("0.015"),
    take_profit_by_age=(
        AgedTarget(after_ms=Milliseconds(60 * MINUTE_MS), take_profit_ratio=Decimal("0.008")),
        AgedTarget(after_ms=Milliseconds(240 * MINUTE_MS), take_profit_ratio=Decimal(0)),
    ),
)


class EveryThirtieth:
    """Enters every 30 candles, where no position lives."""

    def on_market(self, market: MarketView) -> Enter | None:
        """Count by the candle's own time."""
        candle = market.candle
        if candle is None or market.is_busy:
            return None
        if (candle.start - START) // candle.interval_ms % ENTRY_EVERY:
            return None
        return Enter(reason="every thirtieth", budget=Decimal(100))


class Round(NamedTuple):
    """What one replay came to."""

    candles: int
    took: Took
    open_share: float
    """Of the time, 0 to 1."""
    exits: dict[str, int]


def made_candles(count: int) -> list[Candle]:
    """Return a seeded walk: 0.08 % a minute, wicks of 0.06 %."""
    chance = random.Random(SEED)  # noqa: S311 - a walk that can be repeated
    close, candles = 100.0, []
    for number in range(count):
        opened, close = close, close * exp(chance.gauss(0.0, 0.0008))
        candles.append(
            Candle(
                start=Timestamp(START + number * INTERVAL_MS),
                interval_ms=INTERVAL_MS,
                open=opened,
                high=max(opened, close) * (1 + abs(chance.gauss(0.0, 0.0006))),
                low=min(opened, close) * (1 - abs(chance.gauss(0.0, 0.0006))),
                close=close,
                volume=chance.uniform(1.0, 10.0),
            )
        )
    return candles


def play(candles: Sequence[Candle]) -> Round:
    """Replay the candles to a new system, along one path."""
    stale_ms = Milliseconds(STALE_INTERVALS * INTERVAL_MS)  # all three as a replay sets them
    stage = Stage(
        RULES,
        plan=PLAN,
        market_data=MarketDataSettings(stale_ms=stale_ms, jump_ratio=inf, rate_ms=RATE_MS),
        make_strategy=EveryThirtieth,
    )
    report = Report({RULES.quote: CAPITAL})
    stage.system.observe(report.on_record)
    feed = Feed(stage.system, stage.clock, {})
    items = candle_items(SYMBOL, candles, CandlePath.LOW_FIRST, feed.is_quiet)
    gc.collect()
    took = timed(lambda: feed.play([items], _look_on))
    stage.close()
    held_ms = sum(trade.closed_at - trade.entered_at for trade in report.trades)
    exits = Counter(trade.cause.value for trade in report.trades)
    return Round(len(candles), took, held_ms / (len(candles) * INTERVAL_MS), dict(exits))


def _look_on(item: FeedItem) -> None:
    """Do nothing at a point's end: the equity curve is not drawn here."""


def main(arguments: Sequence[str] | None = None) -> list[Round]:
    """Measure, print, say whether the goal is missed; return the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few candles")
    parser.add_argument("--csv", type=Path, help="candles that the other side wrote")
    options = parser.parse_args(arguments)
    if options.csv is None:
        candles = made_candles(QUICK_CANDLES if options.quick else CANDLES)
    else:
        candles = list(read_candles(open_recording(options.csv, SYMBOL), VolumeIn.BASE))
    rounds = [play(candles) for _ in range(ROUNDS)]
    rate = len(candles) / median(r.took.seconds for r in rounds)
    first = rounds[0]
    show(
        f"Candles/s, median of {ROUNDS} replays of {len(candles):,} candles, one path; {machine()}",
        ("candles", "candles/s", "of CPU", "trades", "in a trade"),
        [
            (
                "made here" if options.csv is None else options.csv.name,
                f"{rate:,.0f}",
                f"{len(candles) / median(r.took.cpu_seconds for r in rounds):,.0f}",
                f"{sum(first.exits.values()):,}",
                f"{first.open_share:.0%}",
            )
        ],
    )
    print("Exits: " + ", ".join(f"{cause} {n}" for cause, n in sorted(first.exits.items())))
    print(
        SWITCHED_ON + " A strategy by the public port, asked at each candle; the report of trades."
        " Both stops and the target are triggers here; the stop trails in steps of 0.05 %. Off: the"
        " equity curve, reading and writing files."
    )
    is_met = rate >= GOAL_PER_SECOND
    print(f"Goal {'met' if is_met else 'missed'}: {rate:,.0f} candles/s, goal {GOAL_PER_SECOND:,}")
    return rounds


if __name__ == "__main__":
    main(sys.argv[1:])
