"""All orders the router knows, by id and by position.

Owns the indexes. The shell applies changes; the core only reads.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from actors.order_router.order import LookingBack, RoutedOrder, VenueStream, is_unseen_sale
from actors.order_router.timing import RequestTiming
from messages.base import ClientOrderId, PositionId, Symbol
from messages.envelope import Removed
from messages.ids import Identity
from messages.orders import OrderStatus


class Orders:
    """The router's state. An update costs O(1), however many orders live."""

    def __init__(self, identity: Identity | None = None) -> None:
        """Begin with no order, on a stream that is up."""
        self.venue = VenueStream()
        self.timing = RequestTiming()
        self.identity = identity
        """Whose orders are ours; None: of a journal of an earlier version."""
        self.by_id: dict[ClientOrderId, RoutedOrder] = {}
        """In the order of placing."""
        self.counts: dict[OrderStatus, int] = dict.fromkeys(OrderStatus, 0)
        self.looking_back: dict[PositionId, LookingBack] = {}
        self._by_position: dict[PositionId, dict[ClientOrderId, None]] = {}
        self.unseen_sales: dict[ClientOrderId, Symbol] = {}
        """Those whose outcome is unknown: nothing of ours takes up their coin."""
        self.per_symbol: Counter[Symbol] = Counter()

    def apply(self, change: msgspec.Struct) -> None:
        """Take one change in. Raises ``TypeError`` for an entity that is none of the router's."""
        match change:
            case RoutedOrder():
                self._put(change)
            case LookingBack():
                self.looking_back[change.asked.position_id] = change
            case Removed(kind=LookingBack.__name__):
                del self.looking_back[PositionId(change.key)]
            case Removed():
                self._remove(ClientOrderId(change.key))
            case VenueStream():
                self.venue = change
            case RequestTiming():
                self.timing = change
            case Identity():
                self.identity = change
            case _:
                raise TypeError(f"{type(change).__name__} is no entity of the order router")

    def of_position(self, position_id: PositionId) -> tuple[RoutedOrder, ...]:
        """Return a position's orders, in the order of placing."""
        return tuple(self.by_id[order_id] for order_id in self._by_position.get(position_id, ()))

    def listening_positions(self) -> Iterator[PositionId]:
        """Yield the positions that have not let go of their orders."""
        for position_id in self._by_position:
            if self.has_listener(position_id):
                yield position_id

    def has_listener(self, position_id: PositionId) -> bool:
        """Return whether a position is known and has not let go of its orders."""
        order_id = next(iter(self._by_position.get(position_id, ())), None)
        return order_id is not None and self.by_id[order_id].booked is None

    def _put(self, order: RoutedOrder) -> None:
        order_id = order.request.client_order_id
        before = self.by_id.get(order_id)
        if before is None:
            self._by_position.setdefault(order.request.position_id, {})[order_id] = None
            self.per_symbol[order.request.symbol] += 1
        else:
            self.counts[before.facts.status] -= 1
        self.by_id[order_id] = order
        if is_unseen_sale(order):
            self.unseen_sales[order_id] = order.request.symbol
        else:
            self.unseen_sales.pop(order_id, None)
        self.counts[order.facts.status] += 1

    def _remove(self, order_id: ClientOrderId) -> None:
        order = self.by_id.pop(order_id)
        self.unseen_sales.pop(order_id, None)
        self.counts[order.facts.status] -= 1
        self._leave_symbol(order.request.symbol)
        of_position = self._by_position[order.request.position_id]
        del of_position[order_id]
        if not of_position:
            del self._by_position[order.request.position_id]

    def _leave_symbol(self, symbol: Symbol) -> None:
        self.per_symbol[symbol] -= 1
        if not self.per_symbol[symbol]:
            del self.per_symbol[symbol]
