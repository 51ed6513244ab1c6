"""Bugs that bots have had, put into the real code one at a time, to see who finds them.

Owns the mutants. Each replaces one name or one cell, for as long as a ``with`` lasts.
"""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401, ARG001, ARG005

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from actors.market_data import triggers
from actors.order_router import answers, core, errands, telling
from actors.order_router.order import Request
from actors.order_router.states import TRANSITIONS as ORDER
from actors.order_router.states import Input as OrderInput
from actors.portfolio import asking
from actors.portfolio import core as portfolio
from actors.position import closing, hearing, planner, protection
from actors.position import core as position
from actors.position.exit_slot import EMPTY_SLOT, SLOT_TRANSITIONS, SlotInput, SlotState
from actors.position.states import Input as PositionInput
from actors.tables import STAY, Goto
from messages.money import ZERO
from messages.orders import OrderStatus


class Mutant(NamedTuple):
    """One bug."""

    name: str
    inject: Callable[[ExitStack], None]


@contextmanager
def _replaced(owner: Any, name: Any, value: object) -> Iterator[None]:
    """Replace an attribute of a module or class, or a cell of a table."""
    is_cell = isinstance(owner, dict)
    before = owner[name] if is_cell else getattr(owner, name)
    put: Callable[[Any, object], None] = (
        owner.__setitem__ if is_cell else lambda n, v: setattr(owner, n, v)
    )
    put(name, value)
    try:
        yield
    finally:
        put(name, before)


def _with(owner: Any, name: Any, value: object) -> Callable[[ExitStack], None]:
    return lambda stack: stack.enter_context(_replaced(owner, name, value))


def _around(
    owner: Any,
    name: str,
    change: Callable[..., Any],
) -> Callable[[ExitStack], None]:
    """Replace a function by one that is given the real one first."""
    real = getattr(owner, name)
    return _with(owner, name, lambda *args, **named: change(real, *args, **named))


def _nothing(*_: Any, **__: Any) -> Any:
    return None


def _slot_freed_on_request(real: Any, slot: Any, input_: Any, now: Any) -> Any:
    return EMPTY_SLOT if input_ is SlotInput.CANCEL_ASKED else real(slot, input_, now)


def _refused_cancel_is_canceled(
    real: Any, order: Any, failure: Any, settings: Any, now: Any
) -> Any:
    done = real(order, failure, settings, now)
    if failure.kind != "rejected" or done is order:
        return done
    return errands.end(
        replace(order, facts=replace(order.facts, status=OrderStatus.CANCELED)), settings, now
    )


def _no_proof_needed(*_: Any) -> bool:
    return True


def _resent_blindly(real: Any, order: Any, settings: Any, now: Any) -> Any:
    if order.facts.status is OrderStatus.UNKNOWN:
        back = replace(order, facts=replace(order.facts, status=OrderStatus.NEW), tries=0)
        return errands.pause(back, Request.SUBMIT, 1_000, now)
    return real(order, settings, now)


def _partial_forgotten(real: Any, known: Any, told: Any) -> Any:
    merged = real(known, told)
    is_part = merged.status is OrderStatus.CANCELED and merged.filled
    return replace(merged, filled=ZERO, cost=ZERO, fees=()) if is_part else merged


def _latest_wins(real: Any, known: Any, told: Any) -> Any:
    merged = real(known, told)
    return replace(merged, filled=told.filled, cost=told.cost, fees=told.fees)


def _filled_twice(real: Any, orders: Any) -> Any:
    sums = real(orders)
    return replace(sums, sold=sums.sold * 2) if len(orders) > 2 else sums


def _stale_trigger(real: Any, turn: Any, message: Any) -> Any:
    generation = turn.position.protection.generation
    return real(turn, replace(message, generation=generation))


def _dust_is_anything(real: Any, life: Any) -> bool:
    return bool(real(life)) or (life.position.closing is not None and life.sellable < 6)


