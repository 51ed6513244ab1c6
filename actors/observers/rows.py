"""A living position as a row for people: where it stands, and what protects it from where. Pure."""

from decimal import Decimal

from actors.observers.trades import profit
from actors.position.coverage import is_covered, is_stopped_at_venue, may_be_left
from actors.position.position import Life, OwnOrder, find_order
from actors.position.price_levels import protection_mode, stop, target
from exchange.price_grid import nearest_price
from messages.base import Timestamp
from messages.orders import Purpose
from messages.session import PositionRow


def position_row(life: Life, last: float | None, now: Timestamp) -> PositionRow:
    """Return the row of a position whose market last traded at ``last``."""
    position, charter = life.position, life.charter
    stop_now = stop(life)
    pnl = unrealised(life, last)
    cost = position.booked.bought_cost
    closing = position.closing
    return PositionRow(
        position_id=position.position_id,
        symbol=charter.symbol,
        state=position.state.value,
        mode=protection_mode(charter).value,
        lives_at_venue=is_stopped_at_venue(position),
        is_covered=is_covered(life),
        may_be_left=may_be_left(life),
        resting=resting(life),
        held=life.held,
        average_entry=life.average_entry,
        stop=None if stop_now is None else stop_now[0],
        target=target(life, now),
        last=last,
        pnl=pnl,
        return_ratio=float(pnl) / float(cost) if pnl is not None and cost else None,
        began_at=position.began_at,
        is_stuck=closing is not None and closing.is_stuck,
    )


def unrealised(life: Life, last: float | None) -> Decimal | None:
    """Return the profit in quote, were all of it sold at ``last``, exit fees aside."""
    booked = life.position.booked
    if not booked.bought or not booked.is_priced or last is None:
        return None
    price = nearest_price(last, life.charter.rules)
    return profit(life.charter, life.position) + life.held * price


def resting(life: Life) -> str:
    """Return what is in the exit slot, for people; empty: nothing."""
    order, slot = _slot_order(life), life.position.slot
    if order is None:
        return ""
    prices = [f"{price:f}" for price in (slot.price, slot.trigger_price) if price is not None]
    what = order.purpose.value.replace("_", " ")
    if order.purpose is Purpose.TAKE_PROFIT and len(prices) > 1:  # an OCO: both its legs
        return f"{what} {prices[0]} or stop {prices[1]} {slot.state.value}"
    return " ".join([what, " / ".join(prices) or "at the market", slot.state.value])


def _slot_order(life: Life) -> OwnOrder | None:
    return find_order(life.position, life.position.slot.order_id)
