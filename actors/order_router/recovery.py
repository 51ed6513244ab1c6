"""After a restart: the exits that may have left while the disk was dead, without a record of them.

The gateway lets so few of a position leave in a row that a start needs to look up as few further
ids. Each is an order like any other, unknown until look-ups find it or prove that it was never
placed; but its position hears only of one that is found and that is its own. Where it is certain
that none left so, only the orders that are known are awaited, also while the stream is down.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from actors.order_router.notifications import sends_after
from actors.order_router.order import (
    LookingBack,
    Request,
    RoutedOrder,
    VenueStream,
    is_live,
    is_under_way,
)
from actors.order_router.order_store import Orders
from actors.order_router.requests import send
from config.settings import RouterSettings
from messages.addresses import position_address
from messages.base import ClientOrderId, PositionId, Timestamp
from messages.envelope import Removed, Send, Step
from messages.ids import EXIT_LEG, client_order_id, position_of
from messages.journal import UNRECORDED_AT_MOST
from messages.order_router import CompareOrders, LookBack
from messages.orders import OrderFacts, OrderRequest, OrderStatus, OrderType, Purpose, Side
from messages.position import LookedBack


def begin(orders: Orders, asked: LookBack, settings: RouterSettings, now: Timestamp) -> Step:
    """Look up the ids beyond the last one on record; asked twice, none is looked up twice."""
    search = LookingBack(asked=asked, attempts=asked.after)
    known = orders.of_position(asked.position_id)
    last_found = max(_found(search, known), default=0)
    last = max(last_found, asked.after)
    further = _look_further(orders, search, last, orders.venue, settings, now)
    is_begun = asked.position_id in orders.looking_back
    if further.outbox or not (asked.is_recorded or orders.venue.up):
        return further
    # Nothing new to look up: all is known, or it was answered before and the position raised on it.
    search = replace(search, attempts=_upto(asked, last))
    ended = _after(orders, search, known, orders.venue, settings, now)
    return Step(ended.changes if is_begun else (), ended.outbox) if ended.outbox else further


def go_on(orders: Orders, taken: Step, settings: RouterSettings, now: Timestamp) -> Step:
    """Return the step with what follows from it: further look-ups, or the answer."""
    changed: dict[ClientOrderId, RoutedOrder] = {}
    gone: set[ClientOrderId] = set()
    positions: dict[PositionId, None] = {}
    venue = orders.venue
    for change in taken.changes:
        if isinstance(change, RoutedOrder):
            changed[change.request.client_order_id] = change
            positions[change.request.position_id] = None
        elif isinstance(change, Removed) and change.kind == RoutedOrder.__name__:
            order_id = ClientOrderId(change.key)  # another process's: it is awaited no more
            gone.add(order_id)
            positions[orders.by_id[order_id].request.position_id] = None
        elif isinstance(change, VenueStream):
            venue = change
            positions = dict.fromkeys(orders.looking_back)
    changes, outbox = list(taken.changes), list(taken.outbox)
    for position_id in positions:
        search = orders.looking_back.get(position_id)
        if search is not None and (venue.up or search.asked.is_recorded):
            now_known = [
                changed.get(_id(order), order)
                for order in orders.of_position(position_id)
                if _id(order) not in gone
            ]
            more = _after(orders, search, now_known, venue, settings, now)
            changes += more.changes
            outbox += more.outbox
    return Step(tuple(changes), tuple(outbox))


def listed(
    orders: Orders, message: CompareOrders, settings: RouterSettings, now: Timestamp
) -> Step:
    """Look as far as the venue's lists show exits: beyond more lost ones than are looked for.

    An exit under a prefix whose turn comes later is looked up at once: no list shows it again when
    the search at its prefix begins.
    """
    last: dict[PositionId, int] = {}
    further = Step()
    for one in message.orders:
        order_id = one.client_order_id
        position_id = position_of(order_id)
        search = None if position_id is None else orders.looking_back.get(position_id)
        if position_id is None or search is None:
            continue
        attempt = _attempt(search, order_id)
        last[position_id] = max(last.get(position_id, 0), attempt)
        if order_id.startswith(tuple(prefix + EXIT_LEG for prefix in search.asked.later)):
            found = _look_up(orders, search.asked, (order_id,), orders.venue, settings, now)
            further = _joined(further, found)
    for position_id, attempt in last.items():
        search = orders.looking_back[position_id]
        if attempt > search.attempts:
            seen = replace(search, asked=replace(search.asked, upto=attempt))
            beyond = _look_further(orders, seen, 0, orders.venue, settings, now)
            further = _joined(further, beyond)
    return further


def _joined(first: Step, then: Step) -> Step:
    return Step(first.changes + then.changes, first.outbox + then.outbox)


def _unrecorded_at_most(asked: LookBack) -> int:
    """Return how many ids in a row may have left without a record."""
    return 0 if asked.is_recorded else UNRECORDED_AT_MOST


def _after(
    orders: Orders,
    search: LookingBack,
    now_known: Iterable[RoutedOrder],
    venue: VenueStream,
    settings: RouterSettings,
    now: Timestamp,
) -> Step:
    last_found = max(_found(search, now_known), default=0)
    if last_found + _unrecorded_at_most(search.asked) > search.attempts:
        further = _look_further(orders, search, last_found, venue, settings, now)
        if len(further.changes) > 1:
            return further
        # All of these were looked up before: no answer is awaited.
        search = replace(search, attempts=_upto(search.asked, last_found))
    if not all(_is_answered(search, order) for order in now_known):
        return Step()
    position_id = search.asked.position_id
    asked = search.asked
    looked_back = LookedBack(
        attempts=search.attempts, order_prefix=asked.order_prefix, recovery=asked.recovery
    )
    answer = Send(position_address(position_id), looked_back)
    return Step((Removed(kind=LookingBack.__name__, key=position_id),), (answer,))


def _found(search: LookingBack, now_known: Iterable[RoutedOrder]) -> Iterator[int]:
    """Yield the exits on record, and those that were found."""
    yield from (_attempt(search, _id(order)) for order in now_known if not order.is_probe)


def _id(order: RoutedOrder) -> ClientOrderId:
    return order.request.client_order_id


def _attempt(search: LookingBack, order_id: ClientOrderId) -> int:
    """Return the number of an exit; 0 of an entry, or of another process's exit."""
    leg = search.asked.order_prefix + EXIT_LEG
    return int(order_id.removeprefix(leg)) if order_id.startswith(leg) else 0


