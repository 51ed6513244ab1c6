"""Until when the venue may take a request: its clock, as recorded, and what follows from it.

Each copy of a request carries the largest timestamp that may be written into it (``sign_by``) and
a window. The venue's engine takes the copy until that timestamp + window + the venue's settle time,
on the venue's own clock. Our own clock proves nothing. What a look proves after that is in
``absence``.

The window ends on the venue's clock. The settle time and the lag of its reads are time that really
passes: where the venue's clock moved against ours, they begin again at that moment.
"""

import msgspec
from msgspec.structs import replace

from actors.order_router.order import Request, RoutedOrder, is_under_way, priority_of
from messages.base import Milliseconds, Timestamp
from messages.ids import Identity
from messages.market import RequestTerms
from messages.order_router import RequestTimingMeasured
from messages.orders import OrderStatus, Priority

SIGN_WITHIN_MS = 5_000
"""How long a request may wait for its turn and its record; see ``live.queue_timeout_ms``."""
SIGN_SALE_WITHIN_MS = 3_000
"""The same for what sells: more than the longest pause between two tries of a failing disk."""
BETWEEN_LOOKS_MS = 500
"""On the venue's clock, between two looks that prove an absence."""
_LATENCIES = 4
"""A window holds at least so many round trips."""
_DOUBLINGS_MOST = 10


class RequestTiming(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The venue's clock against ours, as last measured. There is one."""

    offset_ms: int = 0
    """The venue's clock less ours."""
    error_ms: Milliseconds = Milliseconds(0)
    latency_ms: Milliseconds = Milliseconds(0)
    """Of one round trip."""
    terms: RequestTerms | None = None
    """None: it is not known until when the venue takes a request."""

    @property
    def is_bounded(self) -> bool:
        """Whether it is known until when the venue's engine takes a request."""
        return self.terms is not None and self.terms.settle_ms is not None


def timing_of(measured: RequestTimingMeasured) -> RequestTiming:
    """Return what is kept of a measurement."""
    return RequestTiming(
        offset_ms=measured.offset_ms,
        error_ms=measured.error_ms,
        latency_ms=measured.latency_ms,
        terms=measured.terms,
    )


def dated(order: RoutedOrder, timing: RequestTiming, now: Timestamp) -> RoutedOrder:
    """Return an order whose submit leaves now with its deadline; any other as it is."""
    if timing.terms is None or not is_under_way(order, Request.SUBMIT):
        return order
    within_ms = SIGN_SALE_WITHIN_MS if _is_sale(order) else SIGN_WITHIN_MS
    sign_by = now + timing.offset_ms + timing.error_ms + within_ms
    return replace(
        order,
        sign_by=Timestamp(sign_by),
        window_ms=_window_ms(order, timing, timing.terms),
        signed_at=None,
        clock_moved_at=None,
    )


def dated_as_lost(order: RoutedOrder, timing: RequestTiming, now: Timestamp) -> RoutedOrder:
    """Return an order that a process which is dead now may have sent, with the latest deadline."""
    if (
        timing.terms is None
        or timing.terms.settle_ms is None
        or order.sign_by is not None
        or order.is_seen
    ):
        return order
    sign_by = Timestamp(now + timing.offset_ms + timing.error_ms)
    return replace(order, sign_by=sign_by, window_ms=timing.terms.window_max_ms)


def was_left(order: RoutedOrder, identity: Identity | None) -> bool:
    """Return whether a dead process may have sent it, and no deadline is on record.

    An order that was asked for before this process began is looked up, and never sent by it. So the
    venue's time now, which is after this process took the account's lock, is the latest timestamp
    that can be in it.
    """
    is_unseen = order.facts.status is OrderStatus.UNKNOWN and not order.is_seen
    if identity is None or not is_unseen or order.sign_by is not None:
        return False
    return (order.asked_at or 0) < identity.started_at


def _is_sale(order: RoutedOrder) -> bool:
    return priority_of(order) <= Priority.PROTECTION


def _window_ms(order: RoutedOrder, timing: RequestTiming, terms: RequestTerms) -> Milliseconds:
    """Return how long the venue may take the request: short where it sells."""
    least = terms.exit_window_ms if _is_sale(order) else terms.window_ms
    wanted = max(least, _LATENCIES * timing.latency_ms) << min(order.late, _DOUBLINGS_MOST)
    return Milliseconds(min(wanted, terms.window_max_ms))


def taken_until(order: RoutedOrder, terms: RequestTerms) -> Timestamp | None:
    """Return the last moment, on the venue's clock, at which its engine may take the order.

    None: it has no deadline on record.
    """
    stamp = order.sign_by if order.signed_at is None else order.signed_at
    if stamp is None or order.window_ms is None or terms.settle_ms is None:
        return None
    last_check = max(stamp + order.window_ms, order.clock_moved_at or 0)
    return Timestamp(last_check + terms.settle_ms)


def has_deadline(order: RoutedOrder) -> bool:
    """Return whether it is on record until when its venue may take it, and it was not shown yet."""
    unseen = order.facts.status is OrderStatus.UNKNOWN and not order.is_seen
    return unseen and order.sign_by is not None


def has_moved(before: RequestTiming, after: RequestTiming) -> bool:
    """Return whether the venue's clock moved against ours, by more than both may be wrong."""
    moved_ms = abs(after.offset_ms - before.offset_ms)
    return before.terms is not None and moved_ms > before.error_ms + after.error_ms


def after_move(order: RoutedOrder, timing: RequestTiming, now: Timestamp) -> RoutedOrder:
    """Return an order that the venue may still take, now that its clock is known to have moved."""
    if order.sign_by is None or order.is_seen or order.facts.is_terminal:
        return order
    moved_at = Timestamp(now + timing.offset_ms + timing.error_ms)
    return replace(order, clock_moved_at=moved_at, not_found_at=None)


def shown_time(
    venue_time: Timestamp | None, asked_at: int, timing: RequestTiming
) -> Timestamp | None:
    """Return the venue's time before a look, no later than the last measurement explains.

    A venue's clock that moved ahead proves nothing until it is measured: no more time has passed.
    """
    if venue_time is None:
        return None
    return Timestamp(min(venue_time, asked_at + timing.offset_ms + timing.error_ms))
