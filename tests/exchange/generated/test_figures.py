"""What the embedded market looks like over many seeds; the figures of docs/embedded_market.md."""

from collections import deque
from functools import cache
from itertools import pairwise
from math import sqrt
from statistics import correlation, fmean, median

import pytest

from exchange.generated.listings import DEFAULT_SYMBOLS
from exchange.generated.market import GeneratedMarket
from exchange.generated.regimes import Regime
from messages.base import Symbol, Timestamp
from messages.gateway import MarketMoved

START = Timestamp(1_700_000_040_000)
MINUTE = 60_000
SEEDS = range(1, 101)
SYMBOLS = tuple(listing.symbol for listing in DEFAULT_SYMBOLS)
REFERENCE, *OTHERS = SYMBOLS
SECOND_COIN = OTHERS[0]

# The defaults of config/default.toml.
DROP_RATIO = 0.015
LOOKBACK_MINUTES = 30
TAKE_PROFIT_RATIO = 0.03
STOP_LOSS_RATIO = 0.02


class Trader:
    """Buys each symbol once, after a fall, and sells it at its target or its stop."""

    def __init__(self) -> None:
        self.opened_at: Timestamp | None = None
        self.closed_at: Timestamp | None = None
        self._closes = {symbol: deque[float](maxlen=LOOKBACK_MINUTES) for symbol in SYMBOLS}
        self._asks: dict[Symbol, float] = {}
        self._entries: dict[Symbol, float] = {}

    def hear_close(self, symbol: Symbol, close: float, now: Timestamp) -> None:
        closes = self._closes[symbol]
        closes.append(close)
        if symbol not in self._entries and 1 - close / max(closes) >= DROP_RATIO:
            self._entries[symbol] = self._asks[symbol]
            self.opened_at = self.opened_at or now

    def hear_quote(self, moved: MarketMoved) -> None:
        self._asks[moved.symbol] = moved.ask
        entry = self._entries.get(moved.symbol)
        if entry is not None and not (-STOP_LOSS_RATIO < moved.bid / entry - 1 < TAKE_PROFIT_RATIO):
            self.closed_at = self.closed_at or moved.at


@cache
def first_trade(seed: int) -> tuple[float, float]:
    """Return after how many minutes a position first was opened, and one first closed."""
    market, trader = GeneratedMarket(seed, start=START), Trader()
    while trader.closed_at is None and market.next_at < START + 600 * MINUTE:
        for one in market.advance(Timestamp(market.next_at + MINUTE - 1)):
            if isinstance(one, MarketMoved):
                trader.hear_quote(one)
            else:
                ended = Timestamp(one.candle.start + MINUTE)
                trader.hear_close(one.symbol, one.candle.close, ended)
    assert trader.opened_at is not None
    assert trader.closed_at is not None
    return (trader.opened_at - START) / MINUTE, (trader.closed_at - START) / MINUTE


def test_at_least_95_of_100_seeds_fall_far_enough_to_buy_within_an_hour() -> None:
    assert sum(first_trade(seed)[0] <= 60 for seed in SEEDS) >= 95


def test_every_one_of_100_seeds_closes_a_position_within_five_hours() -> None:
    assert max(first_trade(seed)[1] for seed in SEEDS) <= 300


def test_falls_do_not_all_come_at_the_same_time() -> None:
    opened = sorted(first_trade(seed)[0] for seed in SEEDS)
    assert opened[80] - opened[20] > 10


@cache
def hours() -> tuple[dict[Symbol, list[float]], ...]:
    """Return of twelve first hours each symbol's returns from close to close, in percent."""
    found = []
    for seed in range(1, 13):
        closes: dict[Symbol, list[float]] = {symbol: [] for symbol in SYMBOLS}
        for one in GeneratedMarket(seed, start=START).advance(Timestamp(START + 61 * MINUTE + 999)):
            if not isinstance(one, MarketMoved):
                closes[one.symbol].append(one.candle.close)
        found.append(
            {
                symbol: [100 * (after / before - 1) for before, after in pairwise(prices)]
                for symbol, prices in closes.items()
            }
        )
    return tuple(found)


def realised(returns: list[float]) -> float:
    """Return the hour's volatility: the root of the sum of squared returns."""
    return sqrt(sum(one * one for one in returns))


@pytest.mark.parametrize("symbol", [REFERENCE, SECOND_COIN])
def test_an_hour_of_a_major_moves_by_a_third_to_one_and_a_half_percent(symbol: Symbol) -> None:
    volatilities = sorted(realised(hour[symbol]) for hour in hours())
    assert volatilities[1] > 0.3
    assert volatilities[-2] < 1.7
    assert 0.5 < median(volatilities) < 1.4


def test_the_smaller_coins_move_one_and_a_half_to_two_times_as_far() -> None:
    smaller = OTHERS[1:]
    ratio = fmean(
        realised(hour[one]) / realised(hour[REFERENCE]) for hour in hours() for one in smaller
    )
    assert 1.4 < ratio < 2.0


@pytest.mark.parametrize("symbol", OTHERS)
def test_every_other_symbol_follows_the_reference_but_not_blindly(symbol: Symbol) -> None:
    pairs = [pair for hour in hours() for pair in zip(hour[REFERENCE], hour[symbol], strict=True)]
    assert 0.5 < correlation(*zip(*pairs, strict=True)) < 0.95


def test_large_moves_follow_large_moves() -> None:
    sizes = [[abs(one) for one in hour[REFERENCE]] for hour in hours()]
    pairs = [pair for one in sizes for pair in pairwise(one)]
    assert correlation(*zip(*pairs, strict=True)) > 0.15


def test_moves_have_fatter_tails_than_the_normal_curve() -> None:
    returns = [one for hour in hours() for one in hour[REFERENCE]]
    variance = fmean(one**2 for one in returns)
    assert fmean(one**4 for one in returns) / variance**2 > 4


@cache
def books(regime: Regime) -> dict[Symbol, tuple[float, float]]:
    """Return each symbol's mean spread ratio and depth (quote currency) in a regime."""
    found: dict[Symbol, list[tuple[float, float]]] = {symbol: [] for symbol in SYMBOLS}
    for seed in range(1, 5):
        market = GeneratedMarket(seed, start=START)
        for minute in range(1, 61):
            happened = market.advance(Timestamp(START + minute * MINUTE - 1))
            if market.state.climate.regime is not regime:
                continue
            for one in happened:
                if isinstance(one, MarketMoved):
                    depth = one.bid * (one.quantity or 0)
                    found[one.symbol].append(((one.ask - one.bid) / one.bid, depth))
    return {
        symbol: (fmean(spread for spread, _ in seen), fmean(depth for _, depth in seen))
        for symbol, seen in found.items()
    }


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_in_a_panic_spreads_widen_and_books_thin_out(symbol: Symbol) -> None:
    calm_spread, calm_depth = books(Regime.CALM)[symbol]
    panic_spread, panic_depth = books(Regime.PANIC)[symbol]
    assert panic_spread > 2 * calm_spread
    assert panic_depth < calm_depth / 2
    assert panic_spread < 0.0025
