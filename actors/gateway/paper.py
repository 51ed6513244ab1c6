"""The gateway to the embedded exchange: it also moves that exchange's market and its time.

A generated market has no clock of its own: a timer here asks it what happened since. Who watches
the session hears its quotes and candles too.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from actors.gateway.actor import Gateway
from actors.gateway.exit_mark import ExitMark
from actors.runtime.system import System
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import OBSERVERS
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import Send, Wake
from messages.gateway import MarketMoved
from messages.market_data import CandleReceived, NextLevel, OnlyQuotesDue, QuoteReceived

_IN_FLIGHT = "in flight"
_MARKET = "market"

LONGEST_STEP_MS = Milliseconds(1_000)
"""What a market may be behind and catch up with in one message: the others get their turn."""


class OutsideMarket(Protocol):
    """A market that moves when it is told the time."""

    @property
    def next_at(self) -> Timestamp:
        """When it moves next."""
        ...

    def advance(self, now: Timestamp) -> tuple[MarketMoved | CandleReceived, ...]:
        """Return what happens until ``now``, in the order of time."""
        ...


class Drive(msgspec.Struct, frozen=True):
    """A market to be moved, and how often."""

    market: OutsideMarket
    pace_ms: Milliseconds
    """At least this long between two moves, of the clock's time; what happened comes at once."""


class PaperGateway(Gateway):
    """Requests and events as any gateway's, and the outside market's moves besides."""

    port: PaperExchange

    def __init__(
        self,
        system: System,
        address: Address,
        connect: Callable[[Sink], PaperExchange],
        drive: Drive | None = None,
        mark: ExitMark | None = None,
    ) -> None:
        """Connect to a venue of one's own; ``drive`` moves its market, else a recording's feed."""
        super().__init__(system, address, connect, mark)
        self._drive = drive
        if drive is not None:  # a session, where people watch
            self._others_hear |= {QuoteReceived: OBSERVERS, CandleReceived: OBSERVERS}
        self._wakes_at: Timestamp | None = None
        """What the timer is set to."""

    def on_start(self) -> None:
        """Begin to move the market."""
        if self._drive is not None:
            self.set_timer(_MARKET, self._drive.market.next_at)

    def handle(self, message: Message) -> object:
        """Ask the venue, or let its market move."""
        match message:
            case MarketMoved():
                self.port.market_moved(message, self.system.clock.now())
            case Wake(key=key) if key == _MARKET and self._drive is not None:
                self._move(self._drive)
            case NextLevel():
                return self.port.next_level(message)
            case OnlyQuotesDue(at=at):
                return self.port.only_quotes_due(at)
            case Wake():
                self._wakes_at = None  # it went off
                self.port.wake(self.now())
            case _:
                super().handle(message)
        self._watch_flights()
        return None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Let what is in flight arrive all the same; of a market's moves the next one comes."""
        if not isinstance(message, Wake):
            self._watch_flights()
        if isinstance(message, MarketMoved | NextLevel | OnlyQuotesDue):
            return ()
        return super().on_skipped(message, error)

    def _move(self, drive: Drive) -> None:
        """Let happen what is due; come back when more is."""
        market, now = drive.market, self.now()
        until = min(now, Timestamp(market.next_at + LONGEST_STEP_MS))
        for event in market.advance(until):
            if isinstance(event, MarketMoved):
                self.port.market_moved(event, now)
            else:
                self.emit(event)
        # One that is behind comes back at once; the timer is in the past.
        self.set_timer(_MARKET, max(market.next_at, Timestamp(until + drive.pace_ms)))

    def _watch_flights(self) -> None:
        at = self.port.next_wake()
        if at != self._wakes_at:
            self._wakes_at = at
            self.set_timer(_IN_FLIGHT, at)
