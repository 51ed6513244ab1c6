"""Proofs that a mutant is equivalent: a whole search in which it does what production does.

The order router alone, with one order, and around it everything that anybody may tell it at any
moment, but a look back after a restart: a venue that says whatever it likes, a position, people,
time. Orders do not touch each other in the router, so what holds for one holds for all. From every
state that can be reached each
message is taken twice, by the code of production and by the mutant's: where both always change and
send the same, no run of anything can tell one from the other.

One thing is asked of the world around: a position lets go of an order only after it was over
(``Conduct`` looks at that in every schedule). Time goes in ticks, of which each deadline of the
router takes a few; ages beyond the longest are one.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from actors.order_router import core
from actors.order_router.order import Request, RoutedOrder, VenueStream
from actors.order_router.order_store import Orders
from config.settings import RouterSettings
from messages.base import ClientOrderId, Message, Milliseconds, PositionId, Timestamp
from messages.envelope import Removed, Step, Wake
from messages.order_router import (
    CancelFailed,
    CancelOrder,
    CompareOrders,
    FailureKind,
    ListSymbols,
    ListUnfilled,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    PlaceOrder,
    ReadLedger,
    ReleaseOrders,
    ResendOrders,
    StreamChanged,
    SubmitFailed,
    SubmitHeld,
)
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    Side,
)
from messages.reconciler import ListedOrder
from verification.mutants.injecting import Mutant
from verification.simulation.plans import SYMBOL

TICKS = RouterSettings(
    retry_backoff_ms=Milliseconds(0),
    retry_backoff_max_ms=Milliseconds(0),
    retry_attempts=2,
    unknown_lookup_interval_ms=Milliseconds(0),
    unknown_not_found_needed=2,
    unknown_settle_ms=Milliseconds(1),
    answer_timeout_ms=Milliseconds(1),
    terminal_ttl_ms=Milliseconds(1),
)
_LONG_AGO = -(TICKS.terminal_ttl_ms + 1)
_ID, _OWNER = ClientOrderId("he1p1x1"), PositionId("p1")
_NOTHING, _PART, _ALL = Decimal(0), Decimal(1), Decimal(2)
_KINDS = (
    (Purpose.ENTRY, OrderType.LIMIT, Milliseconds(1)),
    (Purpose.ENTRY, OrderType.MARKET, None),
    (Purpose.TAKE_PROFIT, OrderType.LIMIT, None),
    (Purpose.CLOSE, OrderType.LIMIT, Milliseconds(1)),
    (Purpose.CLOSE, OrderType.MARKET, None),
)
"""Orders between which the router makes a difference."""
_TOLD = (
    (OrderStatus.UNKNOWN, _NOTHING),
    (OrderStatus.OPEN, _NOTHING),
    (OrderStatus.PARTIALLY_FILLED, _PART),
    (OrderStatus.FILLED, _PART),
    *product((OrderStatus.CANCELED, OrderStatus.EXPIRED), (_NOTHING, _PART)),
    (OrderStatus.REJECTED, _NOTHING),
)


class State(NamedTuple):
    """The router with its one order."""

    order: RoutedOrder | None
    venue: VenueStream
    was_over: bool
    """Its position may have heard that it is over."""
    now: Timestamp = Timestamp(0)


_Name = tuple[object, ...]


class Proof(NamedTuple):
    """What a whole search showed."""

    states: int
    compared: int
    """Messages that both took."""
    difference: str | None
    """The first message that the mutant takes otherwise; None: proven equivalent."""
    released_alive: int
    """States in which the order works though its position let go of it: what is in question."""


def prove(mutant: Mutant, limit: int | None = None) -> Proof:
    """Compare a mutant of the router with production, over every kind of order that is placed.

    With a ``limit`` of states for each kind it is no proof, but soon done.
    """
    states = compared = alive = 0
    for request in _requests():
        found = _search(request, mutant, limit)
        states, compared = states + found.states, compared + found.compared
        alive += found.released_alive
        if found.difference is not None:
            return Proof(states, compared, found.difference, alive)
    return Proof(states, compared, None, alive)


def _requests() -> Iterator[OrderRequest]:
    for purpose, type_, wait_ms in _KINDS:
        yield OrderRequest(
            client_order_id=_ID,
            position_id=_OWNER,
            symbol=SYMBOL,
            side=Side.BUY if purpose is Purpose.ENTRY else Side.SELL,
            purpose=purpose,
            type=type_,
            quantity=_ALL,
            price=Decimal(100) if type_ is OrderType.LIMIT else None,
            wait_ms=wait_ms,
        )


def _search(request: OrderRequest, mutant: Mutant, limit: int | None) -> Proof:
    """Go through everything that can become of one order, the nearest first."""
    first = State(None, VenueStream(), was_over=False)
    known, queue = {_name(first)}, deque([first])
    compared = alive = 0
    while queue and (limit is None or len(known) < limit):
        state = queue.popleft()
        order = state.order
        alive += order is not None and order.booked is not None and not order.facts.is_terminal
        messages = tuple(_messages(state, request))
        compared += len(messages)
        real = [_taken(state, message) for message in messages]
        with ExitStack() as stack:
            mutant.inject(stack)
            other = [_taken(state, message) for message in messages]
        if real != other:
            place = next(i for i, step in enumerate(real) if step != other[i])
            return Proof(len(known), compared, f"{messages[place]} to {order}", alive)
        for step in real:
            _meet(_after(state, step), known, queue)
        _meet(state._replace(now=Timestamp(state.now + 1)), known, queue)
    return Proof(len(known), compared, None, alive)


def _meet(state: State, known: set[_Name], queue: deque[State]) -> None:
    name = _name(state)
    if name not in known:
        known.add(name)
        queue.append(state)


def _messages(state: State, request: OrderRequest) -> Iterator[Message]:
    """Yield whatever may be told of the order now: the venue needs no reason."""
    yield from (StreamChanged(up=not state.venue.up), PlaceOrder(request=request))
    yield from (ListSymbols(), ListUnfilled())
    if state.order is None:
        return
    for status, filled in _TOLD:
        facts = OrderFacts(client_order_id=_ID, status=status, filled=filled, cost=filled)
        yield OrderReported(facts=facts)
    for kind, after in product(FailureKind, (None, Milliseconds(1))):
        yield SubmitFailed(client_order_id=_ID, kind=kind, retry_after_ms=after)
        yield CancelFailed(client_order_id=_ID, kind=kind, retry_after_ms=after)
    reason = RejectReason.DUPLICATE_ID
    yield SubmitFailed(client_order_id=_ID, kind=FailureKind.REJECTED, reason=reason)
    yield from (SubmitHeld(client_order_id=_ID), OrderNotFound(client_order_id=_ID))
    yield from (LookUpFailed(client_order_id=_ID), Wake(key=_ID))
    yield from (CancelOrder(client_order_id=_ID, urgent=urgent) for urgent in (False, True))
    yield from (ResendOrders(position_id=_OWNER), ReadLedger(position_id=_OWNER, number=1))
    listed = ListedOrder(client_order_id=_ID, filled=_ALL, is_working=True)
    yield CompareOrders(symbol=SYMBOL, orders=(listed,))
    if state.was_over:
        booked = (state.order.facts,) if state.order.facts.filled else ()
        yield ReleaseOrders(position_id=_OWNER, booked=booked)


def _taken(state: State, message: Message) -> Step:
    orders = Orders()
    orders.apply(state.venue)
    if state.order is not None:
        orders.apply(state.order)
    return core.step(orders, TICKS, message, state.now)


def _after(state: State, step: Step) -> State:
    for change in step.changes:
        if isinstance(change, RoutedOrder):
            was_over = state.was_over or change.facts.is_terminal
            state = state._replace(order=change, was_over=was_over)
        elif isinstance(change, VenueStream):
            state = state._replace(venue=change)
        elif isinstance(change, Removed):
            state = state._replace(order=None, was_over=False)
    return state


def _name(state: State) -> _Name:
    """Return the same for states between which the router makes no difference.

    Times count from now, what is due is due; and of what is counted only what decides matters.
    """
    order, venue, now = state.order, state.venue, state.now
    if order is None:
        return venue.up, state.was_over
    errand, found_at = order.errand, order.not_found_since
    is_look_up = errand is not None and errand.request is Request.LOOK_UP
    return (
        venue.up,
        state.was_over,
        order.facts.status,
        order.facts.filled,
        order.facts.reason is RejectReason.WITHDRAWN,
        None if errand is None else (errand.request, errand.is_sent),
        None if errand is None else _since(errand.at, now, _LONG_AGO if is_look_up else 0),
        min(order.tries, TICKS.retry_attempts),
        order.cancel,
        order.look_up_next,
        order.is_seen,
        min(order.not_found, TICKS.unknown_not_found_needed),
        _since(found_at, now, _LONG_AGO),
        found_at is not None and found_at < venue.since,
        _since(order.wait_ends_at, now),
        None if order.booked is None else order.booked.filled,
        _since(order.forget_at, now),
    )


def _since(at: Timestamp | None, now: Timestamp, least: int = 0) -> int | None:
    return None if at is None else max(at - now, least)
