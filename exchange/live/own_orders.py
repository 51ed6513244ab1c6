"""Our orders as this connection knows them, and whose each thing is that the venue tells.

Owns the memory: what was heard of an order is added up, and told again only if it is news. On the
loop only. Terminal orders are forgotten, oldest first, once there are many.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from exchange.live.order import LiveOrder, facts_of, hear
from exchange.live.parsing import Leg
from exchange.profiles.calls import leg_names
from exchange.profiles.order_ids import UnpackableIdError, at_venue, ours
from exchange.profiles.profile import Profile
from messages.base import ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.ids import position_of
from messages.orders import OrderFacts, OrderRequest
from messages.reconciler import Trade

REMEMBERED = 10_000
"""Orders; more than a venue tells of late."""
_ORPHANS = 1_000


class OrderOnRecord(NamedTuple):
    """An order of which the journal knows."""

    symbol: Symbol
    client_order_id: ClientOrderId
    exchange_order_id: ExchangeOrderId | None
    is_over: bool


class Book:
    """The orders of one account."""

    def __init__(self, profile: Profile) -> None:
        """Know none."""
        self._profile = profile
        self._orders: dict[ClientOrderId, LiveOrder] = {}
        self._told: dict[ClientOrderId, OrderFacts] = {}
        self._by_name: dict[str, ClientOrderId] = {}
        """By what the venue shows as client order id, of the order or a leg of it."""
        self._by_venue_id: dict[tuple[Symbol, ExchangeOrderId], ClientOrderId] = {}
        self._owners: dict[tuple[Symbol, ExchangeOrderId], ClientOrderId] = {}
        """The same of orders that are over and not followed."""
        self._strangers: set[tuple[Symbol, ExchangeOrderId]] = set()
        self._orphans: dict[tuple[Symbol, ExchangeOrderId], list[Trade]] = {}
        self._doubted: set[ClientOrderId] = set()
        self._live_on: dict[Symbol, dict[ClientOrderId, None]] = {}
        """Orders that are not over, by symbol: each quote asks for them."""

    @property
    def has_doubted_exit(self) -> bool:
        """Whether it is not known what became of an exit: its position waits for the answer."""
        return bool(self._doubted)

    def is_doubted_exit(self, order_id: ClientOrderId) -> bool:
        """Return whether an order is an exit of which it is not known what became."""
        return order_id in self._doubted

    def doubt_exit(self, order_id: ClientOrderId) -> None:
        """Take in that it is not known what became of an exit."""
        self._doubted.add(order_id)

    def know_exit(self, order_id: ClientOrderId) -> None:
        """Take in that an exit is at the venue: of its position no other is waited for."""
        position = position_of(order_id)
        self._doubted = {one for one in self._doubted if position_of(one) != position}

    def get(self, order_id: ClientOrderId) -> LiveOrder | None:
        """Return what is known of an order."""
        return self._orders.get(order_id)

    def live(self) -> list[LiveOrder]:
        """Return the orders that are not over, as far as is known."""
        return [order for order in self._orders.values() if not order.is_over]

    def live_on(self, symbol: Symbol) -> list[LiveOrder]:
        """Return the orders on a symbol that are not over, as far as is known."""
        return [self._orders[one] for one in self._live_on.get(symbol, ())]

    def incomplete(self) -> list[LiveOrder]:
        """Return the orders some of whose fills are not known."""
        return [order for order in self._orders.values() if order.lacks_trades]

    def follow(
        self, order_id: ClientOrderId, symbol: Symbol, request: OrderRequest | None = None
    ) -> LiveOrder:
        """Know an order from now on; ``request`` where this process sends it."""
        known = self._orders.get(order_id)
        if known is None:
            self._forget_some()
            known = LiveOrder(client_order_id=order_id, symbol=symbol, request=request)
            self._by_name.update(dict.fromkeys(self.names_of(order_id), order_id))
        elif request is not None and known.request is None:
            known = replace(known, request=request)
        self._put(known)
        return known

    def drop(self, order_id: ClientOrderId) -> None:
        """Forget an order that surely was not placed, unless something was heard of it."""
        known = self._orders.get(order_id)
        if known is not None and not known.legs:
            self._forget(known)

    def hear(
        self, order_id: ClientOrderId, legs: Iterable[Leg] = (), trades: Iterable[Trade] = ()
    ) -> LiveOrder:
        """Add to what is known of an order. Raises ``KeyError`` for one that is not followed."""
        order = hear(self._orders[order_id], legs, trades)
        for leg in order.legs:
            key = (order.symbol, leg.exchange_order_id)
            self._by_venue_id[key] = order_id
            order = hear(order, trades=self._orphans.pop(key, ()))
            self._doubted.discard(order_id)
        self._put(order)
        return order

    def keep(self, trade: Trade) -> None:
        """Keep a fill whose order was not heard of yet: its ack, or its event, may come."""
        if len(self._orphans) < _ORPHANS:
            key = (trade.symbol, trade.exchange_order_id)
            self._orphans.setdefault(key, []).append(trade)

    def whose_leg(self, symbol: Symbol, leg: Leg) -> ClientOrderId | None:
        """Return whose the venue's order is, and know it from now on; None: not ours."""
        found = self.owner_of(symbol, leg)
        if found is not None and found not in self._orders:  # of an earlier process
            self.follow(found, symbol)
        return found

    def owner_of(self, symbol: Symbol, leg: Leg) -> ClientOrderId | None:
        """Return whose the venue's order is; None: not ours, or not heard of."""
        found = self.known_owner(symbol, leg.exchange_order_id)
        if found is None and leg.client_order_id is not None:
            found = self._by_name.get(leg.client_order_id)
        if found is None and leg.client_order_id is not None:
            order_id = ours(self._profile.ids, leg.client_order_id)
            found = None if position_of(order_id) is None else order_id
        return found

    def known_owner(self, symbol: Symbol, order_id: ExchangeOrderId) -> ClientOrderId | None:
        """Return whose an order is, followed or not; None: not ours, or not heard of."""
        return self.whose_trade(symbol, order_id) or self._owners.get((symbol, order_id))

    def know(self, orders: Iterable[OrderOnRecord]) -> None:
        """Remember whose orders are that are not followed: their fills need no question."""
        for one in orders:
            if one.exchange_order_id is not None:
                self._owners[one.symbol, one.exchange_order_id] = one.client_order_id
        for oldest in list(self._owners)[: max(len(self._owners) - REMEMBERED, 0)]:
            del self._owners[oldest]

    def know_stranger(self, symbol: Symbol, order_id: ExchangeOrderId) -> None:
        """Remember that an order of the venue's is not ours: its next fill needs no question."""
        if len(self._strangers) >= REMEMBERED:
            self._strangers.clear()
        self._strangers.add((symbol, order_id))

    def is_strangers(self, symbol: Symbol, order_id: ExchangeOrderId) -> bool:
        """Return whether an order of the venue's is known not to be ours."""
        return (symbol, order_id) in self._strangers

    def whose_trade(self, symbol: Symbol, order_id: ExchangeOrderId) -> ClientOrderId | None:
        """Return whose a fill is; None: not ours, or its order was not heard of yet."""
        return self._by_venue_id.get((symbol, order_id))

    def news(self, order_id: ClientOrderId) -> OrderFacts | None:
        """Return how an order stands if that was not told yet, and take it for told."""
        facts = facts_of(self._orders[order_id])
        told = self._told.get(order_id)
        self._told[order_id] = facts
        is_old = told is not None and replace(told, at=Timestamp(0)) == replace(
            facts, at=Timestamp(0)
        )
        return None if is_old else facts

    def facts(self, order_id: ClientOrderId) -> OrderFacts:
        """Return how an order stands, and take it for told."""
        facts = facts_of(self._orders[order_id])
        self._told[order_id] = facts
        return facts

    def _put(self, order: LiveOrder) -> None:
        self._orders[order.client_order_id] = order
        on_symbol = self._live_on.setdefault(order.symbol, {})
        if order.is_over:
            on_symbol.pop(order.client_order_id, None)
        else:
            on_symbol[order.client_order_id] = None

    def names_of(self, order_id: ClientOrderId) -> list[str]:
        """Return what the venue shows as client order id, of the order and of a pair's legs."""
        try:
            name = at_venue(self._profile.ids, order_id)
            return [
                name,
                *(leg_names(self._profile, order_id) if self._profile.order_lists else ()),
            ]
        except UnpackableIdError:  # the order will be refused for it
            return []

    def _forget_some(self) -> None:
        if len(self._orders) < REMEMBERED:
            return
        for order in [one for one in self._orders.values() if one.is_over][: REMEMBERED // 10]:
            self._forget(order)

    def _forget(self, order: LiveOrder) -> None:
        order_id = order.client_order_id
        del self._orders[order_id]
        self._live_on.get(order.symbol, {}).pop(order_id, None)
        self._told.pop(order_id, None)
        for name in self.names_of(order_id):
            self._by_name.pop(name, None)
        for leg in order.legs:
            self._by_venue_id.pop((order.symbol, leg.exchange_order_id), None)
