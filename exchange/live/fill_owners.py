"""Whose each fill of a list is: by the ids that are known, by one list of orders, or by a look-up.

A list of fills names orders by the venue's ids, and a process knows only those of which it was told
or heard. Asked one by one, the orders of a day take a minute. On the loop only.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from exchange.live.client import can_call
from exchange.live.connection import Connection
from exchange.live.fields import Raw
from exchange.live.fill_completion import Answers
from exchange.live.own_orders import Book, OrderOnRecord
from messages.base import ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.orders import Priority
from messages.reconciler import Trade

ONE_BY_ONE = 5
"""Orders that are looked up singly; for more, a list comes first (at Binance it weighs as five)."""
LISTED_MOST = 1_000
"""Orders in one answer; of the others, each is looked up."""

Ask = Callable[..., Awaitable[Any]]


class FillOwners:
    """Finds the client order ids of fills."""

    def __init__(self, connection: Connection, book: Book, answers: Answers, ask: Ask) -> None:
        """Ask by ``ask``, which asks again where the way failed."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._ask = ask

    async def owned(
        self, symbol: Symbol, rows: Iterable[Raw], since: Timestamp, urgency: Priority
    ) -> list[Trade]:
        """Return the fills of a list with their owners; of a stranger's order it is empty."""
        read = [found for row in rows if (found := self._answers.read_trade(row)) is not None]
        await self._find(symbol, self._unknown(symbol, read), since, urgency)
        known = self._book.known_owner
        owners = [owner or known(symbol, trade.exchange_order_id) for owner, trade in read]
        return [
            self._answers.owned(trade, owner or ClientOrderId(""))
            for owner, (_, trade) in zip(owners, read, strict=True)
        ]

    def _unknown(
        self, symbol: Symbol, read: Iterable[tuple[ClientOrderId | None, Trade]]
    ) -> dict[ExchangeOrderId, None]:
        """Return the orders of which it is not known whose they are."""
        book = self._book
        ids = (trade.exchange_order_id for owner, trade in read if owner is None)
        return {
            one: None
            for one in ids
            if not book.is_strangers(symbol, one) and book.known_owner(symbol, one) is None
        }

    async def _find(
        self,
        symbol: Symbol,
        unknown: dict[ExchangeOrderId, None],
        since: Timestamp,
        urgency: Priority,
    ) -> None:
        if len(unknown) > ONE_BY_ONE and can_call(self._connection.client, "fetchOrders"):
            orders = await self._ask("fetch_orders", symbol, since, LISTED_MOST, urgency=urgency)
            for found in self._take(symbol, orders or ()):
                unknown.pop(found, None)
        for order_id in unknown:
            order = await self._ask("fetch_order", order_id, symbol, urgency=urgency)
            if order is not None:
                self._take(symbol, (order,))

    def _take(self, symbol: Symbol, orders: object) -> list[ExchangeOrderId]:
        """Remember whose each order is; return their ids."""
        legs = self._answers.read_legs(orders)
        for leg in legs:
            owner = self._book.owner_of(symbol, leg)
            if owner is None:
                self._book.know_stranger(symbol, leg.exchange_order_id)
            else:
                known = OrderOnRecord(symbol, owner, leg.exchange_order_id, leg.is_over)
                self._book.know([known])
        return [leg.exchange_order_id for leg in legs]
