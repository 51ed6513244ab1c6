"""The rules of markets while they are traded: read now and then, and when an order is refused.

Owns how often the venue is asked, and that a question is answered, if late: a read that fails is
tried again until one goes well. Each read is one of the whole list of markets, so two that are
asked for at the same time are one. What a changed rule means is the positions actor's business. On
the loop.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from exchange.live.connection import Connection
from exchange.port import Event, UnknownSymbolError
from messages.base import Symbol
from messages.market import MarketPhase
from messages.positions import MarketGoneReported, MarketRulesReported

APART_SECONDS = 2.0
"""Between two reads: a second one is to show what the first did not, not the same answer twice."""

AGAIN_SECONDS = 5.0
"""After a read that failed; the pause doubles with each further one."""
SETTLED_SECONDS = 1.0
"""From then on until what was restored has sold or protected what it had to."""
LATEST_SECONDS = 10.0
"""After a start by the markets of the last run: by then fresh ones are read, whatever is open."""

MarketEvent = MarketRulesReported | MarketGoneReported


class RulesWatch:
    """Reads markets and reports those that are followed."""

    def __init__(
        self,
        connection: Connection,
        tell: Callable[[Event], None],
        listed: Callable[[Symbol], None],
        unlisted: Callable[[Symbol], None],
    ) -> None:
        """Report to ``tell``; after each read, each followed market is ``listed`` or not."""
        self._connection = connection
        self._tell = tell
        self._listed = listed
        self._unlisted = unlisted
        self._told: dict[Symbol, MarketEvent] = {}
        """Of each followed market, what was reported last."""
        self._unanswered: set[Symbol] = set()
        """Asked for, and the read failed."""
        self._has_failed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._began_at: float | None = None

    def as_known(self, symbol: Symbol) -> MarketRulesReported:
        """Return a market as it was read last. From any thread.

        Raises ``UnknownSymbolError``.
        """
        listing = self._connection.listing(symbol)
        return MarketRulesReported(
            rules=listing.rules,
            capabilities=listing.facts.capabilities,
            phase=MarketPhase.OPEN if listing.facts.is_active else MarketPhase.HALTED,
            is_kept=self._connection.opened.is_kept,
            is_recent=self._connection.opened.is_recent,
        )

    def follow(self, symbol: Symbol) -> None:
        """Report a market whenever a read shows something else than before."""
        self._connection.markets.followed.add(symbol)
        self._told.setdefault(symbol, self._now(symbol))

    def hold(self) -> None:
        """Let the first read wait until what was open at the start is restored."""
        self._may_read.clear()

    def let_go(self) -> None:
        """Take in that what was open at the start is restored: soon the first sales have left."""
        asyncio.get_running_loop().call_later(SETTLED_SECONDS, self._may_read.set)

    async def read(self, symbol: Symbol) -> None:
        """Read the markets, and report this one whatever the read shows."""
        self.follow(symbol)
        if await self._read():
            self._report(symbol)
        else:
            self._unanswered.add(symbol)

    async def keep_reading(self) -> None:
        """Read now and then, and again after a read that failed; for ever.

        At once where a start trades by the markets of the last run, but after what was open then
        is restored: to read a list of 3,200 markets takes the loop half a second.
        """
        if self._connection.opened.is_kept:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._may_read.wait(), LATEST_SECONDS)
            await self._read()
        else:
            await asyncio.sleep(APART_SECONDS)  # by then all that is held is followed
            self._connection.markets.keep()
        every = self._connection.settings.rules_ms / 1000
        first = pause = min(AGAIN_SECONDS, every)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._has_failed.wait(), every)
                await asyncio.sleep(pause)
            pause = first if await self._read() else min(2 * pause, every)

    async def _read(self) -> bool:
        """Read the markets once for all who wait; return whether that went well."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self._lock:
            if self._began_at is not None and self._began_at >= asked_at:
                return True  # a read began since
            if self._began_at is not None:
                await asyncio.sleep(max(self._began_at + APART_SECONDS - loop.time(), 0.0))
            began_at = loop.time()
            try:
                await self._connection.markets.read()
            except Exception as error:  # noqa: BLE001 - the rules stay as they are known
                self._connection.note(f"market rules: {self._connection.text_of(error)}")
                self._has_failed.set()
                return False
            self._began_at = began_at
            self._has_failed.clear()
        self._connection.markets.keep()
        for one in tuple(self._told):
            now = self._now(one)
            is_listed = isinstance(now, MarketRulesReported)
            (self._listed if is_listed else self._unlisted)(one)
            if now != self._told[one] or one in self._unanswered:
                self._report(one)
        return True

    def _report(self, symbol: Symbol) -> None:
        self._unanswered.discard(symbol)
        self._told[symbol] = now = self._now(symbol)
        self._tell(now)

    def _now(self, symbol: Symbol) -> MarketEvent:
        try:
            return self.as_known(symbol)
        except UnknownSymbolError as error:
            return MarketGoneReported(symbol=symbol, text=str(error))