def _is_answered(search: LookingBack, order: RoutedOrder) -> bool:
    """Return whether the venue has said how it stands, since the stream is up again.

    What was found live is taken back by its position: until it is over it may still sell. What the
    position asked for itself is on its record, and may rest. An order in conflict is not its own.
    What a contested position finds live may be another process's: it is left alone.
    """
    if order.conflict:
        return True
    if order.asked_at is None and _attempt(search, _id(order)) > search.asked.after:
        return order.facts.is_terminal or (search.asked.is_contested and is_live(order))
    return not is_under_way(order) and not order.look_up_next


def _look_further(
    orders: Orders,
    search: LookingBack,
    last_found: int,
    venue: VenueStream,
    settings: RouterSettings,
    now: Timestamp,
) -> Step:
    upto = _upto(search.asked, last_found)
    prefix = search.asked.order_prefix
    ids = (
        client_order_id(prefix, EXIT_LEG, attempt)
        for attempt in range(search.attempts + 1, upto + 1)
    )
    looked_up = _look_up(orders, search.asked, ids, venue, settings, now)
    return Step((*looked_up.changes, replace(search, attempts=upto)), looked_up.outbox)


def _look_up(
    orders: Orders,
    asked: LookBack,
    ids: Iterable[ClientOrderId],
    venue: VenueStream,
    settings: RouterSettings,
    now: Timestamp,
) -> Step:
    """Look up what is on no record yet; ``venue``: as it is after this step."""
    probes = tuple(
        _probe(asked, order_id, venue, settings, now)
        for order_id in ids
        if order_id not in orders.by_id
    )
    return Step(probes, tuple(send_ for probe in probes for send_ in sends_after(None, probe)))


def _upto(asked: LookBack, last_found: int) -> int:
    """Return the last exit that is looked up: so many in a row may have left, or never arrived."""
    return max(last_found + _unrecorded_at_most(asked), asked.upto)


def _probe(
    asked: LookBack,
    order_id: ClientOrderId,
    venue: VenueStream,
    settings: RouterSettings,
    now: Timestamp,
) -> RoutedOrder:
    request = OrderRequest(
        client_order_id=order_id,
        position_id=asked.position_id,
        symbol=asked.symbol,
        side=Side.SELL,
        type=OrderType.LIMIT,
        purpose=Purpose.CLOSE,
        quantity=asked.at_most,
    )
    facts = OrderFacts(client_order_id=order_id, status=OrderStatus.UNKNOWN)
    probe = RoutedOrder(
        request=request, facts=facts, is_probe=True, is_traceable=True, sought_since=asked.since
    )
    # While the stream is down, it is looked up with the others as soon as it is up.
    return send(probe, Request.LOOK_UP, settings, now) if venue.up else probe
