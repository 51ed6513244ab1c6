"""Desired against actual: the one place that fills or clears the exit slot.

Messages only change facts, or what is desired. Then ``plan_exit`` compares the two and asks for the
next thing: place, cancel, or wait. So a close by hand in the middle of a switch, a fill that races
a cancel, a cancel refused because the order filled, all converge, in whatever order they are heard.
"""

import msgspec

from actors.position import exit_ladder, market, protective_orders, unseen_exits
from actors.position.deadlines import pause_after
from actors.position.draft import Turn
from actors.position.exit_form import CLOSED_MARKET, is_by_rule, is_outdated
from actors.position.exit_slot import ExitSlot, SlotInput, SlotState, slot_after
from actors.position.orders import Want, cancel, place
from actors.position.own_orders import lost_orders
from actors.position.position import (
    REFUSED_MOST,
    OwnOrder,
    Position,
    RefusedOrder,
    find_order,
    with_order,
)
from actors.position.states import State
from messages.base import Timestamp
from messages.observers import AlarmKind
from messages.orders import (
    LIVE_STATUSES,
    OrderFacts,
    OrderStatus,
    OrderType,
    Purpose,
    RejectReason,
    Side,
    StopStatus,
)
from messages.position import CloseCause


def plan_exit(turn: Turn) -> None:
    """Ask for what takes the slot from what is in it to what should be."""
    slot = turn.position.slot
    if slot.state is SlotState.UNKNOWN:
        _write_off_if_lost(turn)
        unseen_exits.ask(turn)
    if turn.position.closing is not None:
        if _is_left_to_the_stop(turn):
            return
        exit_ladder.prepare(turn)
        want = exit_ladder.wanted_exit(turn.life, turn.now)
    else:
        want = protective_orders.wanted_resting(turn.life, turn.now)
    slot = turn.position.slot
    match slot.state:
        case SlotState.EMPTY:
            if want is not None:
                _fill(turn, want)
        case SlotState.PLACING | SlotState.WORKING if not _is_as_wanted(turn, slot, want):
            _clear(turn, slot)
        case SlotState.CANCELING if turn.position.closing is not None:
            _clear(turn, slot)  # the exit waits for it now: it may have to become urgent
        case _:
            pass  # as wanted, or the venue has the word


def hear_slot_order(turn: Turn, facts: OrderFacts) -> None:
    """Let the slot follow what the venue says of its order."""
    slot = turn.position.slot
    if slot.order_id != facts.client_order_id:
        return
    if facts.is_terminal:
        turn.update(slot=slot_after(slot, SlotInput.ENDED, turn.now))
        _after_end(turn, slot, facts)
    elif facts.status is OrderStatus.UNKNOWN:
        turn.update(slot=slot_after(slot, SlotInput.LOST, turn.now))
    elif facts.status in LIVE_STATUSES:
        turn.update(slot=slot_after(slot, SlotInput.LIVE, turn.now))
        if turn.position.protection.refusals:
            turn.update_protection(refusals=0, retry_at=None)
        if facts.stop is StopStatus.TRIGGERED:
            begin_stop_exit(turn, "the stop at the venue was touched")


def begin_stop_exit(turn: Turn, reason: str) -> None:
    """Want out because of the stop; a native stop in the slot is given time to fill first."""
    if turn.position.closing is not None:
        return  # said again; its time runs already
    turn.begin_exit(turn.stop_cause, reason, is_emergency=True)
    slot = turn.position.slot
    order = find_order(turn.position, slot.order_id)
    if slot.state is SlotState.WORKING and _can_sell_all(turn, order):
        until = turn.now + turn.charter.plan.stop_fill_ms
        turn.update_closing(stop_order_until=until)


def _can_sell_all(turn: Turn, order: OwnOrder | None) -> bool:
    """Whether its stop, once touched, sells everything: that of a scale-out's part does not."""
    if order is None or order.remaining < turn.life.sellable:
        return False
    return order.facts.stop in {StopStatus.WORKING, StopStatus.TRIGGERED}


def _is_left_to_the_stop(turn: Turn) -> bool:
    """Whether a native stop that was touched still has time to fill."""
    exit_ = turn.position.closing
    if exit_ is None or exit_.stop_order_until is None:
        return False
    if turn.position.slot.state is SlotState.WORKING and turn.now < exit_.stop_order_until:
        order = find_order(turn.position, turn.position.slot.order_id)
        if order is not None and order.facts.stop is not StopStatus.GONE:
            return True
    turn.update_closing(stop_order_until=None)
    return False


