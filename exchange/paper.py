"""The paper exchange: a whole venue with one account, in memory, behind the exchange port.

Owns the book, the latency of the way there and back, and who hears quotes. It has no thread and no
clock: the market's moves and the time come in, its events go out through the sink. What fills is
decided in ``exchange.matching.engine``. Everything in it is a frozen entity, so it can be recorded.
"""

from collections.abc import Iterable
from decimal import Decimal
from heapq import heappop, heappush
from math import inf

import msgspec

from exchange.matching.engine import Command, ForceFill, step
from exchange.matching.state import Balance, Depth, Market, MatchingBook, VenueOrder
from exchange.port import Event, Sink, UnknownSymbolError
from messages.base import ClientOrderId, Milliseconds, Symbol, Timestamp
from messages.envelope import Removed
from messages.gateway import (
    CancelAtVenue,
    FetchBalances,
    FetchOpenOrders,
    FetchTrades,
    LookUpOrder,
    MarketMoved,
    SubmitOrder,
)
from messages.market import Capabilities, MarketRules, Quote
from messages.market_data import NextLevel, QuoteReceived
from messages.money import ZERO, Money
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import Side
from messages.positions import MarketRulesReported
from messages.reconciler import Trade

ALL_CAPABILITIES = Capabilities(
    native_stop=True, native_stop_limit=True, oco=True, post_only=True, ioc=True, market=True
)
DEFAULT_DEPTH = Depth()
NO_LATENCY = Milliseconds(0)

_CLOSED = "the connection is closed"


