"""The venue's edge: a real matching engine behind a network on which everything can go wrong.

Owns what becomes of requests on their way there and of events on their way back; each fate is a
choice. What the venue does besides is the paper exchange's business. Bounds of the adversary, since
nobody could trade without them: a request arrives within ``LIVES_MS`` or never, a buy aside, which
may come when everybody has given it up (``GHOSTS_LIVE_MS``); an answer or event arrives within
``LIVES_MS`` or never; a look-up lies only about orders younger than that; of a sell that surely did
not arrive this is true; after the venue has confirmed that a sell is over, it sells no more of it.
It outlives its client: what is on its way there stays so when a process dies; answers to that
process are heard by nobody.
"""

from decimal import Decimal
from enum import IntEnum

from msgspec.structs import replace

from exchange.matching.draft import Draft
from exchange.matching.state import VenueOrder
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder, MarketMoved, SubmitOrder
from messages.market import MarketPhase
from messages.money import floor_to_step
from messages.order_router import (
    FailureKind,
    LookUpFailed,
)
from messages.orders import OrderStatus, Priority, RejectReason, Side
from verification.simulation.choices import Kind
from verification.simulation.conflicts import TAKEN, TakenIds
from verification.simulation.faults import (
    NO_ANSWER,
    SUBMIT_FAILURES,
    SUBMIT_REFUSALS,
    CancelFate,
    LookUpFate,
    SubmitFate,
    cancel_failed,
    submit_failed,
)
from verification.simulation.in_flight import LIVES_MS
from verification.simulation.market import CLOSED_REASONS

_HELD = {SubmitFate.HELD_BEHIND_THE_DOOR, SubmitFate.HELD_AND_UNKNOWN}
_LATE_FATES = {SubmitFate.LATE, SubmitFate.FAR_TOO_LATE, *_HELD}
_A_LITTLE = Decimal("0.02")
GHOSTS_LIVE_MS = 45_000
"""How late a buy may come: the router has long believed the not-founds."""


