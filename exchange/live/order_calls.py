"""The calls about one order, over ccxt, and how their answers are read: its legs as they stand.

Owns which call finds or cancels an order at which exchange. Each call raises what ccxt raises. On
the loop only.
"""

from collections.abc import Mapping
from typing import Any

from exchange.live.connection import Connection
from exchange.live.errors import (
    NotFoundError,
    RejectedError,
    UnansweredError,
    WrongShapeError,
    of_cancel,
    of_read,
)
from exchange.live.fields import Raw, rows_of
from exchange.live.fill_completion import Answers
from exchange.live.order import LiveOrder
from exchange.live.own_orders import Book
from exchange.live.pages import read_whole
from exchange.live.parsing import Leg
from exchange.profiles.calls import OrderCall, cancel_call, look_up_calls
from exchange.profiles.profile import CancelBy
from exchange.rules import Refusal
from messages.base import Symbol, Timestamp
from messages.border import BadValueError
from messages.gateway import CancelAtVenue
from messages.orders import Priority


class OrderCalls:
    """Asks about single orders."""

    def __init__(self, connection: Connection, book: Book, answers: Answers) -> None:
        """Ask over ``connection``."""
        self._connection = connection
        self._book = book
        self._answers = answers

    async def cancel(self, order: CancelAtVenue, known: LiveOrder) -> list[Leg]:
        """Cancel an order; return what the venue says of the legs. Raises what ccxt raises."""
        is_oco = known.is_pair
        try:
            return await self._cancel_as(order, known, is_oco=bool(is_oco))
        except Exception as error:
            profile = self._connection.profile
            failure = of_cancel(error, self._connection.text_of(error), profile)
            may_be_pair = is_oco is None and profile.order_lists
            if not may_be_pair or not isinstance(failure, RejectedError):
                raise
        # Sent by an earlier process, and maybe a pair: then its own id names the list.
        return await self._cancel_as(order, known, is_oco=True)

    async def _cancel_as(
        self, order: CancelAtVenue, known: LiveOrder, *, is_oco: bool
    ) -> list[Leg]:
        profile, order_id = self._connection.profile, order.client_order_id
        exchange_order_id = order.exchange_order_id
        if exchange_order_id is None and known.legs:
            exchange_order_id = known.legs[0].exchange_order_id
        if exchange_order_id is None and profile.cancel_by is CancelBy.EXCHANGE_ID:
            legs = await self.look(known, order.priority)
            exchange_order_id = legs[0].exchange_order_id
        pair_at = self._connection.listing(order.symbol).facts.market_id if is_oco else None
        call = cancel_call(profile, order.symbol, order_id, exchange_order_id, pair_at=pair_at)
        if isinstance(call, Refusal):
            raise RejectedError(call.text, call.reason)
        answer = await self.make(call, order.priority)
        return await self.legs_of(answer, order.symbol, order.priority)

    async def look(self, known: LiveOrder, urgency: Priority) -> list[Leg]:
        """Return the order's legs as they stand. Raises what ccxt raises, ``NotFoundError``."""
        is_oco = known.is_pair
        try:
            return await self._look_by(known, urgency, is_oco=bool(is_oco))
        except Exception as error:
            failure = of_read(error, self._connection.text_of(error), self._connection.profile)
            may_be_pair = is_oco is None and self._connection.profile.order_lists
            if not isinstance(failure, NotFoundError):
                raise
            if not may_be_pair:
                raise failure from None
        return await self._look_by(known, urgency, is_oco=True)

    async def _look_by(self, known: LiveOrder, urgency: Priority, *, is_oco: bool) -> list[Leg]:
        profile, order_id = self._connection.profile, known.client_order_id
        for call in look_up_calls(profile, known.symbol, order_id, is_oco=is_oco):
            if profile.lists and not profile.look_up_param:
                if legs := await self._scan(call, known, urgency):
                    return legs
                continue
            answer = await self.make(call, urgency)
            legs = await self.legs_of(answer, known.symbol, urgency)
            if isinstance(answer, list):  # of others too
                legs = [leg for leg in legs if self._book.whose_leg(known.symbol, leg) == order_id]
            elif any(self._is_of_another(known, leg) for leg in legs):
                raise WrongShapeError(f"{call.method}: the answer is about another order")
            if legs:
                return legs
            if not isinstance(answer, list):  # not found is said by an error, never by no order
                raise WrongShapeError(f"{call.method}: the answer names no order")
        raise NotFoundError(f"{profile.name} knows no order {order_id}")

    async def _scan(self, call: OrderCall, known: LiveOrder, urgency: Priority) -> list[Leg]:
        """Return an order's legs from a list of all orders, read until it is found.

        Raises ``UnansweredError`` where the list is cut off: the order may be in the rest of it.
        """
        profile, symbol = self._connection.profile, known.symbol
        found: list[Leg] = []

        async def fetch(begin: Timestamp, end: Timestamp | None) -> list[Raw]:
            if found:
                return []
            params = dict(call.params) | ({} if end is None else {profile.until_param: end})
            rows: list[Raw] = await self._connection.call(
                call.method, symbol, begin or None, None, params, urgency=urgency
            )
            legs = self._answers.read_legs(rows)
            whose = self._book.whose_leg
            found.extend(leg for leg in legs if whose(symbol, leg) == known.client_order_id)
            return rows

        listed = await read_whole(fetch, Timestamp(0), self._connection.now())
        if not found and (listed is None or not listed.is_whole):
            raise UnansweredError(f"{call.method}: the list of orders is cut off")
        return found

    def _is_of_another(self, known: LiveOrder, leg: Leg) -> bool:
        """Return whether an order names a client id, and another one than was asked for."""
        if leg.client_order_id is None:
            return False
        return self._book.whose_leg(known.symbol, leg) != known.client_order_id

    async def legs_of(self, answer: Any, symbol: Symbol, urgency: Priority) -> list[Leg]:  # noqa: ANN401 - ccxt's
        """Read an answer about orders: one, a list of them, or a pair of Binance's."""
        if isinstance(answer, list):
            return self._answers.read_legs(answer)
        if not isinstance(answer, Mapping):
            raise BadValueError("order", answer, "not a structure with fields")
        if "orderListId" not in answer or "info" in answer:
            return [self._answers.read_leg(answer)] if answer.get("id") else []
        client = self._connection.client
        market = client.market(symbol)
        if "orderReports" in answer:
            reports: list[Raw] = rows_of(answer["orderReports"], "orderReports")
            parsed = [client.parse_order(raw, market) for raw in reports]
        else:  # a look at the pair names its orders and no more
            ids = [str(raw["orderId"]) for raw in answer["orders"]]
            parsed = [
                await self._connection.call("fetch_order", one, symbol, urgency=urgency)
                for one in ids
            ]
        return [self._answers.read_leg(order) for order in parsed]

    async def make(
        self,
        call: OrderCall,
        urgency: Priority,
        patience_ms: int | None = None,
        *,
        places: bool = False,
    ) -> Any:  # noqa: ANN401 - ccxt's
        """Make a call. ``places``: it places an order."""
        return await self._connection.call(
            call.method,
            *call.args,
            dict(call.params),
            urgency=urgency,
            patience_ms=patience_ms,
            places=places,
        )
