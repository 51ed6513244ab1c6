"""What one command changes, before it is applied: the book read through its own changes.

Owns the bookkeeping of a fill (trade, fee, balances, locks, cumulative facts). Who fills against
whom, and when, is decided in ``exchange.matching.engine``.
"""

from decimal import Decimal

import msgspec

from exchange.matching.offer import Offer
from exchange.matching.state import Balance, Market, MatchingBook, Taken, VenueOrder
from exchange.port import Event
from exchange.rules import fee_of_fill
from messages.base import ClientOrderId, Currency, ExchangeOrderId, Symbol, Timestamp
from messages.gateway import MarketMoved
from messages.market import FeeCurrency, MarketRules
from messages.money import ONE, ZERO, Money, add_money
from messages.order_router import OrderReported
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    RejectReason,
    Side,
    StopStatus,
)
from messages.reconciler import Trade


class Outcome(msgspec.Struct, frozen=True):
    """What a command did: entities for ``MatchingBook.apply``, and the events, in order."""

    changes: tuple[msgspec.Struct, ...] = ()
    events: tuple[Event, ...] = ()


class Draft:
    """The changes of one step so far. Lives for that step only."""

    def __init__(self, book: MatchingBook, now: Timestamp) -> None:
        """Begin with no change."""
        self.book = book
        self.now = now
        self.events: list[Event] = []
        self.changes: list[msgspec.Struct] = []
        """Changes that nothing in this step reads again."""
        self._orders: dict[ClientOrderId, VenueOrder] = {}
        self._balances: dict[Currency, Balance] = {}
        self._moved: MarketMoved | None = None
        self._offers: dict[tuple[Symbol, Side], Offer] = {}

    def move(self, moved: MarketMoved) -> None:
        """Let the outside market stand where ``moved`` says."""
        self._moved = moved
        self.changes.append(moved)

    def find(self, order_id: ClientOrderId) -> VenueOrder | None:
        """Return an order as it stands now; None: there is none."""
        return self._orders.get(order_id) or self.book.orders.get(order_id)

    def order(self, order_id: ClientOrderId) -> VenueOrder:
        """Return an order as it stands now. Raises ``KeyError``."""
        return self._orders.get(order_id) or self.book.orders[order_id]

    def balance(self, currency: Currency) -> Balance:
        """Return a balance as it stands now."""
        return (
            self._balances.get(currency)
            or self.book.balances.get(currency)
            or Balance(currency=currency)
        )

    def market(self, order: VenueOrder) -> Market:
        """Return the market of ``order``."""
        return self.book.markets[order.request.symbol]

    def offer(self, symbol: Symbol, side: Side) -> Offer:
        """Return what the outside still offers an order on ``side``."""
        offer = self._offers.get((symbol, side))
        if offer is None:
            market = self.book.markets[symbol]
            moved, taken = self._moved or market.moved, market.taken
            if self._moved is not None:
                taken = Taken(symbol=symbol)
            offer = Offer(market, moved, taken, self.book.depth, side)
            self._offers[symbol, side] = offer
        return offer

    def accept(self, request: OrderRequest) -> VenueOrder:
        """Give a new order its place in time; it doesn't rest yet."""
        has_stop = request.trigger_price is not None
        sequence = self.book.last_sequence + 1
        return VenueOrder(
            request=request,
            sequence=sequence,
            facts=OrderFacts(
                client_order_id=request.client_order_id,
                status=OrderStatus.OPEN,
                stop=StopStatus.WORKING if has_stop else StopStatus.NONE,
                exchange_order_id=ExchangeOrderId(str(sequence)),
                at=self.now,
            ),
            trigger=request.trigger_price,
        )

    def put(self, order: VenueOrder) -> None:
        """Keep ``order`` as it is now, and lock what it may still use."""
        before = self.find(order.request.client_order_id)
        market = self.market(order)
        # An OCO's limit leg locks as any limit order does.
        waits = order.limit is None and order.facts.stop is StopStatus.WORKING
        keeps = market.execution.stops_lock or not waits
        locked = lock_of(order, market.rules) if keeps else ZERO
        self._lock(order, locked - (before.locked if before else ZERO))
        if locked != order.locked:
            order = msgspec.structs.replace(order, locked=locked)
        self._orders[order.request.client_order_id] = order

    def fill(
        self, order: VenueOrder, price: Decimal, quantity: Decimal, *, is_maker: bool
    ) -> VenueOrder:
        """Book one fill; return the order after it, to be ``put``."""
        rules = self.market(order).rules
        fee = self._fee(rules, order.request.side, price, quantity, is_maker=is_maker)
        sign = 1 if order.request.side is Side.BUY else -1
        self._add(rules.base, sign * quantity)
        self._add(rules.quote, -sign * price * quantity)
        self._add(fee.currency, -fee.amount)
        self.changes.append(self._trade(order, price, quantity, fee, is_maker=is_maker))
        facts = order.facts
        filled = facts.filled + quantity
        is_full = filled >= order.request.quantity
        status = OrderStatus.FILLED if is_full else OrderStatus.PARTIALLY_FILLED
        order = msgspec.structs.replace(
            order,
            fills=order.fills + 1,
            facts=msgspec.structs.replace(
                facts,
                status=facts.status if facts.is_terminal and not is_full else status,
                filled=filled,
                cost=facts.cost + price * quantity,
                fees=add_money(facts.fees, (fee,)),
                at=self.now,
            ),
        )
        return without_legs(order) if is_full else order

    def finish(
        self,
        order: VenueOrder,
        status: OrderStatus,
        reason: RejectReason | None = None,
        text: str = "",
    ) -> None:
        """End ``order``; what it locked is free again."""
        facts = msgspec.structs.replace(
            order.facts, status=status, reason=reason, text=text, at=self.now
        )
        self.put(without_legs(msgspec.structs.replace(order, facts=facts)))

    def outcome(self) -> Outcome:
        """Return all changes, and a report of each order whose facts changed."""
        reports = [
            OrderReported(facts=order.facts)
            for order_id, order in self._orders.items()
            if (before := self.book.orders.get(order_id)) is None or before.facts != order.facts
        ]
        taken = {symbol: self._taken(symbol) for symbol, _ in self._offers}
        changes = (
            *self.changes,
            *self._orders.values(),
            *self._balances.values(),
            *(change for change in taken.values() if change is not None),
        )
        return Outcome(changes, (*reports, *self.events))

    def _taken(self, symbol: Symbol) -> Taken | None:
        before = self.book.markets[symbol].taken
        buys, sells = (self._offers.get((symbol, side)) for side in (Side.BUY, Side.SELL))
        after = Taken(
            symbol=symbol,
            asks=buys.taken if buys else before.asks,
            bids=sells.taken if sells else before.bids,
        )
        return after if after != before else None

    def _fee(
        self, rules: MarketRules, side: Side, price: Decimal, quantity: Decimal, *, is_maker: bool
    ) -> Money:
        fee = fee_of_fill(rules, side, price, quantity, is_maker=is_maker)
        is_third = rules.fee_currency is FeeCurrency.THIRD
        if is_third and self.balance(fee.currency).free < fee.amount:
            # Binance without enough BNB takes the fee from what is received.
            received = msgspec.structs.replace(rules, fee_currency=FeeCurrency.RECEIVED)
            return fee_of_fill(received, side, price, quantity, is_maker=is_maker)
        return fee

    def _trade(
        self, order: VenueOrder, price: Decimal, quantity: Decimal, fee: Money, *, is_maker: bool
    ) -> Trade:
        return Trade(
            trade_id=f"{order.sequence}-{order.fills + 1}",
            client_order_id=order.request.client_order_id,
            exchange_order_id=ExchangeOrderId(str(order.sequence)),
            symbol=order.request.symbol,
            side=order.request.side,
            price=price,
            quantity=quantity,
            fee=fee,
            is_maker=is_maker,
            at=self.now,
        )

    def _lock(self, order: VenueOrder, amount: Decimal) -> None:
        if amount:
            rules = self.market(order).rules
            currency = rules.base if order.request.side is Side.SELL else rules.quote
            balance = self.balance(currency)
            self._balances[currency] = msgspec.structs.replace(
                balance, locked=balance.locked + amount
            )

    def _add(self, currency: Currency, amount: Decimal) -> None:
        balance = self.balance(currency)
        self._balances[currency] = msgspec.structs.replace(balance, total=balance.total + amount)


