"""One state of the model: everything in it is a frozen value, and what changes makes another.

Owns the structs, the venue's ledger among them, and the small steps from one to another.
"""

from decimal import Decimal
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from actors.position.position import Life
from messages.base import Address, Message, PositionId, Timestamp
from messages.market_data import ArmTriggers
from messages.orders import (
    OrderFacts,
    OrderRequest,
    Side,
)

START = Timestamp(1_000_000)
PRICES = (97.0, 99.0, 100.0, 103.0)
"""Under the stop, under the switch, where it is bought, at the target."""
UNIT = Decimal(1)
FEE = Decimal(1)
"""Quote, for each unit that fills: what the budget has beyond the price."""


class Bounds(NamedTuple):
    """How much of everything the search takes in."""

    faults: int = 1
    """Requests and answers that go wrong."""
    moves: int = 2
    """Moves of the price, the last fall aside."""
    closes: int = 1
    """Closes by hand."""
    lates: int = 0
    """Deadlines that come while mail still waits; otherwise mail is faster than any deadline."""
    positions: int = 1
    units: int = 2
    """What each position buys; fills come in units."""
    deadlines: bool = False
    """Requests have deadlines. One that is a fault may arrive at any moment until its own, or fill
    in a gap of the stream while caches do not show it."""

    def __str__(self) -> str:
        """Return all of them, for people."""
        return (
            f"faults {self.faults}, moves {self.moves}, closes {self.closes}, "
            f"late deadlines {self.lates}, positions {self.positions}, units {self.units}"
            f"{', requests with deadlines' if self.deadlines else ''}"
        )


class Venue(msgspec.Struct, frozen=True):
    """One order in the venue's ledger."""

    request: OrderRequest
    facts: OrderFacts
    hidden_until: Timestamp | None = None
    """It filled in a gap of the stream, and until then caches may not show it."""


class OnItsWay(msgspec.Struct, frozen=True):
    """A request that the venue has not taken, and may take."""

    request: OrderRequest
    until: Timestamp


class Mail(msgspec.Struct, frozen=True):
    """What waits from one sender to one receiver."""

    sender: Address
    to: Address
    message: Message


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One state of everything."""

    now: Timestamp
    lives: tuple[Life, ...]
    orders: tuple[msgspec.Struct, ...] = ()
    """The router's entities."""
    books: tuple[msgspec.Struct, ...] = ()
    """The portfolio's, by kind and key."""
    venue: tuple[Venue, ...] = ()
    on_its_way: tuple[OnItsWay, ...] = ()
    armed: tuple[ArmTriggers, ...] = ()
    mail: tuple[Mail, ...] = ()
    """In order of sending; the first of each sender and receiver may be delivered."""
    price: float = 100.0
    faults: int = 0
    moves: int = 0
    closes: int = 0
    lates: int = 0


Next = tuple[str, World]
"""What happens, for people, and the world after it."""


def held(venue: tuple[Venue, ...], position_id: PositionId | None = None) -> Decimal:
    """Return the base bought less the base sold, of one position or of all."""
    total = Decimal(0)
    for order in venue:
        if position_id in {None, order.request.position_id}:
            is_buy = order.request.side is Side.BUY
            total += order.facts.filled if is_buy else -order.facts.filled
    return total


def mailed(world: World, sender: Address, to: Address, message: Message) -> World:
    return replace(world, mail=(*world.mail, Mail(sender, to, message)))


def put(world: World, order: Venue, facts: OrderFacts) -> World:
    after = replace(order, facts=facts)
    order_id = facts.client_order_id
    if all(o.facts.client_order_id != order_id for o in world.venue):
        return replace(world, venue=(*world.venue, after))
    venue = tuple(after if o.facts.client_order_id == order_id else o for o in world.venue)
    return replace(world, venue=venue)
