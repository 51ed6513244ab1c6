"""What a position does with a message. Pure: no actor, no clock, no exchange, no log.

A message changes facts, or what is desired. Then the position settles: the entry goes on, the exit
slot is compared with what should be in it, triggers are armed, the table is told what the facts add
up to, and the portfolio what was booked.
"""

from typing import assert_never

import msgspec

from actors.position import closing, entry, planner, protection
from actors.position.exit_slot import SlotState
from actors.position.position import (
    Charter,
    Life,
    OwnOrder,
    Position,
    find_order,
    sums,
    with_order,
)
from actors.position.prices import switch_back_at
from actors.position.states import Input, State, is_ignored
from actors.position.turn import Turn
from messages.addresses import MARKET_DATA, ORDER_ROUTER, PORTFOLIO, POSITIONS
from messages.base import Message, Timestamp
from messages.envelope import NOTHING, Step, Wake
from messages.ids import ENTRY_LEG
from messages.market_data import HoldSymbol
from messages.money import ZERO, from_float
from messages.order_router import ReleaseOrders
from messages.orders import OrderFacts, OrderStatus, Purpose, Side
from messages.portfolio import BookPosition, ReserveBudget
from messages.position import (
    AddToPosition,
    BalanceAnswered,
    Begin,
    BudgetDenied,
    BudgetGranted,
    ChangeProtection,
    CloseCause,
    ClosePosition,
    LevelName,
    MarketFreshness,
    OrdersReleased,
    OrderUpdated,
    QuoteAnswered,
    ResendBooking,
    StopEntering,
    SwitchProtection,
    TriggerFired,
    TriggersArmed,
    VenueReachability,
)
from messages.positions import PositionEnded

PositionMessage = (
    Begin
    | BudgetGranted
    | BudgetDenied
    | ClosePosition
    | StopEntering
    | ChangeProtection
    | SwitchProtection
    | AddToPosition
    | ResendBooking
    | Wake
    | OrderUpdated
    | OrdersReleased
    | BalanceAnswered
    | VenueReachability
    | TriggersArmed
    | TriggerFired
    | MarketFreshness
    | QuoteAnswered
)

INPUTS: dict[type[Message], Input] = {
    Begin: Input.BEGUN,
    BudgetGranted: Input.BUDGET_GRANTED,
    BudgetDenied: Input.BUDGET_DENIED,
    ClosePosition: Input.CLOSE_ASKED,
    StopEntering: Input.STOP_ENTERING_ASKED,
    ChangeProtection: Input.PROTECTION_CHANGED,
    SwitchProtection: Input.SWITCH_ASKED,
    AddToPosition: Input.ADD_ASKED,
    ResendBooking: Input.BOOKING_ASKED,
    Wake: Input.DEADLINE_PASSED,
    OrderUpdated: Input.ORDER_UPDATED,
    OrdersReleased: Input.ORDERS_RELEASED,
    BalanceAnswered: Input.BALANCE_TOLD,
    VenueReachability: Input.VENUE_REACHABILITY,
    TriggersArmed: Input.TRIGGERS_ARMED,
    TriggerFired: Input.TRIGGER_FIRED,
    MarketFreshness: Input.MARKET_FRESHNESS,
    QuoteAnswered: Input.QUOTE_TOLD,
}


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
    turn = Turn(Life(life.charter, protection.measured(life, now)), now)
    measured = turn.position
    turn.advance(input_)
    _take_in(turn, message)
    _settle(turn)
    if turn.position is measured and not turn.outbox and not isinstance(message, Wake):
        return NOTHING
    return _finish(life, turn)


