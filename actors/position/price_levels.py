"""Where a position's prices lie: stop, target, and the levels it wants to hear of. Pure arithmetic.

Returns are price against average entry, fees aside; break-even counts both fees. A stop is rounded
down to the tick, a target up: never nearer to the entry than the plan says.
"""

from decimal import Decimal

from actors.position.own_orders import doubtful_orders
from actors.position.position import Charter, Life
from exchange.price_grid import ceil_price, floor_price
from exchange.rules import is_tradable
from messages.base import Timestamp
from messages.market import Capabilities
from messages.market_data import Level
from messages.money import ONE, ZERO, divide_up, floor_to_step
from messages.plan import OnStop, Plan, ProtectionMode
from messages.position import CloseCause, LevelName

_RESTS_A_STOP = frozenset({ProtectionMode.SWITCHING, ProtectionMode.STOP_RESTS})
_TO_TAKE_PROFIT, _TO_STOP_LOSS = Decimal("0.15"), Decimal("0.3")
"""Mode AUTO: how far under the target the lines lie, as shares of the way from stop to target."""
_AUTO_INTERVAL_MS = 30_000
"""Mode AUTO: from a switch to the stop to one back."""
_WATCHES_ITS_TARGET = frozenset({ProtectionMode.STOP_RESTS, ProtectionMode.TRIGGERS})
"""The take profit does not rest at the venue: a trigger in this process watches for it."""


def protection_mode(charter: Charter) -> ProtectionMode:
    """Return the mode in force for the position."""
    return possible_mode(charter.plan, charter.capabilities)


def possible_mode(plan: Plan, can: Capabilities) -> ProtectionMode:
    """Return the plan's mode, or SYNTHETIC where the venue can't do it.

    With scale-out a part must rest: a trigger would sell all. So then the take profit rests.
    """
    mode = plan.protection_mode
    if mode is ProtectionMode.AUTO:
        return _best_mode(plan, can)
    has_stop = can.has_native_stop
    is_possible = (
        (has_stop or mode not in _RESTS_A_STOP)
        and not (plan.scale_out and mode in _WATCHES_ITS_TARGET)
        and (can.oco or mode is not ProtectionMode.OCO)
    )
    return mode if is_possible else ProtectionMode.SYNTHETIC


def _best_mode(plan: Plan, can: Capabilities) -> ProtectionMode:
    """Return what mode AUTO comes to: the stop rests at the venue where it can and is proven."""
    if not has_stop(plan) or not (can.has_native_stop and can.stop_is_proven):
        return ProtectionMode.SYNTHETIC
    if not has_target(plan):
        return ProtectionMode.STOP_RESTS
    return ProtectionMode.OCO if can.oco else ProtectionMode.SWITCHING


def on_stop(charter: Charter) -> OnStop:
    """Return what is done with the position when the session ends."""
    can = charter.capabilities.has_native_stop
    wanted = charter.plan.on_stop
    if wanted is None:
        return OnStop.NATIVE_STOP if can else OnStop.LEAVE
    return OnStop.LEAVE if wanted is OnStop.NATIVE_STOP and not can else wanted


def has_stop(plan: Plan) -> bool:
    """Return whether the plan has a stop that lies somewhere from the start."""
    return plan.stop_loss_ratio is not None or plan.stop_loss_atr is not None


def has_target(plan: Plan) -> bool:
    """Return whether the plan has a target."""
    ratios = (plan.take_profit_ratio, plan.take_profit_atr)
    return any(one is not None for one in ratios) or bool(plan.scale_out or plan.take_profit_by_age)


def stop(life: Life) -> tuple[Decimal, CloseCause] | None:
    """Return the stop in force and the rule that put it there; None without a fill or a stop."""
    average = life.average_entry
    if average is None:
        return None
    rules = life.charter.rules
    stops = [
        (floor_price(price, rules), cause)
        for price, cause in _stops(life, average)
        if price >= rules.tick_size
    ]
    # Of equal ones the first: the plain stop explains itself best.
    return max(stops, key=lambda s: s[0], default=None)


