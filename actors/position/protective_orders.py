"""What should rest at the venue while a position is held: take profit, stop, or both."""

from decimal import Decimal

from msgspec.structs import replace

from actors.position.exit_form import under_refused
from actors.position.orders import Want
from actors.position.own_orders import doubtful_orders
from actors.position.position import Life, RefusedOrder, find_order
from actors.position.price_levels import (
    leaves_stop,
    next_part,
    protection_mode,
    rests_stop,
    stop,
    target,
)
from actors.position.states import AT_REST
from exchange.price_grid import floor_price
from exchange.rules import most_in_one_order
from messages.base import Timestamp
from messages.money import ONE
from messages.orders import OrderType, Purpose, Side
from messages.plan import ProtectionMode

FORMS_AT_REST = 3
"""Quantities, a step apart, in which an order that a rule refused is tried: then no more."""
RESIZE_RATIO = 2
"""While the entry fills, a resting order is only replaced by one so many times its size."""


def wanted_resting(life: Life, now: Timestamp) -> Want | None:
    """Return the order that should rest now; None: none, the trigger alone covers."""
    position = life.position
    if position.state in AT_REST or position.closing is not None:
        return None
    if position.protection.retry_at is not None and now < position.protection.retry_at:
        return None
    if doubtful_orders(position) or position.contested:
        # Its coins may be locked, or sold, by an order that nobody can see, or by another process.
        return None
    if position.stranded is not None:
        return None
    want = _wanted_in_mode(life, now)
    want = None if want is None else _not_refused(life, _within_most(life, want))
    if want is None or not _is_large_enough(life, want):
        return None
    return _unless_still_filling(life, want)


def lets_nothing_rest(life: Life) -> bool:
    """Return whether the mode in force lets no order rest; one that rests all the same goes."""
    position = life.position
    if doubtful_orders(position) or position.contested:
        return False
    return protection_mode(life.charter) is ProtectionMode.TRIGGERS and not leaves_stop(life)


def _within_most(life: Life, want: Want) -> Want:
    """Return the order with no more than one can have: the trigger covers the rest."""
    most = most_at_rest(life, want)
    return want if most is None or want.quantity <= most else replace(want, quantity=most)


def most_at_rest(life: Life, want: Want) -> Decimal | None:
    """Return the largest quantity of one resting order; None: no limit is known."""
    sells_at_market = want.type is OrderType.OCO and want.stop_limit_price is None
    price = want.price or want.trigger_price
    rules = life.charter.rules
    most = most_in_one_order(rules, want.type, price, sells_at_market=sells_at_market)
    return under_refused(most, _refused_at_rest(life, want), rules)


def _not_refused(life: Life, want: Want) -> Want | None:
    """Return the order as no rule refused it: a step less; None: the trigger alone covers."""
    quantities = {
        one.quantity
        for one in _refused_at_rest(life, want)
        if (one.price, one.trigger_price) == (want.price, want.trigger_price)
    }
    quantity = want.quantity
    for _ in range(FORMS_AT_REST):
        if quantity not in quantities:
            return want if quantity == want.quantity else replace(want, quantity=quantity)
        quantity -= life.charter.rules.step_size
    return None


def _refused_at_rest(life: Life, want: Want) -> tuple[RefusedOrder, ...]:
    return tuple(one for one in life.position.refused if not one.is_exit and one.type is want.type)


def _wanted_in_mode(life: Life, now: Timestamp) -> Want | None:
    if leaves_stop(life):
        return _stop(life)
    match protection_mode(life.charter):
        case ProtectionMode.AUTO:
            raise AssertionError("the mode in force is never auto")
        case ProtectionMode.TRIGGERS:
            return None
        case ProtectionMode.SYNTHETIC:
            return _take_profit(life, now)
        case ProtectionMode.SWITCHING:
            return _stop(life) if rests_stop(life) else _take_profit(life, now)
        case ProtectionMode.STOP_RESTS:
            return _stop(life)
        case ProtectionMode.OCO:
            return _oco(life, now)


def _take_profit(life: Life, now: Timestamp) -> Want | None:
    price = target(life, now)
    if price is None:
        return None
    return Want(
        side=Side.SELL,
        purpose=Purpose.TAKE_PROFIT,
        type=OrderType.LIMIT,
        quantity=_next_quantity(life),
        price=price,
    )


def _next_quantity(life: Life) -> Decimal:
    part = next_part(life)
    return life.sellable if part is None else part[1]


def _stop(life: Life) -> Want | None:
    stop_now = stop(life)
    if stop_now is None:
        return None
    trigger, limit = stop_now[0], _stop_limit_price(life, stop_now[0])
    return Want(
        side=Side.SELL,
        purpose=Purpose.STOP_LOSS,
        type=OrderType.STOP if limit is None else OrderType.STOP_LIMIT,
        quantity=life.sellable,
        price=limit,
        trigger_price=trigger,
    )


def _oco(life: Life, now: Timestamp) -> Want | None:
    stop_now, take_profit = stop(life), target(life, now)
    if stop_now is None or take_profit is None:
        return None
    return Want(
        side=Side.SELL,
        purpose=Purpose.TAKE_PROFIT,
        type=OrderType.OCO,
        quantity=_next_quantity(life),
        price=take_profit,
        trigger_price=stop_now[0],
        stop_limit_price=_stop_limit_price(life, stop_now[0]),
    )


def _stop_limit_price(life: Life, trigger: Decimal) -> Decimal | None:
    """Return the stop's limit; None where it is to be, and can be, a market order."""
    plan, rules, able = life.charter.plan, life.charter.rules, life.charter.capabilities
    offset = plan.stop_limit_offset_ratio
    if not able.native_stop_limit or (offset is None and able.native_stop):
        return None
    if offset is None:
        offset = plan.slippage_ratio
    return max(floor_price(trigger * (ONE - offset), rules), rules.tick_size)


def _is_large_enough(life: Life, want: Want) -> bool:
    """Whether the venue would take it, at the lowest price it can sell at."""
    rules = life.charter.rules
    prices = (want.price, want.trigger_price, want.stop_limit_price)
    lowest = min(price for price in prices if price is not None)
    return want.quantity >= rules.min_quantity and want.quantity * lowest >= rules.min_notional


def _unless_still_filling(life: Life, want: Want) -> Want | None:
    """Leave a smaller order alone while the entry fills bit by bit: the trigger covers the rest."""
    position = life.position
    resting = find_order(position, position.slot.order_id)
    if position.entry.is_over or resting is None:
        return want
    if want.quantity >= resting.remaining * RESIZE_RATIO:
        return want
    return Want(
        side=want.side,
        purpose=want.purpose,
        type=want.type,
        quantity=resting.remaining,
        price=position.slot.price,
        trigger_price=position.slot.trigger_price,
        stop_limit_price=want.stop_limit_price,
    )
