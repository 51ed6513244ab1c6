"""What the order router does with a message. Pure: no actor, no clock, no venue, no log.

Owns the way of a message to its order, and of the order's change to those who hear of it. Rules:

- A position's requests may be asked twice: the second one is answered with what is known.
- An order has one request under way at most: a cancel waits for the submit's answer, unless the
  stream has shown the order.
- Only what surely did not reach the venue is sent again; what may have is looked for where it
  protects, else canceled by its id and then looked for, and believed never placed only after
  several not-founds on a healthy stream.
- Nothing at the gateway is waited for without a deadline.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from actors.order_router import (
    absence,
    ownership,
    reconciliation,
    recovery,
    replies,
    second_sales,
    timing,
)
from actors.order_router.notifications import refused, sends_after, tell
from actors.order_router.order import (
    Request,
    RoutedOrder,
    VenueStream,
    priority_of,
    value_of,
)
from actors.order_router.order_store import Orders
from actors.order_router.requests import send, want_cancel
from config.settings import RouterSettings
from messages.addresses import position_address
from messages.base import ClientOrderId, Message, PositionId, Timestamp
from messages.envelope import NOTHING, Removed, Send, Step, Wake
from messages.ids import position_of
from messages.order_router import (
    CancelFailed,
    CancelOrder,
    CompareOrders,
    ConflictCleared,
    ListSymbols,
    ListUnfilled,
    LookBack,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    PlaceOrder,
    ReadLedger,
    ReleaseOrders,
    RequestTimingMeasured,
    ResendConflicts,
    ResendOrders,
    StreamChanged,
    SubmitFailed,
    SubmitHeld,
)
from messages.orders import OrderFacts, OrderRequest, OrderStatus, Priority, RejectReason, Side
from messages.position import LedgerOrder, LedgerRead, OrdersReleased, VenueReachability
from messages.reconciler import IdentityChanged

Change = tuple[RoutedOrder | None, RoutedOrder]
"""One order before (None: it is new) and after."""


def step(orders: Orders, settings: RouterSettings, message: Message, now: Timestamp) -> Step:
    """Return what ``message`` changes and sends.

    Raises:
        TypeError: the message is none of the router's.

    """
    if isinstance(message, LookBack):
        return _with_deadlines(orders, recovery.begin(orders, message, settings, now), now)
    taken = _take(orders, settings, message, now)
    if orders.looking_back:
        further = recovery.go_on(orders, taken, settings, now)
        taken = _with_deadlines(orders, further, now)
    offered = second_sales.offered(orders, taken, settings, now)
    held = second_sales.held_back(orders, offered, settings, now)
    return absence.with_whole_looks(orders, held)


def _with_deadlines(orders: Orders, step_: Step, now: Timestamp) -> Step:
    """Return the step with the latest deadline for each id that a dead process may have used."""
    if orders.timing.terms is None:
        return step_
    changes = tuple(
        timing.dated_as_lost(one, orders.timing, now)
        if isinstance(one, RoutedOrder) and one.is_probe
        else one
        for one in step_.changes
    )
    return Step(changes, step_.outbox)


def _take(  # noqa: C901, PLR0911, PLR0912 - one for each kind of message
    orders: Orders, settings: RouterSettings, message: Message, now: Timestamp
) -> Step:
    match message:
        case PlaceOrder() | CancelOrder() | ReleaseOrders() | ResendOrders() | ReadLedger():
            return _wish(orders, settings, message, now)
        case OrderReported():
            order = orders.by_id.get(message.facts.client_order_id)
            if order is None:
                return ownership.of_no_record(message, orders.identity)
            return _reported(orders, order, message, settings, now)
        case SubmitFailed() | SubmitHeld() | CancelFailed() | OrderNotFound() | LookUpFailed():
            order = orders.by_id.get(message.client_order_id)
            if order is None:
                return NOTHING
            return _conclude([(order, _answered(orders, order, message, settings, now))])
        case ListSymbols():
            return Step(outbox=(reconciliation.symbols(orders),))
        case ListUnfilled():
            return Step(outbox=(reconciliation.unfilled(orders),))
        case CompareOrders():
            behind = reconciliation.behind(orders, message, settings, now)
            compared = _conclude(behind, reconciliation.unknown(orders, message))
            more = recovery.listed(orders, message, settings, now)
            return Step(compared.changes + more.changes, compared.outbox + more.outbox)
        case ConflictCleared():
            return _cleared(orders, message, settings, now)
        case ResendConflicts():
            return Step(outbox=ownership.conflicts_again(orders, message))
        case IdentityChanged():
            return Step((message.identity,))
        case RequestTimingMeasured():
            return _measured(orders, message, settings, now)
        case StreamChanged():
            return _stream_changed(orders, message, settings, now)
        case Wake():
            return _wake(orders, ClientOrderId(message.key), settings, now)
        case _:
            raise TypeError(f"the order router does not take {type(message).__name__}")


def _reported(
    orders: Orders,
    order: RoutedOrder,
    message: OrderReported,
    settings: RouterSettings,
    now: Timestamp,
) -> Step:
    """Take in how an order stands, where it is the one that we asked for."""
    if orders.identity is not None and ownership.is_a_twins(orders, order, message, settings):
        return ownership.left_to_a_twin(message, orders.identity)
    why = ownership.contradiction(order, message)
    if why is not None:
        after = ownership.in_conflict(order, why, settings, now)
        sends = ownership.sends_of_conflict(order, after)
        return _conclude([(order, after)], sends + ownership.of_a_twin(orders, order, message))
    if (order.conflict or order.is_cleared) and message.terms is None:
        return NOTHING  # what is said of the id may be the other order's
    found = replace(order, is_probe=False, conflict="", facts=ownership.undisputed(order.facts))
    after = replies.reported(found, message.facts, settings, now)
    more = ownership.sends_of_conflict(order, after)
    more += ownership.ended_unasked(orders, order, message.facts, settings, now)
    return _conclude([(order, after)], more)


def _cleared(
    orders: Orders, message: ConflictCleared, settings: RouterSettings, now: Timestamp
) -> Step:
    order = orders.by_id.get(message.client_order_id)
    if order is None or not order.conflict:
        return NOTHING
    return _conclude([(order, ownership.cleared(order, settings, now))])


def _wish(
    orders: Orders,
    settings: RouterSettings,
    message: PlaceOrder | CancelOrder | ReleaseOrders | ResendOrders | ReadLedger,
    now: Timestamp,
) -> Step:
    match message:
        case PlaceOrder():
            return _place(orders, message.request, settings, now)
        case CancelOrder():
            return _cancel(orders, message, settings, now)
        case ReleaseOrders():
            return _release(orders, message, settings, now)
        case ResendOrders():
            return _resend(orders, message)
        case ReadLedger():
            return _ledger(orders, message)


def _measured(
    orders: Orders, measured: RequestTimingMeasured, settings: RouterSettings, now: Timestamp
) -> Step:
    """Take in the venue's clock; where it moved, what waits for it waits by the new time.

    An order that a dead process left without a deadline has one from now on: its position hears of
    it, as it may sell beside it.
    """
    latest, known = timing.timing_of(measured), orders.by_id.values()
    left = [o for o in known if timing.was_left(o, orders.identity)] if latest.is_bounded else []
    changes = [(o, timing.dated_as_lost(o, latest, now)) for o in left]
    if timing.has_moved(orders.timing, latest):
        dated = {order.request.client_order_id for order in left}
        others = (o for o in known if o.request.client_order_id not in dated)
        changes += [(o, replies.clock_moved(o, latest, settings, now)) for o in others]
    news = tuple(send_ for order in left for send_ in _news(order))
    concluded = _conclude(changes, news)
    return Step((latest, *concluded.changes), concluded.outbox)


def _dated(
    orders: Orders,
    before: RoutedOrder,
    after: RoutedOrder,
    settings: RouterSettings,
    now: Timestamp,
) -> RoutedOrder:
    """Return the order with the deadline of the copy that leaves in this step, if one may."""
    if after.requests == before.requests:
        return after
    return timing.dated(second_sales.refused(orders, after, settings, now), orders.timing, now)


def _answered(
    orders: Orders,
    order: RoutedOrder,
    message: SubmitFailed | SubmitHeld | CancelFailed | OrderNotFound | LookUpFailed,
    settings: RouterSettings,
    now: Timestamp,
) -> RoutedOrder:
    match message:
        case SubmitFailed():
            after = replies.submit_failed(order, message, settings, now)
            return _dated(orders, order, after, settings, now)
        case SubmitHeld():
            return replies.held(order, settings, now)
        case CancelFailed():
            return replies.cancel_failed(order, message, settings, now)
        case OrderNotFound():
            known = replies.Known(orders.venue, orders.timing, message.venue_time, message.look)
            return replies.not_found(order, known, settings, now)
        case LookUpFailed():
            return replies.look_up_failed(order, message, settings, now)


def _conclude(changes: Iterable[Change], more: tuple[Send, ...] = ()) -> Step:
    """Return the step that the changes of orders make, and what else it sends."""
    changed = [(before, after) for before, after in changes if before != after]
    sends = [send_ for before, after in changed for send_ in sends_after(before, after)]
    return Step(tuple(after for _, after in changed), (*sends, *more))


def _place(orders: Orders, request: OrderRequest, settings: RouterSettings, now: Timestamp) -> Step:
    position_id = request.position_id
    known = orders.by_id.get(request.client_order_id)
    if known is not None:
        return Step(outbox=_news(known))
    facts = OrderFacts(client_order_id=request.client_order_id, status=OrderStatus.NEW)
    traceable = _is_traceable(orders, request)
    new = RoutedOrder(request=request, facts=facts, is_traceable=traceable, asked_at=now)
    if orders.identity is not None and orders.identity.is_earlier(request.client_order_id):
        long_ago = replace(new, asked_at=Timestamp(0))
        lost = timing.dated_as_lost(long_ago, orders.timing, now)
        order = _maybe_sent(lost, orders.venue, settings, now)
    else:
        order = _dated(orders, new, send(new, Request.SUBMIT, settings, now), settings, now)
    if orders.venue.up or orders.has_listener(position_id):
        return _conclude([(None, order)])
    # It began while the stream was down: it has not heard so.
    return _conclude([(None, order)], (_reachability(position_id, reachable=False),))


def _maybe_sent(
    new: RoutedOrder, venue: VenueStream, settings: RouterSettings, now: Timestamp
) -> RoutedOrder:
    """Look up an order that an earlier process asked for: a copy of it may have sent it."""
    facts = replace(new.facts, status=OrderStatus.UNKNOWN)
    order = replace(new, facts=facts)
    return send(order, Request.LOOK_UP, settings, now) if venue.up else order


def _is_traceable(orders: Orders, request: OrderRequest) -> bool:
    """Return whether a start would look for it: entries are on record before they leave."""
    return request.side is Side.SELL and any(
        order.request.side is Side.BUY for order in orders.of_position(request.position_id)
    )


def _cancel(orders: Orders, message: CancelOrder, settings: RouterSettings, now: Timestamp) -> Step:
    order = orders.by_id.get(message.client_order_id)
    if order is None:
        return _cancel_unknown(message.client_order_id)
    if order.facts.is_terminal:
        return Step(outbox=_news(order))
    priority = Priority.EXIT if message.urgent else priority_of(order)
    return _conclude([(order, want_cancel(order, priority, settings, now))])


def _cancel_unknown(order_id: ClientOrderId) -> Step:
    """Answer a cancel of an order that was never taken in, or is forgotten without a fill."""
    position_id = position_of(order_id)
    if position_id is None:
        return NOTHING
    facts = OrderFacts(
        client_order_id=order_id,
        status=OrderStatus.CANCELED,
        reason=RejectReason.WITHDRAWN,
        text="the router knows no such order: it did not go out",
    )
    return Step(outbox=(tell(position_id, facts),))


def _release(
    orders: Orders, message: ReleaseOrders, settings: RouterSettings, now: Timestamp
) -> Step:
    booked = {facts.client_order_id: facts for facts in message.booked}
    changes = [
        (order, _released(order, booked, settings, now))
        for order in orders.of_position(message.position_id)
        if order.booked is None
    ]
    answer = Send(position_address(message.position_id), OrdersReleased())
    return _conclude(changes, (answer,))


def _released(
    order: RoutedOrder,
    booked: dict[ClientOrderId, OrderFacts],
    settings: RouterSettings,
    now: Timestamp,
) -> RoutedOrder:
    """Let go of an order; nobody is left to want it, so it is canceled if it may be live."""
    order_id = order.request.client_order_id
    nothing = OrderFacts(client_order_id=order_id, status=order.facts.status)
    released = replace(order, booked=booked.get(order_id, nothing))
    if order.facts.is_terminal:
        return replace(released, forget_at=Timestamp(now + settings.terminal_ttl_ms))
    return want_cancel(released, priority_of(order), settings, now)


def _resend(orders: Orders, message: ResendOrders) -> Step:
    position_id = message.position_id
    news = [send_ for order in orders.of_position(position_id) for send_ in _news(order)]
    # It raised on the wish to place it, and the position on the refusal.
    text = "the order router does not have it"
    news += [refused(position_id, i, text) for i in message.awaited if i not in orders.by_id]
    return Step(outbox=(*news, _reachability(position_id, reachable=orders.venue.up)))


def _ledger(orders: Orders, message: ReadLedger) -> Step:
    rows = (
        LedgerOrder(request=order.request, facts=order.facts)
        for order in orders.of_position(message.position_id)
    )
    answer = LedgerRead(number=message.number, orders=tuple(rows))
    return Step(outbox=(Send(position_address(message.position_id), answer),))


def _news(order: RoutedOrder) -> tuple[Send, ...]:
    """Return how an order stands, for the position that still listens."""
    if order.booked is not None or order.is_probe:
        return ()
    return (tell(order.request.position_id, order.facts),)


def _stream_changed(
    orders: Orders, message: StreamChanged, settings: RouterSettings, now: Timestamp
) -> Step:
    changes: list[Change] = []
    up = message.up
    if message.is_restart:
        most_first = sorted(orders.by_id.values(), key=value_of, reverse=True)
        changes = [(o, replies.restarted(o, settings, now)) for o in most_first]
    elif up:
        changes = [(o, replies.reconnected(o, settings, now)) for o in orders.by_id.values()]
    if up == orders.venue.up:
        return _conclude(changes)
    told = tuple(_reachability(p, reachable=up) for p in orders.listening_positions())
    looked_up = _conclude(changes, told)
    return Step((VenueStream(up=up, since=now), *looked_up.changes), looked_up.outbox)


def _reachability(position_id: PositionId, *, reachable: bool) -> Send:
    return Send(position_address(position_id), VenueReachability(reachable=reachable))


def _wake(
    orders: Orders, order_id: ClientOrderId, settings: RouterSettings, now: Timestamp
) -> Step:
    order = orders.by_id.get(order_id)
    if order is None:
        return NOTHING
    if order.forget_at is not None and now >= order.forget_at:
        return Step((Removed(kind=RoutedOrder.__name__, key=order_id),))
    after = _dated(orders, order, replies.woken(order, settings, now), settings, now)
    return _conclude([(order, after)])
