"""The model's venue: whatever a venue may do with a request, or with a working order.

Each function yields what may happen, for people, and the world after it.
"""

from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.timing import RequestTiming
from messages.addresses import GATEWAY, ORDER_ROUTER
from messages.base import Message, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.money import Money
from messages.order_router import (
    CancelFailed,
    FailureKind,
    OrderNotFound,
    OrderReported,
    SubmitFailed,
    WholeLook,
)
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderTerms,
    OrderType,
    RejectReason,
    Side,
    StopStatus,
)
from messages.portfolio import BalancesReported
from verification.model.world import FEE, UNIT, Next, OnItsWay, Venue, World, held, mailed, put
from verification.simulation import plans

TIMING = RequestTiming(terms=replace(plans.TERMS, locking=()))
"""Both clocks are one, and no second sale is sent beside one of unknown outcome."""
_HAS_STOP = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.OCO}


def asked(world: World, message: Message, text: str) -> Iterator[Next]:
    match message:
        case SubmitOrder(request=request):
            yield from _submitted(world, request, text)
            if world.faults and message.window_ms is not None:
                yield f"{text} (on its way, no answer)", _sent(world, message, message.window_ms)
                yield from _filled_unheard(world, message, text)
        case CancelAtVenue() | LookUpOrder():
            yield from _cancel_or_look(world, message, text)
        case _:
            raise AssertionError(message)


def _submitted(world: World, request: OrderRequest, text: str) -> Iterator[Next]:
    order_id = request.client_order_id
    stop = StopStatus.WORKING if request.type in _HAS_STOP else StopStatus.NONE
    facts = OrderFacts(client_order_id=order_id, status=OrderStatus.OPEN, stop=stop)
    order = Venue(request, facts)
    accepted = replace(world, venue=(*world.venue, order))
    if _would_trigger(world, request):
        reason = RejectReason.WOULD_TRIGGER_AT_ONCE
        refused = SubmitFailed(client_order_id=order_id, kind=FailureKind.REJECTED, reason=reason)
        yield text, mailed(world, GATEWAY, ORDER_ROUTER, refused)
        return
    if request.type is OrderType.MARKET:
        yield text, _filled(accepted, order, request.quantity)
    else:
        yield text, mailed(accepted, GATEWAY, ORDER_ROUTER, OrderReported(facts=facts))
    if not world.faults:
        return
    unknown = SubmitFailed(client_order_id=order_id, kind=FailureKind.UNKNOWN)
    refused = SubmitFailed(
        client_order_id=order_id,
        kind=FailureKind.REJECTED,
        reason=RejectReason.INSUFFICIENT_FUNDS,
    )
    fewer = replace(world, faults=world.faults - 1)
    lost = replace(accepted, faults=world.faults - 1)
    yield f"{text} (30005)", mailed(fewer, GATEWAY, ORDER_ROUTER, refused)
    yield f"{text} (never arrived)", mailed(fewer, GATEWAY, ORDER_ROUTER, unknown)
    yield f"{text} (done, its answer lost)", mailed(lost, GATEWAY, ORDER_ROUTER, unknown)


def _sent(world: World, message: SubmitOrder, window_ms: int) -> World:
    """Let a request be on its way until its last moment; the answer says that nobody knows."""
    settle_ms = plans.TERMS.settle_ms or 0
    until = Timestamp(world.now + window_ms + settle_ms)
    unknown = SubmitFailed(
        client_order_id=message.request.client_order_id,
        kind=FailureKind.UNKNOWN,
        signed_at=world.now,
    )
    on_its_way = (*world.on_its_way, OnItsWay(message.request, until))
    sent = replace(world, faults=world.faults - 1, on_its_way=on_its_way)
    return mailed(sent, GATEWAY, ORDER_ROUTER, unknown)


def _filled_unheard(world: World, message: SubmitOrder, text: str) -> Iterator[Next]:
    """Yield that a market order fills in a gap of the stream, and its answer is lost."""
    request = message.request
    if request.type is not OrderType.MARKET:
        return
    facts = OrderFacts(client_order_id=request.client_order_id, status=OrderStatus.OPEN)
    hidden_until = Timestamp(world.now + plans.TERMS.read_lag_ms)
    order = Venue(request, facts, hidden_until)
    filled = replace(_filled(world, order, request.quantity), mail=world.mail)
    unknown = SubmitFailed(
        client_order_id=request.client_order_id, kind=FailureKind.UNKNOWN, signed_at=world.now
    )
    fewer = replace(filled, faults=world.faults - 1)
    yield f"{text} (filled in a gap)", mailed(fewer, GATEWAY, ORDER_ROUTER, unknown)


def arrived(world: World, one: OnItsWay) -> Iterator[Next]:
    """Yield what a request does that comes late: its answer is not awaited any more."""
    left = tuple(other for other in world.on_its_way if other is not one)
    without = replace(world, on_its_way=left, faults=0)
    text = f"Note over venue: {one.request.client_order_id} arrives"
    for told, after in _submitted(without, one.request, text):
        yield told, replace(after, faults=world.faults)


