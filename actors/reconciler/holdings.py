"""What processes with other journals bought and sold: coins that are not ours, or are gone.

Owns the fills of orders that this journal lacks, by order, and their sums by position. A position
that both journals hold has one number in both, so its sums say what the other process sold of it.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from actors.reconciler.state import ForeignFill, ForeignOrder, Looks
from messages.base import ClientOrderId, PositionId, Symbol, base_currency
from messages.ids import ENTRY_LEG, parse
from messages.money import ZERO, amount_in
from messages.portfolio import ForeignHolding
from messages.reconciler import ListedOrder


def noted(looks: Looks, symbol: Symbol, listed: Iterable[ListedOrder]) -> tuple[ForeignOrder, ...]:
    """Return the foreign orders of which a list or a report says more than is known."""
    changed: dict[ClientOrderId, ForeignOrder] = {}
    for order in listed:
        order_id = order.client_order_id
        known = changed.get(order_id) or looks.foreign_orders.get(order_id)
        before = known or ForeignOrder(client_order_id=order_id, symbol=symbol)
        after = _after(before, order)
        if after != before:
            changed[order_id] = after
    return tuple(changed.values())


def holdings(
    looks: Looks, symbol: Symbol, changed: Iterable[ForeignOrder]
) -> tuple[ForeignHolding, ...]:
    """Return what was bought and sold of each position, ``changed`` included."""
    orders = looks.foreign_orders | {one.client_order_id: one for one in changed}
    bought: defaultdict[PositionId, Decimal] = defaultdict(Decimal)
    sold: defaultdict[PositionId, Decimal] = defaultdict(Decimal)
    for order_id, order in orders.items():
        parts = parse(order_id)
        if parts is not None and order.symbol == symbol:
            side = bought if parts.leg == ENTRY_LEG else sold
            side[parts.position_id] += order.moved
    return tuple(
        ForeignHolding(position_id=one, bought=bought[one], sold=sold[one])
        for one in sorted({*bought, *sold})
    )


def _after(before: ForeignOrder, listed: ListedOrder) -> ForeignOrder:
    base = base_currency(before.symbol)
    fills = {fill.trade_id: fill for fill in before.fills}
    for trade in listed.trades:
        is_entry = _is_entry(before.client_order_id)
        fee = max(amount_in(trade.fees, base), ZERO) if is_entry else ZERO
        fills[trade.trade_id] = ForeignFill(
            trade_id=trade.trade_id, quantity=trade.quantity, fee=fee
        )
    return ForeignOrder(
        client_order_id=before.client_order_id,
        symbol=before.symbol,
        filled=before.filled if listed.trades else max(before.filled, listed.filled),
        fills=tuple(fills.values()),
    )


def _is_entry(order_id: ClientOrderId) -> bool:
    parts = parse(order_id)
    return parts is not None and parts.leg == ENTRY_LEG