def _stops(life: Life, average: Decimal) -> list[tuple[Decimal, CloseCause]]:
    plan, highest = life.charter.plan, life.position.protection.highest
    plain = plain_stop(life.charter, average)
    stops = [] if plain is None else [(plain, CloseCause.STOP_LOSS)]
    if highest is None:
        return stops
    if plan.break_even_at_ratio is not None and highest >= _at(average, plan.break_even_at_ratio):
        stops.append((break_even_price(life, average), CloseCause.BREAK_EVEN))
    if plan.trailing is not None and highest >= _at(average, plan.trailing.activation_ratio):
        trailing_stop = highest * (ONE - plan.trailing.distance_ratio)
        stops.append((trailing_stop, CloseCause.TRAILING_STOP))
    return stops


def plain_stop(charter: Charter, average: Decimal) -> Decimal | None:
    """Return the stop as the plan's distance sets it, before any ratchet; not rounded."""
    plan = charter.plan
    if plan.stop_loss_atr is not None and charter.atr is not None:
        return average - charter.atr * plan.stop_loss_atr
    if plan.stop_loss_ratio is not None:
        return average * (ONE - plan.stop_loss_ratio)
    return None


def break_even_price(life: Life, average: Decimal) -> Decimal:
    """Return the price at which a sale pays for the entry and both fees.

    With f taken of what is received both ways: p × q(1−f) × (1−f) = average × q. Where the fee is
    taken in quote it is average × (1+f) / (1−f), which is less by f², so this is never too low.
    """
    rules = life.charter.rules
    kept = ONE - rules.taker_fee_ratio
    return ceil_price(divide_up(average, kept * kept, rules.tick_size), rules)


def target(life: Life, now: Timestamp) -> Decimal | None:
    """Return the take profit in force at ``now``: the next part's, or the (aging) last one."""
    average = life.average_entry
    if average is None:
        return None
    plan, part = life.charter.plan, next_part(life)
    if part is not None:
        price = _at(average, part[0])
    elif (aged := _aged_ratio(life, now)) is not None:
        price = _at(average, aged)
    elif plan.take_profit_atr is not None and life.charter.atr is not None:
        price = average + life.charter.atr * plan.take_profit_atr
    elif plan.take_profit_ratio is not None:
        price = _at(average, plan.take_profit_ratio)
    else:
        return None
    return ceil_price(price, life.charter.rules)


def next_part(life: Life) -> tuple[Decimal, Decimal] | None:
    """Return the return and the quantity of the scale-out's next part; None: no part is left.

    A part too small for the venue goes with the next; one that would leave too little takes all.
    """
    average, rules = life.average_entry, life.charter.rules
    if average is None:
        return None
    share = ZERO
    for part in life.charter.plan.scale_out:
        share += part.part_ratio
        price = ceil_price(_at(average, part.take_profit_ratio), rules)
        quantity = floor_to_step(life.acquired * share, rules.step_size)
        quantity = min(quantity - life.position.booked.all_sold, life.sellable)
        rests_already = price == life.position.slot.price
        if quantity > ZERO and (rests_already or is_tradable(quantity, price, rules)):
            rest = life.sellable - quantity
            all_of_it = not is_tradable(rest, price, rules)
            return part.take_profit_ratio, life.sellable if all_of_it else quantity
    return None


def _aged_ratio(life: Life, now: Timestamp) -> Decimal | None:
    entered_at = life.position.entered_at
    if entered_at is None:
        return None
    ratio = None
    for aged in life.charter.plan.take_profit_by_age:
        if now - entered_at >= aged.after_ms:
            ratio = aged.take_profit_ratio
    return ratio


def wanted_levels(life: Life, now: Timestamp) -> tuple[Level, ...]:
    """Return the prices the position wants to hear of; the stop is among them in every mode."""
    average = life.average_entry
    if average is None or life.position.closing is not None or not life.sellable:
        return ()
    levels = []
    if (stop_now := stop(life)) is not None:
        levels.append(Level(LevelName.STOP_LOSS, float(stop_now[0]), is_above=False))
    levels += _switch_levels(life, now)
    if _takes_profit_by_trigger(life) and (price := target(life, now)) is not None:
        levels.append(Level(LevelName.TAKE_PROFIT, float(price), is_above=True))
    if (price := _next_ratchet(life, average)) is not None:
        rules, highest = life.charter.rules, life.position.protection.highest or ZERO
        follows = price == ceil_price(highest + rules.tick_size, rules)
        levels.append(Level(LevelName.RATCHET, float(price), is_above=True, follows=follows))
    return tuple(levels)


