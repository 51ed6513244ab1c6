"""Tick to request while a strategy is at work: in this process, and in a process of its own.

Run it from the checkout: ``python -m benchmarks.strategies``; ``--quick`` for a look whether it
works. The time runs from the moment at which the market's move is due until the exchange's port is
called with an order that sells: a thread that waits for the interpreter's lock tells the move late,
as a connection's thread would. Each tick ends a position, and each is due 10 ms after a candle
closed, while the strategy is within its call.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from statistics import median

from msgspec.structs import replace

from actors.runtime.dispatcher import ProductionDispatcher
from actors.strategy.actor import StrategySource
from actors.strategy.host import OwnProcess
from actors.strategy.port import Enter, MarketView
from actors.strategy.process import Said
from actors.strategy.wire import Question
from benchmarks.brackets import SYMBOL, Brackets
from benchmarks.latency import TimedExchange
from benchmarks.measure import machine, show
from benchmarks.stage import START, SWITCHED_ON, NoStrategy
from config.settings import Settings, StrategySettings
from exchange.port import Sink
from messages.addresses import MARKET_DATA
from messages.base import Milliseconds, Timestamp
from messages.market import Candle, MarketRules, Quote
from messages.market_data import CandleReceived
from messages.money import Money

POSITIONS = 20
TICKS = 100
QUICK_TICKS = 10
QUESTIONS = 2_000
_BUSY_SECONDS = 0.1
_LETTERS = 21
"""Of a text at which the pattern below fails after some 0.2 s, with the interpreter's lock held."""
_AHEAD_NS = 10_000_000
"""From a candle's close to the tick: the strategy is at work by then."""
_MINUTE_MS = 60_000
_VIEW = MarketView(
    now=START,
    quote=Quote(symbol=SYMBOL, at=START, bid=60_000.0, ask=60_000.1, last=60_000.0),
    candle=None,
    atr=None,
    is_busy=False,
    ended_at=None,
)


class LooksOn(NoStrategy):
    """Looks on, and can be made as a user's class is."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Take nothing from the settings."""
        del settings


class Computes(LooksOn):
    """Computes for a while at each candle, in Python."""

    def on_market(self, market: MarketView) -> Enter | None:
        """Count until the time is over."""
        end = time.perf_counter() + _BUSY_SECONDS
        while time.perf_counter() < end:
            pass
        return super().on_market(market)


class Searches(LooksOn):
    """Searches with a pattern that backtracks: no other thread of its process runs meanwhile."""

    def on_market(self, market: MarketView) -> Enter | None:
        """Find nothing."""
        re.match(r"(a+)+$", "a" * _LETTERS + "b")
        return super().on_market(market)


STRATEGIES: dict[str, type[NoStrategy]] = {
    "looks on": LooksOn,
    "computes for 0.1 s": Computes,
    "searches for 0.2 s, holding the lock": Searches,
}


def taken_us(source: StrategySource, ticks: int) -> list[float]:
    """Return how long each exit took to be asked for, µs."""
    venues: list[TimedExchange] = []

    def connect(emit: Sink, rules: MarketRules, capital: Money) -> TimedExchange:
        venues.append(TimedExchange(emit, rules, capital))
        return venues[-1]

    brackets = Brackets(
        POSITIONS, connect=connect, dispatcher=ProductionDispatcher(), make_strategy=source
    )
    (venue,) = venues
    venue.taken_us.clear()
    for number, moved in enumerate(brackets.jumps(ticks), 1):
        due_ns = time.perf_counter_ns() + _AHEAD_NS
        brackets.stage.system.tell(MARKET_DATA, _candle(number, moved.last))
        time.sleep(max(0, due_ns - time.perf_counter_ns()) / 1e9)
        venue.begun_ns = due_ns
        brackets.play(moved)
    brackets.stage.close()
    return venue.taken_us


def asked_us(questions: int) -> list[float]:
    """Return how long a question to a process of its own took to be answered, µs."""
    said: SimpleQueue[Said] = SimpleQueue()
    processes = OwnProcess(_settings(LooksOn), ())
    taken = []
    try:
        processes.start_first()
        process, _ = processes.next(said.put)
        for number in range(questions):
            begun_ns = time.perf_counter_ns()
            process.ask(Question(number=number, view=_VIEW))
            said.get()
            taken.append((time.perf_counter_ns() - begun_ns) / 1000)
    finally:
        processes.close()
    return taken


def _candle(number: int, price: float) -> CandleReceived:
    candle = Candle(
        start=Timestamp(number * _MINUTE_MS),
        interval_ms=Milliseconds(_MINUTE_MS),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=1.0,
    )
    return CandleReceived(symbol=SYMBOL, candle=candle)


def _in_process_of_its_own(kind: type[NoStrategy], ticks: int) -> list[float]:
    processes = OwnProcess(_settings(kind), ())
    try:
        processes.start_first()
        return taken_us(processes, ticks)
    finally:
        processes.close()


def _settings(kind: type[NoStrategy]) -> Settings:
    return replace(
        Settings(), strategy=StrategySettings(use=f"benchmarks.strategies:{kind.__name__}")
    )


PLACES: dict[str, Callable[[type[NoStrategy], int], list[float]]] = {
    "a thread of this process": taken_us,
    "a process of its own": _in_process_of_its_own,
}


def main(arguments: Sequence[str] | None = None) -> dict[tuple[str, str], list[float]]:
    """Measure and print; return the times by strategy and place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few ticks")
    ticks = QUICK_TICKS if parser.parse_args(arguments).quick else TICKS
    taken = {
        (name, place): run(kind, ticks)
        for name, kind in STRATEGIES.items()
        for place, run in PLACES.items()
    }
    show(
        f"Tick to request while a strategy is at work, ms, {ticks} exits each; {machine()}",
        ("the strategy", "it runs in", "p50", "p90", "most"),
        [
            (*key, *(f"{number / 1000:,.2f}" for number in (median(us), _p90(us), max(us))))
            for key, us in taken.items()
        ],
    )
    us = asked_us(QUESTIONS)
    print(
        f"A question to a process of its own and its answer, µs, {QUESTIONS:,} of them:"
        f" p50 {median(us):.0f}, p90 {_p90(us):.0f}, most {max(us):.0f}"
    )
    print(SWITCHED_ON)
    return taken


def _p90(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) * 9 // 10]


if __name__ == "__main__":
    main(sys.argv[1:])
