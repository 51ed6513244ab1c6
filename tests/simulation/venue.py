"""The venue's edge: a real matching engine behind a network on which everything can go wrong.

Owns what becomes of requests on their way there and of events on their way back; each fate is a
choice. What the venue does besides is the paper exchange's business. Bounds of the adversary, since
nobody could trade without them: a request arrives within ``LIVES_MS`` or never; an answer or event
arrives within ``LIVES_MS`` or never; a look-up lies only about orders younger than that; after the
venue has confirmed that a sell is over, it sells no more of it. It outlives its client: what is on
its way there stays so when a process dies; answers to that process are heard by nobody.
"""

from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum

import msgspec

from exchange.matching_book import VenueOrder
from exchange.matching_draft import Draft
from exchange.paper import PaperExchange
from exchange.port import Event, Sink
from messages.base import ClientOrderId, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder, MarketMoved, SubmitOrder
from messages.market import Capabilities, MarketRules
from messages.market_data import QuoteReceived
from messages.money import Money, floor_to_step
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderStatus, RejectReason, Side
from tests.simulation.choices import Choices, Kind
from tests.simulation.fates import (
    NO_ANSWER,
    SUBMIT_REFUSALS,
    CancelFate,
    EventFate,
    LookUpFate,
    SubmitFate,
    cancel_failed,
    submit_failed,
)
from tests.simulation.way import LIVES_MS, Way

_OverEvent = OrderReported | SubmitFailed | CancelFailed | OrderNotFound | LookUpFailed


