"""A venue with deadlines: it refuses what comes too late, and answers questions from caches.

Owns until when a request is taken, on the venue's own clock, which is not the client's; how old an
answer may be; and which orders are forgotten. A venue without terms takes a request whenever it
comes, and its answers are as old as anything may be on its way.
"""

from collections import defaultdict
from decimal import Decimal

from msgspec.structs import replace

from exchange.matching.state import ExecutionRules, VenueOrder
from messages.base import ClientOrderId, Milliseconds, Timestamp, base_currency
from messages.gateway import LookUpOrder, SubmitOrder
from messages.market import RequestTerms
from messages.order_router import (
    FailureKind,
    OrderNotFound,
    OrderReported,
    RequestTimingMeasured,
    SubmitFailed,
)
from messages.orders import OrderFacts
from messages.reconciler import OpenOrdersReported, TradesReported
from verification.simulation.in_flight import LIVES_MS
from verification.simulation.market import FickleMarket
from verification.simulation.network import BEHIND_MS
from verification.simulation.plans import SYMBOL, VenueKind

SKEW_MS = -15_000
"""The venue's clock less the client's: who compares a deadline with the client's clock is early.
It may move: see ``move_clock``."""
AHEAD_MS = 1_000
"""A timestamp that is further ahead than this is refused too."""
CLOCK_ERROR_MS = 40
"""By so much the measured offset is too large: less than is admitted."""
FORGETS_MS = 30_000
"""After so long a venue with terms knows no order any more that ended without a fill."""
TOO_LATE = "-1021: Timestamp for this request is outside of the recvWindow."


def _submit_name(order_id: ClientOrderId) -> str:
    return f"submit {order_id}"


