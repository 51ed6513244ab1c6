"""The gateway to an embedded exchange that goes on after a restart: what it does is recorded.

The venue lives in this process and dies with it, so its orders, balances and trades are part of the
journal's cuts, and what it says of them leaves with the record. A move that touches no order is not
recorded: the market makes the same prices again out of its own state, which is kept now and then.
"""

from collections.abc import Callable, Iterable

import msgspec

from actors.gateway.exit_mark import ExitMark
from actors.gateway.paper import Drive, PaperGateway
from actors.journal.port import Record
from actors.runtime.system import System
from exchange.generated.market import GeneratedMarket, MarketState
from exchange.paper import PaperExchange
from exchange.port import Sink
from messages.addresses import MARKET_DATA, OBSERVERS
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import Envelope, Send
from messages.gateway import MarketMoved

KEEP_MARKET_MS = Milliseconds(600_000)
"""Of the market's time: a restart makes at most this much of it again."""
_CATCH_UP_MS = 60_000


class RecordedGateway(PaperGateway):
    """A paper gateway whose every change of the venue is a record."""

    def __init__(
        self,
        system: System,
        address: Address,
        connect: Callable[[Sink], PaperExchange],
        drive: Drive | None = None,
        mark: ExitMark | None = None,
    ) -> None:
        """Connect to a venue of one's own, and note what becomes of it."""
        super().__init__(system, address, connect, drive, mark)
        self.port.changes = []
        self._outbox: list[Send] | None = None
        self._keep_market_at = Timestamp(0)

    def restore(self, entities: Iterable[msgspec.Struct]) -> None:
        """Put orders, balances, trades and the market back as they were recorded."""
        kept = tuple(entities)
        self.port.restore(entity for entity in kept if not isinstance(entity, MarketState))
        for entity in kept:
            if isinstance(entity, MarketState):
                self._restore_market(entity)

    def send(self, to: Address, message: Message) -> None:
        """Send a message; what the venue did leaves once it is recorded."""
        if self._outbox is None or to in (MARKET_DATA, OBSERVERS):
            super().send(to, message)
        else:
            self._outbox.append(Send(to, message))

    def handle(self, message: Message) -> object:
        """Handle it, then record what it did to the venue, also where it raised."""
        self._outbox = []
        try:
            answer = super().handle(message)
        except Exception:
            self._let_out(message)
            raise
        self._let_out(message)
        return answer

    def _let_out(self, message: Message) -> None:
        outbox, self._outbox = tuple(self._outbox or ()), None
        changes = self._take_changes()
        if changes:
            self._record(message, changes, outbox)
        else:
            for send in outbox:
                self.send(send.to, send.message)

    def _take_changes(self) -> tuple[msgspec.Struct, ...]:
        noted, self.port.changes = self.port.changes or [], []
        if all(isinstance(change, MarketMoved) for change in noted):
            noted = []
        market = None if self._drive is None else self._drive.market
        if isinstance(market, GeneratedMarket) and market.next_at >= self._keep_market_at:
            self._keep_market_at = Timestamp(market.next_at + KEEP_MARKET_MS)
            noted.append(market.state)
        return tuple(noted)

    def _record(
        self, message: Message, changes: tuple[msgspec.Struct, ...], outbox: tuple[Send, ...]
    ) -> None:
        in_hand = self._lane.in_hand
        envelope = in_hand if isinstance(in_hand, Envelope) else self.system.envelope(message)
        journal = self.system.journal
        record = Record(
            sequence=journal.next_sequence,
            actor=self.address,
            now=self.now(),
            id=envelope.id,
            cause=envelope.cause,
            sender=envelope.sender,
            message=message,
            changes=changes,
            outbox=outbox,
        )
        journal.append(record)
        for place, send in enumerate(outbox):
            sent = Envelope(send.message, self.address, (record.sequence, place), record.id)
            self.system.deliver(send.to, sent)
        self.system.tell_observers(record)

    def _restore_market(self, state: MarketState) -> None:
        """Let the market make again what it made until now, and the venue know its prices."""
        market = None if self._drive is None else self._drive.market
        if not isinstance(market, GeneratedMarket):
            return
        market.restore(state)
        now = self.now()
        while market.next_at <= now:
            for event in market.advance(min(now, Timestamp(market.next_at + _CATCH_UP_MS))):
                if isinstance(event, MarketMoved):
                    self.port.book.markets[event.symbol].move(event)
