"""What is asked about one order, over the wire: submit, cancel, look up; and what the answer means.

Owns the order of an order's requests (a cancel or look-up waits for the answer to its submit,
unless the stream has shown the order) and that each is answered once. A submit is sent once, never
again: what became of it is found by looking.
"""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from exchange.live.answers import Answers
from exchange.live.book import Book
from exchange.live.connection import Connection
from exchange.live.deadlines import DEADLINE, GRACE_MS, SubmitDeadline
from exchange.live.errors import (
    LiveError,
    NotFoundError,
    RejectedError,
    RetryableError,
    UnansweredError,
    UnknownOutcomeError,
    WrongShapeError,
    of_cancel,
    of_read,
    of_submit,
)
from exchange.live.failures import cancel_failed, kind_of, look_up_failed, submit_failed
from exchange.live.fields import Raw, exactly, rows_of
from exchange.live.order import LiveOrder
from exchange.live.pages import read_whole
from exchange.live.parsing import Leg
from exchange.live.throttle import ORDER_ID
from exchange.port import Event, UnknownSymbolError
from exchange.price_grid import nearest_price
from exchange.profiles.calls import OrderCall, cancel_call, look_up_calls, order_call
from exchange.profiles.profile import CancelBy
from exchange.rules import Refusal
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.border import BadValueError
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.market import MarketRules
from messages.order_router import FailureKind, OrderNotFound, OrderReported
from messages.orders import (
    TERMINAL_STATUSES,
    OrderRequest,
    OrderType,
    Priority,
    RejectReason,
    Side,
    TimeInForce,
)

Tell = Callable[[Event], None]
LOOK_UPS = Priority.ENTRY
"""Before polls; after what reduces and protects."""