class InFlight(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A request on its way to the venue, or an event on its way back."""

    sequence: int
    at: Timestamp
    """When it arrives."""
    content: Command | Event


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What the account has of one symbol's base, and what works to sell it."""

    symbol: Symbol
    held: Decimal
    working_sells: Decimal
    """Over all working sells, resting or stops; an OCO's two legs count once."""


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's own books, for tests and tools."""

    balances: tuple[Balance, ...]
    """By currency."""
    holdings: tuple[Holding, ...]
    """By symbol."""
    fills: tuple[Trade, ...]
    """In order; the venue forgets them with their order, a day after it finished."""


class PaperExchange:
    """An ``ExchangePort`` whose market is moved by ``market_moved``."""

    def __init__(
        self,
        emit: Sink,
        markets: Iterable[MarketRules],
        balances: Iterable[Money],
        *,
        capabilities: Capabilities = ALL_CAPABILITIES,
        latency_ms: Milliseconds = NO_LATENCY,
        depth: Depth = DEFAULT_DEPTH,
    ) -> None:
        """Open the venue with ``balances`` and no price yet."""
        self.book = MatchingBook(markets, capabilities, depth)
        for money in balances:
            self.book.apply(Balance(currency=money.currency, total=money.amount))
        self._emit = emit
        self._latency_ms = latency_ms
        self._in_flight: list[tuple[Timestamp, int, InFlight]] = []
        self._sequence = 0
        self._subscribed: set[Symbol] = set()
        self._is_streaming = False
        self._is_open = True
        self.changes: list[msgspec.Struct] | None = None
        """Entities that changed, for whoever records them and empties it; None: nobody does."""

    @property
    def capabilities(self) -> Capabilities:
        """What the venue really does."""
        return self.book.capabilities

    # The port.

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        """Take an order in."""
        if self._is_open:
            self._receive(order, now)
        else:
            order_id, kind = order.request.client_order_id, FailureKind.RETRYABLE
            self._emit(SubmitFailed(client_order_id=order_id, kind=kind, text=_CLOSED))

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        """Cancel an order."""
        if self._is_open:
            self._receive(order, now)
        else:
            order_id, kind = order.client_order_id, FailureKind.RETRYABLE
            self._emit(CancelFailed(client_order_id=order_id, kind=kind, text=_CLOSED))

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        """Tell how an order stands."""
        if self._is_open:
            self._receive(order, now)
        else:
            self._emit(LookUpFailed(client_order_id=order.client_order_id, text=_CLOSED))

    def fetch_open_orders(self, request: FetchOpenOrders, now: Timestamp) -> None:
        """Tell which orders work."""
        self._receive(request, now)

    def fetch_trades(self, request: FetchTrades, now: Timestamp) -> None:
        """Tell what filled."""
        self._receive(request, now)

    def fetch_balances(self, request: FetchBalances, now: Timestamp) -> None:
        """Tell what the account holds."""
        self._receive(request, now)

    def fetch_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Tell a symbol's rules. Raises ``UnknownSymbolError``."""
        rules = self._market(symbol).rules
        self._deliver(MarketRulesReported(rules=rules, capabilities=self.capabilities), now)

    def read_market_rules(self, symbol: Symbol, now: Timestamp) -> None:
        """Tell a symbol's rules: they are always as they are. Raises ``UnknownSymbolError``."""
        self.fetch_market_rules(symbol, now)

    def subscribe(self, symbol: Symbol, now: Timestamp) -> None:
        """Let the symbol's quotes be heard. Raises ``UnknownSymbolError``."""
        self._open_stream(now)
        self._market(symbol)
        self._subscribed.add(symbol)

    def close(self, now: Timestamp) -> None:
        """Let go; orders stay, and what is on its way to the venue still arrives there."""
        if self._is_open and self._is_streaming:
            self._deliver(StreamChanged(up=False), now)
        self._is_open = False

    # The world around it.

    def market_moved(self, moved: MarketMoved, now: Timestamp) -> None:
        """Let the outside market trade: a request that arrives at this moment meets the new price.

        Raises ``UnknownSymbolError``.
        """
        if self._in_flight:
            self.wake(Timestamp(now - 1))
        symbol = moved.symbol
        market = self._market(symbol)
        if market.touches(moved):
            self._run(moved, now)
        else:
            market.move(moved)  # what the step would come to
        if symbol in self._subscribed:
            self._deliver(_quote(moved), now)

    def next_level(self, question: NextLevel) -> float | None:
        """Return the first price with an order between the two; see ``NextLevel``."""
        return self._market(question.symbol).next_level(question.start, question.end)

    def only_quotes_due(self, at: Timestamp) -> bool:
        """Return whether of all that arrives until ``at`` nothing is a request or an answer."""
        contents = (one.content for due, _, one in self._in_flight if due <= at)
        return all(isinstance(content, QuoteReceived) for content in contents)

    def next_wake(self) -> Timestamp | None:
        """Return when the next request or event arrives; None: nothing is on its way."""
        return self._in_flight[0][0] if self._in_flight else None

    def wake(self, now: Timestamp) -> None:
        """Let everything arrive that is due."""
        while self._in_flight and self._in_flight[0][0] <= now:
            at, _, under_way = heappop(self._in_flight)
            self._note(Removed(InFlight.__name__, str(under_way.sequence)))
            if isinstance(under_way.content, Command):
                self._run(under_way.content, at)
            else:
                self._emit(under_way.content)

    def force_fill(self, order_id: ClientOrderId, quantity: Decimal, now: Timestamp) -> None:
        """Fill an order whatever its status says: a venue's mistake, on demand."""
        self._run(ForceFill(client_order_id=order_id, quantity=quantity), now)

    def restore(self, entities: Iterable[msgspec.Struct]) -> None:
        """Take in what was recorded of another that stood where this one is to go on."""
        for entity in sorted(entities, key=_when_over):
            if isinstance(entity, InFlight):
                heappush(self._in_flight, (entity.at, entity.sequence, entity))
                self._sequence = max(self._sequence, entity.sequence)
            else:
                self.book.apply(entity)

    def ledger(self) -> Ledger:
        """Return the venue's books."""
        balances = self.book.balances
        return Ledger(
            balances=tuple(balances[currency] for currency in sorted(balances)),
            holdings=tuple(self._holding(symbol) for symbol in sorted(self.book.markets)),
            fills=tuple(self.book.trades.values()),
        )

    def _open_stream(self, now: Timestamp) -> None:
        if not self._is_streaming:
            self._is_streaming = True
            self._deliver(StreamChanged(up=True), now)

    def _holding(self, symbol: Symbol) -> Holding:
        base = self.book.balances.get(self.book.markets[symbol].rules.base)
        sells = (
            order.remaining
            for order in self.book.orders.values()
            if order.request.symbol == symbol
            and order.request.side is Side.SELL
            and not order.facts.is_terminal
        )
        return Holding(
            symbol=symbol, held=base.total if base else ZERO, working_sells=sum(sells, ZERO)
        )

    def _market(self, symbol: Symbol) -> Market:
        market = self.book.markets.get(symbol)
        if market is None:
            known = ", ".join(sorted(self.book.markets))
            raise UnknownSymbolError(f"no market {symbol} here; there are: {known}")
        return market

    def _receive(self, command: Command, now: Timestamp) -> None:
        if not self._is_open:
            return
        if self._latency_ms:
            self._send(command, now)
        else:
            self._run(command, now)

    def _run(self, command: Command, now: Timestamp) -> None:
        outcome = step(self.book, command, now)
        for change in outcome.changes:
            self.book.apply(change)
        if self.changes is not None:
            self.changes += outcome.changes
        for event in outcome.events:
            self._deliver(event, now)

    def _deliver(self, event: Event, now: Timestamp) -> None:
        if self._latency_ms:
            self._send(event, now)
        else:
            self._emit(event)

    def _send(self, content: Command | Event, now: Timestamp) -> None:
        self._sequence += 1
        at = Timestamp(now + self._latency_ms)
        under_way = InFlight(sequence=self._sequence, at=at, content=content)
        heappush(self._in_flight, (at, self._sequence, under_way))
        self._note(under_way)

    def _note(self, change: msgspec.Struct) -> None:
        if self.changes is not None:
            self.changes.append(change)


def _when_over(entity: msgspec.Struct) -> float:
    """Sort orders by their end: in this order the venue forgets them."""
    is_over = isinstance(entity, VenueOrder) and entity.facts.is_terminal
    return entity.facts.at if isinstance(entity, VenueOrder) and is_over else inf


def _quote(moved: MarketMoved) -> QuoteReceived:
    quantity = moved.quantity or 0.0
    return QuoteReceived(
        quote=Quote(
            symbol=moved.symbol,
            at=moved.at,
            bid=moved.bid,
            ask=moved.ask,
            last=moved.last,
            bid_quantity=quantity,
            ask_quantity=quantity,
        )
    )
