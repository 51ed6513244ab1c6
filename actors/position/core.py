"""What a position does with a message. Pure: no actor, no clock, no exchange, no log.

A message changes facts, or what is desired (``hearing``). Then the position settles: the entry goes
on, the exit slot is compared with what should be in it, triggers are armed, the table is told what
the facts add up to, and the portfolio what was booked.
"""

import msgspec

from actors.position import coverage, entry_ladder, exit_ladder, exit_planner, market
from actors.position.accounting import ask_for_budget, book, let_go_of_orders, set_reserve
from actors.position.adoption import begin_adopted
from actors.position.deadlines import deadlines_of
from actors.position.draft import Turn
from actors.position.handlers import take_in
from actors.position.inputs import INPUTS, PositionMessage
from actors.position.position import Charter, Life, Position, life_after
from actors.position.recovery import tell_restored
from actors.position.states import AT_REST, Input, State, is_ignored
from messages.base import Timestamp
from messages.envelope import NOTHING, Step, Wake
from messages.money import from_float
from messages.observers import AlarmKind
from messages.position import Begin, CloseCause, Resync

FEES_WAIT_MS = 60_000
"""How long a flat position waits for fees; some venues never tell them."""


def step(life: Life | None, message: PositionMessage, now: Timestamp) -> Step:
    """Apply ``message``; return the position after it and the messages to send, in order.

    Raises: IllegalInputError: a command that the position's state refuses, by name; nothing has
    happened.

    """
    if life is None:
        if not isinstance(message, Begin):
            return NOTHING  # a stranger's: this position has not begun
        return _finish(None, _begin(message, now))
    input_ = INPUTS[type(message)]
    if is_ignored(life.position.state, input_):
        return NOTHING
    turn = Turn(life_after(life, life.charter, _measured(life, message, now)), now)
    measured = turn.life
    turn.advance(input_)
    take_in(turn, message)
    _settle(turn)
    tell_restored(turn)
    sets_timer = isinstance(message, Wake) and life.position.state is not State.CLOSED
    if turn.life is measured and not turn.outbox and not sets_timer:
        return NOTHING
    return _finish(life, turn)


def _measured(life: Life, message: PositionMessage, now: Timestamp) -> Position:
    """Sum the time since the last look; of a restart, as it was up to the crash and down since."""
    if not isinstance(message, Resync) or message.down_since is None or message.order_prefix:
        return coverage.measured(life, now)
    as_it_was = coverage.measured(life, message.down_since)
    return coverage.measured(Life(life.charter, as_it_was), now, was_down=True)


def _begin(message: Begin, now: Timestamp) -> Turn:
    atr = message.atr
    charter = Charter(
        position_id=message.position_id,
        symbol=message.symbol,
        budget=message.budget,
        plan=message.plan,
        rules=message.rules,
        capabilities=message.capabilities,
        quote=message.quote,
        atr=None if atr is None else from_float(atr, message.rules.tick_size),
        order_prefix=message.order_prefix,
        decision=message.decision,
        adopted=message.adopted,
        begun_with=message.begun_with,
    )
    position = Position(
        position_id=message.position_id,
        began_at=now,
        changed_at=now,
        measured_at=now,
        reserve=message.budget,
    )
    turn = Turn(Life(charter, position), now)
    if message.adopted is None:
        ask_for_budget(turn)
    coverage.hold_symbol(turn)
    if message.adopted is not None:
        begin_adopted(turn, message.adopted)
        _settle(turn)
    return turn


def _settle(turn: Turn) -> None:
    """Act on the facts, in the order in which one follows from the other: once is enough."""
    if turn.position.state not in AT_REST:
        _judge_time_limit(turn)
        if not turn.position.is_looking_back:
            entry_ladder.work_entry(turn)
        market.judge_sellable(turn)
        if not turn.position.is_looking_back and turn.position.stranded is None:
            exit_planner.plan_exit(turn)
        coverage.arm_triggers(turn)
        coverage.judge_cover(turn)
        _judge_flat(turn)
    if turn.position.state is State.CLOSED and turn.position.closed_at is None:
        _close_books(turn)


def _judge_time_limit(turn: Turn) -> None:
    limit, entered_at = turn.charter.plan.time_limit_ms, turn.position.entered_at
    if limit is not None and entered_at is not None and turn.now >= entered_at + limit:
        turn.begin_exit(CloseCause.TIME_LIMIT, f"held for {limit} ms")


def _judge_flat(turn: Turn) -> None:
    position = turn.position
    if position.state is State.CLOSED or not position.entry.is_over:
        return
    if position.is_looking_back:  # it may have sold without a record
        return
    is_settled = all(order.facts.is_terminal for order in position.orders)
    # An end can't be undone: it waits until the venue has said what every fill cost.
    if not is_settled or not position.booked.is_priced or not exit_ladder.is_only_dust(turn.life):
        turn.update(fees_until=None)
    elif _has_its_fees(turn):
        turn.advance(Input.FLAT)


def _has_its_fees(turn: Turn) -> bool:
    """Return whether the fees of all fills are known, or were waited for long enough.

    A fee that comes later is booked as a fill that no position expects.
    """
    missing, until = turn.position.booked.fees_missing, turn.position.fees_until
    if not missing:
        return True
    if until is None:
        turn.update(fees_until=Timestamp(turn.now + FEES_WAIT_MS))
        return False
    if turn.now < until:
        return False
    text = f"closed before the venue told the fees of {missing} {turn.charter.rules.base} filled"
    turn.alarm(AlarmKind.VALUE_MISSING, f"{text}; they are booked when they come")
    return True


def _close_books(turn: Turn) -> None:
    """The position is CLOSED: say why, let go of the triggers, and ask the router to let go."""
    cause, reason = exit_planner.why_closed(turn)
    turn.update(
        closed_at=turn.now,
        close_cause=cause,
        close_reason=reason,
        entry=msgspec.structs.replace(turn.position.entry, is_over=True),
    )
    market.tell_rest(turn)
    coverage.disarm_triggers(turn)
    let_go_of_orders(turn)


def _finish(before: Life | None, turn: Turn) -> Step:
    """Book what is new, and return the entities that are."""
    if before is not None:
        set_reserve(turn)
    turn.update(wakes_at=min(deadlines_of(turn.life), default=None))
    if _is_to_book(before, turn.position):
        book(turn)
    changes: tuple[Charter | Position, ...] = (turn.position,)
    if before is None or turn.charter is not before.charter:
        changes = (turn.charter, turn.position)
    return Step(changes, tuple(turn.outbox))


def _is_to_book(before: Life | None, position: Position) -> bool:
    if before is None:
        return position.state is not State.NEW  # adopted: it holds coins from its first step on
    was = before.position
    newly_closed = position.state is State.CLOSED and was.state is not State.CLOSED
    return newly_closed or (was.booked, was.reserve) != (position.booked, position.reserve)
