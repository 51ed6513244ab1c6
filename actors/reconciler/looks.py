"""The reconciler's state: when it looks next, what it heard up to when, and what nobody knows.

Owns the entities and their index. All of it is bounded: a row for each symbol with orders, and one
for each stray of the last hours.
"""

from decimal import Decimal

import msgspec

from messages.base import ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.envelope import Removed
from messages.ids import Identity
from messages.reconciler import Trade


class NextLook(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """When the venue is looked at. There is one."""

    at: Timestamp | None = None
    """None: it was not looked at yet."""
    begun_at: Timestamp | None = None
    """Of the last look."""
    listed_at: Timestamp | None = None
    """When the router last said where there are orders."""

    def is_by(self, at: Timestamp) -> bool:
        """Whether the next look is set for ``at``, or before."""
        return self.at is not None and self.at <= at


class Heard(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A symbol that is looked at."""

    symbol: Symbol
    upto: Timestamp
    """Its fills were listed until then."""


class Stray(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An order of ours that the venue lists and the router does not have."""

    client_order_id: ClientOrderId
    symbol: Symbol
    exchange_order_id: ExchangeOrderId | None = None
    is_working: bool
    """As last listed."""
    filled: Decimal
    """Of an open order, as last listed."""
    trades: tuple[Trade, ...] = ()
    """That nobody can have booked."""
    since: Timestamp
    """It was listed so for the first time then."""
    seen_at: Timestamp
    """It was listed last then."""
    is_told: bool = False
    """A person was told of it."""
    is_settled: bool = False
    """It needs no more, until the venue lists more of it."""


class Looks:
    """The state. Changed only by ``apply``."""

    def __init__(self, identity: Identity | None = None) -> None:
        """Begin with nothing looked at."""
        self.identity = identity
        """Whose orders are ours; None: of a journal of an earlier version."""
        self.next = NextLook()
        self.heard: dict[Symbol, Heard] = {}
        self.strays: dict[ClientOrderId, Stray] = {}

    def apply(self, change: msgspec.Struct) -> None:
        """Take in one change. Raises ``TypeError`` for an entity that is none of these."""
        match change:
            case NextLook():
                self.next = change
            case Identity():
                self.identity = change
            case Heard():
                self.heard[change.symbol] = change
            case Stray():
                self.strays[change.client_order_id] = change
            case Removed(kind=Heard.__name__, key=key):
                del self.heard[Symbol(key)]
            case Removed(key=key):
                del self.strays[ClientOrderId(key)]
            case _:
                raise TypeError(f"{type(change).__name__} is no entity of the reconciler")