class PunctualVenue(FickleMarket):
    """The far end of a line, with a clock of its own."""

    terms: RequestTerms | None = None

    def begin_terms(self, kind: VenueKind) -> None:
        """Take the deadlines and locks of a kind of venue."""
        self.terms = kind.terms
        self.skew_ms = self._measured_ms = SKEW_MS
        """The venue's clock less the client's, and as it was measured last."""
        self.taken_until: dict[ClientOrderId, int] = {}
        """On the venue's clock: the last moment at which a request for the order is taken."""
        self.signed_at: dict[ClientOrderId, Timestamp] = {}
        self.forgot: set[ClientOrderId] = set()
        """Orders without a fill that the venue has said it does not know, though it had them."""
        self._history: defaultdict[ClientOrderId, list[tuple[int, OrderFacts]]] = defaultdict(list)
        self._erred: set[ClientOrderId] = set()
        self._inside: dict[ClientOrderId, int] = {}
        """Orders past the last check of their time, or just before it: until when, on the client's
        clock, the engine takes them."""
        self._asked_at: dict[ClientOrderId, Timestamp] = {}
        """The venue's time, as shown to who looks an order up, before the look."""
        self.book.markets[SYMBOL].execution = ExecutionRules(stops_lock=kind.stops_lock)
        if self.terms is not None:
            self.behind_ms = min(BEHIND_MS, self.terms.read_lag_ms)
            self.stream_lag_ms = self.terms.stream_lag_ms or LIVES_MS

    @property
    def lag_ms(self) -> int:
        """How old an answer may be."""
        return LIVES_MS - 1 if self.terms is None else self.terms.read_lag_ms

    def tell_timing(self) -> None:
        """Tell what a measurement of the venue's clock shows."""
        if self.terms is not None:
            self._measured_ms = self.skew_ms
            timing = RequestTimingMeasured(
                offset_ms=self.skew_ms + CLOCK_ERROR_MS,
                error_ms=Milliseconds(CLOCK_ERROR_MS + 10),
                latency_ms=Milliseconds(50),
                terms=self.terms,
            )
            self._sink(timing)

    def measure_again(self) -> None:
        """Tell the clock anew where it moved: a client does so where time was to blame."""
        if not self.is_down and self._measured_ms != self.skew_ms:
            self.tell_timing()

    def move_clock(self, ms: int, now: Timestamp) -> None:
        """Let the venue's clock move against the client's, or the client's against the venue's.

        What waits before the check of its time passes it just before the clock moves past its
        window, and is in the engine within the settle time; where the clock moves back, so much
        later.
        """
        if self.terms is None:
            return
        self.skew_ms += ms
        self.disturbed_at = now
        settle_ms = self.terms.settle_ms or 0
        for order_id, until in self._inside.items():
            left_ms = self.taken_until[order_id] - self.venue_time(now)
            last = now + left_ms + settle_ms if left_ms >= 0 else min(until, now + settle_ms)
            self._inside[order_id] = last
            self.way.postpone(_submit_name(order_id), last - 1)

    def venue_time(self, now: int) -> Timestamp:
        """Return the venue's time; a venue without terms has the client's."""
        return Timestamp(now if self.terms is None else now + self.skew_ms)

    def sign(self, order: SubmitOrder, now: Timestamp) -> bool:
        """Write the time into a request, as a gateway does; False: it is too late to sign it."""
        if self.terms is None:
            return True
        order_id = order.request.client_order_id
        stamp = Timestamp(now + self._measured_ms + CLOCK_ERROR_MS)
        if order.sign_by is not None and stamp > order.sign_by:
            return False
        window = self.terms.window_ms if order.window_ms is None else order.window_ms
        self.signed_at[order_id] = stamp
        self._inside.pop(order_id, None)
        self.taken_until[order_id] = stamp + window
        return True

    def is_too_late(self, order_id: ClientOrderId, now: Timestamp) -> bool:
        """Return whether a request that comes now is refused for its time."""
        if order_id in self._inside:
            return now > self._inside[order_id]
        until, time = self.taken_until.get(order_id), self.venue_time(now)
        return until is not None and (time > until or self.signed_at[order_id] > time + AHEAD_MS)

    def pass_the_door(self, order_id: ClientOrderId, now: Timestamp) -> int:
        """Let a request past the check of its time; return how long it may take from here, ms."""
        if self.terms is None:
            return LIVES_MS
        until = self.taken_until[order_id] + (self.terms.settle_ms or 0)
        self._inside[order_id] = now + until - self.venue_time(now)
        return self._inside[order_id] - now

    def late_answer(self, order_id: ClientOrderId, text: str = TOO_LATE) -> SubmitFailed:
        """Return the refusal of a request that came too late, or was never signed."""
        self.measure_again()
        kind, signed_at = FailureKind.RETRYABLE, self.signed_at.get(order_id)
        return SubmitFailed(
            client_order_id=order_id, kind=kind, text=text, was_late=True, signed_at=signed_at
        )

    # What questions are answered with.

    def note_question(self, order: LookUpOrder, now: Timestamp) -> None:
        """Show the venue's time before an order is looked up, where that is wanted."""
        self._asked_at.pop(order.client_order_id, None)
        if order.wants_time and self.terms is not None and not self.is_down:
            self.measure_again()
            self._asked_at[order.client_order_id] = self.venue_time(now)

    def not_found(self, order_id: ClientOrderId) -> OrderReported | OrderNotFound:
        """Return the answer that the venue knows no such order."""
        return OrderNotFound(client_order_id=order_id, venue_time=self._asked_at.get(order_id))

    def as_it_was(self, order_id: ClientOrderId, at: int) -> OrderFacts | None:
        """Return how an order stood; None: it was not there."""
        told = [facts for since, facts in self._history.get(order_id, ()) if since <= at]
        return told[-1] if told else None

    def cached_answer(
        self, order_id: ClientOrderId, now: Timestamp
    ) -> OrderReported | OrderNotFound:
        """Return what a look-up says that is answered from a cache."""
        facts = self.as_it_was(order_id, now - self.lag_ms)
        return self.not_found(order_id) if facts is None else OrderReported(facts=facts)

    def may_err(self, order_id: ClientOrderId) -> bool:
        """Return whether a look-up may deny an order, whatever its age: once; then it counts."""
        if self.terms is None or order_id in self._erred:
            return False
        self._erred.add(order_id)
        return True

    def has_forgotten(self, order_id: ClientOrderId, now: Timestamp) -> bool:
        """Return whether the venue keeps an order no longer."""
        order = self.book.orders.get(order_id)
        if self.terms is None or self.is_fair or order is None:
            return False
        facts = order.facts
        is_old = facts.is_terminal and not facts.filled and now - facts.at > FORGETS_MS
        if is_old:
            self.forgot.add(order_id)
        return is_old

    def cached_list(
        self, event: OpenOrdersReported | TradesReported
    ) -> OpenOrdersReported | TradesReported:
        """Return a list as a cache has it."""
        at = self._now - self.lag_ms
        if isinstance(event, TradesReported):
            return replace(event, trades=tuple(one for one in event.trades if one.at <= at))
        stood = [(order_id, self.as_it_was(order_id, at)) for order_id in self._history]
        working = [facts for _, facts in stood if facts is not None and not facts.is_terminal]
        return OpenOrdersReported(symbol=event.symbol, orders=tuple(working))

    def _note_order(self, order: VenueOrder) -> None:
        super()._note_order(order)
        self._history[order.request.client_order_id].append((self._now, order.facts))

    def bring_coins(self, quantity: Decimal, now: Timestamp) -> None:
        """Let another hand bring coins."""
        self._now = self.disturbed_at = now
        balance = self.book.balances[base_currency(SYMBOL)]
        self.book.apply(replace(balance, total=balance.total + quantity))
