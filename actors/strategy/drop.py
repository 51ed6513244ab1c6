"""The drop strategy: buy when the price fell far enough in a short time.

Owns the recent closes per symbol. Decides on closed candles only, so an entry can't profit from the
past of its own candle. The same candles give the same decisions.
"""

from collections import deque

from config.settings import DropSettings
from messages.base import Symbol, Timestamp
from messages.strategy import Enter, MarketView

_ROUNDING = 1e-12
"""So that a fall of exactly the ratio asked for counts, whatever its floats' last digits."""


class DropStrategy:
    """Enters when a close lies ``drop_ratio`` under the highest close of the look-back."""

    def __init__(self, settings: DropSettings) -> None:
        """Begin without a past."""
        self._settings = settings
        self._symbols = frozenset(settings.symbols)
        self._closes: dict[Symbol, HighestClose] = {}

    def on_market(self, market: MarketView) -> Enter | None:
        """Take in a closed candle; wish to enter if it closed low enough."""
        candle = market.candle
        if candle is None or (self._symbols and market.symbol not in self._symbols):
            return None
        closed_at = Timestamp(candle.start + candle.interval_ms)
        closes = self._closes.setdefault(market.symbol, HighestClose())
        closes.add(closed_at, candle.close)
        closes.forget(Timestamp(closed_at - self._settings.lookback_ms))
        if market.ended_at is not None:
            # What fell before the last position was that position's reason, not the next one's.
            closes.forget(market.ended_at)
        anchor = closes.highest
        is_past = market.now - closed_at > candle.interval_ms  # told late: after a start or a gap
        if market.is_busy or anchor is None or is_past:
            return None
        drop_ratio = 1 - candle.close / anchor
        if drop_ratio + _ROUNDING < self._settings.drop_ratio:
            return None
        return Enter(
            reason=f"closed at {candle.close:g}, {drop_ratio:.2%} under the highest close"
            f" {anchor:g} of the last {self._settings.lookback_ms / 60_000:g} min"
            f" (asked: {self._settings.drop_ratio:.2%})",
            budget=self._settings.budget,
        )


class HighestClose:
    """The highest of the recent closes, in constant time.

    A close under a later one can never be the highest again and is dropped: what is kept falls.
    """

    def __init__(self) -> None:
        """Begin without a close."""
        self._falling: deque[tuple[Timestamp, float]] = deque()

    @property
    def highest(self) -> float | None:
        """The anchor; None without a close."""
        return self._falling[0][1] if self._falling else None

    def add(self, at: Timestamp, close: float) -> None:
        """Take in the next close."""
        while self._falling and self._falling[-1][1] <= close:
            self._falling.pop()
        self._falling.append((at, close))

    def forget(self, until: Timestamp) -> None:
        """Drop what closed at ``until`` or before."""
        while self._falling and self._falling[0][0] <= until:
            self._falling.popleft()
