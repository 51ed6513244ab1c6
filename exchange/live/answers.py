"""From what was heard of an order to what is told of it: with its fills, and their fees.

Owns that a report with fills waits for those fills: the venue's sums name no fees, and what a fee
took of the coins can't be sold. The wait is short and bounded; then it is told as it is. On the
loop only.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from exchange.live.book import Book
from exchange.live.connection import Connection
from exchange.live.order import LiveOrder, terms_of
from exchange.live.reading import Leg, Raw, read_leg, read_trade
from exchange.port import Event
from exchange.profiles.ends import end_reason
from messages.base import ClientOrderId, Symbol
from messages.order_router import OrderReported
from messages.orders import Priority
from messages.reconciler import Trade

GRACE_SECONDS = 0.2
"""In which the stream of fills brings what the stream of orders has told of."""


class Answers:
    """Tells orders once their fills are known."""

    def __init__(self, connection: Connection, book: Book, tell: Callable[[Event], None]) -> None:
        """Tell every report as an event."""
        self._connection = connection
        self._book = book
        self._tell = tell
        self._filling: set[ClientOrderId] = set()

    def read_leg(self, order: Raw) -> Leg:
        """Return an order as ccxt tells it, exactly."""
        reason = end_reason(self._connection.profile, order.get("info"))
        return replace(read_leg(order), reason=reason)

    async def heard(
        self,
        order_id: ClientOrderId,
        legs: Iterable[Leg],
        *,
        urgency: Priority,
        is_answer: bool = False,
        with_terms: bool = False,
    ) -> None:
        """Take in what the venue says of an order of ours; an answer is told even if it is old.

        ``with_terms``: tell also what the order is.
        """
        order = self._book.hear(order_id, legs)
        if order.lacks_trades:
            await self._fill_in(order, urgency)
        if with_terms:
            facts, terms = self._book.facts(order_id), terms_of(self._book.hear(order_id))
            self._tell(OrderReported(facts=facts, terms=terms))
        else:
            self._report(order_id, is_answer=is_answer)

    def heard_on_stream(self, order_id: ClientOrderId, leg: Leg) -> None:
        """Take in an event; its fills come beside it, or are fetched a little later."""
        self._after_stream(self._book.hear(order_id, (leg,)))

    def heard_trade(self, order_id: ClientOrderId, trade: Trade) -> None:
        """Take in a fill."""
        self._after_stream(self._book.hear(order_id, trades=(trade,)))

    async def fill_in(self, order: LiveOrder, urgency: Priority) -> None:
        """Fetch the fills that are missing, and tell what is news."""
        await self._fill_in(order, urgency)
        self._report(order.client_order_id, is_answer=False)

    def read_trade(self, raw: Raw) -> tuple[ClientOrderId | None, Trade] | None:
        """Return a fill as ccxt tells it and whose it is; None: it names no order."""
        if raw.get("id") is None or raw.get("order") is None:
            return None
        trade = read_trade(raw, ClientOrderId(""))
        return self._book.whose_trade(trade.symbol, trade.exchange_order_id), trade

    def owned(self, trade: Trade, owner: ClientOrderId) -> Trade:
        """Return a fill under its order's client id."""
        return replace(trade, client_order_id=owner)

    def _after_stream(self, order: LiveOrder) -> None:
        order_id = order.client_order_id
        if not order.lacks_trades:
            self._report(order_id, is_answer=False)
        elif order_id not in self._filling:
            self._filling.add(order_id)
            self._connection.thread.spawn(self._fill_in_later(order_id))

    async def _fill_in_later(self, order_id: ClientOrderId) -> None:
        try:
            await asyncio.sleep(GRACE_SECONDS)
            order = self._book.get(order_id)
            if order is not None and order.lacks_trades:
                await self.fill_in(order, Priority.ENTRY)
        finally:
            self._filling.discard(order_id)

    async def _fill_in(self, order: LiveOrder, urgency: Priority) -> None:
        """Fetch an order's fills; without them it is told as it is, the reconciliation goes on."""
        try:
            for leg in order.legs:
                if leg.filled:
                    trades = await self._trades_of(order.symbol, leg, urgency)
                    self._book.hear(order.client_order_id, trades=trades)
        except Exception as error:  # noqa: BLE001 - a fill is told without its fee before not at all
            text = self._connection.text_of(error)
            self._connection.note(f"{order.client_order_id}: its fills are not known: {text}")

    async def _trades_of(self, symbol: Symbol, leg: Leg, urgency: Priority) -> list[Trade]:
        call, order_id = self._connection.call, leg.exchange_order_id
        raws: list[Any]
        if self._connection.client.has.get("fetchOrderTrades"):
            raws = await call("fetch_order_trades", order_id, symbol, urgency=urgency)
        else:
            raws = await call("fetch_my_trades", symbol, None, None, urgency=urgency)
        read = [self.read_trade({"order": order_id, **raw}) for raw in raws]
        return [one[1] for one in read if one and one[1].exchange_order_id == order_id]

    def _report(self, order_id: ClientOrderId, *, is_answer: bool) -> None:
        facts = self._book.facts(order_id) if is_answer else self._book.news(order_id)
        if facts is not None:
            self._tell(OrderReported(facts=facts))
