"""What proves that an order is not at its venue: two equal looks, and how late what they saw is.

A look asks for the order by its id. A whole look asks also for the open orders, the fills and the
balance, and cancels the order in the engine by its client id. Each read may come from a cache, and
the cancel does not tell an order that filled from one that was never placed. So a look counts only
if it was sent after an answer of the venue had shown that the order is taken no more, and:

- the lag of the venue's reads has passed since; or
- the account's stream had no gap from before the signing until after the look, and its lag has
  passed: it would have told of the order; or
- the balance, which shows a later event, is as it was before the signing: the order, of a type that
  locks its coins, neither rests nor filled.

Where a part of a look is missing, the lag is waited for. One part that contradicts the others means
that the outcome is unknown.
"""

from msgspec.structs import replace

from actors.order_router.order import RoutedOrder
from actors.order_router.order_store import Orders
from actors.order_router.timing import (
    BETWEEN_LOOKS_MS,
    SIGN_WITHIN_MS,
    RequestTiming,
    has_deadline,
    taken_until,
)
from messages.base import CLOCKS_DIFFER_MS, Timestamp
from messages.envelope import Send, Step
from messages.gateway import LookUpOrder
from messages.market import RequestTerms
from messages.money import ZERO
from messages.order_router import WholeLook

LOOKS_MOST = 8
"""Whole looks for one order in a row: each weighs as much as twelve look-ups."""
LATER_LOOKS_MS = 60_000
"""After those, between two of them."""


def with_whole_looks(orders: Orders, step: Step) -> Step:
    """Return the step with the moment in each look-up from which on it is to be a whole look."""
    terms = orders.timing.terms
    if terms is None or terms.settle_ms is None:
        return step
    changed = {
        one.request.client_order_id: one for one in step.changes if isinstance(one, RoutedOrder)
    }
    sends = []
    for send in step.outbox:
        message = send.message
        if isinstance(message, LookUpOrder) and message.wants_time:
            order = changed.get(message.client_order_id)
            after = None if order is None else _whole_after(order, terms)
            since = None if order is None or after is None else _signed_from(order)
            whole = replace(message, whole_after=after, fills_since=since)
            sends.append(Send(send.to, whole))
        else:
            sends.append(send)
    return Step(step.changes, tuple(sends))


def after_look(
    order: RoutedOrder, at: Timestamp, look: WholeLook | None, terms: RequestTerms
) -> tuple[RoutedOrder, bool]:
    """Return an order after a look that did not find it, and whether it is proven absent.

    ``at``: the venue's time, of an answer that was there before the look was sent.
    """
    before, first = order.look, order.not_found_at
    if look is not None:
        order = replace(order, look=look, looks=order.looks + 1, looked_at=at)
    until = taken_until(order, terms)
    if until is None or not _counts(order, at, look, until, terms):
        return replace(order, not_found_at=None), False
    if first is None or not _is_equal(before, look):
        return replace(order, not_found_at=at), False
    if at - first < BETWEEN_LOOKS_MS:
        return order, False
    if first > until + terms.read_lag_ms or _is_current(order, at, look, until, terms):
        return order, True
    if at > until + terms.read_lag_ms:  # what replaced the lag at the first look is gone
        order = replace(order, not_found_at=at)
    return order, False


def look_wait_ms(order: RoutedOrder, timing: RequestTiming, now: Timestamp) -> int | None:
    """Return how long to wait until a look can count; None: it has no deadline on record.

    0: it could count already.
    """
    terms = timing.terms
    if terms is None or not has_deadline(order):
        return None
    until = taken_until(order, terms)
    if until is None:
        return None
    next_at = until + 1 + (0 if _may_be_early(order, terms) else terms.read_lag_ms)
    if order.not_found_at is not None:
        next_at = order.not_found_at + BETWEEN_LOOKS_MS
        if order.not_found_at <= until + terms.read_lag_ms:
            next_at = max(next_at, until + 1 + (terms.stream_lag_ms or 0))
    return max(next_at - (now + timing.offset_ms) + timing.error_ms, 0)


