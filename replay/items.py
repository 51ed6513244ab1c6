"""What a recording holds, as moments of one market: its points, and the ends of its candles.

A candle is walked point by point, or, where nothing waits within it, told by its close alone. A
candle built from trades ends when its time is over, as in a live session, not with the next trade.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from config.settings import CandlePath
from exchange.candles import CandleBuilder, PricePoint, end_of, walk
from exchange.recordings.reader import RecordedTrade
from messages.base import Milliseconds, Symbol, Timestamp
from messages.market import Candle


class FeedItem(msgspec.Struct, frozen=True, gc=False):
    """One recorded moment of one market: a price, the end of a candle, or both."""

    symbol: Symbol
    at: Timestamp
    point: PricePoint | None = None
    """None: no price is recorded, only a candle ends."""
    quantity: float | None = None
    """Base that traded; None: without limit."""
    closes: Candle | None = None
    """The candle that ends now."""
    ends_row: bool = True
    """Whether it is the last moment of a line of the recording."""
    more_at_once: bool = False
    """Whether the same market's next item has the same time: timers wait for that one."""
    passed_over: CandlePath | None = None
    """The candle was quiet, so its end is its only point; the others would lie along this path."""


IsQuiet = Callable[[Symbol, Candle], bool]
"""Whether nothing waits for a price within a candle, nor for its time."""


def candle_items(
    symbol: Symbol, candles: Iterable[Candle], path: CandlePath, is_quiet: IsQuiet
) -> Iterator[FeedItem]:
    """Yield the points of each candle, walked along ``path``; of a quiet one its end alone."""
    for candle in candles:
        if is_quiet(symbol, candle):
            end = end_of(candle)
            yield FeedItem(symbol, end.at, end, closes=candle, passed_over=path)
        else:
            yield from walked_items(symbol, candle, path)


def walked_items(symbol: Symbol, candle: Candle, path: CandlePath) -> Iterator[FeedItem]:
    """Yield the four points of a candle, in the order of ``path``."""
    first, second, third, last = walk(candle, path)
    for point in (first, second, third):
        yield FeedItem(symbol, point.at, point, ends_row=False)
    yield FeedItem(symbol, last.at, last, closes=candle)


def trade_items(
    symbol: Symbol, trades: Iterable[RecordedTrade], interval_ms: Milliseconds
) -> Iterator[FeedItem]:
    """Yield each trade, and when its time is over each candle of ``interval_ms`` that had one.

    A candle that the recording ends within is not over.
    """
    builder = CandleBuilder(interval_ms)
    for trade, after in _with_next(trades):
        builder.add(trade.at, trade.price, trade.quantity)
        point = PricePoint(trade.at, trade.price, is_gap=True)
        is_followed = after is not None and after.at == trade.at
        yield FeedItem(symbol, trade.at, point, trade.quantity, more_at_once=is_followed)
        closed = None if after is None else builder.close_until(after.at)
        if after is not None and closed is not None:
            end = Timestamp(closed.start + interval_ms)
            yield FeedItem(symbol, end, closes=closed, ends_row=False, more_at_once=after.at == end)


def _with_next(
    trades: Iterable[RecordedTrade],
) -> Iterator[tuple[RecordedTrade, RecordedTrade | None]]:
    rest = iter(trades)
    trade = next(rest, None)
    while trade is not None:
        after = next(rest, None)
        yield trade, after
        trade = after
