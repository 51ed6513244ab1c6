"""One symbol of the embedded market: its value, its quotes and its candles. Pure.

Owns how the symbol follows the whole market and what it does by itself. When it quotes is
``exchange.generated.market``'s business. Prices and quantities are whole ticks and steps, divided
once: each float is the one nearest to its decimal.
"""

import msgspec

from exchange.chance import Chance, normal, share
from exchange.generated.listings import Listing
from exchange.generated.regimes import Climate, jump
from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import Candle
from messages.market_data import CandleReceived

CANDLE_MS = Milliseconds(60_000)

_JUMP_ODDS = 4
"""In 65,536 quotes."""
_JUMP_RATIOS = (0.003, 0.009)


class SymbolState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a symbol stands between two quotes."""

    symbol: Symbol
    value: float
    """Quote per base; what bid and ask lie around."""
    candle_start: Timestamp | None = None
    """Of the candle that the quotes are building; None before the first."""
    open: int = 0
    """Ticks, as are the other prices."""
    high: int = 0
    low: int = 0
    close: int = 0
    volume: int = 0
    """Steps."""


class GeneratedSymbol:
    """A symbol that quotes when it is asked to."""

    def __init__(self, chance: Chance, listing: Listing, state: SymbolState) -> None:
        """Go on from ``state``, drawing on ``chance``."""
        self._chance = chance
        self._listing = listing
        self._ticks = 10**listing.price_decimals
        """In one unit of the quote currency."""
        self._steps = 10**listing.quantity_decimals
        """In one unit of the base currency."""
        self._value = state.value
        self._start = state.candle_start
        self._end = 0 if state.candle_start is None else state.candle_start + CANDLE_MS
        self._open, self._high, self._low = state.open, state.high, state.low
        self._close, self._volume = state.close, state.volume

    @property
    def state(self) -> SymbolState:
        """Where it stands."""
        return SymbolState(
            symbol=self._listing.symbol,
            value=self._value,
            candle_start=self._start,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            volume=self._volume,
        )

    def quote(self, at: Timestamp, common_ratio: float, climate: Climate) -> MarketMoved:
        """Move with the whole market and by itself; return the best prices."""
        listing = self._listing
        self._move(common_ratio, climate.volatility)
        spread = 1 + int(self._value * listing.spread_ratio * climate.spread_factor * self._ticks)
        bid = int(self._value * self._ticks - spread * 0.5 + 0.5)
        noise = self._chance.bits()
        last = bid + spread if noise >> 63 else bid
        per_step = self._value / self._steps
        depth = listing.depth * climate.depth_factor * (0.25 + 1.5 * share(noise)) / per_step
        traded = listing.turnover * climate.turnover_factor * 2.0 * share(noise >> 16) / per_step
        self._trade(at, last, 1 + int(traded))
        return MarketMoved(
            symbol=listing.symbol,
            at=at,
            bid=bid / self._ticks,
            ask=(bid + spread) / self._ticks,
            last=last / self._ticks,
            quantity=(1 + int(depth)) / self._steps,
        )

    def closed(self, at: Timestamp) -> CandleReceived | None:
        """Return the candle that is over at ``at``, if there is one. Asked before a quote."""
        if self._start is None or at < self._end:
            return None
        candle = Candle(
            start=self._start,
            interval_ms=CANDLE_MS,
            open=self._open / self._ticks,
            high=self._high / self._ticks,
            low=self._low / self._ticks,
            close=self._close / self._ticks,
            volume=self._volume / self._steps,
        )
        return CandleReceived(symbol=self._listing.symbol, candle=candle)

    def _move(self, common_ratio: float, volatility: float) -> None:
        bits = self._chance.bits()
        listing = self._listing
        moved = listing.follows * common_ratio + listing.own_volatility * volatility * normal(bits)
        if bits >> 48 < _JUMP_ODDS:
            moved += listing.own_volatility * jump(self._chance, *_JUMP_RATIOS)
        self._value *= 1.0 + moved

    def _trade(self, at: Timestamp, ticks: int, steps: int) -> None:
        """Put a trade into the candle, or begin the next one with it."""
        if at >= self._end:
            self._start = Timestamp(at - at % CANDLE_MS)
            self._end = self._start + CANDLE_MS
            self._open = self._high = self._low = ticks
            self._volume = 0
        elif ticks > self._high:
            self._high = ticks
        elif ticks < self._low:
            self._low = ticks
        self._close = ticks
        self._volume += steps
