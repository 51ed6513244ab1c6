"""Whether what is held is covered, for how long it was not and why, and the triggers that cover it.

Covered means: a working stop at the venue, or an armed stop trigger with fresh quotes and a
reachable venue. A lone take profit covers nothing. A trigger covers only what could be sold at once
if it fired: over an exit slot whose order is UNKNOWN that is nothing.
"""

from decimal import Decimal

import msgspec

from actors.position.draft import Turn
from actors.position.exit_slot import SlotState
from actors.position.position import Life, OwnOrder, Position, find_order
from actors.position.price_levels import on_stop, stop, wanted_levels
from actors.position.progress import Unprotected, UnprotectedCause
from actors.position.states import Input, State
from exchange.price_grid import nearest_price
from messages.addresses import MARKET_DATA
from messages.base import Timestamp
from messages.market import Quote
from messages.market_data import ArmTriggers, DisarmTriggers, HoldSymbol
from messages.money import ZERO
from messages.orders import StopStatus
from messages.plan import OnStop
from messages.position import LevelName
from messages.prices import extremes

_HOLDING = frozenset({State.OPEN, State.PROTECTING})


def unprotected_quantity(life: Life) -> Decimal:
    """Return held − covered, base: what nothing would sell if the price fell now."""
    held = max(life.held, ZERO)
    if not held:
        return ZERO
    by_trigger = held if is_covered_by_trigger(life.position) else ZERO
    return max(held - max(by_trigger, _covered_at_the_venue(life.position)), ZERO)


def is_covered(life: Life) -> bool:
    """Whether all that could be sold is covered."""
    return life.sellable > ZERO and unprotected_quantity(life) <= life.held - life.sellable


def is_covered_by_trigger(position: Position) -> bool:
    """Whether a stop trigger is armed, and would be heard and obeyed at once."""
    armed = any(level.name is LevelName.STOP_LOSS for level in position.protection.armed)
    is_heard = armed and position.market_is_fresh and position.venue_is_reachable
    return is_heard and may_sell_at_once(position)


def may_sell_at_once(position: Position) -> bool:
    """Whether an exit could leave now, or as soon as the venue confirms that a known order is over.

    While the order in the slot is UNKNOWN, or exits without a record are looked for, what would be
    sold may be sold.
    """
    return not position.is_looking_back and position.slot.state is not SlotState.UNKNOWN


def is_stopped_at_venue(position: Position) -> bool:
    """Return whether a stop works at the venue: it would sell without this process."""
    return _stop_at_venue(position) is not None


def may_be_left(life: Life) -> bool:
    """Return whether a session that ends may leave the position: ``on_stop`` is done, or can't be.

    It can't be where no stop order can be placed: too little is held, or the venue refused it.
    """
    position = life.position
    if position.stranded is not None:
        return True  # no order of it would be taken
    match on_stop(life.charter):
        case OnStop.LEAVE:
            return True
        case OnStop.CLOSE:
            return is_stopped_at_venue(position) or not life.sellable
        case OnStop.NATIVE_STOP:
            is_possible = life.sellable and stop(life) is not None and position.closing is None
            refused = position.protection.refusals > 0
            return is_stopped_at_venue(position) or not is_possible or refused


def _covered_at_the_venue(position: Position) -> Decimal:
    order = _stop_at_venue(position)
    return ZERO if order is None else order.remaining


def _stop_at_venue(position: Position) -> OwnOrder | None:
    """Return the stop in the slot; one that the venue shows no more may be gone."""
    order = find_order(position, position.slot.order_id)
    if order is None or position.slot.state is SlotState.UNKNOWN:
        return None
    return order if order.facts.stop is StopStatus.WORKING else None


def unprotected_cause(position: Position) -> UnprotectedCause:
    """Return why what is held is not covered."""
    if not position.venue_is_reachable:
        return UnprotectedCause.VENUE_UNREACHABLE
    if position.closing is not None:
        return UnprotectedCause.CLOSING
    if position.slot.state is SlotState.UNKNOWN:
        return UnprotectedCause.ORDER_UNKNOWN
    if not position.market_is_fresh:
        return UnprotectedCause.STALE_MARKET
    if position.slot.state is SlotState.CANCELING:
        return UnprotectedCause.SWITCHING
    return UnprotectedCause.OPENING


def measured(life: Life, now: Timestamp, *, was_down: bool = False) -> Position:
    """Return the position with the time since the last look summed to its cause, if uncovered.

    ``was_down``: the process was, and its triggers with it; what rests at the venue covered.
    """
    position = life.position
    elapsed = now - position.measured_at
    if elapsed <= 0 or position.state is State.CLOSED:
        return position
    sums = {u.cause: u.total_ms for u in position.unprotected}
    uncovered = unprotected_quantity(life)
    if was_down:
        uncovered = max(life.held, ZERO) - _covered_at_the_venue(position)
    if uncovered > ZERO:
        cause = UnprotectedCause.PROCESS_DOWN if was_down else unprotected_cause(position)
        sums[cause] = sums.get(cause, 0) + elapsed
    unprotected = tuple(Unprotected(cause, sums[cause]) for cause in sorted(sums))
    return msgspec.structs.replace(position, unprotected=unprotected, measured_at=now)


def judge_cover(turn: Turn) -> None:
    """Tell the table whether what is held is covered."""
    if turn.position.state in _HOLDING:
        turn.advance(Input.COVERED if is_covered(turn.life) else Input.COVER_LOST)


def hold_symbol(turn: Turn) -> None:
    """Tell market data that the position lives on its symbol."""
    position_id, symbol = turn.charter.position_id, turn.charter.symbol
    turn.send(MARKET_DATA, HoldSymbol(position_id=position_id, symbol=symbol))


def arm_triggers(turn: Turn) -> None:
    """Replace the registration at market data if the levels are not what it was last told."""
    protection, charter = turn.position.protection, turn.charter
    levels = wanted_levels(turn.life, turn.now)
    if levels == protection.levels:
        return
    generation = protection.generation + 1
    turn.update_protection(levels=levels, generation=generation)
    message = ArmTriggers(
        position_id=charter.position_id,
        symbol=charter.symbol,
        generation=generation,
        source=charter.plan.trigger_source,
        levels=levels,
    )
    turn.send(MARKET_DATA, message)


def disarm_triggers(turn: Turn) -> None:
    """Forget the registration, and the symbol: the position is closed."""
    generation = turn.position.protection.generation + 1
    turn.update_protection(levels=(), armed=(), generation=generation)
    message = DisarmTriggers(
        position_id=turn.charter.position_id, symbol=turn.charter.symbol, generation=generation
    )
    turn.send(MARKET_DATA, message)


def ratchet(turn: Turn, quote: Quote) -> None:
    """Remember a new highest price; the stop follows from it."""
    _, high = extremes(quote, turn.charter.plan.trigger_source)
    highest = turn.position.protection.highest or ZERO
    seen = nearest_price(high, turn.charter.rules)
    turn.update_protection(highest=max(highest, seen))
