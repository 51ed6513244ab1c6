"""What is asked about one order, over the wire: submit, cancel, look up; and what the answer means.

Owns the order of an order's requests (a cancel or look-up waits for the answer to its submit,
unless the stream has shown the order) and that each is answered once. A submit is sent once, never
again: what became of it is found by looking.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from exchange.live.connection import Connection
from exchange.live.deadlines import DEADLINE, GRACE_MS, SubmitDeadline
from exchange.live.errors import (
    LiveError,
    NotFoundError,
    RejectedError,
    RetryableError,
    UnansweredError,
    UnknownOutcomeError,
    of_cancel,
    of_read,
    of_submit,
)
from exchange.live.failures import cancel_failed, kind_of, look_up_failed, submit_failed
from exchange.live.fields import exactly
from exchange.live.fill_completion import Answers
from exchange.live.open_orders import OpenOrders
from exchange.live.order import LiveOrder
from exchange.live.order_calls import OrderCalls
from exchange.live.own_orders import Book
from exchange.live.rate_limiter import ORDER_ID
from exchange.live.whole_looks import FoundError, WholeLooks
from exchange.port import Event, UnknownSymbolError
from exchange.price_grid import nearest_price
from exchange.profiles.calls import OrderCall, order_call
from exchange.rules import Refusal
from messages.base import ClientOrderId, Timestamp
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
LOOK_UPS = Priority.PROTECTION
"""Before entries and polls: exits and protection wait for them."""


class Requests:
    """The way of an order's requests to the venue and back. On the loop only."""

    def __init__(
        self, connection: Connection, book: Book, answers: Answers, lists: OpenOrders, tell: Tell
    ) -> None:
        """Tell every answer as an event; ``lists`` come before many look-ups."""
        self._connection = connection
        self._book = book
        self._answers = answers
        self._lists = lists
        self._tell = tell
        self._calls = OrderCalls(connection, book, answers)
        self._looks = WholeLooks(connection, book, answers, self._calls)
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
        self._looks.signs(order_id)
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
            legs = await self._calls.cancel(order, known)
            if not legs or any(leg.status not in TERMINAL_STATUSES for leg in legs):
                legs = await self._calls.look(known, order.priority)
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
            shown = await self._lists.legs_of(known, urgency)
            legs = shown or await self._calls.look(known, urgency)
            await self._answers.heard(order_id, legs, urgency=urgency, with_terms=True)
        except Exception as error:  # noqa: BLE001 - every failure is told
            failure = of_read(error, self._connection.text_of(error), self._connection.profile)
            if isinstance(failure, NotFoundError):
                await self._look_further(order, known, venue_time, urgency)
                return
            self._tell(look_up_failed(order_id, failure))
            await self._mend_clock(failure)

    async def _look_further(
        self,
        order: LookUpOrder,
        known: LiveOrder,
        venue_time: Timestamp | None,
        urgency: Priority,
    ) -> None:
        """Tell that an order is not found by its id, after a whole look where that is wanted."""
        order_id, after, look = order.client_order_id, order.whole_after, None
        if after is not None and venue_time is not None and venue_time > after:
            try:
                look = await self._looks.look(order, known, urgency)
            except FoundError as found:
                await self._answers.heard(order_id, found.legs, urgency=urgency, with_terms=True)
                return
        self._tell(OrderNotFound(client_order_id=order_id, venue_time=venue_time, look=look))

    async def refresh(self, known: LiveOrder) -> None:
        """Look an order up for the books; tell only news. Raises what ccxt raises."""
        legs = await self._calls.look(known, Priority.QUERY)
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
            answer = await self._calls.make(
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
            legs = await self._calls.legs_of(answer, request.symbol, urgency)
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
            legs = await self._calls.look(known, LOOK_UPS)
            await self._answers.heard(request.client_order_id, legs, urgency=LOOK_UPS)
        except Exception as error:  # noqa: BLE001 - the router looks too, and the reconciliation
            self._connection.note(f"{request.client_order_id}: {self._connection.text_of(error)}")

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
            self._looks.was_not_placed(order_id)
        self._tell(submit_failed(order_id, failure, copy.signed_at))
