"""What is sent because an order changed: the next request, the news, the alarm.

Owns who hears what. The difference between an order before and after a step says all of it, so that
nothing is told twice and nothing is told that did not change.
"""

from collections.abc import Iterator

from actors.order_router.facts import fees_beyond
from actors.order_router.order import Request, RoutedOrder, cancel_priority_of, priority_of
from actors.order_router.timing import has_deadline
from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO, position_address
from messages.base import ClientOrderId, Message, PositionId
from messages.envelope import Send
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderFacts, OrderStatus, RejectReason
from messages.portfolio import UnmatchedFill
from messages.position import OrderUpdated

_MISSING_AFTER_TRIES = 4
"""Look-ups without an answer about money, before people hear of it."""


def sends_after(before: RoutedOrder | None, after: RoutedOrder) -> Iterator[Send]:
    """Yield what to send for the change of one order; ``before`` is None for a new one."""
    if after.requests > (0 if before is None else before.requests):
        yield Send(GATEWAY, request_of(after))
    if after.is_probe:
        return
    if after.booked is None:
        if _is_news(before, after):
            yield tell(after.request.position_id, after.facts)
    elif before is None or before.booked is None or _may_tell_more(before, after):
        yield from _unmatched(after, after.booked)
    if _is_to_tell_missing(before, after):
        yield Send(OBSERVERS, _missing(after))
    if _is_overfilled(after) and (before is None or after.facts.filled > before.facts.filled):
        yield Send(OBSERVERS, _overfill(after))


def _is_news(before: RoutedOrder | None, after: RoutedOrder) -> bool:
    """Whether its position does not know it yet: that its own order was sent, it assumes."""
    if after.facts.status is OrderStatus.SUBMITTED:
        return False
    return before is None or after.facts != before.facts


def tell(position_id: PositionId, facts: OrderFacts) -> Send:
    """Return the news of one order for its position."""
    return Send(position_address(position_id), OrderUpdated(facts=facts))


def refused(position_id: PositionId, order_id: ClientOrderId, text: str) -> Send:
    """Return the refusal of an order that the router does not have."""
    facts = OrderFacts(
        client_order_id=order_id,
        status=OrderStatus.REJECTED,
        reason=RejectReason.OTHER,
        text=text,
    )
    return tell(position_id, facts)


def request_of(order: RoutedOrder) -> Message:
    """Return the message of the order's errand. Raises ``ValueError`` where it has none."""
    errand = order.errand
    if errand is None:
        raise ValueError(f"nothing is to do for {order.request.client_order_id}")
    request = order.request
    match errand.request:
        case Request.SUBMIT:
            return SubmitOrder(
                request=request,
                priority=priority_of(order),
                is_traceable=order.is_traceable,
                sign_by=order.sign_by,
                window_ms=order.window_ms,
            )
        case Request.CANCEL:
            return CancelAtVenue(
                client_order_id=request.client_order_id,
                exchange_order_id=order.facts.exchange_order_id,
                symbol=request.symbol,
                priority=cancel_priority_of(order),
            )
        case Request.LOOK_UP:
            return look_up_of(order)


def look_up_of(order: RoutedOrder) -> LookUpOrder:
    """Return the question how the order stands."""
    return LookUpOrder(
        client_order_id=order.request.client_order_id,
        exchange_order_id=order.facts.exchange_order_id,
        symbol=order.request.symbol,
        wants_time=has_deadline(order),
    )


def _unmatched(order: RoutedOrder, booked: OrderFacts) -> Iterator[Send]:
    """Tell the portfolio what its position did not book; it raises the alarm."""
    facts = order.facts
    if facts.unpriced or (facts.fees_missing and order.tries < _MISSING_AFTER_TRIES):
        return  # it is asked again: a fill is booked with its cost, and with its fees if they come
    fees = fees_beyond(facts, booked)
    if facts.filled <= booked.filled and facts.cost <= booked.cost and not fees:
        return
    unmatched = UnmatchedFill(
        client_order_id=facts.client_order_id,
        symbol=order.request.symbol,
        side=order.request.side,
        filled=facts.filled - booked.filled,
        cost=facts.cost - booked.cost,
        fees=fees,
        facts=facts,
    )
    yield Send(PORTFOLIO, unmatched)


def _may_tell_more(before: RoutedOrder, after: RoutedOrder) -> bool:
    """Whether a released order says more, or was asked for its fees often enough."""
    is_asked_enough = before.tries < _MISSING_AFTER_TRIES <= after.tries
    return after.facts != before.facts or (bool(after.facts.fees_missing) and is_asked_enough)


def _is_to_tell_missing(before: RoutedOrder | None, after: RoutedOrder) -> bool:
    """Whether the venue was asked so often what a fill cost that a person should look."""
    tries = 0 if before is None else before.tries
    return bool(after.facts.unpriced) and tries < _MISSING_AFTER_TRIES <= after.tries


def _missing(order: RoutedOrder) -> Alarm:
    request, facts = order.request, order.facts
    text = (
        f"{request.client_order_id}: the venue does not say what {facts.unpriced} of "
        f"{facts.filled} {request.symbol} filled cost; it is asked again and again, and nothing is "
        "booked of it until then"
    )
    return Alarm(
        kind=AlarmKind.VALUE_MISSING,
        text=text,
        position_id=request.position_id,
        symbol=request.symbol,
    )


def _is_overfilled(order: RoutedOrder) -> bool:
    return order.facts.filled > order.request.quantity


def _overfill(order: RoutedOrder) -> Alarm:
    request = order.request
    text = (
        f"{request.client_order_id}: the venue filled {order.facts.filled} of {request.quantity} "
        f"{request.symbol}; all of it is booked"
    )
    return Alarm(
        kind=AlarmKind.OVERFILL,
        text=text,
        position_id=request.position_id,
        symbol=request.symbol,
    )
