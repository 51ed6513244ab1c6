"""How a position asks for an order: its id, its request, and the books it keeps of it."""

from decimal import Decimal

import msgspec

from actors.position.draft import Turn
from actors.position.position import OwnOrder, leg_of, with_order
from exchange.price_grid import ceil_price, floor_price, nearest_price
from messages.addresses import ORDER_ROUTER, POSITIONS
from messages.base import ClientOrderId, Milliseconds
from messages.ids import ATTEMPT_LAST, client_order_id, further_epoch, further_prefix
from messages.market import MarketRules, Quote
from messages.money import ONE
from messages.order_router import CancelOrder, PlaceOrder
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
)
from messages.plan import Rung
from messages.positions import EpochAdded


class Want(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as the position would like it to be."""

    side: Side
    purpose: Purpose
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    stop_limit_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    wait_ms: Milliseconds | None = None
    reference_price: Decimal | None = None
    """See ``OwnOrder``."""


def place(turn: Turn, want: Want) -> ClientOrderId:
    """Ask the router for the order; return its id, made from what is in the journal already."""
    charter, order_id = turn.charter, next_id(turn, want.side)
    request = OrderRequest(
        client_order_id=order_id,
        position_id=charter.position_id,
        symbol=charter.symbol,
        side=want.side,
        type=want.type,
        purpose=want.purpose,
        quantity=want.quantity,
        price=want.price,
        trigger_price=want.trigger_price,
        stop_limit_price=want.stop_limit_price,
        time_in_force=want.time_in_force,
        wait_ms=want.wait_ms,
    )
    order = OwnOrder(
        side=want.side,
        purpose=want.purpose,
        quantity=want.quantity,
        reference_price=want.reference_price,
        facts=OrderFacts(client_order_id=order_id, status=OrderStatus.NEW, at=turn.now),
    )
    turn.update(orders=with_order(turn.position.orders, order))
    turn.send(ORDER_ROUTER, PlaceOrder(request=request))
    return order_id


def next_id(turn: Turn, side: Side) -> ClientOrderId:
    """Count one order more, and return its id: one that was never used."""
    position = turn.position
    used = max(
        position.entry_attempts - position.entries_before,
        position.exit_attempts - position.exits_before,
    )
    if used >= ATTEMPT_LAST:
        _renumber(turn)
        position = turn.position
    if side is Side.BUY:
        attempts, before = position.entry_attempts + 1, position.entries_before
        turn.update(entry_attempts=attempts)
    else:
        attempts, before = position.exit_attempts + 1, position.exits_before
        turn.update(exit_attempts=attempts)
    return client_order_id(turn.charter.order_prefix, leg_of(side), attempts - before)


def _renumber(turn: Turn) -> None:
    """Go on in another epoch where no number is left in an id; no exit waits for it."""
    position, charter = turn.position, turn.charter
    prefix = further_prefix(charter.order_prefix)
    if prefix == charter.order_prefix:
        return
    turn.charter = msgspec.structs.replace(charter, order_prefix=prefix)
    turn.update(entries_before=position.entry_attempts, exits_before=position.exit_attempts)
    turn.send(POSITIONS, EpochAdded(epoch=further_epoch(charter.order_prefix)))


def cancel(turn: Turn, order: OwnOrder, *, urgent: bool) -> None:
    """Ask the router to cancel the order, once, and once more if it became urgent."""
    if order.cancel_asked and (order.cancel_is_urgent or not urgent):
        return
    asked = msgspec.structs.replace(order, cancel_asked=True, cancel_is_urgent=urgent)
    turn.update(orders=with_order(turn.position.orders, asked))
    message = CancelOrder(client_order_id=order.facts.client_order_id, urgent=urgent)
    turn.send(ORDER_ROUTER, message)


def rung_price(rung: Rung, side: Side, quote: Quote, rules: MarketRules) -> Decimal | None:
    """Return the limit price of a ladder's rung; None for a market order.

    The offset goes towards the other side of the book, and so does the rounding: a buy's price up
    from the ask, a sell's down from the bid.
    """
    if rung.type is not OrderType.LIMIT:
        return None
    if side is Side.BUY:
        ask = nearest_price(quote.ask, rules)
        return ceil_price(ask * (ONE + rung.offset_ratio), rules)
    bid = nearest_price(quote.bid, rules)
    return max(floor_price(bid * (ONE - rung.offset_ratio), rules), rules.tick_size)
