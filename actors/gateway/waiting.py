"""Requests that wait until the step that asked for them is durable: the door of persist, then act.

Owns their order: what was asked for first leaves first. Knows no port and no journal.
"""

from collections import deque
from collections.abc import Callable

from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.orders import Priority

OrderRequest = SubmitOrder | CancelAtVenue | LookUpOrder
"""What concerns one order: none of these overtakes another of the same order."""

_REDUCES = (Priority.EXIT, Priority.PROTECTION)


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

    def take_exits(self) -> list[OrderRequest]:
        """Return what reduces what is held: exits, protection and the cancels of orders."""
        return self._take(_reduces)

    def _take(self, is_meant: Callable[[OrderRequest], bool]) -> list[OrderRequest]:
        taken = [request for _, request in self._requests if is_meant(request)]
        self._requests = deque(one for one in self._requests if not is_meant(one[1]))
        return taken


def _enters(request: OrderRequest) -> bool:
    return isinstance(request, SubmitOrder) and request.priority is Priority.ENTRY


def _reduces(request: OrderRequest) -> bool:
    match request:
        case SubmitOrder(priority=priority):
            return priority in _REDUCES
        case CancelAtVenue():
            return True
        case LookUpOrder():
            return False