class Edge(TakenIds):
    """A paper exchange at the far end of a bad line."""

    # The port.

    def submit(  # noqa: C901 - a branch for each kind of fate
        self, order: SubmitOrder, now: Timestamp
    ) -> None:
        self._now = now
        order_id = order.request.client_order_id
        self.asked_for[order_id] = order.request.side
        fate = SubmitFate(self._fate(SubmitFate, order_id))
        if self.is_down:
            self._answer(submit_failed(order_id, FailureKind.RETRYABLE))
        elif not self.sign(order, now):
            self._answer(self.late_answer(order_id, "not signed: it was too late"))
        elif fate is SubmitFate.TOO_LATE or (fate in _HELD and self.is_too_late(order_id, now)):
            self._answer(self.late_answer(order_id))
        elif fate in TAKEN and order_id not in self.book.orders:
            self._take_id(order, fate, now)
        elif fate in _LATE_FATES:
            self._submit_later(order, fate)
        elif fate in SUBMIT_REFUSALS:
            reason, text = SUBMIT_REFUSALS[fate]
            self._answer(submit_failed(order_id, FailureKind.REJECTED, reason, text))
        elif fate in SUBMIT_FAILURES:
            self._fail_submit(order, fate, now)
        elif fate is not SubmitFate.SILENT:
            if fate is SubmitFate.LOST_ACK:
                self._answers[order_id] = submit_failed(order_id, FailureKind.UNKNOWN)
            elif fate is SubmitFate.DONE_IN_SILENCE:
                self._answers[order_id] = None
            self._submit_now(order, now)
            self._go_on_after_submit(order, fate, now)

    def _go_on_after_submit(self, order: SubmitOrder, fate: SubmitFate, now: Timestamp) -> None:
        """Let happen to an order that came what its fate says."""
        order_id = order.request.client_order_id
        if fate is SubmitFate.MET_ITSELF:
            self._end(order_id, OrderStatus.EXPIRED, RejectReason.SELF_TRADE, now)
        elif fate is SubmitFate.SHOWN_AND_UNKNOWN:
            self._answer(submit_failed(order_id, FailureKind.UNKNOWN))
        elif fate is SubmitFate.OVERFILLED and order.request.side is Side.BUY:
            self._fill_later(order_id, Decimal("0.005"))

    def cancel(self, order: CancelAtVenue, now: Timestamp) -> None:
        self._now = now
        order_id = order.client_order_id
        self.cancel_asked_at[order_id] = now
        fate = CancelFate(self._fate(CancelFate, order_id))
        if self.phase is MarketPhase.GONE:
            self._answer(cancel_failed(order_id, FailureKind.UNKNOWN))
        else:
            self._cancel_by_fate(order, fate, now)

    def _cancel_by_fate(self, order: CancelAtVenue, fate: CancelFate, now: Timestamp) -> None:
        order_id = order.client_order_id
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
            elif fate in {CancelFate.FILLS_LATER, CancelFate.FILLS_LATER_IN_PARTS}:
                self._fill_later(order_id, parts=1 if fate is CancelFate.FILLS_LATER else 2)
            self._cancel_now(order, now)

    def look_up(self, order: LookUpOrder, now: Timestamp) -> None:
        self._now = now
        order_id = order.client_order_id
        fate = LookUpFate(self._fate(LookUpFate, order_id))
        self.note_question(order, now)
        is_young = now - self.arrived_at.get(order_id, now) < LIVES_MS
        if self.is_down or fate is LookUpFate.FAILS or self.phase is MarketPhase.GONE:
            self._answer(LookUpFailed(client_order_id=order_id, text=NO_ANSWER))
        elif order_id in self.others and fate is not LookUpFate.SILENT:
            self._answer(self.others[order_id])
        elif fate is LookUpFate.LATE:
            self._hold(lambda at: self._look_up_now(order, at), f"look-up {order_id}")
        elif (fate is LookUpFate.NOT_FOUND and is_young) or (
            fate is LookUpFate.ERRS and self.may_err(order_id)
        ):
            self._answer(self.not_found(order_id))
        elif fate is LookUpFate.CACHED:
            self._answer(self.cached_answer(order_id, now))
        elif fate is not LookUpFate.SILENT:
            self._look_up_now(order, now)

    def market_moved(self, moved: MarketMoved, now: Timestamp) -> None:
        self._now = now
        super().market_moved(moved, now)

    # What a simulation does to it.

    def fill_part_of_newest(self, now: Timestamp) -> None:
        """Let half of the newest working order fill."""
        self._now = now
        order = self._newest()
        if order is not None and order.trigger is None:
            self._fill_first(order.request.client_order_id, now, in_part=True)

    def fill_all_but_dust_of_newest(self, now: Timestamp) -> None:
        """Let so much of the newest working order fill that the rest is too little to be sold."""
        self._now = now
        order = self._newest()
        if order is not None and order.trigger is None and order.remaining > _A_LITTLE:
            self.force_fill(order.request.client_order_id, order.remaining - _A_LITTLE, now)

    def end_newest(self, status: OrderStatus, now: Timestamp) -> None:
        """Let the venue end the newest working order of its own accord."""
        self._now = self.disturbed_at = now
        order = self._newest()
        if order is not None:
            self._end(order.request.client_order_id, status, RejectReason.OTHER, now)

    def _end(
        self, order_id: ClientOrderId, status: OrderStatus, reason: RejectReason, now: Timestamp
    ) -> None:
        order = self.book.orders.get(order_id)
        if order is None or order.facts.is_terminal:
            return
        draft = Draft(self.book, now)
        draft.finish(order, status, reason, "the venue's own decision")
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
        order_id = order.request.client_order_id
        if order_id in self.others:
            self._refuse_id(order_id)
            return
        reason = CLOSED_REASONS.get(self.phase)
        if reason is not None:
            self._on_event(submit_failed(order_id, FailureKind.REJECTED, reason, self.phase))
            return
        if self.is_too_late(order_id, now):
            self._on_event(self.late_answer(order_id))
            return
        self.arrived_at.setdefault(order_id, now)
        super().submit(order, now)

    def _cancel_now(self, order: CancelAtVenue, now: Timestamp) -> None:
        self._now = now
        if order.client_order_id in self.others:
            self._cancel_other(order.client_order_id)
            return
        super().cancel(order, now)

    def _look_up_now(self, order: LookUpOrder, now: Timestamp) -> None:
        self._now = now
        if order.client_order_id in self.others:
            self._answer(self.others[order.client_order_id])
            return
        if self.has_forgotten(order.client_order_id, now):
            self._answer(self.not_found(order.client_order_id))
            return
        super().look_up(order, now)

    def end_by_cancel(self, order: LookUpOrder, now: Timestamp) -> None:
        """Cancel an order that a whole look finds in the engine only."""
        cancel = CancelAtVenue(
            client_order_id=order.client_order_id,
            exchange_order_id=None,
            symbol=order.symbol,
            priority=Priority.EXIT,
        )
        self._cancel_now(cancel, now)

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

    def _fail_submit(self, order: SubmitOrder, fate: SubmitFate, now: Timestamp) -> None:
        order_id = order.request.client_order_id
        self._answer(submit_failed(order_id, SUBMIT_FAILURES[fate]))
        if fate is SubmitFate.DENIED_AND_DONE and order.request.side is Side.BUY:
            self.denied.add(order_id)
            self._haunt(order, now)
            if order_id not in self.book.orders:
                self.denied.remove(order_id)

    def _submit_later(self, order: SubmitOrder, fate: SubmitFate) -> None:
        order_id = order.request.client_order_id
        if fate is SubmitFate.FAR_TOO_LATE and order.request.side is Side.BUY:
            self._hold(lambda at: self._haunt(order, at), f"ghost {order_id}", GHOSTS_LIVE_MS)
        elif fate in _HELD:
            if fate is SubmitFate.HELD_AND_UNKNOWN:
                unknown = submit_failed(order_id, FailureKind.UNKNOWN)
                self._answer(replace(unknown, signed_at=self.signed_at.get(order_id)))
            lives_ms = self.pass_the_door(order_id, self._now)
            self._hold(lambda at: self._submit_now(order, at), f"submit {order_id}", lives_ms)
        else:
            self._hold(lambda at: self._submit_now(order, at), f"submit {order_id}")

    def subscribe(self, symbol: Symbol, now: Timestamp) -> None:
        self.tell_timing()
        super().subscribe(symbol, now)

    def _haunt(self, order: SubmitOrder, now: Timestamp) -> None:
        """Let a buy come that everybody had given up."""
        self.disturbed_at = now
        self.ghosts.add(order.request.client_order_id)
        self._submit_now(order, now)

    def _fill_later(
        self, order_id: ClientOrderId, quantity: Decimal | None = None, parts: int = 1
    ) -> None:
        order = self.book.orders.get(order_id)
        if order is None or order.request.side is Side.SELL:
            return
        amount = order.remaining if quantity is None else quantity
        part = floor_to_step(amount / parts, Decimal("0.001"))
        for _ in range(parts):
            self.way.hold(
                self._now, lambda at: self._fill_now(order_id, part, at), f"late fill {order_id}"
            )

    def _fill_now(self, order_id: ClientOrderId, quantity: Decimal, now: Timestamp) -> None:
        self._now = now
        self.force_fill(order_id, quantity, now)
