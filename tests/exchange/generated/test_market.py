import hashlib
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.generated.listings import DEFAULT_SYMBOLS
from exchange.generated.market import GeneratedMarket, MarketState
from exchange.rules import quantity_for
from messages.base import Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle
from messages.market_data import CandleReceived
from messages.money import ZERO

START = Timestamp(1_700_000_012_345)
"""Within a minute and within a second."""
SECOND = 1_000
MINUTE = 60_000
BTC = Symbol("BTC/USDT")

Happened = tuple[MarketMoved | CandleReceived, ...]


def at(offset_ms: int) -> Timestamp:
    return Timestamp(START + offset_ms)


def opened(seed: int = 1) -> GeneratedMarket:
    return GeneratedMarket(seed, start=START)


def moves(happened: Happened) -> list[MarketMoved]:
    return [one for one in happened if isinstance(one, MarketMoved)]


def candles(happened: Happened, symbol: Symbol) -> list[Candle]:
    closed = (one for one in happened if isinstance(one, CandleReceived))
    return [one.candle for one in closed if one.symbol == symbol]


def test_ten_symbols_are_listed_and_the_reference_comes_first() -> None:
    market = opened()
    assert len(set(market.symbols)) == 10
    assert market.symbols[0] == BTC
    assert [rules.symbol for rules in market.rules] == list(market.symbols)


def test_rules_ask_for_5_usdt_and_take_a_tenth_of_a_percent() -> None:
    for rules in opened().rules:
        assert rules.quote == "USDT"
        assert rules.min_notional == 5
        assert rules.maker_fee_ratio == rules.taker_fee_ratio == Decimal("0.001")


def test_a_tick_is_small_beside_the_price_and_a_step_beside_an_order() -> None:
    for listing in DEFAULT_SYMBOLS:
        price, rules = Decimal(repr(listing.price)), listing.rules
        assert rules.tick_size < Decimal("0.0005") * price
        bought = quantity_for(Decimal(6), price, rules.taker_fee_ratio, ZERO, rules.step_size)
        assert bought * price > rules.min_notional


def test_every_symbol_quotes_once_a_second_one_after_the_other() -> None:
    market = opened()
    second = moves(market.advance(at(SECOND - 1)))
    assert [moved.symbol for moved in second] == list(market.symbols)
    assert [moved.at - START for moved in second] == list(range(0, 1000, 100))
    assert market.next_at == at(SECOND)
    assert [moved.symbol for moved in moves(market.advance(at(SECOND)))] == [BTC]


def test_nothing_happens_before_its_time_or_twice() -> None:
    market = opened()
    assert market.next_at == START
    assert market.advance(at(-1)) == ()
    assert len(market.advance(START)) == 1
    assert market.advance(START) == ()


def test_quotes_are_whole_ticks_and_steps_and_never_crossed() -> None:
    market = opened()
    rules = {one.symbol: one for one in market.rules}
    for moved in moves(market.advance(at(10 * MINUTE))):
        tick, step = rules[moved.symbol].tick_size, rules[moved.symbol].step_size
        assert moved.bid < moved.ask
        assert moved.last in {moved.bid, moved.ask}
        assert [Decimal(repr(price)) % tick for price in (moved.bid, moved.ask)] == [0, 0]
        assert moved.quantity is not None
        assert moved.quantity > 0
        assert Decimal(repr(moved.quantity)) % step == 0


def test_a_candle_says_what_its_quotes_said_and_comes_before_the_next_minutes_first() -> None:
    market = opened()
    quoted: dict[tuple[Symbol, int], list[float]] = {}
    closed = []
    for one in market.advance(at(5 * MINUTE)):
        if isinstance(one, MarketMoved):
            quoted.setdefault((one.symbol, one.at - one.at % MINUTE), []).append(one.last)
            continue
        closed.append(one)
        candle = one.candle
        lasts = quoted.pop((one.symbol, candle.start))
        assert (one.symbol, candle.start + MINUTE) not in quoted
        assert candle.interval_ms == MINUTE
        assert (candle.open, candle.close) == (lasts[0], lasts[-1])
        assert (candle.low, candle.high) == (min(lasts), max(lasts))
        assert candle.volume > 0
    assert len(closed) == 5 * len(market.symbols)


def test_volume_is_traded_in_whole_steps() -> None:
    market = opened()
    happened = market.advance(at(5 * MINUTE))
    for rules in market.rules:
        for candle in candles(happened, rules.symbol):
            assert Decimal(repr(candle.volume)) % rules.step_size == 0


def test_seeds_make_different_markets() -> None:
    prices = {moves(opened(seed).advance(START))[0].bid for seed in range(50)}
    assert len(prices) == 50


@given(cuts=st.lists(st.integers(0, 5_000), max_size=20))
@settings(deadline=None, max_examples=20)
def test_it_makes_no_difference_how_often_the_market_is_told_the_time(cuts: list[int]) -> None:
    whole, sliced = opened(), opened()
    parts: Happened = ()
    for cut in (*sorted(cuts), 5_000):
        parts += sliced.advance(at(cut))
    assert parts == whole.advance(at(5_000))


@given(seed=st.integers(0, 2**64), cut=st.integers(0, 3 * MINUTE))
@settings(deadline=None, max_examples=20)
def test_a_market_goes_on_from_its_recorded_state_as_if_never_stopped(seed: int, cut: int) -> None:
    market = opened(seed)
    market.advance(at(cut))
    recorded = msgspec.json.encode(market.state)
    resumed = GeneratedMarket.resume(msgspec.json.decode(recorded, type=MarketState))
    assert resumed.next_at == market.next_at
    later = Timestamp(at(cut) + 2 * MINUTE)
    assert resumed.advance(later) == market.advance(later)
    assert resumed.state == market.state


def test_a_state_of_other_symbols_is_refused_by_name() -> None:
    state = GeneratedMarket(1, DEFAULT_SYMBOLS[:2], start=START).state
    with pytest.raises(ValueError, match=r"lists BTC/USDT, .* the state is of BTC/USDT, ETH/USDT"):
        GeneratedMarket.resume(state)


def test_fewer_symbols_share_the_second_among_them() -> None:
    market = GeneratedMarket(1, DEFAULT_SYMBOLS[:3], start=START)
    times = [moved.at - START for moved in moves(market.advance(at(2 * SECOND - 1)))]
    assert times == [0, 333, 666, 1000, 1333, 1666]


def test_an_hour_is_the_same_bytes_on_every_machine() -> None:
    # It changes with every number that shapes the market; if it does by itself, floats differ here.
    hour = opened(7).advance(at(60 * MINUTE))
    quotes = [(moved.at, moved.bid, moved.ask, moved.last, moved.quantity) for moved in moves(hour)]
    closed = [msgspec.structs.astuple(candle) for candle in candles(hour, BTC)]
    digest = hashlib.sha256(repr((quotes, closed)).encode())
    assert digest.hexdigest()[:16] == "e4d4e721c715df30"


def test_a_symbols_price_moves_in_steps_that_market_data_believes() -> None:
    bids: dict[Symbol, list[float]] = {}
    for moved in moves(opened(3).advance(at(60 * MINUTE))):
        bids.setdefault(moved.symbol, []).append(moved.bid)
    for prices in bids.values():
        assert max(abs(after / before - 1) for before, after in pairwise(prices)) < 0.02
