"""The closed candles of one symbol, and the average true range over them.

Owns their order and the smoothing. Builds no candle: they come closed.
"""

from collections import deque
from math import inf

from messages.market import Candle

CANDLES_KEPT = 500
"""For people and tools; the average needs none of them."""


class CandleHistory:
    """The last closed candles of one symbol, in order."""

    __slots__ = ("_atr_candles", "_count", "_total", "atr", "candles")

    def __init__(self, atr_candles: int) -> None:
        """Begin empty, averaging the true range over ``atr_candles``."""
        self.candles: deque[Candle] = deque(maxlen=CANDLES_KEPT)
        self.atr: float | None = None
        """Quote per base; None until ``atr_candles`` closed."""
        self._atr_candles = atr_candles
        self._count = 0
        self._total = 0.0

    def add(self, candle: Candle) -> bool:
        """Take the next closed candle; return False for an old, repeated or impossible one."""
        if not is_possible(candle) or (self.candles and candle.start <= self.candles[-1].start):
            return False
        self._smooth(self._true_range(candle))
        self.candles.append(candle)
        return True

    def _true_range(self, candle: Candle) -> float:
        if not self.candles:
            return candle.high - candle.low
        close = self.candles[-1].close
        return max(candle.high, close) - min(candle.low, close)

    def _smooth(self, true_range: float) -> None:
        """Average as Wilder does: a plain mean first, then 1/n of each new range."""
        n = self._atr_candles
        if self.atr is not None:
            self.atr += (true_range - self.atr) / n
            return
        self._count += 1
        self._total += true_range
        if self._count == n:
            self.atr = self._total / n


def is_possible(candle: Candle) -> bool:
    """Tell whether a market can have made this candle."""
    # Each comparison is false of what is not a number.
    return (
        candle.low > 0
        and candle.low <= candle.open <= candle.high
        and candle.low <= candle.close <= candle.high
        and candle.high < inf
        and 0 <= candle.volume < inf
    )
