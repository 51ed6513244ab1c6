"""Candles as a walk of prices, and candles built from trades. Pure.

Owns the four moments of a candle and the two orders its prices are walked in. What trades at those
prices, and at which spread, is the matching engine's and the feed's business.

The walk of a candle with interval ``n`` (ms):

    low_first    open at 0, low at n/3, high at 2n/3, close at n - 1
    high_first   open at 0, high at n/3, low at 2n/3, close at n - 1

From one point to the next *inside* a candle the price moves continuously: whatever lies between is
touched, at its own price. The move from the candle before to this one's open is a gap: nothing
between was traded, and what it jumps over fills at the open. A recording of trades is all gaps:
between one trade and the next nothing was traded.
"""

from typing import assert_never

import msgspec

from config.settings import CandlePath
from messages.base import Milliseconds, Timestamp
from messages.market import Candle


class PricePoint(msgspec.Struct, frozen=True, gc=False):
    """A price at a moment, and how it was reached."""

    at: Timestamp
    price: float
    """Quote per base."""
    is_gap: bool
    """True: jumped to, nothing between was traded; False: moved to, through all between."""


def walk(candle: Candle, path: CandlePath) -> tuple[PricePoint, PricePoint, PricePoint, PricePoint]:
    """Return the points of ``candle`` in the order of time; the first is a gap."""
    match path:
        case CandlePath.LOW_FIRST:
            second, third = candle.low, candle.high
        case CandlePath.HIGH_FIRST:
            second, third = candle.high, candle.low
        case _:
            assert_never(path)
    start, interval = candle.start, candle.interval_ms
    return (
        PricePoint(start, candle.open, is_gap=True),
        PricePoint(Timestamp(start + interval // 3), second, is_gap=False),
        PricePoint(Timestamp(start + interval * 2 // 3), third, is_gap=False),
        end_of(candle),
    )


def end_of(candle: Candle) -> PricePoint:
    """Return the last point of ``candle``."""
    at = Timestamp(candle.start + candle.interval_ms - 1)
    return PricePoint(at, candle.close, is_gap=False)


class CandleBuilder:
    """Builds the candles of one symbol from trades or quotes, which come in the order of time.

    Intervals begin at multiples of their length since the epoch. An interval without a trade has
    no candle.
    """

    def __init__(self, interval_ms: Milliseconds) -> None:
        """Begin without a candle; ``interval_ms`` is above 0."""
        self._interval_ms = interval_ms
        self._start: Timestamp | None = None
        self._open = self._high = self._low = self._close = self._volume = 0.0

    def add(self, at: Timestamp, price: float, quantity: float) -> Candle | None:
        """Take a trade of ``quantity`` base; return the candle that it ends, if it ends one."""
        closed = self.close_until(at)
        if self._start is None:
            self._start = Timestamp(at - at % self._interval_ms)
            self._open = self._high = self._low = price
            self._volume = 0.0
        elif price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += quantity
        return closed

    def close_until(self, now: Timestamp) -> Candle | None:
        """Return the candle whose interval is over at ``now``, once; None if there is none."""
        if self._start is None or now < self._start + self._interval_ms:
            return None
        candle = Candle(
            start=self._start,
            interval_ms=self._interval_ms,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
        )
        self._start = None
        return candle
