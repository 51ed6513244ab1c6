"""From what was heard of an order to what is told of it: with its fills, and their fees.

Owns that a report with fills waits for those fills: the venue's sums name no fees, and what a fee
took of the coins can't be sold. The wait is short and bounded; then it is told as it is. On the
loop only.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from exchange.live.client import can_call
from exchange.live.connection import Connection
from exchange.live.fields import Raw, rows_of, said
from exchange.live.order import LiveOrder, terms_of
from exchange.live.own_orders import Book
from exchange.live.pages import read_fills
from exchange.live.parsing import Leg, read_leg, read_trade
from exchange.port import Event
from exchange.profiles.ends import end_reason
from exchange.profiles.profile import Profile
from exchange.profiles.quote_sizes import in_base
from messages.base import CLOCKS_DIFFER_MS, DAY_MS, ClientOrderId, Symbol, Timestamp
from messages.border import BadValueError
from messages.money import ZERO
from messages.order_router import OrderReported
from messages.orders import FillSource, OrderTerms, Priority
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

    def read_leg(self, order: Raw, source: FillSource = FillSource.ANSWER) -> Leg:
        """Return an order as ccxt tells it, exactly. Raises ``BadValueError``."""
        profile = self._connection.profile
        if isinstance(order, Mapping):
            order = in_base(profile.quote_sizes, order)
            if source is FillSource.ORDER_EVENT:
                order = as_event(profile, order)
        leg = read_leg(order, self._connection.refused, source)
        return replace(leg, reason=end_reason(profile, order.get("info")))

    def read_legs(self, orders: object) -> list[Leg]:
        """Return the orders of a list; what can't be one is refused, and left out."""
        legs = []
        for order in rows_of(orders, "orders"):
            try:
                legs.append(self.read_leg(order))
            except BadValueError as error:
                self._connection.refused(error)
        return legs

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
        if order.lacks_trades or order.lacks_fees:
            await self._fill_in(order, urgency)
        if with_terms:
            facts, terms = self._book.facts(order_id), self._terms_of(self._book.hear(order_id))
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

    def read_trade(
        self, raw: Raw, source: FillSource = FillSource.LIST
    ) -> tuple[ClientOrderId | None, Trade] | None:
        """Return a fill as ccxt tells it and whose it is; None: it can't be, or names no order."""
        has_fees = source is not FillSource.STREAM or self._connection.profile.stream_fees
        refused = self._connection.refused
        try:
            trade = read_trade(raw, ClientOrderId(""), refused, source, has_fees=has_fees)
        except BadValueError as error:
            if _names_no_order(raw):
                return None  # a fill that names no order is common, and of no use
            refused(error)
            return None
        return self._book.whose_trade(trade.symbol, trade.exchange_order_id), trade

    def owned(self, trade: Trade, owner: ClientOrderId) -> Trade:
        """Return a fill under its order's client id."""
        return replace(trade, client_order_id=owner)

    def _after_stream(self, order: LiveOrder) -> None:
        order_id = order.client_order_id
        if not (order.lacks_trades or order.lacks_fees):
            self._report(order_id, is_answer=False)
        elif order_id not in self._filling:
            self._filling.add(order_id)
            self._connection.thread.spawn(self._fill_in_later(order_id))

    async def _fill_in_later(self, order_id: ClientOrderId) -> None:
        try:
            await asyncio.sleep(GRACE_SECONDS)
            order = self._book.get(order_id)
            if order is not None and (order.lacks_trades or order.lacks_fees):
                await self.fill_in(order, Priority.ENTRY)
        finally:
            self._filling.discard(order_id)

    async def _fill_in(self, order: LiveOrder, urgency: Priority) -> None:
        """Fetch an order's fills; without them it is told as it is, the reconciliation goes on."""
        try:
            for leg in order.legs:
                if leg.filled != ZERO:
                    trades = await self._trades_of(order.symbol, leg, urgency)
                    self._book.hear(order.client_order_id, trades=trades)
        except Exception as error:  # noqa: BLE001 - a fill is told without its fee before not at all
            text = self._connection.text_of(error)
            self._connection.note(f"{order.client_order_id}: its fills are not known: {text}")

    async def _trades_of(self, symbol: Symbol, leg: Leg, urgency: Priority) -> list[Trade]:
        call, order_id = self._connection.call, leg.exchange_order_id
        raws: list[Any]
        if can_call(self._connection.client, "fetchOrderTrades"):
            raws = await call("fetch_order_trades", order_id, symbol, urgency=urgency)
        else:
            raws = await self._trades_since(symbol, leg, urgency)
        named = ({"order": order_id, **said(raw)} for raw in rows_of(raws, "fills"))
        read = [self.read_trade(raw) for raw in named]
        return [one[1] for one in read if one and one[1].exchange_order_id == order_id]

    async def _trades_since(self, symbol: Symbol, leg: Leg, urgency: Priority) -> list[Raw]:
        """Return the fills on a symbol since an order was placed.

        Of an exchange that lists no order's own. Where the list is cut off some may be missing:
        the order then lacks them, and they are asked for again.
        """
        profile, now = self._connection.profile, self._connection.now()
        since = Timestamp((leg.placed_at or now - DAY_MS) - CLOCKS_DIFFER_MS)
        ask = partial(self._connection.call, urgency=urgency)
        listed = await read_fills(profile, ask, symbol, since, now)
        return [] if listed is None else listed.rows

    def _report(self, order_id: ClientOrderId, *, is_answer: bool) -> None:
        facts = self._book.facts(order_id) if is_answer else self._book.news(order_id)
        if facts is not None:
            order = self._book.hear(order_id)
            # What this process did not ask for is told with what it is.
            terms = self._terms_of(order) if order.request is None else None
            self._tell(OrderReported(facts=facts, terms=terms))

    def _terms_of(self, order: LiveOrder) -> OrderTerms | None:
        listing = self._connection.opened.listings.get(order.symbol)
        return terms_of(order, None if listing is None else listing.rules)


def as_event(profile: Profile, order: Raw) -> Raw:
    """Return an order of the order stream without the fields that mean something else there."""
    own = said(order.get("info"))
    known = {field: own[name] for field, name in profile.event_fields if name in own}
    return {**order, **dict.fromkeys(profile.wrong_in_events), **known}


def _names_no_order(raw: object) -> bool:
    return isinstance(raw, Mapping) and (raw.get("id") is None or raw.get("order") is None)
