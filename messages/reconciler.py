"""What the reconciler receives: the venue's own lists, to be held against the journal."""

from decimal import Decimal

import msgspec

from messages.base import ClientOrderId, ExchangeOrderId, Message, Symbol, Timestamp
from messages.money import Money
from messages.orders import OrderFacts, Side


class Trade(msgspec.Struct, frozen=True, kw_only=True, tag=True):
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
    is_maker: bool
    at: Timestamp


class OpenOrdersReported(Message, frozen=True, kw_only=True):
    """All orders that work on a symbol at the venue now. From the gateway."""

    symbol: Symbol
    orders: tuple[OrderFacts, ...]


class TradesReported(Message, frozen=True, kw_only=True):
    """All fills on a symbol since a moment, in order. From the gateway."""

    symbol: Symbol
    since: Timestamp
    trades: tuple[Trade, ...]
