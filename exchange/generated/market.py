"""The embedded market: prices of ten spot symbols, out of a seed. Pure.

Owns who quotes when. What all symbols share is ``exchange.generated.regimes``', what each does is
``exchange.generated.symbol``'s, and who trades at these prices the matching engine's business.

Every symbol quotes once a second of the market, one after the other: the reference first, the
others spread evenly over the second. A minute's candle comes just before its symbol's first quote
of the next minute. The same seed and start give the same bytes everywhere.
"""

from typing import Self

import msgspec

from exchange.chance import Chance
from exchange.generated.listings import DEFAULT_SYMBOLS, Listing
from exchange.generated.regimes import Climate, ClimateState, opening_climate
from exchange.generated.symbol import GeneratedSymbol, SymbolState
from messages.base import Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import MarketRules
from messages.market_data import CandleReceived

_SECOND_MS = 1_000

_OPENING_PRICES = (0.9, 1.1)
"""Over the listing's price."""


class MarketState(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Where the market stands between two quotes: all it needs to go on."""

    start: Timestamp
    quotes: int
    """How many came so far."""
    chance: int
    """Where the generator stands."""
    common_ratio: float
    """What the second under way does to the whole market."""
    climate: ClimateState
    symbols: tuple[SymbolState, ...]


class GeneratedMarket:
    """A market that moves when it is told the time."""

    def __init__(
        self, seed: int, symbols: tuple[Listing, ...] = DEFAULT_SYMBOLS, *, start: Timestamp
    ) -> None:
        """Open at ``start`` with ``symbols``, of which the first is the reference."""
        self._listings = symbols
        self.restore(_opening(seed, symbols, start))

    @classmethod
    def resume(cls, state: MarketState, symbols: tuple[Listing, ...] = DEFAULT_SYMBOLS) -> Self:
        """Go on where ``state`` was taken; raises as ``restore`` does."""
        market = cls(0, symbols, start=state.start)
        market.restore(state)
        return market

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What is traded, the reference first."""
        return tuple(listing.symbol for listing in self._listings)

    @property
    def rules(self) -> tuple[MarketRules, ...]:
        """What the venue demands, in the order of ``symbols``."""
        return tuple(listing.rules for listing in self._listings)

    @property
    def next_at(self) -> Timestamp:
        """When it moves next."""
        return self._next_at

    @property
    def state(self) -> MarketState:
        """Where it stands; ``resume`` goes on from there."""
        return MarketState(
            start=self._start,
            quotes=self._quotes,
            chance=self._chance.state,
            common_ratio=self._common_ratio,
            climate=self._climate.state,
            symbols=tuple(symbol.state for symbol in self._symbols),
        )

    def restore(self, state: MarketState) -> None:
        """Stand where ``state`` was taken.

        Raises ``ValueError`` if it is the state of other symbols.
        """
        kept = [one.symbol for one in state.symbols]
        if kept != list(self.symbols):
            raise ValueError(
                f"this market lists {', '.join(self.symbols)}; the state is of {', '.join(kept)}"
            )
        self._start = state.start
        self._quotes = state.quotes
        self._chance = Chance(state.chance)
        self._common_ratio = state.common_ratio
        self._climate = Climate(self._chance, state.climate)
        self._symbols = [
            GeneratedSymbol(self._chance, listing, one)
            for listing, one in zip(self._listings, state.symbols, strict=True)
        ]
        self._next_at = self._time_of(state.quotes)

    def advance(self, now: Timestamp) -> tuple[MarketMoved | CandleReceived, ...]:
        """Return what happens until ``now``, that moment included, in the order of time.

        Nothing is left out: after an hour without a call that is an hour of every symbol's quotes.
        """
        happened: list[MarketMoved | CandleReceived] = []
        while (at := self._next_at) <= now:
            place = self._quotes % len(self._symbols)
            if place == 0:
                self._common_ratio = self._climate.next_second()
            symbol = self._symbols[place]
            candle = symbol.closed(at)
            if candle is not None:
                happened.append(candle)
            happened.append(symbol.quote(at, self._common_ratio, self._climate))
            self._quotes += 1
            self._next_at = self._time_of(self._quotes)
        return tuple(happened)

    def _time_of(self, quote: int) -> Timestamp:
        return Timestamp(self._start + quote * _SECOND_MS // len(self._listings))


def _opening(seed: int, symbols: tuple[Listing, ...], start: Timestamp) -> MarketState:
    chance = Chance(seed)
    opened = tuple(
        SymbolState(symbol=one.symbol, value=one.price * chance.between(*_OPENING_PRICES))
        for one in symbols
    )
    climate = opening_climate(chance)
    return MarketState(
        start=start,
        quotes=0,
        chance=chance.state,
        common_ratio=0.0,
        climate=climate,
        symbols=opened,
    )
