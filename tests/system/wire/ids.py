"""Client order ids as the exchange server shows them, and as the journal has them."""

from exchange.profiles.order_ids import ours, rendered
from exchange.profiles.registry import PROFILES
from messages.base import ClientOrderId, PositionId
from messages.ids import Identity, IdParts, client_order_id, parse

_TAIL = 4
"""The last letters hold the attempt, the leg and the low bits of the position."""


def ours_of(venue_id: str) -> ClientOrderId:
    """Return the journal's id; both dialects take the same text."""
    return ours(PROFILES["binance"].ids, venue_id)


def parts_of(venue_id: str) -> IdParts:
    """Return what an id at the venue says. Raises ``AssertionError`` for a stranger's."""
    parts = parse(ours_of(venue_id))
    assert parts is not None, f"{venue_id} is not of our making"
    return parts


def tail_of(position: str, leg: str, attempt: int) -> str:
    """Return how the ids of such an order end at the venue, whatever account and epoch."""
    plain = Identity(account="a" * 8, epochs=("b" * 8,))
    order_id = client_order_id(plain.prefix_of(PositionId(position)), leg, attempt)
    return rendered(PROFILES["binance"].ids, order_id)[-_TAIL:]