def _begin(message: Begin, now: Timestamp) -> Turn:
    atr = message.atr
    tick_size = message.rules.tick_size
    charter = Charter(
        position_id=message.position_id,
        symbol=message.symbol,
        budget=message.budget,
        plan=message.plan,
        rules=message.rules,
        capabilities=message.capabilities,
        quote=message.quote,
        atr=None if atr is None else from_float(atr, tick_size),
        order_prefix=message.order_prefix,
        decision=message.decision,
    )
    position = Position(
        position_id=message.position_id,
        began_at=now,
        changed_at=now,
        measured_at=now,
        reserve=message.budget,
    )
    turn = Turn(Life(charter, position), now)
    position_id, symbol = message.position_id, message.symbol
    reserve = ReserveBudget(position_id=position_id, symbol=symbol, budget=message.budget)
    turn.send(PORTFOLIO, reserve)
    turn.send(MARKET_DATA, HoldSymbol(position_id=position_id, symbol=symbol))
    return turn


def _take_in(turn: Turn, message: PositionMessage) -> None:  # noqa: C901, PLR0912 - one case each
    """Change the facts, or what is desired."""
    match message:
        case Begin():
            raise AssertionError("the table ignores a second beginning")
        case BudgetGranted():
            entry.begin_entry(turn)
        case BudgetDenied():
            turn.update(
                close_cause=CloseCause.DENIED, close_reason=f"{message.reason}: {message.text}"
            )
        case ClosePosition():
            _close(turn, message)
        case StopEntering():
            _stop_entering(turn)
        case ChangeProtection():
            _change_plan(turn, message)
        case SwitchProtection():
            _switch(turn, to_stop=message.to_stop_loss)
        case AddToPosition():
            raise AssertionError("the table refuses to add")
        case ResendBooking():
            _book(turn)
        case Wake():
            _look_at_deadlines(turn)
        case OrderUpdated():
            _hear_order(turn, message.facts)
        case OrdersReleased():
            _end(turn)
        case BalanceAnswered():
            closing.on_balance(turn, message.free)
        case VenueReachability():
            turn.update(venue_is_reachable=message.reachable)
        case TriggersArmed():
            _hear_armed(turn, message)
        case TriggerFired():
            _hear_trigger(turn, message)
        case MarketFreshness():
            turn.update(market_is_fresh=message.fresh)
        case QuoteAnswered():
            entry.on_entry_quote(turn, message.quote)
            closing.on_exit_quote(turn, message.quote)
        case _:
            assert_never(message)


def _close(turn: Turn, message: ClosePosition) -> None:
    if turn.position.closing is not None:
        closing.hurry(turn)
        return
    if turn.position.state is State.NEW:
        turn.update(close_cause=CloseCause.WITHDRAWN, close_reason=message.reason)
    turn.begin_exit(message.cause, message.reason)


def _stop_entering(turn: Turn) -> None:
    if turn.position.state is State.NEW:
        turn.update(close_cause=CloseCause.WITHDRAWN, close_reason="entries are halted")
        turn.begin_exit(CloseCause.WITHDRAWN, "entries are halted")
        return
    entry.stop_entering(turn)


def _change_plan(turn: Turn, message: ChangeProtection) -> None:
    plan = turn.charter.plan
    if message.take_profit_ratio is not None:
        plan = msgspec.structs.replace(
            plan,
            take_profit_ratio=message.take_profit_ratio,
            take_profit_by_age=(),
            take_profit_atr=None,
        )
    if message.stop_loss_ratio is not None:
        plan = msgspec.structs.replace(
            plan, stop_loss_ratio=message.stop_loss_ratio, stop_loss_atr=None
        )
    turn.life = Life(msgspec.structs.replace(turn.charter, plan=plan), turn.position)


def _switch(turn: Turn, *, to_stop: bool) -> None:
    """Desire the other order in the slot; what is in it now goes first."""
    state = turn.position.protection
    if state.rests_stop == to_stop:
        return
    turn.update_protection(
        rests_stop=to_stop, switched_at=turn.now, switches=state.switches + 1, retry_at=None
    )


def _look_at_deadlines(turn: Turn) -> None:
    position, plan = turn.position, turn.charter.plan
    if position.state is State.NEW and turn.now >= position.began_at + plan.budget_deadline_ms:
        reason = f"no budget within {plan.budget_deadline_ms} ms"
        turn.update(close_cause=CloseCause.WITHDRAWN, close_reason=reason)
        turn.begin_exit(CloseCause.WITHDRAWN, reason)
    closing.on_deadline(turn)


