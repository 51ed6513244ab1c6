"""Requests that wait until the step that asked for them is durable: the door of persist, then act.

Owns their order: what was asked for first leaves first; and how many may leave without a record.
Knows no port and no journal.
"""

from collections import deque
from collections.abc import Callable

from messages.base import ClientOrderId, PositionId
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.ids import position_of
from messages.journal import UNRECORDED_AT_MOST
from messages.orders import OrderFacts, OrderStatus, Priority

OrderRequest = SubmitOrder | CancelAtVenue | LookUpOrder
"""What concerns one order: none of these overtakes another of the same order."""


def _nothing() -> None:
    """Tell nobody."""


class Unrecorded:
    """The orders that left while the disk was dead, of which a crash would leave no record.

    Only so many of a position in a row, unless the venue has shown one: a start looks up as many
    further ids. And only those of a position that is on record.
    """

    def __init__(self, on_leaving: Callable[[], None] = _nothing) -> None:
        """Begin with none; ``on_leaving`` is called before one leaves, or its id is passed over."""
        self._on_leaving = on_leaving
        self._unseen: dict[PositionId, list[ClientOrderId]] = {}

    def lets(self, request: OrderRequest) -> bool:
        """Return whether it may leave; then it counts. What places nothing may always."""
        if not isinstance(request, SubmitOrder):
            return True
        if request.priority is Priority.ENTRY or not request.is_traceable:
            return False
        order_id = request.request.client_order_id
        unseen = self._unseen.setdefault(request.request.position_id, [])
        if order_id in unseen:  # sent again
            return True
        if len(unseen) >= UNRECORDED_AT_MOST:
            return False
        self._on_leaving()
        unseen.append(order_id)
        return True

    def not_sent(self, request: SubmitOrder) -> None:
        """Count an id that was passed over: a start that looks for the next must look past it."""
        unseen = self._unseen.setdefault(request.request.position_id, [])
        if request.request.client_order_id not in unseen:
            self._on_leaving()
            unseen.append(request.request.client_order_id)

    def shown(self, facts: OrderFacts) -> None:
        """Take in that the venue has this order: a look-up would find it."""
        position_id = position_of(facts.client_order_id)
        if position_id is None or facts.status in _PROVES_NOTHING:
            return
        unseen = self._unseen.get(position_id, [])
        if facts.client_order_id in unseen:
            del unseen[: unseen.index(facts.client_order_id) + 1]

    def clear(self) -> None:
        """Everything is on record again."""
        self._unseen.clear()


_PROVES_NOTHING = (OrderStatus.UNKNOWN, OrderStatus.REJECTED)
"""A venue need not keep an order that it refused."""


class Waiting:
    """The requests that wait, by the sequence of the record whose outbox they were in."""

    def __init__(self) -> None:
        """Begin with none."""
        self._requests: deque[tuple[int, OrderRequest]] = deque()

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._requests)

    def add(self, sequence: int, request: OrderRequest) -> None:
        """Let it wait for its record."""
        self._requests.append((sequence, request))

    def take_durable(self, sequence: int) -> list[OrderRequest]:
        """Return those that need not wait any more, now that ``sequence`` is durable."""
        durable = []
        while self._requests and self._requests[0][0] <= sequence:
            durable.append(self._requests.popleft()[1])
        return durable

    def take_entries(self) -> list[SubmitOrder]:
        """Return the orders that would buy; what else concerns one of them goes on waiting."""
        return [one for one in self._take(_enters) if isinstance(one, SubmitOrder)]

    def take_outdated(self, newer: SubmitOrder) -> list[SubmitOrder]:
        """Return the other exits of its position: both would sell the same coins."""
        if newer.priority is Priority.ENTRY:
            return []
        wanted, position_id = newer.request.client_order_id, newer.request.position_id

        def is_outdated(request: OrderRequest) -> bool:
            return (
                isinstance(request, SubmitOrder)
                and request.priority is not Priority.ENTRY
                and request.request.position_id == position_id
                and request.request.client_order_id != wanted
            )

        return [one for one in self._take(is_outdated) if isinstance(one, SubmitOrder)]

    def submits(self) -> list[ClientOrderId]:
        """Return the orders that wait to be placed."""
        return [_order_id(one) for _, one in self._requests if isinstance(one, SubmitOrder)]

    def take_exits(self, unrecorded: Unrecorded) -> list[OrderRequest]:
        """Return what may leave without a record; of an order of which a request stays, all do."""
        stays: set[ClientOrderId] = set()

        def leaves(request: OrderRequest) -> bool:
            order_id = _order_id(request)
            if order_id not in stays and unrecorded.lets(request):
                return True
            stays.add(order_id)
            return False

        return self._take(leaves)

    def _take(self, is_meant: Callable[[OrderRequest], bool]) -> list[OrderRequest]:
        taken: list[OrderRequest] = []
        left: deque[tuple[int, OrderRequest]] = deque()
        for sequence, request in self._requests:
            if is_meant(request):
                taken.append(request)
            else:
                left.append((sequence, request))
        self._requests = left
        return taken


def _enters(request: OrderRequest) -> bool:
    return isinstance(request, SubmitOrder) and request.priority is Priority.ENTRY


def _order_id(request: OrderRequest) -> ClientOrderId:
    if isinstance(request, SubmitOrder):
        return request.request.client_order_id
    return request.client_order_id
