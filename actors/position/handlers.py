"""What one message changes: the facts, or what is desired. What follows is the core's business."""

from typing import assert_never

import msgspec

from actors.position import (
    coverage,
    entry_ladder,
    exit_ladder,
    exit_planner,
    market,
    recovery,
    resync,
    unseen_exits,
)
from actors.position.accounting import book, tell_end
from actors.position.distances import distance_problem
from actors.position.draft import Turn
from actors.position.exit_form import CLOSED_MARKET, NAMED_RULES
from actors.position.inputs import PositionMessage
from actors.position.position import OwnOrder, find_order, sums, with_order
from actors.position.price_levels import on_stop, protection_mode, rests_stop
from actors.position.states import State
from actors.tables import IllegalInputError
from messages.envelope import Wake
from messages.ids import ENTRY_LEG, leg_of_id
from messages.orders import LIVE_STATUSES, OrderFacts, OrderStatus, Purpose, Side
from messages.plan import OnStop, Plan, ProtectionMode
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
    ListsCompared,
    LookedBack,
    MarketFreshness,
    MarketReported,
    OrdersReleased,
    OrderUpdated,
    OwnershipChanged,
    QuoteAnswered,
    ResendBooking,
    Resync,
    SessionEnding,
    StopEntering,
    SwitchProtection,
    TriggerFired,
    TriggersArmed,
    VenueReachability,
)
from messages.prices import price_of


def take_in(turn: Turn, message: PositionMessage) -> None:  # noqa: C901, PLR0912, PLR0915 - a case each
    """Change the facts, or what is desired."""
    match message:
        case Begin():
            raise AssertionError("the table ignores a second beginning")
        case BudgetGranted():
            entry_ladder.begin_entry(turn)
        case BudgetDenied():
            entry_ladder.refuse(turn, CloseCause.DENIED, message.reason, message.text)
        case ClosePosition():
            _close(turn, message)
        case StopEntering():
            _stop_entering(turn)
        case ChangeProtection():
            _change_plan(turn, message)
        case SwitchProtection():
            _switch_by_hand(turn, message)
        case AddToPosition():
            raise AssertionError("the table refuses to add")
        case SessionEnding():
            _end_session(turn)
        case ResendBooking():
            book(turn)
        case Resync():
            resync.on_skipped(turn, message)
        case Wake():
            _look_at_deadlines(turn)
        case OrderUpdated():
            _hear_order(turn, message.facts)
            unseen_exits.on_offer(turn, message)
        case LookedBack():
            recovery.on_looked_back(turn, message)
        case ListsCompared():
            recovery.on_compared(turn)
        case OwnershipChanged():
            recovery.on_ownership(turn, message)
            exit_planner.take_back_lost(turn)
        case OrdersReleased():
            _hear_released(turn)
        case BalanceAnswered():
            exit_ladder.on_balance(turn, message.free)
            unseen_exits.on_balance(turn, message)
        case MarketReported():
            market.on_reported(turn, message)
        case VenueReachability():
            turn.update(venue_is_reachable=message.reachable)
            recovery.on_reachability(turn)
        case TriggersArmed():
            _hear_armed(turn, message)
        case TriggerFired():
            _hear_trigger(turn, message)
        case MarketFreshness():
            turn.update(market_is_fresh=message.fresh)
        case QuoteAnswered():
            market.on_quote(turn, message.quote)
            entry_ladder.on_entry_quote(turn, message.quote)
            exit_ladder.on_exit_quote(turn, message.quote)
        case _:
            assert_never(message)


def _close(turn: Turn, message: ClosePosition) -> None:
    market.try_again(turn)
    if turn.position.closing is not None:
        exit_ladder.hurry(turn)
        return
    if turn.position.state is State.NEW:
        turn.update(close_cause=CloseCause.WITHDRAWN, close_reason=message.reason)
    turn.begin_exit(message.cause, message.reason)


def _stop_entering(turn: Turn) -> None:
    if turn.position.state is State.NEW:
        turn.update(close_cause=CloseCause.WITHDRAWN, close_reason="entries are halted")
        turn.begin_exit(CloseCause.WITHDRAWN, "entries are halted")
        return
    entry_ladder.stop_entering(turn)


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
    changed = Plan(
        take_profit_ratio=message.take_profit_ratio, stop_loss_ratio=message.stop_loss_ratio
    )
    average = turn.life.average_entry
    problem = None if average is None else distance_problem(changed, turn.charter.rules, average)
    if problem is not None:
        raise IllegalInputError(problem)
    turn.charter = msgspec.structs.replace(turn.charter, plan=plan)


