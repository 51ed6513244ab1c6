"""The reconciler's state: when it looks next, what it heard up to when, and what nobody knows.

Owns the entities and their index. There is a row for each symbol with orders, one for each stray of
the last hours, and one for each order of other processes that filled, until its epoch is adopted.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.envelope import Removed
from messages.ids import Identity
from messages.money import ZERO
from messages.reconciler import Trade


class NextLook(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """When the venue is looked at. There is one."""

    at: Timestamp | None = None
    """None: it was not looked at yet."""
    begun_at: Timestamp | None = None
    """Of the last look."""
    is_routine: bool = False
    """The last look was begun because it was time for it, and for no other reason."""
    is_regular: bool = False
    """The same will be true of the next one."""
    listed_at: Timestamp | None = None
    """When the router last said where there are orders."""
    looked_since: Timestamp | None = None
    """The start after which every followed symbol was looked at once."""
    awaited: tuple[str, ...] = ()
    """The lists of that look that were not answered and compared yet."""
    asked: tuple[Symbol, ...] = ()
    """Where the portfolio waits to hear what other processes bought and sold."""
    awaited_since: Timestamp | None = None
    """The start after which they were asked for first."""
    streamed_since: Timestamp | None = None
    """The start after which the account's stream was up."""

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
    placed_at: Timestamp | None = None
    """None: the venue does not say."""
    since: Timestamp
    """It was listed so for the first time then."""
    seen_at: Timestamp
    """It was listed last then."""
    is_told: bool = False
    """A person was told of it."""
    is_settled: bool = False
    """It needs no more, until the venue lists more of it."""


class EpochKind(StrEnum):
    """What an epoch of our account that this journal lacks says."""

    BEHIND = "behind"
    """Its orders are from before our start: the journal is behind its venue."""
    TWIN = "twin"
    """An order of it was placed after our start: another process trades."""


class ForeignEpoch(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Orders of our account and of one epoch, which this journal lacks."""

    epoch: str
    kind: EpochKind
    symbols: tuple[Symbol, ...]
    orders: tuple[ClientOrderId, ...]
    """The first ones that were seen."""
    filled: Decimal
    """Over all orders seen, base of whatever symbol: it tells whether anything moved."""
    changed_at: Timestamp
    """When more was seen of it last."""
    last_number: int
    """The highest position number in its ids."""
    adopt_since: Timestamp | None = None
    """A person said then that its process is dead; None: nobody did."""
    reason: str = ""
    """The person's."""
    looks: int = 0
    """Since then and the last change."""


class ForeignFill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fill of an order that this journal lacks."""

    trade_id: str
    quantity: Decimal
    """Base."""
    fee: Decimal = ZERO
    """Base that the exchange took of it."""


class ForeignOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An order of our account that this journal lacks and that filled."""

    client_order_id: ClientOrderId
    symbol: Symbol
    filled: Decimal = ZERO
    """Base, as an order's own report said; the list may lack some of its fills."""
    fills: tuple[ForeignFill, ...] = ()
    """Each that was listed, once."""

    @property
    def moved(self) -> Decimal:
        """What it bought and got, or sold. Base."""
        listed = sum((fill.quantity for fill in self.fills), ZERO)
        return max(self.filled, listed) - sum((fill.fee for fill in self.fills), ZERO)


class Looks:
    """The state. Changed only by ``apply``."""

    def __init__(self, identity: Identity | None = None) -> None:
        """Begin with nothing looked at."""
        self.identity = identity
        """Whose orders are ours; None: of a journal of an earlier version."""
        self.next = NextLook()
        self.heard: dict[Symbol, Heard] = {}
        self.strays: dict[ClientOrderId, Stray] = {}
        self.foreign: dict[str, ForeignEpoch] = {}
        """By epoch."""
        self.foreign_orders: dict[ClientOrderId, ForeignOrder] = {}

    @property
    def is_in_doubt(self) -> bool:
        """Whether something that was listed waits for further looks."""
        return bool(self.foreign) or not all(row.is_settled for row in self.strays.values())

    def apply(self, change: msgspec.Struct) -> None:  # noqa: C901 - one line per entity
        """Take in one change. Raises ``TypeError`` for an entity that is none of these."""
        match change:
            case NextLook():
                self.next = change
            case Identity():
                self.identity = change
            case Heard():
                self.heard[change.symbol] = change
            case ForeignEpoch():
                self.foreign[change.epoch] = change
            case Removed(kind=ForeignEpoch.__name__, key=key):
                del self.foreign[key]
            case ForeignOrder():
                self.foreign_orders[change.client_order_id] = change
            case Removed(kind=ForeignOrder.__name__, key=key):
                del self.foreign_orders[ClientOrderId(key)]
            case Stray():
                self.strays[change.client_order_id] = change
            case Removed(kind=Heard.__name__, key=key):
                del self.heard[Symbol(key)]
            case Removed(key=key):
                del self.strays[ClientOrderId(key)]
            case _:
                raise TypeError(f"{type(change).__name__} is no entity of the reconciler")
