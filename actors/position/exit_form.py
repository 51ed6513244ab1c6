"""The form of the next exit order: a type and a quantity that the market takes and did not refuse.

An exit is split where one order can't sell all of it: one order after the other through the slot.
What the venue refused by a rule is never sent again as it was: the quantity is halved, rounded more
coarsely or a step less, or the other type of order is taken. Pure arithmetic.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from actors.position.exit_slot import ExitSlot
from actors.position.position import Life, RefusedOrder
from actors.position.progress import Closing
from exchange.price_grid import ceil_price, is_on_grid, nearest_price, tick_at
from exchange.rules import is_tradable, most_in_one_order
from messages.market import MarketRules, Quote
from messages.money import ZERO, floor_to_step
from messages.orders import OrderType, RejectReason, TimeInForce
from messages.plan import Rung

NAMED_RULES = frozenset(
    {
        RejectReason.ABOVE_MAXIMUM,
        RejectReason.BELOW_MINIMUM,
        RejectReason.NOT_SUPPORTED,
        RejectReason.PRECISION,
        RejectReason.PRICE_OUT_OF_RANGE,
    }
)
"""Refusals that say what is wrong with the order itself: sent again as it was, it fails again."""

CLOSED_MARKET = frozenset({RejectReason.MARKET_HALTED, RejectReason.UNKNOWN_SYMBOL})
"""Refusals that say that the market does not trade, or is not there."""

_HALF = Decimal("0.5")
_MOST_CHANGES = 100


def is_by_rule(type_: OrderType, reason: RejectReason | None) -> bool:
    """Whether an order was refused by a rule of its market, not by where the market stands.

    An OCO is refused as out of range where the market is beyond one of its prices.
    """
    is_relative = type_ is OrderType.OCO and reason is RejectReason.PRICE_OUT_OF_RANGE
    return reason in NAMED_RULES and not is_relative


def is_outdated(life: Life, slot: ExitSlot) -> bool:
    """Whether the rules in force allow no such order: it was placed before they were known.

    Its refusal says nothing more of what they allow.
    """
    rules, quantity = life.charter.rules, slot.quantity
    prices = [one for one in (slot.price, slot.trigger_price) if one is not None]
    most = most_in_one_order(rules, slot.type, None)  # a notional depends on the price by now
    return (
        floor_to_step(quantity, rules.step_size) != quantity
        or quantity < rules.min_quantity
        or (most is not None and quantity > most)
        or not all(is_on_grid(price, rules) for price in prices)
    )


def current_rung(life: Life, closing: Closing) -> Rung:
    """Return the rung of the plan's ladder that the exit is on."""
    ladder = life.charter.plan.exit_ladder
    return ladder[min(closing.rung, len(ladder) - 1)]


def exit_rung(life: Life, closing: Closing) -> Rung | None:
    """Return the rung's order, or another type where no rule allows this one, or it was refused.

    None: neither type has a quantity that could be sold.
    """
    rung = current_rung(life, closing)
    is_barred = not exit_quantity(life, closing, rung.type) or _refusals(life, rung.type)
    other = _other(life, rung) if is_barred else None
    rungs = [rung] if other is None else [rung, other]
    rungs.sort(key=lambda one: (_cannot_be_priced(closing, one), _refusals(life, one.type)))
    return next((one for one in rungs if exit_quantity(life, closing, one.type)), None)


def exit_quantity(life: Life, closing: Closing, type_: OrderType, limit: Decimal = ZERO) -> Decimal:
    """Return what one order of this type may sell now, base; 0: nothing.

    ``limit`` is its limit price, which may be over the market's.
    """
    rules, price = life.charter.rules, last_price(life) or ZERO
    refused = _refused(life, type_)
    this_round = tuple(one for one in refused if one.round == life.position.exit_rounds)
    if any(one.reason is RejectReason.NOT_SUPPORTED for one in this_round):
        return ZERO  # in the next round it is tried again: a venue may refuse so in passing
    step = rules.step_size.scaleb(_count(this_round, RejectReason.PRECISION))
    wanted = life.sellable - rules.step_size * life.position.exit_rounds
    if not is_tradable(wanted, price, rules):
        wanted = life.sellable
    if closing.sellable is not None:
        wanted = min(wanted, closing.sellable)
    most = most_in_one_order(rules, type_, max(price, limit))
    most = under_refused(most, this_round, rules)
    quantity = _part(floor_to_step(wanted, step), most, life, price)
    tried = {one.quantity for one in refused if not _is_of_price(one)}
    while quantity in tried:
        quantity -= step
    return quantity if is_tradable(quantity, price, rules) else ZERO


