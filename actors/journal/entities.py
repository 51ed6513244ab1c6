"""Every entity that recorded actors keep, and what each is known by.

Owns the list that the codec decodes and that a cut is folded with. A core that gets a new entity
adds it here; a test finds those that were forgotten.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from actors.guardian.core import Guard
from actors.operator.core import Operator
from actors.order_router.order import LookingBack, RoutedOrder, VenueStream
from actors.order_router.timing import RequestTiming
from actors.portfolio.accounts import Account, Booking, SymbolRow, Totals
from actors.portfolio.budget_rules import Conflict, Denial, Trading
from actors.portfolio.locks import Locks
from actors.portfolio.valuation import Rate
from actors.portfolio.venue_balances import Asker, Balance, LookDue, MayFill
from actors.position.forced_close import Salvage
from actors.position.position import Charter, Position
from actors.positions.roster import ListedMarket, Living, Numbering, Recovery, Retired
from actors.reconciler.state import ForeignEpoch, ForeignOrder, Heard, NextLook, Stray
from exchange.generated.market import MarketState
from exchange.matching.state import Balance as VenueBalance
from exchange.matching.state import Taken, VenueOrder
from exchange.paper import InFlight
from messages.base import Address
from messages.gateway import MarketMoved
from messages.ids import Identity
from messages.portfolio import Limits
from messages.reconciler import Trade

EntityKey = tuple[str, str]
"""The name of the entity's class, and what tells it from others of its class in one actor."""


def _only(_entity: object) -> str:
    return ""


KEYS: dict[type[msgspec.Struct], Callable[[Any], str]] = {
    Account: lambda entity: entity.currency,
    Asker: lambda entity: entity.position_id,
    Balance: lambda entity: entity.currency,
    Booking: lambda entity: entity.key,
    Charter: _only,
    Conflict: lambda entity: entity.client_order_id,
    Denial: lambda entity: entity.position_id,
    ForeignEpoch: lambda entity: entity.epoch,
    ForeignOrder: lambda entity: entity.client_order_id,
    Guard: _only,
    Heard: lambda entity: entity.symbol,
    Identity: _only,
    InFlight: lambda entity: str(entity.sequence),
    Limits: _only,
    ListedMarket: lambda entity: entity.rules.symbol,
    Living: lambda entity: entity.position_id,
    Locks: _only,
    LookDue: _only,
    LookingBack: lambda entity: entity.asked.position_id,
    MarketMoved: lambda entity: entity.symbol,
    MarketState: _only,
    MayFill: _only,
    NextLook: _only,
    Numbering: _only,
    Operator: _only,
    Position: _only,
    Rate: lambda entity: entity.symbol,
    Recovery: _only,
    RequestTiming: _only,
    Retired: lambda entity: entity.position_id,
    RoutedOrder: lambda entity: entity.request.client_order_id,
    Salvage: _only,
    Stray: lambda entity: entity.client_order_id,
    SymbolRow: lambda entity: entity.symbol,
    Taken: lambda entity: entity.symbol,
    Totals: _only,
    Trade: lambda entity: entity.trade_id,
    Trading: _only,
    VenueBalance: lambda entity: entity.currency,
    VenueOrder: lambda entity: entity.request.client_order_id,
    VenueStream: _only,
}
"""The key within its class; as ``Removed`` names it."""


class Entities(msgspec.Struct, frozen=True):
    """All entities of one actor, in the order in which its containers hold them."""

    actor: Address
    entities: tuple[msgspec.Struct, ...]


def key_of(entity: msgspec.Struct) -> EntityKey:
    """Return what the entity is known by. Raises ``KeyError`` for one that is not listed."""
    kind = type(entity)
    return kind.__name__, KEYS[kind](entity)
