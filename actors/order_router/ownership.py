"""Whether the order under an id is the one that we asked for, and what follows where it is not.

An id alone proves nothing: a venue takes an id again after a fill, and a copy of this program may
have made it. A value that the venue does not report contradicts nothing.
"""

from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.backoff import look_up_pause_ms
from actors.order_router.facts import with_status
from actors.order_router.order import Request, RoutedOrder, is_under_way
from actors.order_router.order_store import Orders
from actors.order_router.requests import end, pause
from actors.order_router.states import Input, advance
from config.settings import RouterSettings
from messages.addresses import OBSERVERS, PORTFOLIO, POSITIONS, RECONCILER
from messages.base import CLOCKS_DIFFER_MS, Timestamp
from messages.envelope import NOTHING, Removed, Send, Step
from messages.ids import Identity, position_of
from messages.money import ZERO
from messages.observers import Alarm, AlarmKind
from messages.order_router import OrderReported, ResendConflicts
from messages.orders import (
    OrderFacts,
    OrderStatus,
    OrderType,
    RejectReason,
    TimeInForce,
)
from messages.portfolio import SymbolConflict
from messages.positions import OwnershipDoubted
from messages.reconciler import ListedOrder, OrdersUnknown

_CLEARED = "a person says that the order under this id is not ours"


def contradiction(order: RoutedOrder, report: OrderReported) -> str | None:
    """Return what the venue says of the order that is not in our record; None: nothing.

    Of an id that was looked for the record says less: that it sells, how much at most, since when.
    """
    request, terms = order.request, report.terms
    if terms is None:
        found = [] if order.asked_at is not None else _contradicted_by_facts(order, report.facts)
        return "; ".join(found) or None
    tick, step = terms.tick_size, terms.step_size
    prices = (
        ("price", terms.price, request.price),
        ("trigger price", terms.trigger_price, request.trigger_price),
    )
    differences = (
        ("symbol", terms.symbol, request.symbol, terms.symbol == request.symbol),
        ("side", terms.side, request.side, terms.side is request.side),
        ("quantity", terms.quantity, *_quantity(order, terms.quantity, step)),
        *((name, there, ours, _is_same(there, ours, tick)) for name, there, ours in prices),
        ("time", terms.placed_at, *_time(order, terms.placed_at)),
    )
    found = [f"{name} {there}, not {ours}" for name, there, ours, fits in differences if not fits]
    if order.asked_at is None:
        found += _contradicted_by_facts(order, report.facts)
    return "; ".join(found) or None


def _quantity(
    order: RoutedOrder, there: Decimal, step: Decimal | None
) -> tuple[Decimal | str, bool]:
    """Return what our record says of the quantity, and whether it fits."""
    ours = order.request.quantity
    is_same = _is_same(there, ours, step)
    if order.asked_at is None:
        return f"{ours} or less", is_same or there < ours
    return ours, is_same


def _time(order: RoutedOrder, there: Timestamp | None) -> tuple[Timestamp | None, bool]:
    """Return since when it may be there by our record, and whether its creation fits."""
    ours = order.sought_since if order.asked_at is None else order.asked_at
    return ours, ours is None or there is None or there >= ours - CLOCKS_DIFFER_MS


def _contradicted_by_facts(order: RoutedOrder, facts: OrderFacts) -> list[str]:
    """Return what its fills and its time say against an order that was looked for."""
    most, (since, fits) = order.request.quantity, _time(order, facts.at or None)
    found = [] if facts.filled <= most else [f"filled {facts.filled}, not {most} or less"]
    return found if fits else [*found, f"last change {facts.at}, not {since}"]


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
    if order.is_cleared:
        return order
    if facts.status in {OrderStatus.NEW, OrderStatus.SUBMITTED}:
        facts = replace(facts, status=advance(facts.status, Input.SUBMIT_UNKNOWN))
    if facts.status is OrderStatus.UNKNOWN:
        facts = replace(facts, reason=RejectReason.DUPLICATE_ID, text=why)
    after = replace(order, facts=facts, conflict=why, is_seen=True, forget_at=None)
    if facts.status is OrderStatus.UNKNOWN and is_under_way(order):
        return pause(after, Request.LOOK_UP, look_up_pause_ms(after, settings), now)
    return after


def undisputed(facts: OrderFacts) -> OrderFacts:
    """Return the facts of an order without the conflict that they told of."""
    return replace(facts, reason=None, text="") if facts.is_in_conflict else facts


def cleared(order: RoutedOrder, settings: RouterSettings, now: Timestamp) -> RoutedOrder:
    """Return an order in conflict after a person's word: what is there under its id is not ours."""
    after = replace(order, conflict="", is_cleared=True)
    facts = order.facts
    while not facts.is_terminal:  # one that was shown as ours before is UNKNOWN first
        facts = with_status(facts, Input.NOT_AT_VENUE, RejectReason.NEVER_PLACED, _CLEARED)
    # Never forgotten: the other order may still work, and would be taken for a stray of ours.
    return replace(end(replace(after, facts=facts), settings, now), forget_at=None)


def sends_of_conflict(before: RoutedOrder, after: RoutedOrder) -> tuple[Send, ...]:
    """Return what is told where an order comes into conflict, or out of it."""
    if before.conflict == after.conflict:
        return ()
    return told_of_conflict(after, after.conflict)