class Requests:
    """The way of an order's requests to the venue and back. On the loop only."""

    def __init__(self, connection: Connection, book: Book, answers: Answers, tell: Tell) -> None:
        """Tell every answer as an event."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._tell = tell
        self._submits: dict[ClientOrderId, asyncio.Future[None]] = {}
        """Those under way."""

    async def submit(self, order: SubmitOrder) -> None:
        """Send an order, once."""
        request = order.request
        order_id = request.client_order_id
        if order_id in self._submits or self._is_at_venue(order_id):
            text = "an order with this id was sent already"
            self._refuse(order_id, Refusal(RejectReason.DUPLICATE_ID, text))
            return
        call = self._call_of(request)
        if isinstance(call, Refusal):
            self._refuse(order_id, call)
            return
        self._book.follow(order_id, request.symbol, request)
        done = self._submits[order_id] = asyncio.get_running_loop().create_future()
        deadline = self._deadline_of(order, done)
        DEADLINE.set(deadline)
        try:
            await self._submit(request, call, order.priority, deadline)
        except asyncio.CancelledError:
            self._failed_submit(order_id, LiveError("the connection was closed"), deadline)
            raise
        finally:
            deadline.close()
            self._end_submit(order_id, done)
        await self._look_if_silent(request)

    def _deadline_of(self, order: SubmitOrder, done: asyncio.Future[None]) -> SubmitDeadline:
        """Return until when an order may be signed, and is waited for where that is bounded."""
        order_id = order.request.client_order_id

        def unanswered() -> None:
            self._end_submit(order_id, done)  # what waits for it may go on: it has no answer
            failure = UnansweredError(f"no answer {GRACE_MS} ms after its window")
            self._doubt(order_id, failure, order.priority)
            self._failed_submit(order_id, failure, deadline)

        waits = self._connection.clock.is_bounded
        deadline = SubmitDeadline(order.sign_by, order.window_ms, unanswered if waits else None)
        return deadline

    def _doubt(self, order_id: ClientOrderId, failure: LiveError, urgency: Priority) -> None:
        self._connection.note(f"{order_id}: what became of it is not known: {failure}")
        if urgency is Priority.EXIT:
            self._book.doubt_exit(order_id)

    def _end_submit(self, order_id: ClientOrderId, done: asyncio.Future[None]) -> None:
        if self._submits.get(order_id) is done:
            del self._submits[order_id]
        if not done.done():
            done.set_result(None)

    async def cancel(self, order: CancelAtVenue) -> None:
        """Cancel an order, after its submit is answered, or the stream has shown it."""
        order_id = order.client_order_id
        await self._after_submit(order_id)
        known = self._book.follow(order_id, order.symbol)
        try:
            legs = await self._cancel(order, known)
            if not legs or any(leg.status not in TERMINAL_STATUSES for leg in legs):
                legs = await self._look(known, order.priority)
            await self._answers.heard(order_id, legs, urgency=order.priority, is_answer=True)
        except Exception as error:  # noqa: BLE001 - every failure is told
            failure = of_cancel(error, self._connection.text_of(error), self._connection.profile)
            self._tell(cancel_failed(order_id, failure))
            await self._mend_clock(failure)

    async def look_up(self, order: LookUpOrder) -> None:
        """Ask how an order stands, after its submit is answered, or the stream has shown it."""
        order_id = order.client_order_id
        await self._after_submit(order_id)
        known = self._book.follow(order_id, order.symbol)
        # An exit waits for it: a pause that lets an exit probe lets this one too.
        urgency = Priority.EXIT if self._book.is_doubted_exit(order_id) else LOOK_UPS
        venue_time = None
        try:
            if order.wants_time and self._connection.clock.is_bounded:
                venue_time = await self._connection.clock.time(urgency)
            legs = await self._look(known, urgency)
            await self._answers.heard(order_id, legs, urgency=urgency, with_terms=True)
        except Exception as error:  # noqa: BLE001 - every failure is told
            failure = of_read(error, self._connection.text_of(error), self._connection.profile)
            if isinstance(failure, NotFoundError):
                self._tell(OrderNotFound(client_order_id=order_id, venue_time=venue_time))
                return
            self._tell(look_up_failed(order_id, failure))
            await self._mend_clock(failure)

    async def refresh(self, known: LiveOrder) -> None:
        """Look an order up for the books; tell only news. Raises what ccxt raises."""
        legs = await self._look(known, Priority.QUERY)
        await self._answers.heard(known.client_order_id, legs, urgency=Priority.QUERY)

    def is_under_way(self, order_id: ClientOrderId) -> bool:
        """Return whether an order is being sent."""
        return order_id in self._submits

    async def _submit(
        self,
        request: OrderRequest,
        call: OrderCall,
        urgency: Priority,
        deadline: SubmitDeadline,
    ) -> None:
        order_id = request.client_order_id
        ORDER_ID.set(order_id)
        if self._connection.clock.jumps.is_suspect:
            await self._connection.try_measure_clock()
        try:
            answer = await self._make(
                call, urgency, patience_ms=self._connection.settings.queue_timeout_ms, places=True
            )
        except Exception as error:  # noqa: BLE001 - every failure is told
            failure = of_submit(error, self._connection.text_of(error), self._connection.profile)
            if kind_of(failure) is FailureKind.UNKNOWN:
                self._doubt(order_id, failure, urgency)
            await self._mend_clock(failure)  # first: the next copy's deadline follows from it
            self._failed_submit(order_id, failure, deadline)
            return
        if urgency is Priority.EXIT:
            self._book.know_exit(order_id)
        try:
            legs = await self._legs_of(answer, request.symbol, urgency)
        except Exception as error:  # noqa: BLE001 - how it stands is found by looking
            text = self._connection.text_of(error)
            self._connection.note(f"{order_id}: its ack is not understood: {text}")
            legs = []
        if not legs:
            failure = UnknownOutcomeError("the answer to it names no order")
            self._failed_submit(order_id, failure, deadline)
            return
        await self._answers.heard(order_id, legs, urgency=urgency, is_answer=True)

    async def _look_if_silent(self, request: OrderRequest) -> None:
        """Look at an order that never rests and whose ack left open what it did (MEXC)."""
        known = self._book.get(request.client_order_id)
        rests = request.type is not OrderType.MARKET and (request.time_in_force is TimeInForce.GTC)
        if rests or known is None or not known.legs or known.is_over:
            return
        try:
            legs = await self._look(known, LOOK_UPS)
            await self._answers.heard(request.client_order_id, legs, urgency=LOOK_UPS)
        except Exception as error:  # noqa: BLE001 - the router looks too, and the reconciliation
            self._connection.note(f"{request.client_order_id}: {self._connection.text_of(error)}")

    async def _cancel(self, order: CancelAtVenue, known: LiveOrder) -> list[Leg]:
        """Cancel; return what the venue says of the legs. Raises what ccxt raises."""
        is_oco = _is_oco(known)
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
            legs = await self._look(known, order.priority)
            exchange_order_id = legs[0].exchange_order_id
        pair_at = self._connection.listing(order.symbol).facts.market_id if is_oco else None
        call = cancel_call(profile, order.symbol, order_id, exchange_order_id, pair_at=pair_at)
        if isinstance(call, Refusal):
            raise RejectedError(call.text, call.reason)
        answer = await self._make(call, order.priority)
        return await self._legs_of(answer, order.symbol, order.priority)

    async def _look(self, known: LiveOrder, urgency: Priority) -> list[Leg]:
        """Return the order's legs as they stand. Raises what ccxt raises, ``NotFoundError``."""
        is_oco = _is_oco(known)
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
            answer = await self._make(call, urgency)
            legs = await self._legs_of(answer, known.symbol, urgency)
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

    async def _legs_of(self, answer: Any, symbol: Symbol, urgency: Priority) -> list[Leg]:  # noqa: ANN401 - ccxt's
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

    async def _make(
        self,
        call: OrderCall,
        urgency: Priority,
        patience_ms: int | None = None,
        *,
        places: bool = False,
    ) -> Any:  # noqa: ANN401 - ccxt's
        return await self._connection.call(
            call.method,
            *call.args,
            dict(call.params),
            urgency=urgency,
            patience_ms=patience_ms,
            places=places,
        )

    async def _after_submit(self, order_id: ClientOrderId) -> None:
        under_way = self._submits.get(order_id)
        if under_way is not None and not self._is_at_venue(order_id):
            await asyncio.shield(under_way)

    async def _mend_clock(self, failure: LiveError) -> None:
        """Measure the venue's clock again where time was to blame: a clock may have moved."""
        if isinstance(failure, RetryableError) and failure.is_clock:
            await self._connection.try_measure_clock(reads=1)

    def _call_of(self, request: OrderRequest) -> OrderCall | Refusal:
        try:
            listing = self._connection.listing(request.symbol)
        except UnknownSymbolError as error:
            return Refusal(RejectReason.UNKNOWN_SYMBOL, str(error))
        profile, call = self._connection.profile, exactly(order_call)
        price = self._price(request, listing.rules) if profile.market_needs_price else None
        return call(profile, request, listing.rules, listing.facts, market_price=price)

    def _price(self, request: OrderRequest, rules: MarketRules) -> Decimal | None:
        """Return the price that an order meets now; None: no quote came yet."""
        quote = self._connection.quotes.get(request.symbol)
        if quote is None:
            return None
        meets = quote.ask if request.side is Side.BUY else quote.bid
        return exactly(nearest_price)(meets, rules)

    def _is_at_venue(self, order_id: ClientOrderId) -> bool:
        known = self._book.get(order_id)
        return known is not None and bool(known.legs)

    def _refuse(self, order_id: ClientOrderId, refusal: Refusal) -> None:
        self._tell(submit_failed(order_id, RejectedError(refusal.text, refusal.reason)))

    def _failed_submit(
        self, order_id: ClientOrderId, failure: LiveError, copy: SubmitDeadline
    ) -> None:
        """Tell how a submit failed, unless the streams told more meanwhile: the order lives."""
        kind = kind_of(failure)
        if self._is_at_venue(order_id) and kind is not FailureKind.REJECTED:
            self._tell(OrderReported(facts=self._book.facts(order_id)))
            return
        if kind is not FailureKind.UNKNOWN:
            self._book.drop(order_id)
        self._tell(submit_failed(order_id, failure, copy.signed_at))


def _is_oco(known: LiveOrder) -> bool | None:
    """Return whether it is a pair at the venue; None: sent by an earlier process."""
    if known.request is not None:
        return known.request.type is OrderType.OCO
    return any(leg.list_id for leg in known.legs) or (None if not known.legs else False)
