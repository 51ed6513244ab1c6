"""The venue behind the wire: the matching engine, one account, and markets that can halt.

Owns the book, the ids by which orders are found, candles and what trades now. Knows no dialect and
no socket: what happened goes to ``heard``, for the streams.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum

import msgspec

from exchange.matching.engine import Command, ForceFill, step
from exchange.matching.state import Balance, Depth, ExecutionRules, MatchingBook, VenueOrder
from exchange.server.tape import Tape
from messages.base import ClientOrderId, Currency, PositionId, Symbol, Timestamp
from messages.gateway import CancelAtVenue, MarketMoved, SubmitOrder
from messages.market import Capabilities, MarketRules
from messages.money import Money
from messages.order_router import SubmitFailed
from messages.orders import OrderRequest, Priority, RejectReason
from messages.reconciler import Trade

Clock = Callable[[], Timestamp]
NOBODY = PositionId("p0")
"""The engine wants to know whose order it is; on the wire nobody says."""
_AGAIN = "~"
"""Between a client order id and how often it was used: no client order id has it."""


class MarketStatus(StrEnum):
    """Whether a market trades."""

    TRADING = "trading"
    HALTED = "halted"
    """Orders are refused; cancels work."""
    CANCEL_ONLY = "cancel_only"
    """As HALTED; a status of its own at Binance since July 2026."""
    DELISTED = "delisted"
    """The venue knows it no more."""


_CLOSED = frozenset({MarketStatus.HALTED, MarketStatus.CANCEL_ONLY})


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account it is, and what the key may do."""

    api_key: str = "server-key"
    secret: str = "server-secret"  # noqa: S105 - opens nothing but this server
    can_trade: bool = True
    can_withdraw: bool = False
    can_transfer: bool = False
    addresses: tuple[str, ...] = ()
    """From which the key is taken; empty: from any."""
    expires_at: Timestamp | None = None
    uid: int | None = None
    """The account's own number; None: not told."""


