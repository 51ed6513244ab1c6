"""What the reconciler receives: the venue's own lists, and what the ledgers say to them."""

from decimal import Decimal

import msgspec

from messages.base import ClientOrderId, ExchangeOrderId, Message, Symbol, Timestamp
from messages.ids import Identity
from messages.money import Money, add_money
from messages.orders import FillSource, OrderFacts, Side


class Trade(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """One fill, as the venue lists it."""

    trade_id: str
    """Unique within the venue and symbol: what a fill heard twice is known by."""
    client_order_id: ClientOrderId
    exchange_order_id: ExchangeOrderId
    symbol: Symbol
    side: Side
    price: Decimal
    quantity: Decimal
    """Base."""
    fee: Money
    """In the first currency; of 0 in the quote where there is none, or none is known."""
    is_maker: bool
    at: Timestamp
    more_fees: tuple[Money, ...] = ()
    """In further currencies."""
    is_fee_known: bool = True
    """False: the source named no fee, which is not a fee of 0."""
    source: FillSource = FillSource.LIST

    @property
    def fees(self) -> tuple[Money, ...]:
        """All that is known of its fees, per currency."""
        return add_money((self.fee,), self.more_fees)


class LookSoon(Message, frozen=True, kw_only=True):
    """Look at the venue's lists now: its balances differ from the books. From the portfolio."""


class OpenOrdersReported(Message, frozen=True, kw_only=True):
    """All orders that work on a symbol at the venue now. From the gateway."""

    symbol: Symbol
    orders: tuple[OrderFacts, ...]
    placed_at: tuple[Timestamp | None, ...] = ()
    """When each of them was placed, in the same order; None: the venue does not say."""


class TradesReported(Message, frozen=True, kw_only=True):
    """All fills on a symbol since a moment, in order. From the gateway."""

    symbol: Symbol
    since: Timestamp
    trades: tuple[Trade, ...]
    is_complete: bool = True
    """False: the list was cut off. What is in it is true, what is absent may exist all the same."""
    is_listed: bool = True
    """False: the venue has no such market (any more), so nothing was asked."""


class ListedOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one of the venue's lists says of one order of ours."""

    client_order_id: ClientOrderId
    exchange_order_id: ExchangeOrderId | None = None
    is_working: bool
    """It is among the open orders; else its fills are among those listed."""
    filled: Decimal
    """Base, at least: a list of fills does not go back to the order's first one."""
    trades: tuple[Trade, ...] = ()
    """Its fills that are listed, in order; none of an open order."""
    placed_at: Timestamp | None = None
    """None: the venue does not say."""


class SymbolsListed(Message, frozen=True, kw_only=True):
    """The symbols with orders that live, or ended not long ago. From the order router."""

    symbols: tuple[Symbol, ...]
    """Sorted."""


class OrdersUnknown(Message, frozen=True, kw_only=True):
    """Of the orders compared, those that the router does not have. From the order router."""

    symbol: Symbol
    orders: tuple[ListedOrder, ...]
    answers: str = ""
    """As asked for."""
    of_listening: tuple[ClientOrderId, ...] = ()
    """Those whose positions have not let go of their orders: what filled of these is remembered."""


class StraySettled(Message, frozen=True, kw_only=True):
    """What was found of an order is booked, canceled or told. From the positions actor."""

    client_order_id: ClientOrderId
    is_lacking: bool = False
    """It is of an epoch of ours, and this journal never placed it: the journal is behind."""


class AdoptEpoch(Message, frozen=True, kw_only=True):
    """The process that drew this epoch is dead, and its orders are ours. From an operator."""

    epoch: str
    reason: str


class ListForeign(Message, frozen=True, kw_only=True):
    """Say what other processes bought and sold on a symbol, by a fresh list. From the portfolio."""

    symbol: Symbol


class IdentityChanged(Message, frozen=True, kw_only=True):
    """Whose orders are ours from now on. From the positions actor; also for the router."""

    identity: Identity
