"""One order as the router keeps it: what was asked, what is known, and what is done about it.

Owns the entity, its deadlines and its priorities. ``states`` owns what may happen to its status,
``facts`` how reports merge, ``errands`` and ``answers`` what is done next.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import Milliseconds, Timestamp
from messages.money import ZERO
from messages.order_router import LookBack, WholeLook
from messages.orders import (
    LIVE_STATUSES,
    OrderFacts,
    OrderRequest,
    OrderStatus,
    Priority,
    Purpose,
    Side,
)


class Request(StrEnum):
    """What the router asks the gateway for an order."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    LOOK_UP = "look_up"


class Errand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The one request that is under way for an order, or that waits for its time.

    An order has one errand at most: so no request overtakes an earlier one of the same order. (Only
    an urgent cancel is sent again while a slower one is under way: two cancels do no harm. And a
    cancel of an order that the venue has shown takes the place of a look-up.)
    """

    request: Request
    is_sent: bool
    at: Timestamp
    """Sent: from when its answer is overdue. Not sent: when to send it."""


class RoutedOrder(
    msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True, gc=False
):
    """One order; its key is its client order id."""

    request: OrderRequest
    facts: OrderFacts
    """Cumulative; its status is the order's."""
    errand: Errand | None = None
    requests: int = 0
    """Sent to the gateway, over all kinds."""
    tries: int = 0
    """Requests sent in a row without coming to rest: pauses grow with it."""
    cancel: Priority | None = None
    """A cancel is wanted until the order is over, with this priority; None: it is not."""
    look_up_next: bool = False
    """The stream was down: look, as soon as the request under way is answered."""
    is_seen: bool = False
    """The venue has shown it: a not-found then never means that it was not placed."""
    not_found: int = 0
    """Not-founds in a row, on one healthy stretch of the stream."""
    not_found_since: Timestamp | None = None
    """When the first of them was heard."""
    wait_ends_at: Timestamp | None = None
    """When its rung is over: it is canceled then."""
    booked: OrderFacts | None = None
    """Released: what its position booked of it. None: the position still listens."""
    forget_at: Timestamp | None = None
    is_probe: bool = False
    """An id that an exit may have left under without a record; nobody hears of it until found."""
    is_traceable: bool = False
    """See ``SubmitOrder``."""
    asked_at: Timestamp | None = None
    """When its position asked for it; 0: it asked an earlier process, which may have sent it then;
    None: it was looked for after a restart, or an earlier version asked."""
    cancel_sent: bool = False
    """Whether a cancel of it ever left."""
    sign_by: Timestamp | None = None
    """Of its last copy: the largest timestamp, on the venue's clock, that may be written into it.
    None: no deadline is on record."""
    window_ms: Milliseconds | None = None
    """How long after the timestamp in it the venue takes that copy."""
    signed_at: Timestamp | None = None
    """The timestamp that was written into it; None: not known, at most ``sign_by``."""
    late: int = 0
    """Copies that were too late: each doubles the window."""
    not_found_at: Timestamp | None = None
    """The venue's time at the first of the looks that count; see ``absence``."""
    look: WholeLook | None = None
    """What the last whole look saw."""
    looks: int = 0
    """Whole looks for it so far."""
    looked_at: Timestamp | None = None
    """The venue's time at the last of them."""
    clock_moved_at: Timestamp | None = None
    """The venue's time when it was found that its clock had moved against ours since the order
    was signed; None: it did not."""
    beside: bool = False
    """Its outcome is unknown, and its position may sell beside it: until it is over, nothing of
    ours buys the coin."""
    conflict: str = ""
    """What the venue says of the order under this id, where it is not what we asked for."""
    is_cleared: bool = False
    """A person has looked at that order: it is not ours, and is never taken for ours."""
    sought_since: Timestamp | None = None
    """Of an id that was looked for: the order under it is not older, and asks for no more than
    ``request.quantity``. None: we asked for it, or an earlier version looked for it."""
    listed: Decimal = ZERO
    """Of a sale: what a list showed as filled of it, base; more than ``facts`` until a look-up
    says it."""


class LookingBack(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The look-ups for one position after a restart, until all are answered."""

    asked: LookBack
    attempts: int
    """The last exit whose id is looked up."""


class VenueStream(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The venue's order stream, as last heard of it. There is one."""

    up: bool = True
    since: Timestamp = Timestamp(0)
    """When it became so."""


_PRIORITIES = {
    Purpose.CLOSE: Priority.EXIT,
    Purpose.TAKE_PROFIT: Priority.PROTECTION,
    Purpose.STOP_LOSS: Priority.PROTECTION,
    Purpose.ENTRY: Priority.ENTRY,
}


def priority_of(order: RoutedOrder) -> Priority:
    """Return with which priority the order's own requests go."""
    return _PRIORITIES[order.request.purpose]


def cancel_priority_of(order: RoutedOrder) -> Priority:
    """Return with which priority a cancel of the order goes."""
    return priority_of(order) if order.cancel is None else order.cancel


def value_of(order: RoutedOrder) -> tuple[bool, Decimal]:
    """Return by what look-ups are sorted after a restart: what covers nothing by itself first.

    Then by quote currency, about: an order without a price counts as worth more than any other.
    """
    request = order.request
    price = request.price or request.trigger_price
    protects_itself = request.trigger_price is not None and is_live(order)
    value = Decimal("Infinity") if price is None else price * request.quantity
    return not protects_itself, value


def is_live(order: RoutedOrder) -> bool:
    """Return whether the venue has it in its book, as far as we know."""
    return order.facts.status in LIVE_STATUSES


def is_unseen_sale(order: RoutedOrder) -> bool:
    """Return whether it may still sell, unseen, coins that its position no longer counts on.

    One beside which another was sent counts until it is over and its money is known.
    """
    if order.request.side is not Side.SELL:
        return False
    if order.beside:
        return not order.facts.is_terminal or bool(order.facts.unpriced)
    return order.facts.status is OrderStatus.UNKNOWN and not order.is_seen


def is_under_way(order: RoutedOrder, request: Request | None = None) -> bool:
    """Return whether ``request`` (None: any) is sent and not answered."""
    errand = order.errand
    return errand is not None and errand.is_sent and request in {None, errand.request}


def wake_at(order: RoutedOrder) -> Timestamp | None:
    """Return the order's next deadline."""
    errand_at = None if order.errand is None else order.errand.at
    deadlines = (errand_at, order.wait_ends_at, order.forget_at)
    return min((at for at in deadlines if at is not None), default=None)