def _hear_order(turn: Turn, facts: OrderFacts) -> None:
    """Book what the venue did; it is a fact, whatever was expected."""
    known = find_order(turn.position, facts.client_order_id)
    if known is None:
        known = _forgotten_order(turn, facts)
    elif known.facts == facts:
        return
    order = msgspec.structs.replace(known, facts=facts)
    turn.update(orders=with_order(turn.position.orders, order))
    turn.update(booked=sums(turn.position.orders))
    if order.side is Side.BUY:
        if facts.is_terminal and not known.facts.is_terminal:
            entry.on_entry_order_ended(turn, facts)
        return
    planner.hear_slot_order(turn, facts)
    if order.is_lost and facts.status in {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}:
        planner.take_back(turn, order)


def _forgotten_order(turn: Turn, facts: OrderFacts) -> OwnOrder:
    """Return an order that ended without a fill, was let go of, and is heard of again."""
    leg = facts.client_order_id.removeprefix(turn.charter.order_prefix)
    is_entry = leg.startswith(ENTRY_LEG)
    return OwnOrder(
        side=Side.BUY if is_entry else Side.SELL,
        purpose=Purpose.ENTRY if is_entry else Purpose.CLOSE,
        quantity=facts.filled,
        facts=facts,
    )


def _hear_armed(turn: Turn, message: TriggersArmed) -> None:
    state = turn.position.protection
    if message.generation == state.generation:
        turn.update_protection(armed=state.levels)
        turn.update(market_is_fresh=message.fresh)


def _hear_trigger(turn: Turn, message: TriggerFired) -> None:
    """Act on the levels that were touched; a firing of an older registration is stale."""
    if message.generation != turn.position.protection.generation:
        return
    turn.update_protection(levels=(), armed=())
    if LevelName.STOP_LOSS in message.levels:
        price = protection.source_price(message.quote, turn.charter.plan.trigger_source)
        planner.begin_stop_exit(turn, f"price {price} is at or under the stop")
    if turn.position.closing is not None:
        turn.update_closing(quote=message.quote)
        return
    if LevelName.TAKE_PROFIT in message.levels:
        turn.begin_exit(CloseCause.TAKE_PROFIT, "the target was reached")
        turn.update_closing(quote=message.quote)
    if LevelName.RATCHET in message.levels:
        protection.ratchet(turn, message.quote)
    if LevelName.SWITCH_TO_STOP_LOSS in message.levels:
        _switch(turn, to_stop=True)
    if LevelName.SWITCH_TO_TAKE_PROFIT in message.levels:
        _switch(turn, to_stop=False)


def _settle(turn: Turn) -> None:
    """Act on the facts until the table has nothing more to say."""
    state = None
    while state is not turn.position.state and turn.position.state is not State.CLOSED:
        state = turn.position.state
        if state is State.NEW:
            break
        _judge_time_limit(turn)
        entry.work_entry(turn)
        planner.plan_exit(turn)
        protection.arm_triggers(turn)
        protection.judge_cover(turn)
        _judge_flat(turn)
    if turn.position.state is State.CLOSED and turn.position.closed_at is None:
        _close_books(turn)


def _judge_time_limit(turn: Turn) -> None:
    limit, entered_at = turn.charter.plan.time_limit_ms, turn.position.entered_at
    if limit is not None and entered_at is not None and turn.now >= entered_at + limit:
        turn.begin_exit(CloseCause.TIME_LIMIT, f"held for {limit} ms")


def _judge_flat(turn: Turn) -> None:
    life, position = turn.life, turn.position
    if position.state is State.CLOSED or not position.entry.is_over:
        return
    if any(not order.facts.is_terminal for order in position.orders):
        return
    price = closing.last_price(life)
    exit_ = position.closing
    if price is None or life.is_dust(price) or (exit_ is not None and exit_.is_dust):
        turn.advance(Input.FLAT)