def contradiction(order: RoutedOrder, look: WholeLook, terms: RequestTerms) -> str:
    """Return what a look saw that speaks for the order although it did not find it; empty: none."""
    if look.unexplained > ZERO and _locks(order, terms) and not _is_locked_as_before(look):
        return f"{look.unexplained} are locked that no listed order explains"
    if look.total is not None and look.total_before is not None and not look.fills:
        gone = look.total_before - look.total
        if gone > ZERO:
            return f"{gone} are gone that no listed fill explains"
    return ""


def _counts(
    order: RoutedOrder,
    at: Timestamp,
    look: WholeLook | None,
    until: Timestamp,
    terms: RequestTerms,
) -> bool:
    """Return whether a look that did not find the order is one of two that prove its absence."""
    if at <= until:
        return False
    if order.look is not None and contradiction(order, order.look, terms):
        return False
    if at > until + terms.read_lag_ms:
        return True
    return _is_shown(order, look, until, terms)


def _is_current(
    order: RoutedOrder,
    at: Timestamp,
    look: WholeLook | None,
    until: Timestamp,
    terms: RequestTerms,
) -> bool:
    """Return whether a look, without the lag, shows all that the venue took until ``until``."""
    if look is None or not _is_shown(order, look, until, terms):
        return False
    is_after_lag = at > until + (terms.stream_lag_ms or 0)
    return is_after_lag or _is_unchanged(order, look, until, terms)


def _is_shown(
    order: RoutedOrder, look: WholeLook | None, until: Timestamp, terms: RequestTerms
) -> bool:
    """Return whether a look has what may stand for the lag of the venue's reads."""
    if look is None or look.missing:
        return False
    is_told = terms.stream_lag_ms is not None and _is_heard(look)
    return is_told or _is_unchanged(order, look, until, terms)


def _is_heard(look: WholeLook) -> bool:
    """Return whether the account's stream had no gap from before the signing until now."""
    return look.stream != 0 and look.stream == look.signed_on


def _is_unchanged(
    order: RoutedOrder, look: WholeLook, until: Timestamp, terms: RequestTerms
) -> bool:
    """Return whether a balance of after ``until`` is as it was before the order was signed."""
    if look.balance_shows is None or look.balance_shows <= until or look.total is None:
        return False
    is_same = (look.total, look.free) == (look.total_before, look.free_before)
    return is_same and _locks(order, terms)


def _locks(order: RoutedOrder, terms: RequestTerms) -> bool:
    """Return whether the order keeps its coins from others while it rests."""
    return order.request.type in terms.locking


def _is_locked_as_before(look: WholeLook) -> bool:
    """Return whether no more is locked than before the order was signed."""
    if look.total is None or look.total_before is None:
        return False
    if look.free is None or look.free_before is None:
        return False
    return look.total - look.free <= look.total_before - look.free_before


def _is_equal(one: WholeLook | None, other: WholeLook | None) -> bool:
    """Return whether two looks saw the same; one at the id alone saw nothing else."""
    if one is None or other is None:
        return True
    return (one.open_orders, one.fills, one.total, one.free) == (
        other.open_orders,
        other.fills,
        other.total,
        other.free,
    )


def _may_be_early(order: RoutedOrder, terms: RequestTerms) -> bool:
    """Return whether a look may count before the lag of the venue's reads has passed."""
    if order.is_probe or terms.stream_lag_ms is None or order.looks >= LOOKS_MOST:
        return False
    look = order.look
    return look is None or (not look.missing and _is_heard(look))


def _whole_after(order: RoutedOrder, terms: RequestTerms) -> Timestamp | None:
    """Return the venue's time after which a look is to be a whole one; None: never."""
    until = taken_until(order, terms)
    if until is None or order.is_probe:
        return None
    after = until if _may_be_early(order, terms) else until + terms.read_lag_ms
    if order.looks >= LOOKS_MOST and order.looked_at is not None:
        after = max(after, order.looked_at + LATER_LOOKS_MS)
    return Timestamp(after)


def _signed_from(order: RoutedOrder) -> Timestamp | None:
    """Return the venue's time before which the order was not signed, with room for its clock."""
    stamp = order.signed_at
    if stamp is None and order.sign_by is not None:
        stamp = Timestamp(order.sign_by - SIGN_WITHIN_MS)
    return None if stamp is None else Timestamp(stamp - CLOCKS_DIFFER_MS)
