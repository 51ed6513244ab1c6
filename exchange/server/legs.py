"""An order as a venue shows it: one row, or two where it is an OCO.

The matching engine keeps an OCO as one order with two legs; venues list each leg as an order with
an id of its own, and each ends for itself. Pure.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import IntEnum

import msgspec

from exchange.matching.state import VenueOrder
from exchange.server.venue import OrderStep, client_name
from messages.money import ZERO
from messages.orders import OrderRequest, OrderStatus, OrderType, RejectReason, StopStatus
from messages.reconciler import Trade

IDS_AN_ORDER = 10
"""Order ids that one place in time has room for."""

_SECOND = 9
"""The last digit of a second order's id."""


class Leg(IntEnum):
    """Which part of an order; part of its id."""

    SINGLE = 0
    LIMIT = 1
    STOP = 2


class OcoNames(msgspec.Struct, frozen=True):
    """The client order ids of an OCO's two legs; its list has the engine's."""

    limit: str
    stop: str


class LegRow(msgspec.Struct, frozen=True, kw_only=True):
    """One leg as it stands."""

    leg: Leg
    request: OrderRequest
    sequence: int
    client_order_id: str
    status: OrderStatus
    price: Decimal
    """Limit price; zero: none."""
    stop_price: Decimal
    filled: Decimal
    cost: Decimal
    is_working: bool
    """Whether it is in the book: not a stop that waits."""
    at: int
    reason: RejectReason | None = None
    """Why it ended, where the venue ended it."""
    is_second: bool = False
    """Whether it is the order that a triggered stop became, where such a one is another order."""

    @property
    def order_id(self) -> int:
        """The venue's own id."""
        return self.sequence * IDS_AN_ORDER + (_SECOND if self.is_second else self.leg)

    @property
    def list_id(self) -> int:
        """The id of its OCO, -1: it has none."""
        return -1 if self.leg is Leg.SINGLE else self.sequence


class LegReport(msgspec.Struct, frozen=True):
    """One thing that happened to a leg: NEW, TRADE, CANCELED or EXPIRED.

    A stop is NEW twice: when it comes, and when it is triggered and enters the book.
    """

    kind: str
    row: LegRow
    trade: Trade | None = None


def rows(order: VenueOrder, names: OcoNames | None = None) -> tuple[LegRow, ...]:
    """Return the rows of ``order`` as it stands; an OCO's limit leg first."""
    if order.request.type is not OrderType.OCO or names is None:
        return (_row(order, Leg.SINGLE, client_name(order.request.client_order_id)),)
    return _row(order, Leg.LIMIT, names.limit), _row(order, Leg.STOP, names.stop)


def active_leg(order: VenueOrder) -> Leg:
    """Return the leg that fills belong to."""
    if order.request.type is not OrderType.OCO:
        return Leg.SINGLE
    return Leg.STOP if order.facts.stop is StopStatus.TRIGGERED else Leg.LIMIT


def reports(step: OrderStep, names: OcoNames | None = None) -> list[LegReport]:
    """Return what a step did to each leg, in the order in which a venue tells it."""
    before = {} if step.before is None else {row.leg: row for row in rows(step.before, names)}
    after = rows(step.after, names)
    active = active_leg(step.after)
    told = [LegReport("NEW", _at_first(row)) for row in after if row.leg not in before]
    for row in sorted(after, key=lambda row: row.leg is active):
        if row.leg is active:
            told += [LegReport("NEW", _at_first(row))] if _is_triggered_by(step) else []
            told += _fills(step, row)
        was = before[row.leg].status if row.leg in before else OrderStatus.OPEN
        if row.status is not was and row.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
            told.append(LegReport(row.status.name, row))
    return told


def _is_triggered_by(step: OrderStep) -> bool:
    before = StopStatus.NONE if step.before is None else step.before.facts.stop
    return before is StopStatus.WORKING and step.after.facts.stop is StopStatus.TRIGGERED


def _fills(step: OrderStep, row: LegRow) -> Iterable[LegReport]:
    filled = step.before.facts.filled if step.before else ZERO
    cost = step.before.facts.cost if step.before else ZERO
    for trade in step.trades:
        filled, cost = filled + trade.quantity, cost + trade.price * trade.quantity
        is_full = filled >= row.request.quantity
        status = OrderStatus.FILLED if is_full else OrderStatus.PARTIALLY_FILLED
        changed = msgspec.structs.replace(row, filled=filled, cost=cost, status=status)
        yield LegReport("TRADE", changed, trade)


def _at_first(row: LegRow) -> LegRow:
    return msgspec.structs.replace(row, status=OrderStatus.OPEN, filled=ZERO, cost=ZERO)


def _row(order: VenueOrder, leg: Leg, name: str) -> LegRow:
    request, facts = order.request, order.facts
    is_active = leg is active_leg(order)
    waits = facts.stop is StopStatus.WORKING and leg is not Leg.LIMIT
    stop_limit = request.stop_limit_price if request.type is OrderType.OCO else request.price
    return LegRow(
        leg=leg,
        request=request,
        sequence=order.sequence,
        client_order_id=name,
        status=facts.status if is_active else _status_of_other(order),
        price=(stop_limit if leg is Leg.STOP else request.price) or ZERO,
        stop_price=(None if leg is Leg.LIMIT else request.trigger_price) or ZERO,
        filled=facts.filled if is_active else ZERO,
        cost=facts.cost if is_active else ZERO,
        is_working=not waits,
        at=facts.at,
        reason=facts.reason if is_active else None,
    )


def _status_of_other(order: VenueOrder) -> OrderStatus:
    """Return how the leg stands that does not fill."""
    facts = order.facts
    if facts.stop is StopStatus.WORKING:
        return OrderStatus.OPEN
    was_canceled_whole = facts.status is OrderStatus.CANCELED and not facts.filled
    if was_canceled_whole and facts.stop is StopStatus.GONE:
        return OrderStatus.CANCELED
    return OrderStatus.EXPIRED
