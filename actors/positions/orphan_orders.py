"""An order of ours that nobody expects: its fills are booked, what works of a dead one is canceled.

Owns what is done for it. Whose it is, the roster says; strangers' orders are never touched.
"""

from enum import Enum, auto

from messages.addresses import GATEWAY, OBSERVERS, PORTFOLIO, RECONCILER
from messages.envelope import NOTHING, Send, Step
from messages.gateway import CancelAtVenue
from messages.ids import position_of
from messages.money import ZERO, add_money
from messages.observers import Alarm, AlarmKind
from messages.orders import OrderFacts, OrderStatus, Priority
from messages.portfolio import UnmatchedFill
from messages.positions import StrayFound
from messages.reconciler import StraySettled


class Whose(Enum):
    """What is known of an order's position."""

    NOT_OURS = auto()
    """It is none of this journal's: an earlier one's, or its number was never given."""
    LACKING = auto()
    """Its epoch is one of ours, and this journal never placed it: what left without a record was
    looked for after the start, so a process with a copy of this journal did."""
    OVER = auto()
    LIVING = auto()
    RESTORING = auto()
    """It lives, and is still looking for its orders after a restart."""


def found(message: StrayFound, whose: Whose) -> Step:
    """Book, cancel and tell, by whose it is; while it looks for its orders itself, wait."""
    if whose is Whose.RESTORING:
        return NOTHING
    sends: list[Send] = []
    if message.order.trades and whose in {Whose.OVER, Whose.LIVING}:
        sends.append(_unmatched(message))
    if message.order.is_working:
        if whose is Whose.OVER:
            sends.append(_cancel(message))
        if not message.is_told:
            sends.append(_alarm(message, whose))
    order_id = message.order.client_order_id
    answer = StraySettled(client_order_id=order_id, is_lacking=whose is Whose.LACKING)
    return Step(outbox=(*sends, Send(RECONCILER, answer)))


def _unmatched(message: StrayFound) -> Send:
    order = message.order
    cost = sum((trade.price * trade.quantity for trade in order.trades), ZERO)
    fees = add_money((fee for trade in order.trades for fee in trade.fees), ())
    facts = OrderFacts(
        client_order_id=order.client_order_id,
        status=OrderStatus.PARTIALLY_FILLED if order.is_working else OrderStatus.FILLED,
        filled=order.filled,
        cost=cost,
        fees=fees,
        fees_missing=sum((t.quantity for t in order.trades if not t.is_fee_known), ZERO),
        exchange_order_id=order.exchange_order_id,
        at=order.trades[-1].at,
    )
    unmatched = UnmatchedFill(
        client_order_id=order.client_order_id,
        symbol=message.symbol,
        side=order.trades[0].side,
        filled=order.filled,
        cost=cost,
        fees=fees,
        facts=facts,
    )
    return Send(PORTFOLIO, unmatched)


def _cancel(message: StrayFound) -> Send:
    cancel = CancelAtVenue(
        client_order_id=message.order.client_order_id,
        exchange_order_id=message.order.exchange_order_id,
        symbol=message.symbol,
        priority=Priority.PROTECTION,
    )
    return Send(GATEWAY, cancel)


_WHAT_NOW = {
    Whose.LACKING: "this journal lacks it: left alone; look at the venue",
    Whose.OVER: "its position is over, so it is canceled",
    Whose.LIVING: "its position lives and does not know it: left alone; look at the venue",
    Whose.NOT_OURS: "it is none of this journal's: left alone; look at the venue",
}


def _alarm(message: StrayFound, whose: Whose) -> Send:
    order_id = message.order.client_order_id
    text = f"{order_id}: works on {message.symbol} and nobody expects it: {_WHAT_NOW[whose]}"
    alarm = Alarm(
        kind=AlarmKind.STRAY_ORDER,
        text=text,
        position_id=position_of(order_id),
        symbol=message.symbol,
    )
    return Send(OBSERVERS, alarm)