def lock_of(order: VenueOrder, rules: MarketRules) -> Decimal:
    """Return what ``order`` keeps from other orders: coins of a sell, cash and fee of a buy."""
    if order.facts.is_terminal:
        return ZERO
    if order.request.side is Side.SELL:
        return order.remaining
    return order.remaining * lock_price(order.request) * (ONE + cash_fee_ratio(rules))


def lock_price(request: OrderRequest) -> Decimal:
    """Return the highest price at which a buy with a price can fill; zero for a market order."""
    prices = (request.price, request.trigger_price, request.stop_limit_price)
    return max((price for price in prices if price is not None), default=ZERO)


def cash_fee_ratio(rules: MarketRules) -> Decimal:
    """Return what a buy pays in quote besides the price, at most."""
    if rules.fee_currency is not FeeCurrency.QUOTE:
        return ZERO
    return max(rules.maker_fee_ratio, rules.taker_fee_ratio, ZERO)


def without_legs(order: VenueOrder) -> VenueOrder:
    """Return ``order`` with nothing of it in the book; a stop that waited is gone."""
    return msgspec.structs.replace(without_stop(order), limit=None, ahead=ZERO)


def without_stop(order: VenueOrder) -> VenueOrder:
    """Return ``order`` with its waiting stop leg canceled."""
    if order.facts.stop is not StopStatus.WORKING:
        return order
    facts = msgspec.structs.replace(order.facts, stop=StopStatus.GONE)
    return msgspec.structs.replace(order, trigger=None, facts=facts)
