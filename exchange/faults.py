"""Faults on demand: a paper exchange that goes wrong at the moments a plan names.

Owns what is done to requests and events when their turn comes. What can go wrong, as data, is in
``exchange.fault_plan``; what the venue does besides is the paper exchange's business.
"""

from collections.abc import Iterable
from decimal import Decimal
from heapq import heappop, heappush

from exchange.fault_plan import Fault, FaultKind, FaultPlan, On
from exchange.matching.engine import ForceFill
from exchange.matching.state import Depth
from exchange.paper import ALL_CAPABILITIES, DEFAULT_DEPTH, NO_LATENCY, PaperExchange
from exchange.port import Event, Sink
from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder, MarketMoved, SubmitOrder
from messages.market import Capabilities, MarketRules
from messages.money import ZERO, Money
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    SubmitFailed,
)
from messages.orders import OrderStatus, Purpose, RejectReason

OrderEvent = OrderReported | SubmitFailed | CancelFailed | OrderNotFound | LookUpFailed


class FaultyExchange(PaperExchange):
    """A paper exchange with a fault plan between it and its client."""

    def __init__(
        self,
        emit: Sink,
        markets: Iterable[MarketRules],
        balances: Iterable[Money],
        plan: FaultPlan,
        *,
        capabilities: Capabilities = ALL_CAPABILITIES,
        latency_ms: Milliseconds = NO_LATENCY,
        depth: Depth = DEFAULT_DEPTH,
    ) -> None:
        """Open the venue; nothing has gone wrong yet."""
        super().__init__(
            self._on_event,
            markets,
            balances,
            capabilities=capabilities,
            latency_ms=latency_ms,
            depth=depth,
        )
        self._sink = emit
        self._faults = plan.faults
        self._counts = [0] * len(plan.faults)
        self._purposes: dict[ClientOrderId, Purpose] = {}
        self._answers: dict[ClientOrderId, Event] = {}
        """What is heard in place of the venue's answer."""
        self._excess: dict[ClientOrderId, Fault] = {}
        """Which orders will be over-filled."""
        self._held: OrderEvent | None = None
        self._late: list[tuple[Timestamp, int, Event | ForceFill]] = []
        self._late_sequence = 0
        self._now = Timestamp(0)

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        """Take an order in, unless the plan has it otherwise."""
        self._now = now
        order_id = order.request.client_order_id
        self._purposes[order_id] = order.request.purpose
        fault = self._next_fault(On.SUBMIT, order_id)
        if fault is None:
            super().submit(order, now)
        elif fault.kind is FaultKind.OVERFILLED:
            self._excess[order_id] = fault
            super().submit(order, now)
        elif fault.kind is FaultKind.LOST_ACK:
            self._answers[order_id] = _submit_failed(order_id, fault)
            super().submit(order, now)
        else:
            self._on_event(_submit_failed(order_id, fault))

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        """Cancel an order, unless the plan has it otherwise."""
        self._now = now
        order_id = order.client_order_id
        fault = self._next_fault(On.CANCEL, order_id)
        if fault is None:
            super().cancel(order, now)
        elif fault.kind is FaultKind.LOST_ACK:
            self._answers[order_id] = _cancel_failed(order_id, fault)
            super().cancel(order, now)
        elif fault.kind is FaultKind.FILLS_FIRST:
            self.force_fill(order_id, self._fill_quantity(order_id, fault), now)
            super().cancel(order, now)
        elif fault.kind is FaultKind.FILLS_LATER:
            quantity = self._fill_quantity(order_id, fault)
            self._put_late(ForceFill(client_order_id=order_id, quantity=quantity), fault.delay_ms)
            super().cancel(order, now)
        else:
            self._on_event(_cancel_failed(order_id, fault))

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        """Tell how an order stands, unless the plan has it otherwise."""
        self._now = now
        order_id = order.client_order_id
        fault = self._next_fault(On.LOOK_UP, order_id)
        if fault is None:
            super().look_up(order, now)
        elif fault.kind is FaultKind.NOT_FOUND:
            self._on_event(OrderNotFound(client_order_id=order_id))
        else:
            self._on_event(LookUpFailed(client_order_id=order_id, text="no answer"))

    def market_moved(self, moved: MarketMoved, now: Timestamp) -> None:
        """Let the outside market trade."""
        self._now = now
        if self._late:
            self.wake(now)
        super().market_moved(moved, now)

    def next_wake(self) -> Timestamp | None:
        """Return when the next thing arrives, late ones too."""
        due = [at for at in (super().next_wake(), self._late_at()) if at is not None]
        return min(due, default=None)

    def wake(self, now: Timestamp) -> None:
        """Let everything arrive that is due, in the order of time."""
        while (at := self.next_wake()) is not None and at <= now:
            self._now = at
            if at == self._late_at():
                self._let_late_in(at)
            else:
                super().wake(at)
        self._now = now

    def _late_at(self) -> Timestamp | None:
        return self._late[0][0] if self._late else None

    def _let_late_in(self, at: Timestamp) -> None:
        _, _, content = heappop(self._late)
        if isinstance(content, ForceFill):
            self.force_fill(content.client_order_id, content.quantity, at)
        else:
            self._sink(content)

    def _put_late(self, content: Event | ForceFill, delay_ms: Milliseconds) -> None:
        self._late_sequence += 1
        at = Timestamp(self._now + delay_ms)
        heappush(self._late, (at, self._late_sequence, content))

    def _fill_quantity(self, order_id: ClientOrderId, fault: Fault) -> Decimal:
        if fault.quantity is not None:
            return fault.quantity
        order = self.book.orders.get(order_id)
        return order.remaining if order is not None else ZERO

    def _next_fault(self, on: On, order_id: ClientOrderId) -> Fault | None:
        """Count one occasion; return what goes wrong with it."""
        found = None
        for place, fault in enumerate(self._faults):
            is_counted = fault.purpose in (None, self._purposes.get(order_id))
            if fault.on is on and is_counted:
                self._counts[place] += 1
                is_now = fault.nth <= self._counts[place] < fault.nth + fault.times
                found = fault if is_now and found is None else found
        return found

    def _on_event(self, event: Event) -> None:
        """Take one event of the venue: hand it on, or do to it what the plan says."""
        if not isinstance(event, OrderEvent):
            self._sink(event)
            return
        order_id = _order_of(event)
        self._overfill(order_id, event)
        if order_id in self._answers and _is_answer(event, self._answers[order_id]):
            self._sink(self._answers.pop(order_id))
            return
        fault = self._next_fault(On.EVENT, order_id)
        held, self._held = self._held, None
        if fault is None or fault.kind is FaultKind.DUPLICATED:
            self._sink(event)
        if fault is not None:
            self._disturb(event, fault)
        if held is not None:
            self._sink(held)

    def _disturb(self, event: OrderEvent, fault: Fault) -> None:
        if fault.kind is FaultKind.DUPLICATED:
            self._sink(event)
        elif fault.kind is FaultKind.DELAYED:
            self._put_late(event, fault.delay_ms)
        elif fault.kind is FaultKind.REORDERED:
            self._held = event

    def _overfill(self, order_id: ClientOrderId, event: OrderEvent) -> None:
        is_filled = isinstance(event, OrderReported) and event.facts.status is OrderStatus.FILLED
        if is_filled and order_id in self._excess:
            fault = self._excess.pop(order_id)
            if fault.quantity is not None:
                fill = ForceFill(client_order_id=order_id, quantity=fault.quantity)
                self._put_late(fill, fault.delay_ms)