class OrderStep(msgspec.Struct, frozen=True):
    """What one command did to one order."""

    before: VenueOrder | None
    after: VenueOrder
    trades: tuple[Trade, ...]


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What one command did."""

    at: Timestamp
    orders: tuple[OrderStep, ...] = ()
    balances: tuple[Balance, ...] = ()
    moved: MarketMoved | None = None


class OrderRefusedError(Exception):
    """The matching engine does not take an order."""

    def __init__(self, reason: RejectReason, text: str) -> None:
        """Keep the reason, from which each dialect makes its code."""
        super().__init__(text)
        self.reason = reason


class Venue:
    """One account at one venue, with a clock."""

    def __init__(
        self,
        markets: Iterable[MarketRules],
        balances: Iterable[Money],
        *,
        capabilities: Capabilities,
        clock: Clock,
        reuses_ids: bool = False,
    ) -> None:
        """Open with ``balances`` and no price yet.

        ``reuses_ids``: a client order id may come again once its order is over (Binance).
        """
        self.book = MatchingBook(markets, capabilities, Depth())
        for money in balances:
            self.book.apply(Balance(currency=money.currency, total=money.amount))
        self.account = Account()
        self.heard: Callable[[Happened], None] = lambda _: None
        self.tape = Tape()
        self.statuses = dict.fromkeys(self.book.markets, MarketStatus.TRADING)
        self.clock_offset_ms = 0
        self._clock = clock
        self._reuses_ids = reuses_ids
        self._newest: dict[str, ClientOrderId] = {}
        """The order that a client order id means now."""
        self._by_sequence: dict[int, ClientOrderId] = {}
        self._came: dict[ClientOrderId, Timestamp] = {}

    @property
    def now(self) -> Timestamp:
        """The venue's own clock."""
        return Timestamp(self._clock() + self.clock_offset_ms)

    def listed(self) -> list[MarketRules]:
        """Return the rules of the markets that the venue knows."""
        gone = MarketStatus.DELISTED
        markets = sorted(self.book.markets.items())
        return [market.rules for symbol, market in markets if self.statuses[symbol] is not gone]

    def submit(self, request: OrderRequest) -> OrderStep:
        """Take an order in. Raises ``OrderRefusedError``."""
        if self.statuses.get(request.symbol) in _CLOSED:
            raise OrderRefusedError(RejectReason.MARKET_HALTED, "market is closed")
        name = request.client_order_id
        order_id = self._engine_id(name)
        request = msgspec.structs.replace(request, client_order_id=order_id)
        happened, refused = self._run(SubmitOrder(request=request, priority=Priority.ENTRY))
        if refused is not None:
            raise OrderRefusedError(refused.reason, refused.text)
        taken = next(step for step in happened.orders if step.before is None)
        self._newest[name] = order_id
        self._came[order_id] = happened.at
        self._by_sequence[taken.after.sequence] = order_id
        self.heard(happened)
        return taken

    def cancel(self, order: VenueOrder) -> VenueOrder | None:
        """Cancel an order; return it as it is then, None if it was over."""
        if order.facts.is_terminal:
            return None
        request = order.request
        command = CancelAtVenue(
            client_order_id=request.client_order_id,
            exchange_order_id=None,
            symbol=request.symbol,
            priority=Priority.EXIT,
        )
        happened, _ = self._run(command)
        self.heard(happened)
        return self.book.orders[request.client_order_id]

    def move(self, moved: MarketMoved) -> None:
        """Let the outside market trade."""
        self.tape.add(moved)
        happened, _ = self._run(moved)
        self.heard(msgspec.structs.replace(happened, moved=moved))

    def force_fill(self, name: str, quantity: Decimal) -> None:
        """Fill an order whatever its status says: a venue's mistake, on demand."""
        order_id = self._newest[name]
        happened, _ = self._run(ForceFill(client_order_id=order_id, quantity=quantity))
        self.heard(happened)

    def set_balance(self, currency: Currency, total: Decimal) -> None:
        """Let the account hold ``total`` of a currency; what orders lock stays locked."""
        before = self.book.balances.get(currency, Balance(currency=currency))
        after = msgspec.structs.replace(before, total=total)
        self.book.apply(after)
        self.heard(Happened(at=self.now, balances=(after,)))

    def set_rules(self, rules: MarketRules) -> None:
        """Demand something else of orders from now on; what works goes on working."""
        self.book.markets[rules.symbol].rules = rules

    def set_execution(self, symbol: Symbol, execution: ExecutionRules) -> None:
        """Enforce something else when orders trade."""
        self.book.markets[symbol].execution = execution

    def named(self, name: str) -> VenueOrder | None:
        """Return the order that a client order id means now."""
        return self.book.orders.get(self._newest.get(name, ClientOrderId(name)))

    def numbered(self, sequence: int) -> VenueOrder | None:
        """Return an order by its place in time."""
        order_id = self._by_sequence.get(sequence)
        return None if order_id is None else self.book.orders.get(order_id)

    def came(self, order: VenueOrder) -> Timestamp:
        """Return when an order came: now, where it only just does."""
        return self._came.get(order.request.client_order_id, order.facts.at)

    def orders(self, symbol: Symbol | None, *, only_open: bool) -> list[VenueOrder]:
        """Return the account's orders, oldest first, on one market or all."""
        return [
            order
            for order in self.book.orders.values()
            if symbol in (None, order.request.symbol)
            and not (only_open and order.facts.is_terminal)
        ]

    def trades(self, symbol: Symbol) -> list[Trade]:
        """Return the account's fills on a market, oldest first."""
        return [trade for trade in self.book.trades.values() if trade.symbol == symbol]

    def _engine_id(self, name: ClientOrderId) -> ClientOrderId:
        before = self.named(name)
        if before is None or not before.facts.is_terminal or not self._reuses_ids:
            return name
        count = sum(1 for order_id in self.book.orders if client_name(order_id) == name)
        return ClientOrderId(f"{name}{_AGAIN}{count + 1}")

    def _run(self, command: Command) -> tuple[Happened, SubmitFailed | None]:
        at = self.now
        outcome = step(self.book, command, at)
        changed = [change for change in outcome.changes if isinstance(change, VenueOrder)]
        trades = [change for change in outcome.changes if isinstance(change, Trade)]
        steps = tuple(
            OrderStep(
                self.book.orders.get(order_id := order.request.client_order_id),
                order,
                tuple(trade for trade in trades if trade.client_order_id == order_id),
            )
            for order in changed
        )
        for change in outcome.changes:
            self.book.apply(change)
        balances = (change for change in outcome.changes if isinstance(change, Balance))
        refused = (event for event in outcome.events if isinstance(event, SubmitFailed))
        return Happened(at=at, orders=steps, balances=tuple(balances)), next(refused, None)


def client_name(order_id: ClientOrderId) -> str:
    """Return the client order id as the client said it."""
    return order_id.partition(_AGAIN)[0]
