"""Candles that are built from recorded trades end by the clock, as those of a live market do."""

from pathlib import Path

import pytest

from actors.runtime.dispatcher import Dispatcher, ProductionDispatcher
from actors.runtime.simulated import SimulatedDispatcher
from actors.strategy.port import Enter, MarketView
from config.settings import CandlePath
from exchange.recordings.reader import RecordedTrade
from messages.base import Milliseconds, Symbol, Timestamp
from messages.orders import Side
from replay.items import FeedItem, trade_items
from tests.replay.scene import BEGIN, play

ABC = Symbol("ABC/USDT")
MINUTE = 60_000


def trade(at: int, price: float = 100.0) -> RecordedTrade:
    return RecordedTrade(Timestamp(at), price, 1.0, Side.BUY)


def moments(*times: int) -> list[tuple[int, int | None, bool]]:
    """When each item is, the start of the candle that ends with it, and whether more is to come."""
    items = trade_items(ABC, map(trade, times), Milliseconds(1_000))
    return [(one.at, start_of(one), one.more_at_once) for one in items]


def start_of(item: FeedItem) -> int | None:
    return None if item.closes is None else item.closes.start


def test_a_candle_ends_when_its_time_is_over_and_not_with_the_next_trade() -> None:
    assert moments(5_100, 9_000) == [
        (5_100, None, False),
        (6_000, 5_000, False),
        (9_000, None, False),
    ]


def test_a_trade_at_the_end_of_a_candle_belongs_to_the_next_one() -> None:
    assert moments(5_100, 6_000) == [
        (5_100, None, False),
        (6_000, 5_000, True),
        (6_000, None, False),
    ]


def test_timers_wait_for_the_last_trade_of_a_moment() -> None:
    assert moments(5_100, 5_100, 5_100)[:3] == [
        (5_100, None, True),
        (5_100, None, True),
        (5_100, None, False),
    ]


def test_an_interval_without_a_trade_has_no_candle_and_the_last_is_not_over() -> None:
    assert [start for _, start, _ in moments(1_000, 1_999, 5_000, 8_500)] == [
        *(None, None, 1_000),
        *(None, 5_000),
        None,
    ]


class BuysFalls:
    """Enters at each candle that closed under 99; remembers what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []

    def on_market(self, market: MarketView) -> Enter | None:
        candle = market.candle
        if candle is None:
            return None
        self.seen.append((market.now, candle.close))
        return Enter(reason="a fall") if candle.close < 99 else None


@pytest.mark.parametrize("new_dispatcher", [SimulatedDispatcher, ProductionDispatcher])
def test_in_a_sparse_market_each_fall_is_bought_at_the_end_of_its_own_minute(
    new_dispatcher: type[Dispatcher], tmp_path: Path
) -> None:
    """A trade every ten minutes; every other one is a fall, and is over when the next one comes."""
    lines = ["timestamp,id,side,price,amount"]
    times = [BEGIN + n * 10 * MINUTE + 7_000 for n in range(20)]
    lines += [f"{at},t{n},buy,{98 if n % 2 else 100},50" for n, at in enumerate(times)]
    file = tmp_path / "ABC-USDT-trades.csv"
    file.write_text("\n".join(lines) + "\n")
    strategy = BuysFalls()
    played = play(
        [file],
        CandlePath.LOW_FIRST,
        lambda: strategy,
        'market."ABC/USDT".tick_size=0.01',
        "plan.take_profit_ratio=1%",
        new_dispatcher=new_dispatcher,
    )
    ends = [at - at % MINUTE + MINUTE for at in times[:-1]]
    assert strategy.seen == [(at, 98.0 if n % 2 else 100.0) for n, at in enumerate(ends)]
    trades = played.report.trades
    assert [trade.entered_at for trade in trades] == ends[1::2]
    assert {(float(t.entry_price), float(t.exit_price or 0)) for t in trades} == {(98.0, 100.0)}
    assert [trade.closed_at for trade in trades] == times[2::2]
