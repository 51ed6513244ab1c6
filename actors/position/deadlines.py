"""When a position must look again, though nobody tells it anything. Pure arithmetic."""

from actors.position.exit_slot import SlotState
from actors.position.own_orders import is_slot_in_conflict
from actors.position.position import Life
from actors.position.price_levels import switch_back_at
from actors.position.states import State
from messages.base import Milliseconds, Timestamp
from messages.plan import Plan

_DOUBLINGS = 20
"""More make no longer pause: the plan's longest is reached long before."""


def pause_after(refusals: int, plan: Plan) -> Milliseconds:
    """Return the pause after so many refusals in a row: doubled each time, up to the longest."""
    doubled = plan.exit_retry_ms * 2 ** min(refusals - 1, _DOUBLINGS)
    return Milliseconds(min(doubled, plan.stuck_retry_ms))


def deadlines_of(life: Life) -> list[Timestamp]:
    """Return the deadlines that have not been acted on yet."""
    position, plan = life.position, life.charter.plan
    state = position.state
    faulted = position.faulted
    if state is State.CLOSED:
        return [faulted.look_at] if faulted is not None else []
    if state is State.NEW:
        return [Timestamp(position.began_at + plan.budget_deadline_ms)]
    deadlines: list[int | None] = []
    if faulted is not None:
        deadlines.append(faulted.look_at)
    if position.stranded is not None:
        deadlines.append(position.stranded.ask_at)
    deadlines.append(position.lists_until)
    if not position.is_looking_back:  # else it acts when it has heard, which comes as a message
        deadlines += _of_work(life)
    return [Timestamp(at) for at in deadlines if at is not None]


def _of_work(life: Life) -> list[int | None]:
    """Return the deadlines of the entry, the slot, the exit and what rests."""
    position, plan = life.position, life.charter.plan
    exit_, slot = position.closing, position.slot
    deadlines: list[int | None] = []
    if not position.entry.is_over and not position.entry.is_stopping:
        deadlines.append(position.entry.deadline)
    if position.fees_until is not None:
        deadlines.append(position.fees_until)
    if position.stranded is not None:  # no order is asked for meanwhile
        return deadlines
    if slot.state is SlotState.UNKNOWN and not is_slot_in_conflict(position):
        deadlines.append(slot.since + plan.unknown_exit_ms)
        if position.unseen is not None and position.unseen.order_id == slot.order_id:
            deadlines.append(position.unseen.ask_at)
    if exit_ is not None:
        deadlines += [exit_.retry_at, exit_.stop_order_until]
    else:
        later = [position.protection.retry_at, switch_back_at(life), *_ages(life)]
        # Those of the past were looked at in the last step.
        deadlines += [at for at in later if at is not None and at > position.measured_at]
    return deadlines


def _ages(life: Life) -> list[Timestamp]:
    """Return when the position is old enough for another target, or for its end."""
    plan, entered_at = life.charter.plan, life.position.entered_at
    if entered_at is None:
        return []
    ages = [aged.after_ms for aged in plan.take_profit_by_age]
    if plan.time_limit_ms is not None:
        ages.append(plan.time_limit_ms)
    return [Timestamp(entered_at + age) for age in ages]
