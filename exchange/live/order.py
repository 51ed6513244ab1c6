"""One order of ours as the venue has it: its legs and fills, whatever order they are heard in.

Owns the sum: what is told of an order is made of all that was heard of it, so it only grows. A fill
heard twice is known by its id, and of two sources that differ the more trusted one is believed,
field by field (``FillSource`` is the table of trust). What no source names is not known yet: an
order whose filled quantity is not known is not over, and what its fills cost is told as missing.
Pure.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from exchange.live.fields import exactly
from exchange.live.parsing import Leg
from exchange.price_grid import tick_at
from messages.base import ClientOrderId, Symbol, Timestamp
from messages.market import MarketRules
from messages.money import ZERO, add_money, beyond
from messages.orders import (
    TERMINAL_STATUSES,
    FillSource,
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
        """Whether nothing more happens to any leg, and how much each filled is known."""
        return bool(self.legs) and all(leg.is_over for leg in self.legs)

    @property
    def is_pair(self) -> bool | None:
        """Whether it is a pair at the venue; None: sent by an earlier process."""
        if self.request is not None:
            return self.request.type is OrderType.OCO
        return any(leg.list_id for leg in self.legs) or (None if not self.legs else False)

    @property
    def lacks_trades(self) -> bool:
        """Whether the venue says more filled than the fills that are known, or not how much."""
        is_unclear = any(leg.filled is None and _has_ended(leg) for leg in self.legs)
        return is_unclear or _filled_by_legs(self) > _filled_by_trades(self)

    @property
    def lacks_fees(self) -> bool:
        """Whether a fill is known without its fee."""
        return any(not trade.is_fee_known for trade in self.trades)


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
        key = (own.exchange_order_id, own.trade_id)
        fills[key] = own if key not in fills else _merge_fill(fills[key], own)
    legs = tuple(_filled_by_its_fills(leg, fills.values()) for leg in known.values())
    return replace(order, legs=legs, trades=tuple(fills.values()))


@exactly
def facts_of(order: LiveOrder) -> OrderFacts:
    """Return how the order stands."""
    by_trades = _filled_by_trades(order)
    filled = max(by_trades, _filled_by_legs(order))
    priced, cost = max(
        # Of as much the fills are exact; a venue may round its sum.
        (by_trades, sum((trade.price * trade.quantity for trade in order.trades), ZERO)),
        (
            sum((leg.priced for leg in order.legs), ZERO),
            sum((leg.cost or ZERO for leg in order.legs), ZERO),
        ),
        key=lambda known: known[0],
    )
    fees_known = sum((trade.quantity for trade in order.trades if trade.is_fee_known), ZERO)
    sources = (trade.source for trade in order.trades if trade.is_fee_known)
    status = _status(order)
    if status is OrderStatus.OPEN and filled > ZERO:
        status = OrderStatus.PARTIALLY_FILLED
    return OrderFacts(
        client_order_id=order.client_order_id,
        status=status,
        filled=filled,
        cost=cost,
        unpriced=beyond(filled, priced),
        fees=add_money((), (fee for trade in order.trades for fee in trade.fees)),
        fees_missing=beyond(filled, fees_known),
        fee_source=min(sources, default=FillSource.LIST),
        stop=_stop(order),
        exchange_order_id=order.legs[0].exchange_order_id if order.legs else None,
        reason=_reason(order, status),
        at=max((leg.at for leg in order.legs), default=Timestamp(0)),
    )


@exactly
def terms_of(order: LiveOrder, rules: MarketRules | None = None) -> OrderTerms | None:
    """Return what the venue says that the order is; None: it did not say.

    ``rules``: the market's, which say how precise its values are; None: exact.
    """
    told = next((one for one in order.legs if one.side and one.quantity is not None), None)
    if told is None or told.side is None or told.quantity is None:
        return None
    # A stop's own limit is not compared: exchanges name what becomes of it after its trigger.
    price = next((leg.price for leg in order.legs if not leg.is_stop and leg.price), None)
    trigger = next((leg.trigger_price for leg in order.legs if leg.trigger_price), None)
    about = price or trigger
    return OrderTerms(
        symbol=order.symbol,
        side=told.side,
        quantity=told.quantity,
        placed_at=told.placed_at,
        price=price,
        trigger_price=trigger,
        step_size=None if rules is None else rules.step_size,
        tick_size=None if rules is None or about is None else tick_at(rules, about),
    )


def _merge(before: Leg, told: Leg) -> Leg:
    """Return a leg after it was told again: what is over stays over, quantities only grow."""
    is_less = None not in (told.filled, before.filled) and told.filled < before.filled  # type: ignore[operator]
    is_over = before.is_over and told.status is not OrderStatus.FILLED
    is_older = is_less or is_over or (_has_ended(before) and not _has_ended(told))
    newer = before if is_older else told
    filled = [one for one in (before.filled, told.filled) if one is not None]
    priced = max(before, told, key=lambda leg: (leg.priced, leg.cost or ZERO))
    return replace(
        newer,
        client_order_id=before.client_order_id or told.client_order_id,
        is_stop=before.is_stop or told.is_stop,
        is_triggered=before.is_triggered or told.is_triggered,
        filled=max(filled, default=None),
        cost=priced.cost,
        priced=priced.priced,
        list_id=before.list_id or told.list_id,
        side=before.side or told.side,
        quantity=told.quantity if before.quantity is None else before.quantity,
        placed_at=before.placed_at or told.placed_at,
        price=before.price or told.price,
        trigger_price=before.trigger_price or told.trigger_price,
        reason=before.reason or told.reason,
        at=before.at if is_older else max(before.at, told.at),
        fills=(),
    )


def _merge_fill(before: Trade, told: Trade) -> Trade:
    """Return a fill that was told of again: each field from the most trusted source that has it."""
    better, other = (told, before) if told.source > before.source else (before, told)
    fees = better if better.is_fee_known or not other.is_fee_known else other
    return replace(
        better,
        fee=fees.fee,
        more_fees=fees.more_fees,
        is_fee_known=fees.is_fee_known,
        # The fee's source is what the next one is measured by: a better fee may still come.
        source=fees.source if fees is not better else better.source,
        is_maker=better.is_maker or other.is_maker,
        at=better.at or other.at,
    )


def _filled_by_its_fills(leg: Leg, fills: Iterable[Trade]) -> Leg:
    """Return a leg with the quantity that it asked for where its fills add up to it."""
    if leg.filled is not None or leg.quantity is None or not _has_ended(leg):
        return leg
    own = (fill.quantity for fill in fills if fill.exchange_order_id == leg.exchange_order_id)
    filled = sum(own, ZERO)
    return replace(leg, filled=filled) if filled >= leg.quantity else leg


def _has_ended(leg: Leg) -> bool:
    return leg.status in TERMINAL_STATUSES


def _status(order: LiveOrder) -> OrderStatus:
    """Return the status of all legs together: it lives while one does, it filled if one did."""
    statuses = [leg.status for leg in order.legs]
    if not statuses:
        return OrderStatus.OPEN
    if any(_has_ended(leg) and leg.filled is None for leg in order.legs):
        return OrderStatus.OPEN  # over, but nobody can book an end of which no quantity is known
    if OrderStatus.FILLED in statuses:
        return OrderStatus.FILLED
    live = [status for status in statuses if status not in TERMINAL_STATUSES]
    if live:
        is_partly = OrderStatus.PARTIALLY_FILLED in live
        return OrderStatus.PARTIALLY_FILLED if is_partly else OrderStatus.OPEN
    is_canceled = OrderStatus.CANCELED in statuses
    return OrderStatus.CANCELED if is_canceled else statuses[0]


def _stop(order: LiveOrder) -> StopStatus:
    """Return how the stop leg stands.

    What was placed counts as what was asked for until the venue says otherwise: an acknowledgement
    often names no trigger (Coinbase's has an id and nothing else).
    """
    request = order.request
    if request is not None and request.trigger_price is None:
        return StopStatus.NONE
    stop = next((leg for leg in order.legs if leg.is_stop), None)
    if stop is None and request is not None:
        stop = next((leg for leg in order.legs if not _has_ended(leg)), None)
        stop = stop or next(iter(order.legs), None)
        if stop is not None and stop.filled:
            return StopStatus.TRIGGERED
    if stop is None:
        return StopStatus.NONE
    if stop.is_triggered:
        return StopStatus.TRIGGERED
    return StopStatus.GONE if _has_ended(stop) else StopStatus.WORKING


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
    return sum((leg.filled or ZERO for leg in order.legs), ZERO)


@exactly
def _filled_by_trades(order: LiveOrder) -> Decimal:
    return sum((trade.quantity for trade in order.trades), ZERO)
