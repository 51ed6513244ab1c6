"""Candles, quotes and views to show to strategies and guards."""

from messages.base import Milliseconds, Symbol, Timestamp
from messages.market import Candle, Quote
from messages.strategy import MarketSeen, MarketView

SYMBOL = Symbol("BTC/USDT")
MINUTE = 60_000


def quote(price: float = 100.0, spread: float = 0.0, depth: float = 0.0) -> Quote:
    """Return a quote; ``depth`` is base at the best ask."""
    return Quote(
        symbol=SYMBOL,
        at=Timestamp(0),
        bid=price - spread / 2,
        ask=price + spread / 2,
        last=price,
        ask_quantity=depth,
    )


def candle(number: int, close: float = 100.0, volume: float = 1.0) -> Candle:
    """Return the candle that closes ``number`` minutes after the epoch."""
    return Candle(
        start=Timestamp((number - 1) * MINUTE),
        interval_ms=Milliseconds(MINUTE),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=volume,
    )


def seen(number: int = 1, close: float = 100.0, symbol: Symbol = SYMBOL) -> MarketSeen:
    """Return a closed candle as market data tells it."""
    best = Quote(symbol=symbol, at=Timestamp(0), bid=close, ask=close, last=close)
    return MarketSeen(quote=best, candle=candle(number, close), atr=None)


def view(
    number: int, close: float = 100.0, *, is_busy: bool = False, ended_at: int | None = None
) -> MarketView:
    """Return a closed candle as a strategy sees it."""
    return MarketView(
        now=Timestamp(number * MINUTE),
        quote=quote(close),
        candle=candle(number, close),
        atr=None,
        is_busy=is_busy,
        ended_at=None if ended_at is None else Timestamp(ended_at),
    )