def told_of_conflict(order: RoutedOrder, why: str) -> tuple[Send, ...]:
    """Return what is told of a conflict; ``why`` empty: it is over."""
    request = order.request
    told = SymbolConflict(symbol=request.symbol, client_order_id=request.client_order_id, text=why)
    news = Send(PORTFOLIO, told)
    return (news, Send(OBSERVERS, _alarm(order, why))) if why else (news,)


def conflicts_again(orders: Orders, message: ResendConflicts) -> tuple[Send, ...]:
    """Return what is told again of the conflicts of a symbol, and of the order that is named."""
    return tuple(
        send
        for order_id, order in orders.by_id.items()
        if order.request.symbol == message.symbol
        and (order.conflict or order_id == message.client_order_id)
        for send in told_of_conflict(order, order.conflict)
    )


def _alarm(order: RoutedOrder, why: str) -> Alarm:
    request = order.request
    most = "" if order.asked_at is not None else " or less"
    asked = f"{request.side} {request.quantity}{most} {request.symbol}"
    text = (
        f"{request.client_order_id}: the exchange has an order under our id that we did not ask "
        f"for: {why} (we asked: {asked}). Its coins are left alone and {request.symbol} takes no "
        "entries; look at the exchange, then send ClearConflict to portfolio"
    )
    return Alarm(
        kind=AlarmKind.CONFLICT,
        text=text,
        position_id=request.position_id,
        symbol=request.symbol,
    )


def ended_unasked(
    orders: Orders,
    before: RoutedOrder,
    told: OrderFacts,
    settings: RouterSettings,
    now: Timestamp,
) -> tuple[Send, ...]:
    """Return the doubt where an order of ours ended, and neither we nor a fill nor a rule ended it.

    Another process with a copy of this journal may have canceled it, to sell the coins. But the
    process before this one may have asked for it without a record, while its disk was dead.
    """
    if orders.identity is None or _may_have_been_asked(
        orders, orders.identity, before, told, now, settings
    ):
        return ()
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


def _may_have_been_asked(
    orders: Orders,
    identity: Identity,
    order: RoutedOrder,
    told: OrderFacts,
    now: Timestamp,
    settings: RouterSettings,
) -> bool:
    """Return whether a request of the process before this one may have canceled an order."""
    if order.asked_at is not None and order.asked_at >= identity.started_at:
        return False
    at = told.at - orders.timing.offset_ms if told.at else now
    return at <= identity.started_at + settings.unknown_settle_ms


def of_no_record(message: OrderReported, identity: Identity | None) -> Step:
    """Raise the alarm for an order that carries an id of ours and that nobody knows (any more)."""
    facts = message.facts
    position_id = position_of(facts.client_order_id)
    if identity is not None and identity.may_be_foreign(facts.client_order_id):
        return of_another_process(message, identity)
    is_harmless = facts.is_terminal and facts.filled == ZERO
    if position_id is None or is_harmless:
        return NOTHING
    text = (
        f"{facts.client_order_id}: the venue reports an order of ours that the router does not "
        f"know: {facts.status}, filled {facts.filled} for {facts.cost}; look at the venue"
    )
    alarm = Alarm(kind=AlarmKind.UNMATCHED_FILL, text=text, position_id=position_id)
    return Step(outbox=(Send(OBSERVERS, alarm),))


def is_a_twins(
    orders: Orders, sought: RoutedOrder, message: OrderReported, settings: RouterSettings
) -> bool:
    """Return whether what is found under an id that was looked for is another process's.

    It was placed when the process whose id it has was dead for longer than a request lives. In an
    epoch that a person adopted it is ours, and where a person named us the position's owner.
    """
    identity, terms = orders.identity, message.terms
    if identity is None or not sought.is_probe or terms is None or not terms.placed_at:
        return False
    order_id = message.facts.client_order_id
    if not identity.may_be_foreign(order_id) or identity.is_adopted(order_id):
        return False
    search = orders.looking_back.get(sought.request.position_id)
    if search is not None and search.asked.is_owned:
        return False
    placed_at = terms.placed_at - orders.timing.offset_ms
    return placed_at > identity.started_at + settings.unknown_settle_ms


def left_to_a_twin(message: OrderReported, identity: Identity) -> Step:
    """Forget that an id was looked for: it is another process's until its epoch is adopted."""
    gone = Removed(kind=RoutedOrder.__name__, key=message.facts.client_order_id)
    return Step((gone,), of_another_process(message, identity).outbox)


def of_a_twin(orders: Orders, sought: RoutedOrder, message: OrderReported) -> tuple[Send, ...]:
    """Return what the reconciler hears of a conflict about an id that a twin may have used."""
    identity, order_id = orders.identity, message.facts.client_order_id
    if identity is None or not sought.is_probe or not identity.may_be_foreign(order_id):
        return ()
    return of_another_process(message, identity).outbox


def of_another_process(message: OrderReported, identity: Identity) -> Step:
    """Hand an order of our account that this process did not place to the reconciler."""
    facts, terms = message.facts, message.terms
    if terms is None or not identity.is_of_account(facts.client_order_id):
        return NOTHING
    listed = ListedOrder(
        client_order_id=facts.client_order_id,
        exchange_order_id=facts.exchange_order_id,
        is_working=not facts.is_terminal,
        filled=facts.filled,
        placed_at=terms.placed_at,
    )
    return Step(outbox=(Send(RECONCILER, OrdersUnknown(symbol=terms.symbol, orders=(listed,))),))