def _takes_profit_by_trigger(life: Life) -> bool:
    """Whether the take profit is watched here, because it does not rest at the venue."""
    protection, mode = life.position.protection, protection_mode(life.charter)
    if life.charter.plan.scale_out:
        return False  # a part is sold by an order that rests; a trigger would sell all
    if mode in _WATCHES_ITS_TARGET or protection.refusals:
        return True
    if doubtful_orders(life.position):
        return True
    return leaves_stop(life) or (mode is ProtectionMode.SWITCHING and rests_stop(life))


def leaves_stop(life: Life) -> bool:
    """Return whether a native stop takes the slot because the session ends; an OCO has one."""
    is_oco = protection_mode(life.charter) is ProtectionMode.OCO
    return life.position.protection.is_left and not is_oco


def rests_stop(life: Life) -> bool:
    """Return whether the stop, not the take profit, has the slot, in mode SWITCHING.

    Where the lines follow from the plan they lie near the target, so the stop rests first.
    """
    protection = life.position.protection
    if protection.switched_at is None and life.charter.plan.switching is None:
        return True
    return protection.rests_stop


def switch_prices(life: Life, now: Timestamp) -> tuple[Decimal, Decimal] | None:
    """Return the prices of the switch to the stop and of the one to the take profit, quote.

    Mode AUTO: both lie under the target, by a share of the way from the plain stop to it.
    """
    average, switching = life.average_entry, life.charter.plan.switching
    if average is None or protection_mode(life.charter) is not ProtectionMode.SWITCHING:
        return None
    if switching is not None:
        lines = switching.to_stop_loss_ratio, switching.to_take_profit_ratio
        return _at(average, lines[0]), _at(average, lines[1])
    goal, plain = target(life, now), plain_stop(life.charter, average)
    if goal is None or plain is None:
        return None
    return _auto_lines(goal, max(goal - plain, ZERO))


def switch_ratios(plan: Plan) -> tuple[Decimal, Decimal] | None:
    """Return the returns of the switch to the stop and of the one to the take profit.

    None where they depend on more than the plan: on the average true range, an age or a part.
    """
    if plan.switching is not None:
        return plan.switching.to_stop_loss_ratio, plan.switching.to_take_profit_ratio
    goal, distance = plan.take_profit_ratio, plan.stop_loss_ratio
    if goal is None or distance is None or plan.take_profit_by_age or plan.scale_out:
        return None
    return _auto_lines(goal, goal + distance)


def _auto_lines(goal: Decimal, way: Decimal) -> tuple[Decimal, Decimal]:
    """Return mode AUTO's lines; ``way`` leads from the stop to the target."""
    return goal - way * _TO_STOP_LOSS, goal - way * _TO_TAKE_PROFIT


def _switch_levels(life: Life, now: Timestamp) -> list[Level]:
    prices = switch_prices(life, now)
    if prices is None or leaves_stop(life):
        return []
    to_stop_loss, to_take_profit = prices
    if not rests_stop(life):
        return [Level(LevelName.SWITCH_TO_STOP_LOSS, float(to_stop_loss), is_above=False)]
    if now < (switch_back_at(life) or now):
        return []
    return [Level(LevelName.SWITCH_TO_TAKE_PROFIT, float(to_take_profit), is_above=True)]


def switch_back_at(life: Life) -> Timestamp | None:
    """Return when the take profit may have the slot back; None: the stop does not have it."""
    switching, protection = life.charter.plan.switching, life.position.protection
    if not protection.rests_stop or protection.switched_at is None:
        return None
    interval = _AUTO_INTERVAL_MS if switching is None else switching.minimum_interval_ms
    return Timestamp(protection.switched_at + interval)


def _next_ratchet(life: Life, average: Decimal) -> Decimal | None:
    """Return the price from which the stop lies higher than now."""
    plan, highest = life.charter.plan, life.position.protection.highest or ZERO
    rules = life.charter.rules
    candidates = []
    if plan.break_even_at_ratio is not None:
        candidates.append(_at(average, plan.break_even_at_ratio))
    if plan.trailing is not None:
        activation = _at(average, plan.trailing.activation_ratio)
        moved = max(highest * (ONE + plan.trailing.step_ratio), highest + rules.tick_size)
        candidates.append(activation if highest < activation else moved)
    return min((ceil_price(c, rules) for c in candidates if c > highest), default=None)


def _at(average: Decimal, ratio: Decimal) -> Decimal:
    return average * (ONE + ratio)