def takes_an_order(life: Life, price: Decimal) -> bool:
    """Whether one order may sell at least a part of what is held, as some type of the venue's.

    Not so where the largest order is smaller than the smallest one.
    """
    rules, can = life.charter.rules, life.charter.capabilities
    types = {rung.type for rung in life.charter.plan.exit_ladder}
    types |= {OrderType.MARKET} if can.market else set()
    types |= {OrderType.LIMIT} if can.ioc else set()
    wanted = floor_to_step(life.sellable, rules.step_size)
    parts = (_part(wanted, most_in_one_order(rules, one, price), life, price) for one in types)
    return any(is_tradable(part, price, rules) for part in parts)


def exit_price(life: Life, price: Decimal, quote: Quote) -> Decimal:
    """Return a sell's limit within the venue's range, and at none that was refused before."""
    rules = life.charter.rules
    if rules.sell_from_ratio is not None:
        bid = nearest_price(quote.bid, rules)
        price = max(price, ceil_price(bid * rules.sell_from_ratio, rules))
    tried = {one.price for one in _refused(life, OrderType.LIMIT) if _is_of_price(one)}
    for _ in range(_MOST_CHANGES):
        if price not in tried:
            break
        price += tick_at(rules, price)
    return price


def last_price(life: Life) -> Decimal | None:
    """Return the best price known for what is left: of a quote, or the average entry."""
    closing, bid = life.position.closing, life.position.bid
    if closing is not None and closing.quote is not None:
        return nearest_price(closing.quote.bid, life.charter.rules)
    return life.average_entry if bid is None else bid


def _other(life: Life, rung: Rung) -> Rung | None:
    """Return an order of the other type that sells now, where the venue has it."""
    can = life.charter.capabilities
    if rung.type is OrderType.LIMIT:
        return Rung(type=OrderType.MARKET) if can.market else None
    if not can.ioc:
        return None
    offset = max(rung.offset_ratio, life.charter.plan.slippage_ratio)
    return replace(rung, type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, offset_ratio=offset)


def _cannot_be_priced(closing: Closing, rung: Rung) -> bool:
    return closing.lacks_quote and closing.quote is None and rung.type is OrderType.LIMIT


def _refusals(life: Life, type_: OrderType) -> int:
    """Return how often this type was refused; too small is too small as any type."""
    forms = (one for one in _refused(life, type_) if not _is_of_price(one))
    return sum(one.reason is not RejectReason.BELOW_MINIMUM for one in forms)


def _is_of_price(one: RefusedOrder) -> bool:
    """Whether it was the limit price that was refused, and not what was to be sold."""
    return one.type is OrderType.LIMIT and one.reason is RejectReason.PRICE_OUT_OF_RANGE


def _refused(life: Life, type_: OrderType) -> tuple[RefusedOrder, ...]:
    return tuple(one for one in life.position.refused if one.is_exit and one.type is type_)


def _count(refused: tuple[RefusedOrder, ...], reason: RejectReason) -> int:
    return sum(one.reason is reason for one in refused)


def under_refused(
    most: Decimal | None, refused: Iterable[RefusedOrder], rules: MarketRules
) -> Decimal | None:
    """Return ``most``, or half of the least that was refused as too much, in whole steps."""
    too_much = [one.quantity for one in refused if one.reason is RejectReason.ABOVE_MAXIMUM]
    if not too_much:
        return most
    halved = floor_to_step(min(too_much) * _HALF, rules.step_size)
    return halved if most is None else min(most, halved)


def _part(wanted: Decimal, most: Decimal | None, life: Life, price: Decimal) -> Decimal:
    """Return the first part of what is wanted; what is left after it can be sold, too."""
    if most is None or wanted <= most:
        return wanted
    rules, left = life.charter.rules, wanted - most
    if is_tradable(left, price, rules) or left > most:
        return most
    half = min(most, floor_to_step(wanted * _HALF, rules.step_size))
    return half if is_tradable(half, price, rules) else most
