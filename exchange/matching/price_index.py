"""Orders by price, in the order in which a moving market meets them; equals by arrival.

Prices are kept as floats: a float's nearest decimal is the price again, for all prices with fewer
than 16 digits, and floats compare fast.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from decimal import Decimal
from math import inf

from messages.base import ClientOrderId

_Entry = tuple[float, int, ClientOrderId]


class PriceIndex:
    """A sorted list of (price, arrival, order): adding costs a move in memory, asking O(log n)."""

    def __init__(self, *, rising: bool) -> None:
        """Sort for a market that rises (lowest first), or falls (highest first)."""
        self._sign = 1.0 if rising else -1.0
        self._entries: list[_Entry] = []

    def __len__(self) -> int:
        """Return how many orders are in it."""
        return len(self._entries)

    @property
    def best(self) -> float:
        """The price that is met first; infinitely far away if there is none."""
        return self._sign * (self._entries[0][0] if self._entries else inf)

    def add(self, price: Decimal, sequence: int, order_id: ClientOrderId) -> None:
        """Put an order in."""
        insort(self._entries, (self._sign * float(price), sequence, order_id))

    def remove(self, price: Decimal, sequence: int, order_id: ClientOrderId) -> None:
        """Take out an order that was put in with the same words."""
        del self._entries[
            bisect_left(self._entries, (self._sign * float(price), sequence, order_id))
        ]

    def reached(self, price: Decimal) -> Iterator[tuple[float, int, ClientOrderId]]:
        """Return the orders that a market at ``price`` touches: (distance key, arrival, order)."""
        end = bisect_right(self._entries, self._sign * float(price), key=_key)
        return iter(self._entries[:end])

    def next(self, start: float, end: float) -> float | None:
        """Return the first price after ``start`` that is not after ``end``."""
        place = bisect_right(self._entries, self._sign * start, key=_key)
        if place == len(self._entries) or self._entries[place][0] > self._sign * end:
            return None
        return self._sign * self._entries[place][0]


def _key(entry: _Entry) -> float:
    return entry[0]