def _fill(turn: Turn, want: Want) -> None:
    order_id = place(turn, want)
    placed = slot_after(turn.position.slot, SlotInput.PLACED, turn.now)
    slot = msgspec.structs.replace(
        placed,
        order_id=order_id,
        purpose=want.purpose,
        quantity=want.quantity,
        price=want.price,
        trigger_price=want.trigger_price,
        type=want.type,
    )
    turn.update(slot=slot)
    if turn.position.closing is not None:
        turn.update_closing(tries=turn.position.closing.tries + 1)


def _clear(turn: Turn, slot: ExitSlot) -> None:
    order = find_order(turn.position, slot.order_id)
    if order is not None:
        cancel(turn, order, urgent=turn.position.closing is not None)
    turn.update(slot=slot_after(slot, SlotInput.CANCEL_ASKED, turn.now))


def _is_as_wanted(turn: Turn, slot: ExitSlot, want: Want | None) -> bool:
    order = find_order(turn.position, slot.order_id)
    if order is None:
        return True
    if slot.purpose is Purpose.CLOSE:
        # A rung's order works until it ends; only a hurry to a market order ends it sooner.
        return want is None or want.price is not None or slot.price is None
    if _is_only_cover(turn, order, want):
        return True
    if want is None:
        return not _is_unwanted(turn)
    if turn.position.contested:
        return True  # what rests protects whoever owns it
    return (
        want.purpose is slot.purpose
        and want.price == slot.price
        and want.trigger_price == slot.trigger_price
        and _has_wanted_quantity(turn, want, order)
        and not _has_lost_its_stop(want, order)
    )


def _has_wanted_quantity(turn: Turn, want: Want, order: OwnOrder) -> bool:
    """Whether it has the quantity that should rest; of a part of it, what did not fill yet."""
    if want.quantity == order.remaining:
        return True
    most = protective_orders.most_at_rest(turn.life, want)
    return want.quantity == most and bool(order.facts.filled) and order.quantity == most


def _is_only_cover(turn: Turn, order: OwnOrder, want: Want | None) -> bool:
    """Whether its stop must stay: what takes its place has none, and no trigger would fire now.

    So after a restart the stop of the last session's end rests until quotes are fresh.
    """
    position = turn.position
    if position.closing is not None or not turn.life.sellable:
        return False
    has_stop = order.facts.stop is StopStatus.WORKING
    keeps_a_stop = want is not None and want.trigger_price is not None
    is_watched = position.market_is_fresh and position.venue_is_reachable
    return has_stop and not keeps_a_stop and not is_watched


def _is_unwanted(turn: Turn) -> bool:
    """Whether a resting order must go although nothing is to take its place."""
    if turn.position.closing is not None or not turn.life.sellable:
        return True
    return protective_orders.lets_nothing_rest(turn.life)


def _has_lost_its_stop(want: Want, order: OwnOrder) -> bool:
    """Whether an OCO's stop leg is gone: Binance cancels it at the limit leg's first fill."""
    return want.type is OrderType.OCO and order.facts.stop is StopStatus.GONE


def _note_refusal(turn: Turn, slot: ExitSlot, facts: OrderFacts) -> None:
    """Remember what was refused by a rule, and have the rules read again."""
    if facts.status is not OrderStatus.REJECTED or facts.reason is None:
        return
    by_rule = is_by_rule(slot.type, facts.reason)
    if by_rule and not is_outdated(turn.life, slot):
        is_exit = slot.purpose is Purpose.CLOSE
        refused = RefusedOrder(
            reason=facts.reason,
            type=slot.type,
            quantity=slot.quantity,
            price=slot.price,
            trigger_price=slot.trigger_price,
            is_exit=is_exit,
            round=turn.position.exit_rounds,
        )
        known = tuple(one for one in turn.position.refused if one != refused)
        turn.update(refused=(*known, refused)[-REFUSED_MOST:])
    if by_rule or facts.reason in CLOSED_MARKET:
        market.ask_for_market(turn, reads_again=True)


def _after_end(turn: Turn, slot: ExitSlot, facts: OrderFacts) -> None:
    _note_refusal(turn, slot, facts)
    order = find_order(turn.position, facts.client_order_id)
    if turn.position.closing is not None:
        if slot.purpose is Purpose.CLOSE:
            exit_ladder.on_exit_order_ended(turn, facts)
        return
    if facts.reason is RejectReason.WOULD_TRIGGER_AT_ONCE:
        begin_stop_exit(turn, "price was beyond the stop when it was placed")
    elif facts.stop is StopStatus.TRIGGERED and turn.life.sellable:
        begin_stop_exit(turn, "the stop at the venue was touched and did not sell all")
    elif facts.status is OrderStatus.FILLED:
        _on_resting_filled(turn)
    elif facts.reason is RejectReason.SELF_TRADE:
        turn.update_protection(retry_at=None)  # no refusal: it is placed again at once
    elif order is None or not order.cancel_asked:
        _on_resting_refused(turn, slot, facts)


