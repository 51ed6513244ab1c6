"""What market data receives."""

import msgspec

from messages.base import Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.market import Candle, Quote
from messages.plan import TriggerSource
from messages.position import LevelName


class QuoteReceived(Message, frozen=True, kw_only=True):
    """The best prices of a symbol. From the gateway."""

    quote: Quote


class CandleReceived(Message, frozen=True, kw_only=True):
    """A closed candle. From the gateway or a recording's feed."""

    symbol: Symbol
    candle: Candle


class Level(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One price at which a position wants to hear."""

    name: LevelName
    price: float
    is_above: bool
    """True: fires at this price or higher; False: at this price or lower."""
    follows: bool = False
    """It moves on with every higher price: the last price of a rise says all that it needs."""


class ArmTriggers(Message, frozen=True, kw_only=True):
    """Replace the position's registration. From the position; answered with ``TriggersArmed``.

    Levels that the last fresh quote already touches fire at once.
    """

    position_id: PositionId
    symbol: Symbol
    generation: int
    """Grows with each registration of a position; older ones are ignored."""
    source: TriggerSource
    levels: tuple[Level, ...]


class DisarmTriggers(Message, frozen=True, kw_only=True):
    """Forget the position's registration, and that it holds the symbol. From the position."""

    position_id: PositionId
    symbol: Symbol
    generation: int


class HoldSymbol(Message, frozen=True, kw_only=True):
    """The position lives on this symbol: poll it first, tell it of staleness. From the position."""

    position_id: PositionId
    symbol: Symbol


class RequestQuote(Message, frozen=True, kw_only=True):
    """Answer with the last fresh quote. From a position."""

    position_id: PositionId
    symbol: Symbol


class ShowMarkets(Message, frozen=True, kw_only=True):
    """Show the strategy each market as it is: entries are let in again. From the portfolio."""


class NextLevel(Message, frozen=True, kw_only=True):
    """Which armed or resting price does a move from ``start`` to ``end`` meet first?

    Asked by a recording's feed, of market data and of the embedded exchange; the answer is a price
    between the two (``end`` included, ``start`` not), or None.
    """

    symbol: Symbol
    start: float
    end: float
    is_walked: bool = False
    """True: the move is published at its end, so a level that follows it needs no stop."""


class OnlyQuotesDue(Message, frozen=True, kw_only=True):
    """Is nothing due at the embedded exchange until ``at`` but quotes on their way from it?

    Asked by a recording's feed: a quote that arrives late needs no new price. Answered with a bool.
    """

    at: Timestamp


class ReadMarket(Message, frozen=True, kw_only=True):
    """Answer an ask with the symbol's ``MarketRow``, or None. From tools."""

    symbol: Symbol


class MarketRow(Message, frozen=True, kw_only=True):
    """What is known of one symbol, as ``ask`` answers it to tools. Not a command."""

    symbol: Symbol
    quote: Quote | None
    fresh: bool
    spread_ratio: float | None
    """(Ask - bid) over mid."""
    atr: float | None
    """Quote per base."""
    candles: tuple[Candle, ...]
    """The last closed ones, in order."""
    quarantined: int
    """Quotes and candles not believed so far."""
    held_by: tuple[PositionId, ...]
    armed: int
    """Live trigger registrations."""
    poll_interval_ms: Milliseconds
