"""One order of ours as the venue has it: its legs and fills, whatever order they are heard in.

Owns the sum: what is told of an order is made of all that was heard of it, so it only grows. A fill
heard twice is known by its id. Pure.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from exchange.live.exactly import exactly
from exchange.live.reading import Leg
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.money import ZERO, add_money
from messages.orders import (
    TERMINAL_STATUSES,
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderTerms,
    OrderType,
    RejectReason,
    StopStatus,
    TimeInForce,
)
from messages.reconciler import Trade


class LiveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard of one order of ours."""

    client_order_id: ClientOrderId
    symbol: Symbol
    request: OrderRequest | None = None
    """None: it was sent by an earlier process; only what the venue says is known."""
    legs: tuple[Leg, ...] = ()
    """In the order in which they were heard of first."""
    trades: tuple[Trade, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to any leg."""
        return bool(self.legs) and all(leg.status in TERMINAL_STATUSES for leg in self.legs)

    @property
    def lacks_trades(self) -> bool:
        """Whether the venue says more filled than the fills that are known."""
        return _filled_by_legs(self) > _filled_by_trades(self)


@exactly
def hear(order: LiveOrder, legs: Iterable[Leg] = (), trades: Iterable[Trade] = ()) -> LiveOrder:
    """Return the order after more was heard of it."""
    known = {leg.exchange_order_id: leg for leg in order.legs}
    heard = list(trades)
    for leg in legs:
        before = known.get(leg.exchange_order_id)
        known[leg.exchange_order_id] = leg if before is None else _merge(before, leg)
        heard += leg.fills
    fills = {(trade.exchange_order_id, trade.trade_id): trade for trade in order.trades}
    for trade in heard:
        own = replace(trade, client_order_id=order.client_order_id)
        fills.setdefault((own.exchange_order_id, own.trade_id), own)
    return replace(order, legs=tuple(known.values()), trades=tuple(fills.values()))


@exactly
def facts_of(order: LiveOrder) -> OrderFacts:
    """Return how the order stands."""
    by_trades, by_legs = _filled_by_trades(order), _filled_by_legs(order)
    cost = sum((trade.price * trade.quantity for trade in order.trades), ZERO)
    if by_trades < by_legs:
        cost = max(cost, sum((leg.cost for leg in order.legs), ZERO))
    filled = max(by_trades, by_legs)
    status = _status(order)
    if status is OrderStatus.OPEN and filled > ZERO:
        status = OrderStatus.PARTIALLY_FILLED
    return OrderFacts(
        client_order_id=order.client_order_id,
        status=status,
        filled=filled,
        cost=cost,
        fees=add_money((), (trade.fee for trade in order.trades)),
        stop=_stop(order),
        exchange_order_id=order.legs[0].exchange_order_id if order.legs else None,
        reason=_reason(order, status),
        at=max((leg.at for leg in order.legs), default=Timestamp(0)),
    )


def terms_of(order: LiveOrder) -> OrderTerms | None:
    """Return what the venue says that the order is; None: it did not say."""
    for leg in order.legs:
        if leg.side is not None and leg.quantity is not None:
            return OrderTerms(
                symbol=order.symbol,
                side=leg.side,
                quantity=leg.quantity,
                placed_at=leg.placed_at,
            )
    return None


def _merge(before: Leg, told: Leg) -> Leg:
    """Return a leg after it was told again: what is over stays over, quantities only grow."""
    is_older = told.filled < before.filled or (
        before.status in TERMINAL_STATUSES and told.status is not OrderStatus.FILLED
    )
    newer = before if is_older else told
    return replace(
        newer,
        client_order_id=before.client_order_id or told.client_order_id,
        is_stop=before.is_stop or told.is_stop,
        is_triggered=before.is_triggered or told.is_triggered,
        filled=max(before.filled, told.filled),
        cost=max(before.cost, told.cost),
        list_id=before.list_id or told.list_id,
        side=before.side or told.side,
        quantity=told.quantity if before.quantity is None else before.quantity,
        placed_at=before.placed_at or told.placed_at,
        reason=before.reason or told.reason,
        at=before.at if is_older else max(before.at, told.at),
        fills=(),
    )


def _status(order: LiveOrder) -> OrderStatus:
    """Return the status of all legs together: it lives while one does, it filled if one did."""
    statuses = [leg.status for leg in order.legs]
    if not statuses:
        return OrderStatus.OPEN
    if OrderStatus.FILLED in statuses:
        return OrderStatus.FILLED
    live = [status for status in statuses if status not in TERMINAL_STATUSES]
    if live:
        is_partly = OrderStatus.PARTIALLY_FILLED in live
        return OrderStatus.PARTIALLY_FILLED if is_partly else OrderStatus.OPEN
    is_canceled = OrderStatus.CANCELED in statuses
    return OrderStatus.CANCELED if is_canceled else statuses[0]


def _stop(order: LiveOrder) -> StopStatus:
    has_stop = order.request is None or order.request.trigger_price is not None
    stop = next((leg for leg in order.legs if leg.is_stop), None) if has_stop else None
    if stop is None:
        return StopStatus.NONE
    if stop.is_triggered:
        return StopStatus.TRIGGERED
    return StopStatus.GONE if stop.status in TERMINAL_STATUSES else StopStatus.WORKING


def _reason(order: LiveOrder, status: OrderStatus) -> RejectReason | None:
    if status not in TERMINAL_STATUSES or status is OrderStatus.FILLED:
        return None
    said = next((leg.reason for leg in order.legs if leg.reason is not None), None)
    if said is not None or status is OrderStatus.CANCELED:
        return said
    request = order.request
    takes = request is not None and (
        request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IOC
    )
    return RejectReason.NO_LIQUIDITY if takes else RejectReason.OTHER


@exactly
def _filled_by_legs(order: LiveOrder) -> Decimal:
    return sum((leg.filled for leg in order.legs), ZERO)


@exactly
def _filled_by_trades(order: LiveOrder) -> Decimal:
    return sum((trade.quantity for trade in order.trades), ZERO)
