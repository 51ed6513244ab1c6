"""What is known of one symbol: its last usable quote, freshness, candles, triggers and holders.

Owns that state and the quiet band; ``core`` says what to tell whom. Knows no address, no clock.
"""

from math import inf

from actors.market_data.candles import CandleHistory
from actors.market_data.quotes import (
    Judgement,
    has_wild_extremes,
    judge,
    without_extremes,
)
from actors.market_data.triggers import TriggerIndex
from config.settings import MarketDataSettings
from messages.base import Milliseconds, PositionId, Symbol, Timestamp
from messages.market import Quote


class Market:
    """One symbol. ``quote`` and ``heard_at`` are set from outside on the quiet path only."""

    __slots__ = (
        "_held_back",
        "_jump_ratio",
        "_quiet_ratio",
        "_stale_ms",
        "heard_at",
        "history",
        "holders",
        "is_fresh",
        "quarantined",
        "quiet_high",
        "quiet_low",
        "quote",
        "rated_at",
        "symbol",
        "triggers",
    )

    def __init__(self, symbol: Symbol, settings: MarketDataSettings) -> None:
        """Begin without a quote, so not fresh."""
        self.symbol = symbol
        self.quote: Quote | None = None
        """The last one used."""
        self.heard_at = Timestamp(0)
        """When that one came in, by our clock."""
        self.is_fresh = False
        """As holders were last told; ``is_fresh_at`` looks at the clock."""
        self.history = CandleHistory(settings.atr_candles)
        self.triggers = TriggerIndex()
        self.holders: dict[PositionId, None] = {}
        """The positions living here, in order."""
        self.quarantined = 0
        """Quotes and extremes held back or refused so far."""
        self.rated_at: Timestamp | None = None
        """When the portfolio last heard a rate."""
        self.quiet_low = inf
        self.quiet_high = -inf
        """A quote whose prices all lie between these two jumps nowhere and touches nothing."""
        self._held_back: Quote | None = None
        self._stale_ms = settings.stale_ms
        self._jump_ratio = settings.jump_ratio
        # Two prices in a band of this half-width are at most one jump ratio apart, either way.
        self._quiet_ratio = 1 / (1 + 2 / settings.jump_ratio)

    def is_fresh_at(self, now: Timestamp) -> bool:
        """Tell whether the last quote still counts."""
        return self.quote is not None and now - self.heard_at < self._stale_ms

    def is_rate_due(self, now: Timestamp, interval_ms: Milliseconds) -> bool:
        """Tell whether the portfolio should hear the price again."""
        return self.rated_at is None or now - self.rated_at >= interval_ms

    def accept(self, quote: Quote, now: Timestamp) -> Quote | None:
        """Judge a quote and take it; return it as it may be used, or None."""
        judgement = judge(quote, self.quote, self._held_back, self._jump_ratio)
        if judgement is not Judgement.USE:
            self.quarantined += 1
            self._held_back = quote if judgement is Judgement.HOLD_BACK else None
            self.set_quiet_band()
            return None
        if has_wild_extremes(quote, self.quote, self._jump_ratio):
            self.quarantined += 1
            quote = without_extremes(quote)
        self._held_back = None
        self.quote = quote
        self.heard_at = now
        return quote

    def set_quiet_band(self) -> None:
        """Reckon the band anew: after a quote was judged, and when triggers or freshness change."""
        self.quiet_low, self.quiet_high = inf, -inf
        quote = self.quote
        if quote is None or self._held_back is not None or not self.is_fresh:
            return
        low = quote.last * (1 - self._quiet_ratio)
        high = quote.last * (1 + self._quiet_ratio)
        if low < quote.bid and quote.ask < high:
            self.quiet_low = max(low, self.triggers.quiet_below)
            self.quiet_high = min(high, self.triggers.quiet_above)
