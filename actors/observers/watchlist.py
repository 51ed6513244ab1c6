"""The symbols that are watched: last price, spread, and how far each fell from its anchor. Pure.

Owns the rows of the watchlist. The anchor is the drop strategy's, by the same rule: the highest
close of its look-back since the last position on the symbol ended.
"""

from collections import defaultdict

from actors.strategy.drop import HighestClose
from messages.base import Milliseconds, Symbol, Timestamp
from messages.market import Candle, Quote
from messages.session import WatchRow


class Watchlist:
    """What is known of each symbol's market."""

    def __init__(
        self, symbols: tuple[Symbol, ...], lookback_ms: Milliseconds, stale_ms: Milliseconds
    ) -> None:
        """Watch ``symbols``, the reference first, then what else is heard of.

        A quote of ``stale_ms`` is old.
        """
        self._lookback_ms = lookback_ms
        self._stale_ms = stale_ms
        self._closes = defaultdict(HighestClose, {one: HighestClose() for one in symbols})
        self._quotes: dict[Symbol, Quote] = {}

    def on_quote(self, quote: Quote) -> None:
        """Take the newest quote."""
        self._quotes[quote.symbol] = quote
        if quote.symbol not in self._closes:  # held, and traded no more
            self._closes[quote.symbol] = HighestClose()

    def on_candle(self, symbol: Symbol, candle: Candle) -> None:
        """Take a candle that closed."""
        closes = self._closes[symbol]
        closed_at = Timestamp(candle.start + candle.interval_ms)
        closes.add(closed_at, candle.close)
        closes.forget(Timestamp(closed_at - self._lookback_ms))

    def on_ended(self, symbol: Symbol, now: Timestamp) -> None:
        """Forget the closes before a position on the symbol ended."""
        self._closes[symbol].forget(now)

    def rows(self, now: Timestamp) -> tuple[WatchRow, ...]:
        """Return a row for each symbol that has a quote."""
        return tuple(
            self._row(self._quotes[symbol], closes, now)
            for symbol, closes in self._closes.items()
            if symbol in self._quotes
        )

    def _row(self, quote: Quote, closes: HighestClose, now: Timestamp) -> WatchRow:
        anchor = closes.highest
        return WatchRow(
            symbol=quote.symbol,
            last=quote.last,
            spread_ratio=(quote.ask - quote.bid) / quote.mid,
            drop_ratio=None if anchor is None else 1 - quote.last / anchor,
            anchor=anchor,
            at=quote.at,
            is_stale=now - quote.at >= self._stale_ms,
            is_gone=now - quote.at >= 2 * self._stale_ms,
        )