def _switch_by_hand(turn: Turn, message: SwitchProtection) -> None:
    mode = protection_mode(turn.charter)
    if mode is not ProtectionMode.SWITCHING:
        raise IllegalInputError(f"nothing is switched in mode {mode}: only in mode switching")
    _switch(turn, to_stop=message.to_stop_loss)


def _switch(turn: Turn, *, to_stop: bool) -> None:
    """Desire the other order in the slot; what is in it now goes first."""
    if rests_stop(turn.life) == to_stop:
        return
    switches = turn.position.protection.switches + 1
    turn.update_protection(
        rests_stop=to_stop, switched_at=turn.now, switches=switches, retry_at=None
    )


def _end_session(turn: Turn) -> None:
    """See that what is held has a stop without this process, or is sold: as the plan says."""
    match on_stop(turn.charter):
        case OnStop.CLOSE:
            if not coverage.is_stopped_at_venue(turn.position):
                turn.begin_exit(CloseCause.SESSION_END, "the session ends")
        case OnStop.NATIVE_STOP:
            turn.update_protection(is_left=True, retry_at=None)
        case OnStop.LEAVE:
            pass


def _look_at_deadlines(turn: Turn) -> None:
    position, plan = turn.position, turn.charter.plan
    if position.state is State.NEW and turn.now >= position.began_at + plan.budget_deadline_ms:
        entry_ladder.refuse(
            turn, CloseCause.WITHDRAWN, "late_grant", entry_ladder.late_reason(plan)
        )
        turn.begin_exit(CloseCause.WITHDRAWN, entry_ladder.late_reason(plan))
    if position.state is not State.CLOSED and position.stranded is None:
        exit_ladder.on_deadline(turn)
    market.on_deadline(turn)
    recovery.on_deadline(turn)
    resync.on_deadline(turn)


def _hear_order(turn: Turn, facts: OrderFacts) -> None:
    """Book what the venue did; it is a fact, whatever was expected."""
    known = find_order(turn.position, facts.client_order_id)
    if known is None:
        if facts.is_terminal and not facts.filled:
            return  # it was dropped when it ended, and after a restart the router says so again
        known = _forgotten_order(facts)
    elif known.facts == facts:
        return
    before = turn.position
    order = msgspec.structs.replace(known, facts=facts)
    turn.update(orders=with_order(turn.position.orders, order))
    turn.update(booked=sums(turn.position.orders, turn.charter))
    if order.side is Side.BUY:
        if facts.status is OrderStatus.REJECTED and (
            facts.reason in NAMED_RULES or facts.reason in CLOSED_MARKET
        ):
            market.ask_for_market(turn, reads_again=True)
        entry_ladder.hear_entry_order(turn, known, order)
        return
    exit_planner.hear_slot_order(turn, facts)
    unseen_exits.end_doubt(turn, before)
    is_live = facts.status in LIVE_STATUSES
    if is_live and turn.position.slot.order_id != facts.client_order_id:
        exit_planner.take_back(turn, order)


def _forgotten_order(facts: OrderFacts) -> OwnOrder:
    """Return an order that was dropped when it ended empty, and has filled or works after all."""
    is_entry = leg_of_id(facts.client_order_id) == ENTRY_LEG
    return OwnOrder(
        side=Side.BUY if is_entry else Side.SELL,
        purpose=Purpose.ENTRY if is_entry else Purpose.CLOSE,
        quantity=facts.filled,
        facts=facts,
    )


def _hear_released(turn: Turn) -> None:
    if not turn.position.is_released:
        turn.update(is_released=True, faulted=None)
        tell_end(turn)


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
        price = price_of(message.quote, turn.charter.plan.trigger_source)
        exit_planner.begin_stop_exit(turn, f"price {price} is at or under the stop")
    if turn.position.closing is not None:
        turn.update_closing(quote=message.quote)
        return
    if LevelName.TAKE_PROFIT in message.levels:
        turn.begin_exit(CloseCause.TAKE_PROFIT, "the target was reached")
        turn.update_closing(quote=message.quote)
    if LevelName.RATCHET in message.levels:
        coverage.ratchet(turn, message.quote)
    if LevelName.SWITCH_TO_STOP_LOSS in message.levels:
        _switch(turn, to_stop=True)
    if LevelName.SWITCH_TO_TAKE_PROFIT in message.levels:
        _switch(turn, to_stop=False)
