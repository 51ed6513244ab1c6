"""What the strategy receives."""

from messages.base import Message, Symbol
from messages.market import Candle, Quote


class MarketSeen(Message, frozen=True, kw_only=True):
    """The market as it is; the newest replaces older ones. From market data."""

    quote: Quote
    candle: Candle | None
    """The candle that just closed; None: only the quote is new."""
    atr: float | None
    """Average true range of closed candles, quote per base."""


class SymbolBusy(Message, frozen=True, kw_only=True):
    """A position lives on the symbol, or none does any more. From the positions actor."""

    symbol: Symbol
    busy: bool
