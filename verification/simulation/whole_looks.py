"""A venue's whole look: each part from a cache of its own, a cancel in its engine, and the stream.

Owns how old each part may be, and what a client knows of its account's stream: the number of the
connection, which grows with each gap. A gap is known as soon as something was lost in it; what is
late by no more than the stream's lag was not lost.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from exchange.matching.state import Balance, VenueOrder
from messages.base import ClientOrderId, Currency, Timestamp, base_currency, quote_currency
from messages.gateway import LookUpOrder, SubmitOrder
from messages.money import ZERO
from messages.order_router import LookPart, OrderNotFound, OrderReported, WholeLook
from messages.orders import OrderFacts, Side
from verification.simulation.deadlines import PunctualVenue

PartT = TypeVar("PartT")
Since = tuple[int, PartT]


class LookedAtVenue(PunctualVenue):
    """The far end of a line, at which a client looks for what it does not know."""

    def begin_looks(self) -> None:
        """Answer from no cache, on a stream without a gap."""
        self.cached: set[LookPart] = set()
        """Parts that are answered as they were a while ago."""
        self.denies_cancels = False
        """Whether its engine says of an order that works that there is none."""
        self._stood: defaultdict[ClientOrderId, list[Since[VenueOrder]]] = defaultdict(list)
        self._balances: defaultdict[Currency, list[Since[Balance]]] = defaultdict(list)
        for balance in self.book.balances.values():
            self._balances[balance.currency].append((0, balance))
        self._questions: dict[ClientOrderId, LookUpOrder] = {}
        """The last look-up of each order."""
        self._spends: dict[ClientOrderId, Currency] = {}
        self._signed_on: dict[ClientOrderId, int] = {}
        self._before: dict[ClientOrderId, Balance] = {}

    def sign(self, order: SubmitOrder, now: Timestamp) -> bool:
        """Write the time into a request; note the stream, and the balance where it is certain."""
        request = order.request
        order_id, sells = request.client_order_id, request.side is Side.SELL
        spent = base_currency(request.symbol) if sells else quote_currency(request.symbol)
        self._spends[order_id] = spent
        self._signed_on.setdefault(order_id, self.stream)
        since, balance = self._balances[spent][-1]
        if now - since > self.lag_ms:
            self._before.setdefault(order_id, balance)
        return super().sign(order, now)

    def hang_up(self, now: Timestamp) -> None:
        """Lose the client, and all that it knew."""
        super().hang_up(now)
        self._signed_on.clear()
        self._before.clear()

    def note_question(self, order: LookUpOrder, now: Timestamp) -> None:
        """Remember how much of a look is wanted."""
        super().note_question(order, now)
        self._questions[order.client_order_id] = order

    def not_found(self, order_id: ClientOrderId) -> OrderReported | OrderNotFound:
        """Return what is said of an order that is not found by its id: the rest of the look."""
        answer = super().not_found(order_id)
        order = self._questions.get(order_id)
        if order is None or not isinstance(answer, OrderNotFound) or not _is_whole(order, answer):
            return answer
        now = self._now
        found = self._found(order_id, now)
        if found is None and self._works(order_id) and not self.denies_cancels:
            self.end_by_cancel(order, now)
            found = self.book.orders[order_id].facts
        if found is not None:
            return OrderReported(facts=found)
        return replace(answer, look=self._look(order, now))

    def end_by_cancel(self, order: LookUpOrder, now: Timestamp) -> None:
        """Cancel an order in the engine. Here nothing can: see ``venue``."""
        raise NotImplementedError

    def _works(self, order_id: ClientOrderId) -> bool:
        order = self.book.orders.get(order_id)
        return order is not None and not order.facts.is_terminal

    def _found(self, order_id: ClientOrderId, now: Timestamp) -> OrderFacts | None:
        """Return what a part of the look, or the stream so far, shows of the order."""
        told = self.heard.get(order_id)
        if told is not None:
            return told
        listed = self.as_it_was(order_id, self._until(LookPart.OPEN_ORDERS, now))
        if listed is not None and not listed.is_terminal:
            return listed
        filled = self.as_it_was(order_id, self._until(LookPart.FILLS, now))
        return filled if filled is not None and filled.filled else None

    def _look(self, order: LookUpOrder, now: Timestamp) -> WholeLook:
        order_id = order.client_order_id
        spent = self._spends.get(order_id, base_currency(order.symbol))
        listed_at, filled_at = (
            self._until(part, now) for part in (LookPart.OPEN_ORDERS, LookPart.FILLS)
        )
        stood = [_at(one, listed_at) for one in self._stood.values()]
        working = [one for one in stood if one is not None and not one.facts.is_terminal]
        held = self._balances[spent]
        since = max((at for at, _ in held if at <= self._until(LookPart.BALANCE, now)), default=0)
        balance = _at(held, since) or Balance(spent)
        explained = sum((one.locked for one in working if _spends(one, spent)), ZERO)
        before = self._before.get(order_id)
        return WholeLook(
            open_orders=tuple(one.request.client_order_id for one in working),
            fills=tuple(one.trade_id for one in self.book.trades.values() if one.at <= filled_at),
            total=balance.total,
            free=balance.free,
            total_before=None if before is None else before.total,
            free_before=None if before is None else before.free,
            balance_shows=self.venue_time(since),
            unexplained=max(balance.locked - explained, ZERO),
            stream=0 if self.is_down else self.stream,
            signed_on=self._signed_on.get(order_id, 0),
        )

    def _until(self, part: LookPart, now: Timestamp) -> int:
        """Return how the account stood when a part of a look says so."""
        return now - self.lag_ms if part in self.cached and not self.is_fair else now

    def _note_order(self, order: VenueOrder) -> None:
        super()._note_order(order)
        self._stood[order.request.client_order_id].append((self._now, order))

    def _note_change(self, change: msgspec.Struct) -> None:
        super()._note_change(change)
        if isinstance(change, Balance):
            self._balances[change.currency].append((self._now, change))


def _is_whole(order: LookUpOrder, answer: OrderNotFound) -> bool:
    at = answer.venue_time
    return order.whole_after is not None and at is not None and at > order.whole_after


def _at(history: Sequence[Since[PartT]], at: int) -> PartT | None:
    """Return how something stood; None: it was not there."""
    return next((one for since, one in reversed(history) if since <= at), None)


def _spends(order: VenueOrder, currency: Currency) -> bool:
    request = order.request
    sells = request.side is Side.SELL
    spent = base_currency(request.symbol) if sells else quote_currency(request.symbol)
    return spent == currency