def _order_of(event: OrderEvent) -> ClientOrderId:
    if isinstance(event, OrderReported):
        return event.facts.client_order_id
    return event.client_order_id


def _is_answer(event: OrderEvent, replacement: Event) -> bool:
    """Return whether ``event`` answers the call whose answer is to be lost."""
    if isinstance(replacement, CancelFailed):
        # A fill may be told between the cancel and its answer.
        is_over = isinstance(event, OrderReported) and event.facts.is_terminal
        return is_over or isinstance(event, CancelFailed)
    return isinstance(event, OrderReported | SubmitFailed)


_FAILURES = {
    FaultKind.LOST_ACK: (FailureKind.UNKNOWN, "no answer"),
    FaultKind.NEVER_ARRIVED: (FailureKind.UNKNOWN, "no answer"),
    FaultKind.RETRYABLE: (FailureKind.RETRYABLE, "429: too many requests"),
    FaultKind.REJECTED: (FailureKind.REJECTED, "refused"),
}


def _submit_failed(order_id: ClientOrderId, fault: Fault) -> SubmitFailed:
    kind, text = _FAILURES[fault.kind]
    reason = fault.reason if kind is FailureKind.REJECTED else RejectReason.OTHER
    return SubmitFailed(client_order_id=order_id, kind=kind, reason=reason, text=text)


def _cancel_failed(order_id: ClientOrderId, fault: Fault) -> CancelFailed:
    kind, text = _FAILURES[fault.kind]
    if kind is FailureKind.REJECTED:
        text = "-2011: Unknown order sent."
    return CancelFailed(client_order_id=order_id, kind=kind, text=text)