def _cancel_or_look(
    world: World, message: CancelAtVenue | LookUpOrder, text: str
) -> Iterator[Next]:
    order_id = message.client_order_id
    order = next((o for o in world.venue if o.facts.client_order_id == order_id), None)
    refused = CancelFailed(client_order_id=order_id, kind=FailureKind.REJECTED)
    if order is None:
        missing = refused if isinstance(message, CancelAtVenue) else _not_found(world, message)
        yield text, mailed(world, GATEWAY, ORDER_ROUTER, missing)
    elif isinstance(message, LookUpOrder):
        found = OrderReported(facts=order.facts, terms=_terms(order.request))
        yield text, mailed(world, GATEWAY, ORDER_ROUTER, found)
        if order.hidden_until is not None and world.now < order.hidden_until:
            stale = _not_found(world, message, is_hidden=True)
            yield f"{text} (from a cache)", mailed(world, GATEWAY, ORDER_ROUTER, stale)
    elif order.facts.is_terminal:
        yield text, mailed(world, GATEWAY, ORDER_ROUTER, refused)
    else:
        gone = StopStatus.GONE if order.facts.stop is StopStatus.WORKING else order.facts.stop
        over = replace(order.facts, status=OrderStatus.CANCELED, stop=gone)
        yield text, _told(world, order, over)
        if world.faults:
            fewer = replace(world, faults=world.faults - 1)
            yield f"{text} (refused)", mailed(fewer, GATEWAY, ORDER_ROUTER, refused)
            lost = put(fewer, order, over)
            unknown = replace(refused, kind=FailureKind.UNKNOWN)
            yield (
                f"{text} (done, its answer lost)",
                mailed(lost, GATEWAY, ORDER_ROUTER, unknown),
            )


def _not_found(world: World, message: LookUpOrder, *, is_hidden: bool = False) -> OrderNotFound:
    """Return the answer to a look that finds nothing: its other parts see nothing either.

    ``is_hidden``: the order is there, and the stream had a gap since it was signed.
    """
    after = message.whole_after
    is_whole = after is not None and world.now > after
    return OrderNotFound(
        client_order_id=message.client_order_id,
        venue_time=world.now if message.wants_time else None,
        look=WholeLook(stream=2 if is_hidden else 1, signed_on=1) if is_whole else None,
    )


def _terms(request: OrderRequest) -> OrderTerms:
    """Return what a look-up says that an order is."""
    return OrderTerms(
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        price=request.price,
        trigger_price=request.trigger_price,
        step_size=UNIT,
        tick_size=UNIT,
    )


def of_its_own_accord(world: World, order: Venue) -> Iterator[Next]:
    """Yield what the market does to a working order: a fill of a unit or of all; a touch."""
    request, facts = order.request, order.facts
    if facts.is_terminal:
        return
    name = facts.client_order_id
    if facts.stop is StopStatus.WORKING and world.price <= float(request.trigger_price or 0):
        touched = replace(facts, stop=StopStatus.TRIGGERED)
        yield f"Note over venue: {name} is touched", _told(world, order, touched)
    is_limit_met = request.price is not None and world.price >= float(request.price)
    if facts.stop is StopStatus.TRIGGERED or is_limit_met or request.type is OrderType.MARKET:
        left = request.quantity - facts.filled
        yield f"Note over venue: {name} fills", _filled(world, order, left)
        if left > UNIT:
            part = _filled(world, order, UNIT)
            yield f"Note over venue: a unit of {name} fills", part


def _filled(world: World, order: Venue, quantity: Decimal) -> World:
    filled = order.facts.filled + quantity
    is_whole = filled == order.request.quantity
    stop = order.facts.stop
    facts = replace(
        order.facts,
        status=OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
        filled=filled,
        cost=order.facts.cost + quantity * Decimal(int(world.price)),
        fees=(Money(plans.USDT, filled * FEE),),
        stop=StopStatus.GONE if stop is StopStatus.WORKING else stop,
    )
    return _told(world, order, facts)


def _told(world: World, order: Venue, facts: OrderFacts) -> World:
    return mailed(put(world, order, facts), GATEWAY, ORDER_ROUTER, OrderReported(facts=facts))


def _would_trigger(world: World, request: OrderRequest) -> bool:
    trigger = request.trigger_price
    return trigger is not None and world.price <= float(trigger)


def balances(world: World) -> BalancesReported:
    """Tell what the venue has of the base; the wallet has more than enough of the rest."""
    total = held(world.venue)
    locked = sum(
        (
            order.request.quantity - order.facts.filled
            for order in world.venue
            if order.request.side is Side.SELL and not order.facts.is_terminal
        ),
        Decimal(0),
    )
    free = max(total - locked, Decimal(0))
    return BalancesReported(total=(Money(plans.BTC, total),), free=(Money(plans.BTC, free),))
