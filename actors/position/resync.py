"""After a message that the position raised on: everything it may have missed is asked for again.

Facts are cumulative and requests may be sent again, so asking too much does no harm. Raising again
is told to a person, and asked again more and more slowly.
"""

from msgspec.structs import replace

from actors.position import market, recovery
from actors.position.accounting import ask_for_budget, book, let_go_of_orders, tell_end
from actors.position.coverage import disarm_triggers, hold_symbol
from actors.position.draft import Turn
from actors.position.progress import Faulted
from actors.position.states import AT_REST, State
from messages.addresses import ORDER_ROUTER
from messages.base import Milliseconds, Timestamp
from messages.observers import AlarmKind
from messages.order_router import CancelOrder, ResendOrders
from messages.orders import OrderStatus
from messages.position import Resync


def on_skipped(turn: Turn, message: Resync) -> None:
    """Ask again at once; where that was done a moment ago, tell a person."""
    faulted = turn.position.faulted
    if message.down_since is not None:
        if message.order_prefix:
            recovery.renumber(turn, message.order_prefix)
        else:
            recovery.tell_again(turn)
        recovery.begin(turn, message)
        _ask_again(turn)
    elif faulted is None:
        _mark(turn, turn.now, turn.charter.plan.exit_retry_ms)
        _ask_again(turn)
        _book_again(turn)
    elif not faulted.has_raised_again:
        turn.update(faulted=replace(faulted, has_raised_again=True))
        text = f"{message.skipped} can't be taken, heard again: {message.error}"
        turn.alarm(AlarmKind.STEP_SKIPPED, text)


def on_deadline(turn: Turn) -> None:
    """Ask again if it raised again; else it is well."""
    faulted = turn.position.faulted
    if faulted is None or turn.now < faulted.look_at:
        return
    if not faulted.has_raised_again:
        turn.update(faulted=None)
        return
    slower = min(faulted.pause_ms * 2, turn.charter.plan.stuck_retry_ms)
    _mark(turn, faulted.since, Milliseconds(slower))
    _ask_again(turn)
    _book_again(turn)


def _mark(turn: Turn, since: Timestamp, pause_ms: Milliseconds) -> None:
    look_at = Timestamp(turn.now + pause_ms)
    turn.update(faulted=Faulted(since=since, pause_ms=pause_ms, look_at=look_at))


def _ask_again(turn: Turn) -> None:
    match turn.position.state:
        case State.NEW:
            ask_for_budget(turn)
            hold_symbol(turn)
            market.ask_for_market(turn, reads_again=False)
        case State.CLOSED:
            _ask_to_end(turn)
        case _:
            _ask_for_facts(turn)


def _ask_for_facts(turn: Turn) -> None:
    position, exit_ = turn.position, turn.position.closing
    position_id = turn.charter.position_id
    recovery.look_back(turn)
    market.ask_for_market(turn, reads_again=False)
    awaited = tuple(
        order.facts.client_order_id
        for order in position.orders
        if order.facts.status is OrderStatus.NEW
    )
    turn.send(ORDER_ROUTER, ResendOrders(position_id=position_id, awaited=awaited))
    for order in position.orders:
        if order.cancel_asked and not order.facts.is_terminal:
            order_id, urgent = order.facts.client_order_id, exit_ is not None
            turn.send(ORDER_ROUTER, CancelOrder(client_order_id=order_id, urgent=urgent))
    hold_symbol(turn)
    # What fired is gone: a new registration is told at once of what is touched now.
    turn.update_protection(levels=(), armed=())
    if position.entry.waits_for_quote or (exit_ is not None and exit_.waits_for_quote):
        turn.ask_for_quote()


def _book_again(turn: Turn) -> None:
    """Book once more: the skipped message may have been the portfolio's request for it."""
    if turn.position.state not in AT_REST:
        book(turn)


def _ask_to_end(turn: Turn) -> None:
    disarm_triggers(turn)
    book(turn)
    if turn.position.is_released:
        tell_end(turn)
    else:
        let_go_of_orders(turn)