def _on_resting_filled(turn: Turn) -> None:
    turn.update_protection(refusals=0, retry_at=None)
    if turn.position.state is State.OPENING and not turn.charter.plan.scale_out:
        turn.begin_exit(*why_closed(turn))  # it sold all there was: buy no more, sell what comes


def _on_resting_refused(turn: Turn, slot: ExitSlot, facts: OrderFacts) -> None:
    """Try again, more and more slowly: refused, or canceled by somebody else.

    At once what was never placed: the venue refused nothing, and the proof took long enough.
    """
    plan, refusals = turn.charter.plan, turn.position.protection.refusals + 1
    is_at_once = facts.reason is RejectReason.NEVER_PLACED and refusals < plan.placement_attempts
    retry_at = None if is_at_once else Timestamp(turn.now + pause_after(refusals, plan))
    turn.update_protection(refusals=refusals, retry_at=retry_at)
    by_a_switch = facts.reason is RejectReason.DEAD_MANS_SWITCH
    by_rule = facts.status is OrderStatus.REJECTED and is_by_rule(slot.type, facts.reason)
    attempts = plan.placement_attempts
    if by_rule:
        attempts = min(attempts, protective_orders.FORMS_AT_REST)
    if refusals == attempts or by_a_switch:
        text = f"{facts.status}: {facts.reason or 'not by us'} {facts.text}".rstrip()
        turn.alarm(AlarmKind.PLACEMENT_FAILED, f"a resting order ended {refusals} times, {text}")


def _write_off_if_lost(turn: Turn) -> None:
    slot, plan = turn.position.slot, turn.charter.plan
    order = find_order(turn.position, slot.order_id)
    if order is None or order.facts.is_in_conflict:
        return
    if turn.now < slot.since + plan.unknown_exit_ms:
        return
    text = f"exit {slot.order_id} is unknown since {turn.now - slot.since} ms: it may be live"
    unseen_exits.write_off(turn, order, text)


def take_back(turn: Turn, order: OwnOrder) -> None:
    """Cancel an exit that is live outside the slot: lost, or taken for over. It locks its coins.

    Where another process may hold the position it may be that one's protection: it stays.
    """
    if not order.is_lost:
        order = msgspec.structs.replace(order, is_lost=True)
        turn.update(orders=with_order(turn.position.orders, order))
        _forget_looks(turn)
    if not turn.position.contested:
        cancel(turn, order, urgent=True)


def take_back_lost(turn: Turn) -> None:
    """Cancel the lost exits that are live, now that no other process may hold the position."""
    for order in lost_orders(turn.position):
        if order.facts.status in LIVE_STATUSES and not order.cancel_asked:
            take_back(turn, order)


def _forget_looks(turn: Turn) -> None:
    """What the venue showed before an exit was lost proves nothing after it."""
    if turn.position.closing is not None:
        turn.update_closing(sellable=None)


def why_closed(turn: Turn) -> tuple[CloseCause, str]:
    """Return why the position left, judged by the order that sold most."""
    position, exit_ = turn.position, turn.position.closing
    sellers = [o for o in position.orders if o.side is Side.SELL and o.facts.filled]
    if not sellers:
        return _why_nothing_was_sold(position)
    seller = max(sellers, key=lambda o: o.facts.filled)
    if seller.purpose is Purpose.CLOSE and exit_ is not None:
        return exit_.cause, exit_.reason
    if seller.purpose is Purpose.STOP_LOSS or seller.facts.stop is StopStatus.TRIGGERED:
        return turn.stop_cause, "the stop at the venue filled"
    return CloseCause.TAKE_PROFIT, "the take profit at the venue filled"


def _why_nothing_was_sold(position: Position) -> tuple[CloseCause, str]:
    if position.close_cause is not None:
        return position.close_cause, position.close_reason
    if position.closing is None:
        is_little = bool(position.booked.all_bought)
        why = "what was bought is too little to be sold" if is_little else "nothing was bought"
        return CloseCause.ENTRY_FAILED, why
    if not position.booked.all_bought:
        return CloseCause.WITHDRAWN, position.closing.reason
    return position.closing.cause, position.closing.reason
