"""What the venue's books answer when they are asked; nothing changes."""

from exchange.matching.state import MatchingBook
from messages.base import ClientOrderId, Symbol
from messages.gateway import FetchTrades
from messages.money import Money
from messages.order_router import OrderNotFound, OrderReported
from messages.orders import OrderTerms
from messages.portfolio import BalancesReported
from messages.reconciler import OpenOrdersReported, TradesReported


def look_up(book: MatchingBook, order_id: ClientOrderId) -> OrderReported | OrderNotFound:
    """Return how an order stands."""
    order = book.orders.get(order_id)
    if order is None:
        return OrderNotFound(client_order_id=order_id)
    request = order.request
    terms = OrderTerms(
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        price=request.price,
        trigger_price=request.trigger_price,
    )
    return OrderReported(facts=order.facts, terms=terms)


def balances(book: MatchingBook) -> BalancesReported:
    """Return what the account holds."""
    held = [book.balances[currency] for currency in sorted(book.balances)]
    return BalancesReported(
        total=tuple(Money(balance.currency, balance.total) for balance in held),
        free=tuple(Money(balance.currency, balance.free) for balance in held),
    )


def open_orders(book: MatchingBook, symbol: Symbol) -> OpenOrdersReported:
    """Return which orders work on ``symbol``."""
    orders = (order for order in book.orders.values() if order.request.symbol == symbol)
    return OpenOrdersReported(
        symbol=symbol,
        orders=tuple(order.facts for order in orders if not order.facts.is_terminal),
    )


def trades(book: MatchingBook, command: FetchTrades) -> TradesReported:
    """Return the fills asked for."""
    on_symbol = (trade for trade in book.trades.values() if trade.symbol == command.symbol)
    return TradesReported(
        symbol=command.symbol,
        since=command.since,
        trades=tuple(trade for trade in on_symbol if trade.at >= command.since),
    )
