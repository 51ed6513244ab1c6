"""The venue's lists beside the ledger: what is behind them is looked up, what is not here is named.

Owns the comparison, and what is told to those who compare. A list is never booked: a look-up says
all of an order, a list only a part.
"""

from collections import defaultdict
from decimal import Decimal

from msgspec.structs import replace

from actors.order_router.order import RoutedOrder
from actors.order_router.order_store import Orders
from actors.order_router.replies import doubted
from config.settings import RouterSettings
from messages.addresses import PORTFOLIO, RECONCILER
from messages.base import Symbol, Timestamp
from messages.envelope import Send
from messages.ids import EXIT_LEG, position_of
from messages.money import ZERO
from messages.order_router import CompareOrders
from messages.orders import Side
from messages.portfolio import Unfilled, UnfilledListed
from messages.reconciler import ListedOrder, OrdersUnknown, SymbolsListed


def symbols(orders: Orders) -> Send:
    """Return the answer to the question where there are orders."""
    return Send(RECONCILER, SymbolsListed(symbols=tuple(sorted(orders.per_symbol))))


def unfilled(orders: Orders) -> Send:
    """Return the answer to the question what may still fill, or may have filled unheard."""
    left: defaultdict[tuple[Symbol, Side], Decimal] = defaultdict(Decimal)
    to_pay: dict[Symbol, Decimal | None] = {}
    for order in orders.by_id.values():
        request, facts = order.request, order.facts
        if facts.is_terminal and not facts.unpriced:
            continue
        # A fill whose cost is not known is not booked: the venue's balances show it first.
        rest = (ZERO if facts.is_terminal else request.quantity - facts.filled) + facts.unpriced
        left[request.symbol, request.side] += rest
        known = to_pay.setdefault(request.symbol, ZERO)
        if request.side is Side.BUY:
            price = request.price
            to_pay[request.symbol] = (
                None if price is None or known is None else known + price * rest
            )
    rows = tuple(
        Unfilled(
            symbol=symbol,
            to_buy=left[symbol, Side.BUY],
            to_sell=left[symbol, Side.SELL],
            to_pay=to_pay[symbol],
        )
        for symbol in sorted(to_pay)
    )
    return Send(PORTFOLIO, UnfilledListed(rows=rows))


def behind(
    orders: Orders, message: CompareOrders, settings: RouterSettings, now: Timestamp
) -> list[tuple[RoutedOrder, RoutedOrder]]:
    """Return the orders of which the venue lists more than is known, before and after."""
    pairs = ((orders.by_id.get(listed.client_order_id), listed) for listed in message.orders)
    return [
        (order, doubted(_with_listed(order, listed), settings, now))
        for order, listed in pairs
        if order is not None and _is_behind(order, listed)
    ]


def _with_listed(order: RoutedOrder, listed: ListedOrder) -> RoutedOrder:
    """Return a sale with what the list shows of it: its position sells nothing before it knows."""
    is_more = order.request.side is Side.SELL and listed.filled > order.listed
    return replace(order, listed=listed.filled) if is_more else order


def unknown(orders: Orders, message: CompareOrders) -> tuple[Send, ...]:
    """Return the answer for those that are not here, where there are any.

    Of a position that is looking back some are still to be found.
    """
    not_here = tuple(
        listed
        for listed in message.orders
        if listed.client_order_id not in orders.by_id and not _is_still_sought(orders, listed)
    )
    if not not_here and not message.answers:
        return ()
    told = OrdersUnknown(
        symbol=message.symbol,
        orders=not_here,
        answers=message.answers,
        of_listening=tuple(one.client_order_id for one in not_here if _is_heard(orders, one)),
    )
    return (Send(RECONCILER, told),)


def _is_still_sought(orders: Orders, listed: ListedOrder) -> bool:
    """Return whether its position's search may still find it: not another process's.

    Under a prefix whose search has ended nothing of ours is left to be found: a process with a copy
    of this journal placed it. Where a person called that process dead, a position looks for it.
    """
    order_id, identity = listed.client_order_id, orders.identity
    position_id = position_of(order_id)
    search = None if position_id is None else orders.looking_back.get(position_id)
    if search is None:
        return False
    if identity is None or identity.is_adopted(order_id):
        return True
    asked = search.asked
    return order_id.startswith(tuple(one + EXIT_LEG for one in (asked.order_prefix, *asked.later)))


def _is_heard(orders: Orders, listed: ListedOrder) -> bool:
    position_id = position_of(listed.client_order_id)
    return position_id is not None and orders.has_listener(position_id)


def _is_behind(order: RoutedOrder, listed: ListedOrder) -> bool:
    """Return whether the list says more; a fill after the last word on the order may be missing."""
    facts = order.facts
    return (
        listed.filled > facts.filled
        or (listed.is_working and facts.is_terminal)
        or any(trade.at > facts.at for trade in listed.trades)
    )
