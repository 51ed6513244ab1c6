"""What the market did: candles from its moves, for those who ask for history."""

import msgspec

from exchange.candles import CandleBuilder
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle

MINUTE_MS = Milliseconds(60_000)


class Tape:
    """Closed minutes by symbol, and the one that is open."""

    def __init__(self) -> None:
        """Begin with no history."""
        self._closed: dict[Symbol, list[Candle]] = {}
        self._builders: dict[Symbol, CandleBuilder] = {}

    def add(self, moved: MarketMoved) -> None:
        """Take a move in."""
        builder = self._builders.setdefault(moved.symbol, CandleBuilder(MINUTE_MS))
        closed = builder.add(moved.at, moved.last, moved.quantity or 0.0)
        if closed is not None:
            self._closed.setdefault(moved.symbol, []).append(closed)

    def load(self, symbol: Symbol, minutes: tuple[Candle, ...]) -> None:
        """Replace a symbol's history by ``minutes``, oldest first."""
        self._closed[symbol] = list(minutes)

    def candles(
        self, symbol: Symbol, interval_ms: Milliseconds, start: int, end: int, limit: int
    ) -> list[Candle]:
        """Return up to ``limit`` candles that begin in [start, end], oldest first."""
        grouped: dict[int, Candle] = {}
        for minute in self._closed.get(symbol, []):
            begins = minute.start - minute.start % interval_ms
            if start <= begins <= end:
                so_far = grouped.get(begins)
                grouped[begins] = _merge(so_far, minute, Timestamp(begins), interval_ms)
        found = list(grouped.values())
        return found[:limit] if start > 0 else found[-limit:]


def _merge(
    so_far: Candle | None, minute: Candle, start: Timestamp, interval_ms: Milliseconds
) -> Candle:
    if so_far is None:
        return msgspec.structs.replace(minute, start=start, interval_ms=interval_ms)
    return msgspec.structs.replace(
        so_far,
        high=max(so_far.high, minute.high),
        low=min(so_far.low, minute.low),
        close=minute.close,
        volume=so_far.volume + minute.volume,
    )
