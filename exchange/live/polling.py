"""Whose quotes are asked for when: held symbols first, and only what has been silent. Pure.

A stream that lives tells of changes; a symbol that is silent for its interval is asked, so that a
quiet market is told from a dead stream. A held symbol is asked sooner where its stream is silent
for much longer than of late. An exchange without a stream is polled by the same rule.
"""

from collections.abc import Iterable

from messages.base import Milliseconds, Symbol, Timestamp
from messages.gateway import WatchSymbols

AT_ONCE = 50
"""Symbols in one request."""
SHORTEST_SILENCE_MS = 500
"""A stream that is silent for less is not asked after, however quick it is."""
LONGER_THAN_USUAL = 2
"""Times the longest of the late gaps between two prices of a stream: it is silent then."""
_FADES = 0.98
"""How much of a long gap counts after each further price."""


class PollPlan:
    """When each symbol was heard of last, and how long it may be silent."""

    def __init__(self, poll_ms: Milliseconds) -> None:
        """Follow nothing yet."""
        self._poll_ms = poll_ms
        self._intervals: dict[Symbol, Milliseconds] = {}
        self._heard_at: dict[Symbol, Timestamp] = {}
        self._held: frozenset[Symbol] = frozenset()
        self._streamed_at: dict[Symbol, Timestamp] = {}
        self._gaps_ms: dict[Symbol, float] = {}
        """The longest of the late gaps between two prices of a stream."""
        self._is_streaming: set[Symbol] = set()
        """Symbols whose last price came by the stream, and that were not asked for since."""

    def follow(self, symbol: Symbol, now: Timestamp) -> None:
        """Count a symbol's silence; it is asked for at once, as its stream may take a moment."""
        self._intervals.setdefault(symbol, self._poll_ms)
        self._heard_at.setdefault(symbol, Timestamp(now - self._poll_ms))

    def watch(self, plan: WatchSymbols) -> None:
        """Take market data's word for how often each symbol is wanted."""
        self._poll_ms = plan.poll_ms
        self._held = frozenset(plan.held)
        for symbol in self._intervals:
            self._intervals[symbol] = plan.held_poll_ms if symbol in self._held else plan.poll_ms

    def is_held(self, symbol: Symbol) -> bool:
        """Return whether a position lives on a symbol."""
        return symbol in self._held

    def heard(self, symbol: Symbol, now: Timestamp) -> None:
        """Begin a symbol's silence anew."""
        if symbol in self._heard_at:
            self._heard_at[symbol] = now

    def streamed(self, symbol: Symbol, now: Timestamp) -> None:
        """Take in that the stream brought a price, and learn its pace."""
        before = self._streamed_at.get(symbol)
        if before is not None:
            self._gaps_ms[symbol] = max(now - before, self._gaps_ms.get(symbol, 0.0) * _FADES)
        self._streamed_at[symbol] = now
        self._is_streaming.add(symbol)

    def due(self, now: Timestamp) -> list[Symbol]:
        """Return what to ask for now, held symbols first, the longest silent first."""
        silent = [symbol for symbol in self._intervals if self._due_at(symbol) <= now]
        silent.sort(key=lambda symbol: (symbol not in self._held, self._due_at(symbol)))
        return silent[:AT_ONCE]

    def next_at(self) -> Timestamp | None:
        """Return when something is due next; None: nothing is followed."""
        return min(map(self._due_at, self._intervals), default=None)

    def asked(self, symbols: Iterable[Symbol], now: Timestamp) -> None:
        """Let their next turn come an interval from now, whatever becomes of the answer."""
        for symbol in symbols:
            self.heard(symbol, now)
            self._is_streaming.discard(symbol)

    def _due_at(self, symbol: Symbol) -> Timestamp:
        return Timestamp(self._heard_at[symbol] + self._silence_ms(symbol))

    def _silence_ms(self, symbol: Symbol) -> int:
        """Return how long a symbol may be silent before it is asked for."""
        interval, gap_ms = self._intervals[symbol], self._gaps_ms.get(symbol)
        if symbol not in self._held or symbol not in self._is_streaming or gap_ms is None:
            return interval
        return min(interval, max(SHORTEST_SILENCE_MS, round(LONGER_THAN_USUAL * gap_ms)))
