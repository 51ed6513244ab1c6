"""Bugs of a position: its slot, its exits, its entry, its triggers."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401, ARG001

from typing import Any, cast

from msgspec.structs import replace

from actors.market_data import triggers
from actors.position import core as position
from actors.position import (
    coverage,
    entry_ladder,
    exit_ladder,
    exit_planner,
    handlers,
    protective_orders,
)
from actors.position import position as facts
from actors.position.exit_slot import EMPTY_SLOT, SLOT_TRANSITIONS, SlotInput, SlotState
from actors.position.position import find_order
from actors.position.states import Input as PositionInput
from actors.tables import Goto
from messages.money import ceil_to_step, floor_to_step
from messages.position import CloseCause
from verification.mutants.injecting import Mutant, around, both, instead, nothing

_SLOT = cast("dict[Any, dict[Any, Any]]", SLOT_TRANSITIONS)
_NEVER = 10**12


def _slot_freed_on_request(real: Any, slot: Any, input_: Any, now: Any) -> Any:
    return EMPTY_SLOT if input_ is SlotInput.CANCEL_ASKED else real(slot, input_, now)


def _placed_at_once(real: Any, turn: Any) -> None:
    was = turn.position.slot.state
    real(turn)
    if turn.position.slot.state is SlotState.CANCELING and was is not SlotState.CANCELING:
        turn.update(slot=EMPTY_SLOT)
        real(turn)


def _filled_twice(real: Any, orders: Any, charter: Any) -> Any:
    sums = real(orders, charter)
    return replace(sums, sold=sums.sold * 2) if len(orders) > 2 else sums


def _stale_trigger(real: Any, turn: Any, message: Any) -> Any:
    generation = turn.position.protection.generation
    return real(turn, replace(message, generation=generation))


def _dust_is_anything(real: Any, life: Any) -> bool:
    return bool(real(life)) or (life.position.closing is not None and life.sellable < 6)


def _closed_early(turn: Any) -> None:
    if turn.position.entry.is_over and exit_ladder.is_only_dust(turn.life):
        turn.advance(PositionInput.FLAT)


def _believed_at_once(real: Any, turn: Any, free: Any) -> None:
    exit_ = turn.position.closing
    if exit_ is not None and exit_.waits_for_balance and free is not None:
        turn.update_closing(sellable=free, shown_since=0)  # as if an equal one had come long ago
    real(turn, free)


def _first_quantity(real: Any, life: Any, now: Any) -> Any:
    want = real(life, now)
    if want is None:
        return None
    step = life.charter.rules.step_size
    return replace(want, quantity=floor_to_step(life.acquired, step))


def _given_up(real: Any, turn: Any, why: Any) -> None:
    real(turn, why)
    if turn.position.closing.is_stuck:
        turn.update_closing(retry_at=turn.now + _NEVER)


def _left_for_ever(real: Any, turn: Any) -> bool:
    exit_ = turn.position.closing
    if exit_ is None or exit_.stop_order_until is None:
        return False
    return turn.position.slot.state is SlotState.WORKING


def _any_size(real: Any, turn: Any, slot: Any, want: Any) -> Any:
    order = find_order(turn.position, slot.order_id)
    if want is not None and order is not None and want.purpose is slot.purpose:
        want = replace(want, quantity=order.remaining)
    return real(turn, slot, want)


def _any_trigger(real: Any, turn: Any, slot: Any, want: Any) -> Any:
    if want is not None and want.purpose is slot.purpose:
        want = replace(want, trigger_price=slot.trigger_price)
    return real(turn, slot, want)


def _not_in_a_switch(real: Any, turn: Any, message: Any) -> None:
    if turn.position.slot.state is not SlotState.CANCELING:
        real(turn, message)


def _not_placed_again(real: Any, turn: Any, told: Any) -> None:
    real(turn, told)
    turn.update_protection(retry_at=turn.now + _NEVER)


def _withdrawn_late(real: Any, turn: Any) -> None:
    real(turn)
    late = turn.charter.plan.budget_deadline_ms
    if turn.position.began_at + late <= turn.now:
        turn.begin_exit(CloseCause.WITHDRAWN, "no budget in time")


def _heard_once(real: Any, index: Any, message: Any) -> Any:
    return message.generation < 2 and real(index, message)


MUTANTS = (
    Mutant(
        "the slot is freed on the cancel request",
        around(exit_planner, "slot_after", _slot_freed_on_request),
    ),
    Mutant(
        "an exit is placed before the cancel is confirmed",
        around(exit_planner, "plan_exit", _placed_at_once),
    ),
    Mutant(
        "no exit deduplication: unknown frees the slot",
        instead(_SLOT[SlotState.PLACING], SlotInput.LOST, Goto(SlotState.EMPTY)),
    ),
    Mutant("a fill is counted twice", around(handlers, "sums", _filled_twice)),
    Mutant("a stale trigger is obeyed", around(handlers, "_hear_trigger", _stale_trigger)),
    Mutant("triggers are not armed", instead(coverage, "arm_triggers", nothing)),
    Mutant("an oversold exit is retried without looking", instead(exit_ladder, "_look", nothing)),
    Mutant(
        "some coins are left and called dust",
        around(exit_ladder, "is_only_dust", _dust_is_anything),
    ),
    Mutant(
        "an exit is never written off as lost", instead(exit_planner, "_write_off_if_lost", nothing)
    ),
    Mutant("closing books nothing", instead(position, "book", nothing)),
    Mutant(
        "a resting order is left when the exit begins",
        instead(exit_planner, "_is_unwanted", lambda turn: not turn.life.sellable),
    ),
    Mutant("CLOSED although orders may be live", instead(position, "_judge_flat", _closed_early)),
    Mutant(
        "triggers fire but are not heard after re-arming",
        around(triggers.TriggerIndex, "arm", _heard_once),
    ),
    Mutant(
        "an OCO without its stop is left as it is",
        instead(exit_planner, "_has_lost_its_stop", lambda *_: False),
    ),
    Mutant(
        "a lost exit is taken for gone",
        both(
            instead(exit_ladder, "lost_orders", lambda _: ()),
            instead(exit_ladder, "doubtful_orders", lambda _: ()),
            instead(protective_orders, "doubtful_orders", lambda _: ()),
        ),
    ),
    Mutant(
        "one look is enough after a lost exit",
        around(exit_ladder, "on_balance", _believed_at_once),
    ),
    Mutant(
        "an exit that is live outside the slot is left", instead(exit_planner, "take_back", nothing)
    ),
    Mutant("fees taken in coins are forgotten", instead(facts, "amount_in", lambda *_: 0)),
    Mutant("what is sold is rounded up", instead(facts, "floor_to_step", ceil_to_step)),
    Mutant(
        "an exit is repeated with its first quantity",
        around(exit_ladder, "wanted_exit", _first_quantity),
    ),
    Mutant(
        "the entry goes on while the exit sells", instead(entry_ladder, "stop_entering", nothing)
    ),
    Mutant(
        "the entry is called over while its order may fill",
        instead(entry_ladder, "live_orders", lambda *_: ()),
    ),
    Mutant(
        "each rung of the entry has the whole budget",
        instead(entry_ladder, "remaining_budget", lambda turn: turn.charter.budget),
    ),
    Mutant("an exit that is stuck is given up", around(exit_ladder, "_back_off", _given_up)),
    Mutant(
        "a touched stop is left to fill for ever",
        around(exit_planner, "_is_left_to_the_stop", _left_for_ever),
    ),
    Mutant(
        "a resting order is not sized anew when more is bought",
        around(exit_planner, "_is_as_wanted", _any_size),
    ),
    Mutant(
        "a stop at the venue stays where it was",
        around(exit_planner, "_is_as_wanted", _any_trigger),
    ),
    Mutant(
        "a close by hand in a switch is forgotten", around(handlers, "_close", _not_in_a_switch)
    ),
    Mutant(
        "a resting order that the venue ended is not placed again",
        around(exit_planner, "_on_resting_refused", _not_placed_again),
    ),
    Mutant(
        "a deadline of an earlier state is obeyed",
        around(handlers, "_look_at_deadlines", _withdrawn_late),
    ),
    Mutant(
        "CLOSED before it is known what its fills cost",
        both(
            instead(facts.Booked, "is_priced", property(lambda _: True)),
            instead(position, "_has_its_fees", lambda _: True),
        ),
    ),
    Mutant(
        "the next rung buys although the cost of the last is not known",
        instead(entry_ladder, "_may_have_spent_all", lambda _: False),
    ),
    Mutant(
        "a trigger over an order that is unknown counts as cover",
        instead(coverage, "may_sell_at_once", lambda position: position.looks_back is None),
    ),
)
