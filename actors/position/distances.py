"""Whether a plan's distances can be had on a market's price grid. Pure arithmetic.

A stop is rounded down and a target up, so neither is nearer than planned; where a tick is large
beside the distance, both are much farther. A stop of 2 % on a market whose tick is a quarter of the
price would lose a third.
"""

from collections.abc import Iterator
from decimal import Decimal

from exchange.price_grid import ceil_price, floor_price, tick_at
from messages.market import MarketRules
from messages.money import ONE, ZERO, divide_up, plain
from messages.plan import Plan

FARTHEST = 2
"""A level that rounds to more than so many times its distance is refused."""

_FINE = Decimal("0.0001")
_SMALL = Decimal("1e-12")


def distance_problem(
    plan: Plan, rules: MarketRules, price: Decimal, atr: Decimal | None = None
) -> str | None:
    """Return why a position entered at ``price`` can't have the plan's levels; None: it can."""
    if price <= ZERO:
        return None
    for name, planned in _levels(plan, price, atr):
        is_stop = planned < price
        rounded = floor_price(planned, rules) if is_stop else ceil_price(planned, rules)
        distance, becomes = abs(price - planned), abs(price - rounded)
        tick = tick_at(rules, planned)
        too_near, too_far = distance < tick, becomes > distance * FARTHEST
        if too_near or too_far or rounded <= ZERO:
            return (
                f"{name} lies {_percent(distance, price)} from the price {plain(price)}, and a "
                f"tick of {rules.symbol} is {plain(tick)} ({_percent(tick, price)}): it would be "
                f"at {plain(rounded)}, {_percent(becomes, price)} away"
            )
    return _aged_problem(plan, rules, price) or _break_even_problem(plan, rules, price)


def _aged_problem(plan: Plan, rules: MarketRules, price: Decimal) -> str | None:
    """Return which target of a later age rounds far up; it may lie at the entry's own price."""
    for aged in plan.take_profit_by_age:
        planned = price * (ONE + aged.take_profit_ratio)
        rounded = ceil_price(planned, rules)
        if rounded - planned >= tick_at(rules, planned) / FARTHEST and (
            rounded - price > abs(planned - price) * FARTHEST
        ):
            return (
                f"plan.take_profit_by_age lies {_percent(planned - price, price)} from the price "
                f"{plain(price)}, and would be at {plain(rounded)}, "
                f"{_percent(rounded - price, price)} away, for the ticks of {rules.symbol}"
            )
    return None


def _break_even_problem(plan: Plan, rules: MarketRules, price: Decimal) -> str | None:
    """Return why the ticks move the stop at break-even to where it would sell at once."""
    if plan.break_even_at_ratio is None:
        return None
    begins = price * (ONE + plan.break_even_at_ratio)
    kept = ONE - rules.taker_fee_ratio
    even = divide_up(price, kept * kept, _SMALL)
    stop = ceil_price(even, rules)
    if even >= begins or stop < ceil_price(begins, rules):
        return None
    return (
        f"plan.break_even_at_ratio sets a stop at {plain(even)} once the price is {plain(begins)}, "
        f"and a tick of {rules.symbol} is {plain(tick_at(rules, begins))}: it would be at "
        f"{plain(stop)} and sell at once"
    )


def _levels(plan: Plan, price: Decimal, atr: Decimal | None) -> Iterator[tuple[str, Decimal]]:
    """Yield each level that the plan sets by a distance from the entry: its name and its price."""
    if plan.stop_loss_atr is not None and atr is not None:
        yield "plan.stop_loss_atr", price - atr * plan.stop_loss_atr
    elif plan.stop_loss_ratio is not None:
        yield "plan.stop_loss_ratio", price * (ONE - plan.stop_loss_ratio)
    if plan.trailing is not None:
        yield "plan.trailing.distance_ratio", price * (ONE - plan.trailing.distance_ratio)
    for part in plan.scale_out:
        yield "plan.scale_out", price * (ONE + part.take_profit_ratio)
    if plan.take_profit_atr is not None and atr is not None:
        yield "plan.take_profit_atr", price + atr * plan.take_profit_atr
    elif plan.take_profit_ratio is not None:
        yield "plan.take_profit_ratio", price * (ONE + plan.take_profit_ratio)


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{plain(divide_up(part * 100, whole, _FINE))} %"
