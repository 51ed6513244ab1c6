"""Whether the order under an id is the one that we asked for, and what follows where it is not.

An id alone proves nothing: a venue takes an id again after a fill, and a copy of this program may
have made it. A value that the venue does not report contradicts nothing.
"""

from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.backoff import look_up_pause_ms
from actors.order_router.errands import pause
from actors.order_router.order import Request, RoutedOrder, is_under_way
from actors.order_router.states import Input, advance
from config.settings import RouterSettings
from messages.addresses import OBSERVERS, PORTFOLIO, POSITIONS
from messages.base import CLOCKS_DIFFER_MS, Timestamp
from messages.envelope import Send
from messages.money import ZERO
from messages.observers import Alarm, AlarmKind
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderTerms,
    OrderType,
    TimeInForce,
)
from messages.portfolio import SymbolConflict
from messages.positions import OwnershipDoubted


def contradiction(order: RoutedOrder, terms: OrderTerms | None) -> str | None:
    """Return what the venue says of the order that we did not ask for; None: nothing."""
    if terms is None or order.asked_at is None:  # one that was looked for: see looking_back.is_ours
        return None
    request, tick = order.request, terms.tick_size
    oldest = order.asked_at - CLOCKS_DIFFER_MS
    differences = (
        ("symbol", terms.symbol, request.symbol, terms.symbol == request.symbol),
        ("side", terms.side, request.side, terms.side is request.side),
        (
            "quantity",
            terms.quantity,
            request.quantity,
            _is_same(terms.quantity, request.quantity, terms.step_size),
        ),
        ("price", terms.price, request.price, _is_same(terms.price, request.price, tick)),
        (
            "trigger price",
            terms.trigger_price,
            request.trigger_price,
            _is_same(terms.trigger_price, request.trigger_price, tick),
        ),
        (
            "time",
            terms.placed_at,
            order.asked_at,
            terms.placed_at is None or terms.placed_at >= oldest,
        ),
    )
    found = [f"{name} {there}, not {ours}" for name, there, ours, fits in differences if not fits]
    return "; ".join(found) or None


def _is_same(there: Decimal | None, ours: Decimal | None, step: Decimal | None) -> bool:
    """Return whether two values are equal at the venue's precision, or one is not said.

    ``step``: orders that differ do so by one at least. Ours was whole when it was sent, but the
    market's rules may have changed since, and an answer may round or bring a float's last digit.
    """
    if there is None or ours is None or not there or there == ours:
        return True
    return step is not None and abs(there - ours) < step


def in_conflict(
    order: RoutedOrder, why: str, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Return an order whose id another one has: it may be there too, so it stays in doubt."""
    facts = order.facts
    if facts.status in {OrderStatus.NEW, OrderStatus.SUBMITTED}:
        facts = replace(facts, status=advance(facts.status, Input.SUBMIT_UNKNOWN))
    after = replace(order, facts=facts, conflict=why, is_seen=True, forget_at=None)
    if facts.status is OrderStatus.UNKNOWN and is_under_way(order):
        return pause(after, Request.LOOK_UP, look_up_pause_ms(after, settings), now)
    return after


def sends_of_conflict(before: RoutedOrder, after: RoutedOrder) -> tuple[Send, ...]:
    """Return what is told where an order comes into conflict, or out of it."""
    if before.conflict == after.conflict:
        return ()
    request = after.request
    told = SymbolConflict(
        symbol=request.symbol, client_order_id=request.client_order_id, text=after.conflict
    )
    sends = [Send(PORTFOLIO, told)]
    if after.conflict:
        sends.append(Send(OBSERVERS, _alarm(request, after.conflict)))
    return tuple(sends)


def _alarm(request: OrderRequest, why: str) -> Alarm:
    asked = f"{request.side} {request.quantity} {request.symbol}"
    text = (
        f"{request.client_order_id}: the exchange has an order under our id that we did not ask "
        f"for: {why} (we asked: {asked}). Its coins are left alone and {request.symbol} takes no "
        "entries; look at the exchange"
    )
    return Alarm(
        kind=AlarmKind.CONFLICT,
        text=text,
        position_id=request.position_id,
        symbol=request.symbol,
    )


def ended_unasked(before: RoutedOrder, told: OrderFacts) -> tuple[Send, ...]:
    """Return the doubt where an order of ours ended, and neither we nor a fill nor a rule ended it.

    Another process with a copy of this journal may have canceled it, to sell the coins.
    """
    request = before.request
    ends_itself = request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IOC
    was_working = not before.facts.is_terminal and before.is_seen
    if (
        told.status is not OrderStatus.CANCELED
        or not was_working
        or told.filled > ZERO
        or told.reason is not None
        or before.cancel_sent
        or before.cancel is not None
        or ends_itself
    ):
        return ()
    reason = (
        f"{request.client_order_id} was canceled at the exchange, and this process did not ask for "
        "it: another process with a copy of this journal, or a person, did"
    )
    return (Send(POSITIONS, OwnershipDoubted(reason=reason, position_id=request.position_id)),)