def _all_is_free(real: Any, books: Any, asker: Any, message: Any) -> Any:
    return max((m.amount for m in message.free if m.currency == asker.currency), default=ZERO)


_SLOT = cast("dict[Any, dict[Any, Any]]", SLOT_TRANSITIONS)
_ORDER = cast("dict[Any, dict[Any, Any]]", ORDER)

MUTANTS = (
    Mutant(
        "the slot is freed on the cancel request",
        _around(planner, "slot_after", _slot_freed_on_request),
    ),
    Mutant(
        "no exit deduplication: unknown frees the slot",
        _with(_SLOT[SlotState.PLACING], SlotInput.LOST, Goto(SlotState.EMPTY)),
    ),
    Mutant(
        "a refused cancel is taken for canceled",
        _around(answers, "cancel_failed", _refused_cancel_is_canceled),
    ),
    Mutant("not-found is believed at once", _with(answers, "_is_proved", _no_proof_needed)),
    Mutant("unknown is re-sent blindly", _around(answers, "settle", _resent_blindly)),
    Mutant(
        "a part filled before a cancel is forgotten", _around(answers, "merge", _partial_forgotten)
    ),
    Mutant("an older report lowers what is known", _around(answers, "merge", _latest_wins)),
    Mutant("a fill is counted twice", _around(hearing, "sums", _filled_twice)),
    Mutant("a stale trigger is obeyed", _around(hearing, "_hear_trigger", _stale_trigger)),
    Mutant("triggers are not armed", _with(protection, "arm_triggers", _nothing)),
    Mutant("a late entry fill is dropped", _with(telling, "_unmatched", lambda *_: ())),
    Mutant("an oversold exit is retried without looking", _with(closing, "_look", _nothing)),
    Mutant(
        "some coins are left and called dust",
        _around(closing, "is_only_dust", _dust_is_anything),
    ),
    Mutant("strangers' and siblings' coins are sold", _around(asking, "_sellable", _all_is_free)),
    Mutant(
        "the router looks up nothing on a reconnect",
        _around(answers, "reconnected", lambda _, order, *__: order),
    ),
    Mutant(
        "a canceled order that fills is ignored",
        _with(_ORDER[OrderStatus.CANCELED], OrderInput.FILLED, STAY),
    ),
    Mutant(
        "released orders are not canceled",
        _around(
            core, "want_cancel", lambda real, o, *r: o if o.booked is not None else real(o, *r)
        ),
    ),
    Mutant("an exit is never written off as lost", _with(planner, "_write_off_if_lost", _nothing)),
    Mutant("closing books nothing", _with(position, "book", _nothing)),
    Mutant(
        "a resting order is left when the exit begins",
        _around(planner, "_is_unwanted", lambda _, turn: not turn.life.sellable),
    ),
    Mutant(
        "CLOSED although orders may be live",
        _around(position, "_judge_flat", lambda _, turn: _closed_early(turn)),
    ),
    Mutant(
        "triggers fire but are not heard after re-arming",
        _around(
            triggers.TriggerIndex,
            "arm",
            lambda real, index, m: m.generation < 2 and real(index, m),
        ),
    ),
    Mutant(
        "the rest of the budget stays reserved",
        _around(
            portfolio,
            "book",
            lambda real, b, told, reserve, *, closed: _kept(real, b, told, closed=closed),
        ),
    ),
    Mutant(
        "an OCO without its stop is left as it is",
        _around(planner, "_has_lost_its_stop", lambda *_: False),
    ),
)


def _closed_early(turn: Any) -> None:
    if turn.position.entry.is_over and closing.is_only_dust(turn.life):
        turn.advance(PositionInput.FLAT)


def _kept(real: Any, booking: Any, told: Any, *, closed: bool) -> Any:
    after, postings = real(booking, told, booking.reserved, closed=False)
    return (replace(after, closed=closed), postings)