class Edge(PaperExchange):
    """A paper exchange at the far end of a bad line."""

    def __init__(
        self,
        emit: Sink,
        rules: MarketRules,
        balances: list[Money],
        capabilities: Capabilities,
        choices: Choices,
    ) -> None:
        super().__init__(self._on_event, [rules], balances, capabilities=capabilities)
        self.choices = choices
        self.way = Way()
        """What is under way and arrives later."""
        self.is_fair = False
        self.is_down = False
        self.tells_quotes = True
        self.disturbed_at = 0
        """When something last did not go the plain way."""
        self.changed: list[VenueOrder] = []
        """Orders that changed since somebody looked."""
        self.arrived_at: dict[ClientOrderId, int] = {}
        self.surprises: dict[ClientOrderId, Decimal] = {}
        """What filled after the venue had called the order over, base."""
        self.asked_for: dict[ClientOrderId, Side] = {}
        """Orders that came here, or left for here."""
        self.on_fate: Callable[[str], None] = _nothing
        """Told what does not go the plain way."""
        self._sink = emit
        self._connection = self._asked_on = 0
        """Which process is connected, and which one's request is in hand."""
        self._now = Timestamp(0)
        self._answers: dict[ClientOrderId, Event | None] = {}
        """What is heard in place of the venue's next word on an order; None: nothing."""
        self._watch_book()

    # The port.

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        self._now = now
        order_id = order.request.client_order_id
        self.asked_for[order_id] = order.request.side
        fate = SubmitFate(self._fate(SubmitFate, order_id))
        if self.is_down:
            self._answer(submit_failed(order_id, FailureKind.RETRYABLE))
        elif fate is SubmitFate.LATE:
            self._hold(lambda at: self._submit_now(order, at), f"submit {order_id}")
        elif fate in SUBMIT_REFUSALS:
            reason, text = SUBMIT_REFUSALS[fate]
            self._answer(submit_failed(order_id, FailureKind.REJECTED, reason, text))
        elif fate is SubmitFate.RATE_LIMITED:
            self._answer(submit_failed(order_id, FailureKind.RETRYABLE))
        elif fate is SubmitFate.NEVER_ARRIVED:
            self._answer(submit_failed(order_id, FailureKind.UNKNOWN))
        elif fate is not SubmitFate.SILENT:
            if fate is SubmitFate.LOST_ACK:
                self._answers[order_id] = submit_failed(order_id, FailureKind.UNKNOWN)
            elif fate is SubmitFate.DONE_IN_SILENCE:
                self._answers[order_id] = None
            self._submit_now(order, now)
            if fate is SubmitFate.OVERFILLED and order.request.side is Side.BUY:
                self._fill_later(order_id, Decimal("0.005"))

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        self._now = now
        order_id = order.client_order_id
        fate = CancelFate(self._fate(CancelFate, order_id))
        if self.is_down or fate is CancelFate.RATE_LIMITED:
            self._answer(cancel_failed(order_id, FailureKind.RETRYABLE))
        elif fate is CancelFate.LATE:
            self._hold(lambda at: self._cancel_now(order, at), f"cancel {order_id}")
        elif fate is CancelFate.NEVER_ARRIVED:
            self._answer(cancel_failed(order_id, FailureKind.UNKNOWN))
        elif fate is CancelFate.REFUSED:
            self._answer(cancel_failed(order_id, FailureKind.REJECTED))
        elif fate is not CancelFate.SILENT:
            if fate in {CancelFate.FILLS_FIRST, CancelFate.PART_FILLS_FIRST}:
                self._fill_first(order_id, now, in_part=fate is CancelFate.PART_FILLS_FIRST)
            elif fate is CancelFate.LOST_ACK:
                self._answers[order_id] = cancel_failed(order_id, FailureKind.UNKNOWN)
            elif fate is CancelFate.DONE_IN_SILENCE:
                self._answers[order_id] = None
            elif fate is CancelFate.FILLS_LATER:
                self._fill_later(order_id)
            self._cancel_now(order, now)

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        self._now = now
        order_id = order.client_order_id
        fate = LookUpFate(self._fate(LookUpFate, order_id))
        is_young = now - self.arrived_at.get(order_id, now) < LIVES_MS
        if self.is_down or fate is LookUpFate.FAILS:
            self._answer(LookUpFailed(client_order_id=order_id, text=NO_ANSWER))
        elif fate is LookUpFate.LATE:
            self._hold(lambda at: self._look_up_now(order, at), f"look-up {order_id}")
        elif fate is LookUpFate.NOT_FOUND and is_young:
            self._answer(OrderNotFound(client_order_id=order_id))
        elif fate is not LookUpFate.SILENT:
            self._look_up_now(order, now)

    def market_moved(self, moved: MarketMoved, now: Timestamp) -> None:
        self._now = now
        super().market_moved(moved, now)

    # What a simulation does to it.

    def hang_up(self, now: Timestamp) -> None:
        """Lose the client: nobody hears anything more."""
        self.is_down = True
        self.disturbed_at = now
        self._connection += 1

    def connect(self, emit: Sink, now: Timestamp) -> None:
        """Take another client in the place of the one that died."""
        self._sink = emit
        self._asked_on = self._connection
        self._subscribed.clear()
        self.is_down = False
        self.disturbed_at = now
        self._now = now

    def tell_later(self, event: OrderReported) -> None:
        """Tell it once more, a little later."""
        self._hold_event(event)

    def set_stream(self, now: Timestamp, *, up: bool) -> None:
        """Cut the line, or mend it; what was on its way is lost."""
        if up is not self.is_down:
            return
        self.is_down = not up
        self.disturbed_at = now
        self._sink(StreamChanged(up=up))

    def fill_part_of_newest(self, now: Timestamp) -> None:
        """Let half of the newest working order fill."""
        self._now = now
        order = self._newest()
        if order is not None and order.trigger is None:
            self._fill_first(order.request.client_order_id, now, in_part=True)

    def end_newest(self, status: OrderStatus, now: Timestamp) -> None:
        """Let the venue end the newest working order of its own accord."""
        self._now = self.disturbed_at = now
        order = self._newest()
        if order is None:
            return
        draft = Draft(self.book, now)
        draft.finish(order, status, RejectReason.OTHER, "the venue's own decision")
        outcome = draft.outcome()
        for change in outcome.changes:
            self.book.apply(change)
        for event in outcome.events:
            self._on_event(event)

    def _newest(self) -> VenueOrder | None:
        working = (o for o in self.book.orders.values() if not o.facts.is_terminal)
        return max(working, key=lambda order: order.sequence, default=None)

    def _submit_now(self, order: SubmitOrder, now: Timestamp) -> None:
        self._now = now
        self.arrived_at.setdefault(order.request.client_order_id, now)
        super().submit(order, now)

    def _cancel_now(self, order: CancelAtVenue, now: Timestamp) -> None:
        self._now = now
        super().cancel(order, now)

    def _look_up_now(self, order: LookUpOrder, now: Timestamp) -> None:
        self._now = now
        super().look_up(order, now)

    def _fate(self, fates: type[IntEnum], order_id: ClientOrderId) -> int:
        if self.is_fair:
            return 0
        fate = self.choices.take(Kind.REQUEST, len(fates))
        if fate:
            self.disturbed_at = self._now
            self.on_fate(f"{fates.__name__} of {order_id}: {fates(fate).name}")
        return fate

    def _fill_first(self, order_id: ClientOrderId, now: Timestamp, *, in_part: bool) -> None:
        order = self.book.orders.get(order_id)
        if order is None or order.facts.is_terminal:
            return
        part = floor_to_step(order.remaining * Decimal("0.5"), Decimal("0.001"))
        quantity = part if in_part else order.remaining
        self.force_fill(order_id, quantity, now)

    def _fill_later(self, order_id: ClientOrderId, quantity: Decimal | None = None) -> None:
        order = self.book.orders.get(order_id)
        if order is None or order.request.side is Side.SELL:
            return
        amount = order.remaining if quantity is None else quantity
        self.way.hold(
            self._now, lambda at: self._fill_now(order_id, amount, at), f"late fill {order_id}"
        )

    def _hold(self, let_in: Callable[[Timestamp], None], name: str) -> None:
        """Let a request arrive later; who asked it may have died by then."""
        asked_on = self._connection

        def arrive(at: Timestamp) -> None:
            self._asked_on = asked_on
            let_in(at)
            self._asked_on = self._connection

        self.way.hold(self._now, arrive, name)

    def _hold_event(self, event: _OverEvent) -> None:
        connection = self._connection
        self.way.hold(
            self._now,
            lambda at: self._arrive(event, at, connection),
            f"event {_order_of(event)}",
        )

    def _fill_now(self, order_id: ClientOrderId, quantity: Decimal, now: Timestamp) -> None:
        self._now = now
        self.force_fill(order_id, quantity, now)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, QuoteReceived):
            if self.tells_quotes and not self.is_down:
                self._sink(event)
            return
        if not isinstance(event, _OverEvent):
            self._sink(event)
            return
        order_id = _order_of(event)
        if order_id in self._answers and not self._is_surprise(event):
            instead = self._answers.pop(order_id)
            if instead is not None:
                self._sink(instead)
            return
        self._tell(event)

    def _answer(self, event: _OverEvent) -> None:
        """Answer for the line itself, or for a venue that did not do it."""
        if self.is_down:
            self._sink(event)
        else:
            self._tell(event)

    def _tell(self, event: _OverEvent) -> None:
        if self.is_down:
            self._arrive(event, self._now, self._connection)
            return
        if self._asked_on != self._connection and not isinstance(event, OrderReported):
            return  # an answer to a process that died
        fate = EventFate.ARRIVES
        if not self.is_fair:
            fate = EventFate(self.choices.take(Kind.EVENT, len(EventFate)))
        if fate is EventFate.LOST and self._is_surprise(event):
            fate = EventFate.LATE
        if fate is not EventFate.ARRIVES:
            self.disturbed_at = self._now
            self.on_fate(f"{type(event).__name__} of {_order_of(event)}: {fate.name}")
        if fate in {EventFate.ARRIVES, EventFate.TWICE}:
            self._sink(event)
        is_stream = isinstance(event, OrderReported)
        if fate is EventFate.LATE or (fate is EventFate.TWICE and is_stream):
            self._hold_event(event)

    def _arrive(self, event: _OverEvent, now: Timestamp, connection: int) -> None:
        """Tell it, if the line is up; a surprise waits until it is, as nobody would ask for it."""
        self._now = now
        is_surprise = self._is_surprise(event)
        if not self.is_down and (is_surprise or connection == self._connection):
            self._sink(event)
        elif is_surprise:
            self._hold_event(event)

    def _is_surprise(self, event: _OverEvent) -> bool:
        """Whether it tells of a fill after the order's end: what is never told, balances show."""
        return isinstance(event, OrderReported) and _order_of(event) in self.surprises

    def _watch_book(self) -> None:
        apply = self.book.apply

        def watched(change: msgspec.Struct) -> None:
            if isinstance(change, VenueOrder):
                self._note_order(change)
            apply(change)

        self.book.apply = watched  # type: ignore[method-assign]  # to look, not to change

    def _note_order(self, order: VenueOrder) -> None:
        self.changed.append(order)
        order_id = order.request.client_order_id
        before = self.book.orders.get(order_id)
        if before is not None and before.facts.is_terminal:
            more = order.facts.filled - before.facts.filled
            self.surprises[order_id] = self.surprises.get(order_id, Decimal(0)) + more


def _nothing(*_: object) -> None:
    """Tell nobody."""


def _order_of(event: _OverEvent) -> ClientOrderId:
    if isinstance(event, OrderReported):
        return event.facts.client_order_id
    return event.client_order_id
