"""What is done for an order next: pure functions from one order to the same order later.

Owns when a request goes out, waits or is dropped. Each function returns an order whose ``requests``
has grown by one at most; the core sends the errand that made it grow.
"""

from msgspec.structs import replace

from actors.order_router.backoff import look_up_pause_ms, retry_pause_ms
from actors.order_router.facts import with_status
from actors.order_router.order import (
    Errand,
    Request,
    RoutedOrder,
    cancel_priority_of,
    is_live,
    is_under_way,
    priority_of,
)
from actors.order_router.states import Input
from config.settings import RouterSettings
from messages.base import Timestamp
from messages.money import ZERO
from messages.orders import (
    OrderStatus,
    OrderType,
    Priority,
    RejectReason,
    TimeInForce,
)


def send(
    order: RoutedOrder, request: Request, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Let ``request`` go out now; what may be another's order is looked up, never canceled."""
    if request is Request.CANCEL and order.conflict:
        request = Request.LOOK_UP
    overdue_at = Timestamp(now + settings.answer_timeout_ms)
    submits = request is Request.SUBMIT
    return replace(
        order,
        facts=with_status(order.facts, Input.SENT) if submits else order.facts,
        errand=Errand(request=request, is_sent=True, at=overdue_at),
        requests=order.requests + 1,
        tries=order.tries + 1,
        look_up_next=order.look_up_next and request is not Request.LOOK_UP,
        cancel_sent=order.cancel_sent or request is Request.CANCEL,
    )


def pause(order: RoutedOrder, request: Request, pause_ms: int, now: Timestamp) -> RoutedOrder:
    """Let ``request`` go out after a pause."""
    at = Timestamp(now + pause_ms)
    return replace(order, errand=Errand(request=request, is_sent=False, at=at))


def want_cancel(
    order: RoutedOrder, priority: Priority, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Want the order canceled: at once, or as soon as its submit is answered.

    A cancel that overtook its submit would be refused, and the order would live. An order that the
    venue has shown is canceled at once, whatever answer is awaited. Asked again, it is only sent
    again if it is more urgent than before.
    """
    if order.facts.is_terminal or (order.cancel is not None and order.cancel <= priority):
        return order
    is_more_urgent = priority < cancel_priority_of(order)
    wanted = replace(order, cancel=priority)
    if order.facts.status is OrderStatus.NEW:
        return withdraw(wanted, settings, now)
    if is_under_way(order, Request.CANCEL):
        return send(wanted, Request.CANCEL, settings, now) if is_more_urgent else wanted
    wanted = replace(wanted, tries=0)
    is_awaited = is_under_way(order) and not is_live(order)
    return wanted if is_awaited else send(wanted, Request.CANCEL, settings, now)


def withdraw(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Cancel an order that is not out: it never goes out."""
    facts = with_status(order.facts, Input.WITHDRAWN, RejectReason.WITHDRAWN)
    return end(replace(order, facts=facts), settings, now)


def settle(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Find out what became of a submit without an answer.

    What protects is looked up first: if it is there it stays. All else is canceled by its client
    id: what the cancel finds is over for certain; what it does not find, look-ups decide.
    """
    is_kept = priority_of(order) is Priority.PROTECTION and order.cancel is None
    first = Request.LOOK_UP if is_kept else Request.CANCEL
    return send(replace(order, tries=0), first, settings, now)


def go_on(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Do what is due next for an order at the venue, or let it rest there."""
    if order.errand is not None:
        return order
    if order.look_up_next:
        return send(order, Request.LOOK_UP, settings, now)
    is_unknown = order.facts.status is OrderStatus.UNKNOWN
    if order.cancel is not None and not is_unknown:
        if order.tries == 0:
            return send(order, Request.CANCEL, settings, now)
        return pause(order, Request.CANCEL, retry_pause_ms(order, settings), now)
    if is_unknown or _never_rests(order) or not order.facts.is_complete:
        is_about_money = not is_unknown and not _never_rests(order)
        pause_ms = retry_pause_ms if is_about_money else look_up_pause_ms
        return pause(order, Request.LOOK_UP, pause_ms(order, settings), now)
    return replace(order, tries=0)


def end(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Drop what was still to do for an order that is over, and say when to forget it.

    One with fills is kept until its position has let go of it: together they say what it holds.
    """
    is_needed = order.facts.filled > ZERO and (order.booked is None or order.facts.unpriced > ZERO)
    ended = replace(
        order,
        errand=None,
        tries=0,
        cancel=None,
        look_up_next=False,
        not_found=0,
        not_found_since=None,
        not_found_at=None,
        look=None,
        wait_ends_at=None,
        forget_at=None if is_needed else Timestamp(now + settings.terminal_ttl_ms),
    )
    return ended if order.facts.is_complete else ask_for_money(ended, settings, now)


def ask_for_money(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Look an order that is over up again: what it cost, or its fees, are not known yet.

    More and more slowly, until it is forgotten; while its cost is not known it is not forgotten.
    """
    if order.facts.is_complete:
        return replace(order, errand=None, tries=0)
    pause_ms = retry_pause_ms(order, settings) * max(order.tries, 1)
    return pause(order, Request.LOOK_UP, pause_ms, now)


def _never_rests(order: RoutedOrder) -> bool:
    """Return whether a venue should end it at once: then silence means that an event was lost."""
    request = order.request
    return request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IOC