def _close_books(turn: Turn) -> None:
    """The position is CLOSED: say why, let go of the triggers, and ask the router to let go."""
    cause, reason = planner.why_closed(turn)
    turn.update(
        closed_at=turn.now,
        close_cause=cause,
        close_reason=reason,
        entry=msgspec.structs.replace(turn.position.entry, is_over=True),
    )
    protection.disarm_triggers(turn)
    booked = tuple(order.facts for order in turn.position.orders if order.facts.filled)
    message = ReleaseOrders(position_id=turn.charter.position_id, booked=booked)
    turn.send(ORDER_ROUTER, message)


def _end(turn: Turn) -> None:
    if turn.position.is_released:
        return
    turn.update(is_released=True)
    message = PositionEnded(position_id=turn.charter.position_id, symbol=turn.charter.symbol)
    turn.send(POSITIONS, message)


def _finish(before: Life | None, turn: Turn) -> Step:
    """Book what is new, and return the entities that are."""
    if before is None:
        turn.update(wakes_at=min(_deadlines(turn.life), default=None))
        return Step((turn.charter, turn.position), tuple(turn.outbox))
    _set_reserve(turn)
    turn.update(wakes_at=min(_deadlines(turn.life), default=None))
    was, is_ = before.position, turn.position
    newly_closed = is_.state is State.CLOSED and was.state is not State.CLOSED
    if newly_closed or (was.booked, was.reserve) != (is_.booked, is_.reserve):
        _book(turn)
    changes: tuple[Charter | Position, ...] = (turn.position,)
    if turn.charter is not before.charter:
        changes = (turn.charter, turn.position)
    return Step(changes, tuple(turn.outbox))


def _set_reserve(turn: Turn) -> None:
    if turn.position.state is State.NEW:
        return
    reserve = ZERO if turn.position.entry.is_over else entry.remaining_budget(turn)
    if reserve != turn.position.reserve:
        turn.update(reserve=reserve)


def _book(turn: Turn) -> None:
    """Tell the portfolio how the position stands: all of it, so hearing it twice is harmless."""
    booked = turn.position.booked
    message = BookPosition(
        position_id=turn.charter.position_id,
        symbol=turn.charter.symbol,
        reserve=turn.position.reserve,
        bought=booked.bought,
        bought_cost=booked.bought_cost,
        sold=booked.sold,
        sold_proceeds=booked.sold_proceeds,
        fees=booked.fees,
        closed=turn.position.state is State.CLOSED,
    )
    turn.send(PORTFOLIO, message)


def _deadlines(life: Life) -> list[Timestamp]:
    """Return the deadlines that have not been acted on yet."""
    position, plan = life.position, life.charter.plan
    state, exit_, slot = position.state, position.closing, position.slot
    if state is State.CLOSED:
        return []
    if state is State.NEW:
        return [Timestamp(position.began_at + plan.budget_deadline_ms)]
    deadlines: list[int | None] = []
    if not position.entry.is_over and not position.entry.is_stopping:
        deadlines.append(position.entry.deadline)
    if slot.state is SlotState.UNKNOWN:
        deadlines.append(slot.since + plan.unknown_exit_ms)
    if exit_ is not None:
        deadlines += [exit_.retry_at, exit_.stop_order_until]
    else:
        later = [position.protection.retry_at, switch_back_at(life), *_ages(life)]
        # Those of the past were looked at in the last step.
        deadlines += [at for at in later if at is not None and at > position.measured_at]
    return [Timestamp(at) for at in deadlines if at is not None]


def _ages(life: Life) -> list[Timestamp]:
    """Return when the position is old enough for another target, or for its end."""
    plan, entered_at = life.charter.plan, life.position.entered_at
    if entered_at is None:
        return []
    ages = [aged.after_ms for aged in plan.take_profit_by_age]
    if plan.time_limit_ms is not None:
        ages.append(plan.time_limit_ms)
    return [Timestamp(entered_at + age) for age in ages]
