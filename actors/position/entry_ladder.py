"""The entry ladder: how a position buys, once."""

from decimal import Decimal

from actors.position.distances import distance_problem
from actors.position.draft import Turn
from actors.position.orders import Want, cancel, place, rung_price
from actors.position.own_orders import live_orders
from actors.position.position import OwnOrder, ask_of
from actors.position.price_levels import plain_stop
from actors.position.states import AT_REST, Input, State
from exchange.price_grid import nearest_price
from exchange.rules import most_in_one_order, quantity_for
from messages.addresses import OBSERVERS, STRATEGY
from messages.base import Timestamp
from messages.market import MarketPhase, Quote
from messages.money import ONE, ZERO, amount_in, divide_down
from messages.observers import EntryRefused
from messages.orders import OrderFacts, OrderStatus, Purpose, RejectReason, Side
from messages.plan import Plan, Rung
from messages.position import CloseCause
from messages.strategy import EntryEnded


def begin_entry(turn: Turn) -> None:
    """Size and place the first order; refuse what could not be sold at its stop."""
    plan, began_at = turn.charter.plan, turn.position.began_at
    turn.update_entry(deadline=Timestamp(turn.now + plan.entry_deadline_ms))
    if turn.now >= began_at + plan.budget_deadline_ms:
        # The grant overtook the wake; the quote of the decision is old all the same.
        refuse(turn, CloseCause.WITHDRAWN, "late_grant", late_reason(plan))
        return
    if turn.position.phase is not MarketPhase.OPEN:
        refuse(turn, CloseCause.UNTRADABLE, "market_halted", turn.position.market_text)
        return
    if (problem := _untradable(turn)) is not None:
        refuse(turn, CloseCause.UNTRADABLE, "untradable", problem)
        return
    _place_rung(turn, turn.charter.quote)


def refuse(turn: Turn, cause: CloseCause, guard: str, text: str) -> None:
    """Buy nothing, and say which guard said so."""
    turn.update_entry(is_stopping=True)
    turn.update(close_cause=cause, close_reason=f"{guard}: {text}")
    charter = turn.charter
    refused = EntryRefused(symbol=charter.symbol, guard=guard, text=text, quote=charter.quote)
    turn.send(OBSERVERS, refused)


def late_reason(plan: Plan) -> str:
    """Say that the budget did not come in time."""
    return f"no budget within {plan.budget_deadline_ms} ms"


def stop_entering(turn: Turn) -> None:
    """Buy no more: cancel what works; what it bought is kept."""
    if turn.position.entry.is_over:
        return
    turn.update_entry(is_stopping=True, waits_for_quote=False)
    for order in live_orders(turn.position, Side.BUY):
        cancel(turn, order, urgent=turn.position.closing is not None)


def work_entry(turn: Turn) -> None:
    """Take the entry one step on, if nothing of it is under way."""
    position, entry = turn.position, turn.position.entry
    if entry.is_over or position.state in AT_REST:
        return
    if position.closing is not None or turn.now >= entry.deadline:
        stop_entering(turn)
    if live_orders(turn.position, Side.BUY) or turn.position.entry.waits_for_quote:
        return
    if turn.position.entry.is_stopping:
        _end(turn)


def hear_entry_order(turn: Turn, before: OwnOrder, order: OwnOrder) -> None:
    """Go on when an order of the entry is over; one that is live after the entry goes."""
    if not order.facts.is_terminal and turn.position.entry.is_over:
        cancel(turn, order, urgent=True)
    elif order.facts.is_terminal and not before.facts.is_terminal:
        _on_order_ended(turn, order.facts)


def _on_order_ended(turn: Turn, facts: OrderFacts) -> None:
    """Go to the next rung with what is left of the budget, or end the entry."""
    entry, plan = turn.position.entry, turn.charter.plan
    if entry.is_over or entry.is_stopping or entry.waits_for_quote:
        return
    if live_orders(turn.position, Side.BUY):
        return  # it was taken for over before, and the ladder is further
    goes_on = facts.status is not OrderStatus.REJECTED or facts.reason in {
        RejectReason.NO_LIQUIDITY,
        RejectReason.WOULD_TAKE,
    }
    if entry.tries >= plan.entry_ladder[entry.rung].attempts:
        entry_rung, tries = entry.rung + 1, 0
    else:
        entry_rung, tries = entry.rung, entry.tries
    is_last = entry_rung >= len(plan.entry_ladder) or _may_have_spent_all(turn)
    if facts.status is OrderStatus.FILLED or not goes_on or is_last:
        _note_refusal(turn, facts)
        turn.update_entry(is_stopping=True)
        return
    turn.update_entry(rung=entry_rung, tries=tries, waits_for_quote=True)
    turn.ask_for_quote()


def _may_have_spent_all(turn: Turn) -> bool:
    """Whether something was bought and its cost is not known: nothing is bought on top of it."""
    return bool(turn.position.booked.unpriced_bought)


def on_entry_quote(turn: Turn, quote: Quote | None) -> None:
    """Place the rung that waited for a price; without one, or with a fill of unknown cost, stop."""
    if not turn.position.entry.waits_for_quote:
        return
    turn.update_entry(waits_for_quote=False)
    if quote is None or _may_have_spent_all(turn):
        turn.update_entry(is_stopping=True)
        return
    _place_rung(turn, quote)


def _place_rung(turn: Turn, quote: Quote) -> None:
    entry = turn.position.entry
    rung = turn.charter.plan.entry_ladder[entry.rung]
    quantity = _quantity(turn, rung, quote)
    if not _is_enough(turn, quantity, quote):
        turn.update_entry(is_stopping=True)
        return
    turn.update_entry(tries=entry.tries + 1, asked=entry.asked or quantity)
    limit = rung_price(rung, Side.BUY, quote, turn.charter.rules)
    want = Want(
        side=Side.BUY,
        purpose=Purpose.ENTRY,
        type=rung.type,
        quantity=quantity,
        price=limit,
        time_in_force=rung.time_in_force,
        wait_ms=rung.wait_ms,
        reference_price=_reference(turn, limit, quote),
    )
    place(turn, want)


def _reference(turn: Turn, limit: Decimal | None, quote: Quote) -> Decimal | None:
    """Return about what a fill costs; None: as much as the decision's quote says."""
    price = limit or nearest_price(quote.ask, turn.charter.rules)
    return None if price == ask_of(turn.charter) else price


def _quantity(turn: Turn, rung: Rung, quote: Quote) -> Decimal:
    """Return what the rest of the budget buys, at most what one order may."""
    rules, plan = turn.charter.rules, turn.charter.plan
    limit = rung_price(rung, Side.BUY, quote, rules)
    price = nearest_price(quote.ask, rules) if limit is None else limit
    slippage = plan.slippage_ratio if limit is None else ZERO
    left = remaining_budget(turn)
    quantity = quantity_for(left, price, rules.taker_fee_ratio, slippage, rules.step_size)
    most = most_in_one_order(rules, rung.type, price)
    return quantity if most is None else min(quantity, most)


def _is_enough(turn: Turn, quantity: Decimal, quote: Quote) -> bool:
    rules = turn.charter.rules
    notional = quantity * nearest_price(quote.bid, rules)
    return quantity >= turn.life.least_quantity and notional >= rules.min_notional


def _untradable(turn: Turn) -> str | None:
    """Say why the position could not be sold at its stop, or have its levels where they belong."""
    charter, plan, rules = turn.charter, turn.charter.plan, turn.charter.rules
    quantity = _quantity(turn, plan.entry_ladder[0], charter.quote)
    price = nearest_price(charter.quote.bid, rules)
    stop = plain_stop(charter, price)
    at_stop = quantity * (price if stop is None else stop) * (ONE - rules.taker_fee_ratio)
    needed = rules.min_notional * (ONE + plan.minimum_margin_ratio)
    if quantity < turn.life.least_quantity or at_stop < needed:
        minimum = f"{rules.min_quantity} {rules.base} or {needed.normalize():f} {rules.quote}"
        return (
            f"{charter.budget} {rules.quote} buys {quantity} {rules.base}, worth "
            f"{at_stop.normalize():f} {rules.quote} at its stop; the least the market takes, "
            f"with the plan's margin, is {minimum}"
        )
    return distance_problem(plan, rules, price, charter.atr)


def remaining_budget(turn: Turn) -> Decimal:
    """Return what the entry may still spend, quote: the budget less cost and fees so far.

    What a fill cost that is not known yet is still in it.
    """
    quote = turn.charter.rules.quote
    bought = [order.facts for order in turn.position.orders if order.side is Side.BUY]
    spent = sum((facts.cost + amount_in(facts.fees, quote) for facts in bought), ZERO)
    return max(turn.charter.budget - spent, ZERO)


def _note_refusal(turn: Turn, facts: OrderFacts) -> None:
    if facts.status is OrderStatus.REJECTED:
        reason = f"entry refused: {facts.reason or 'no reason given'} {facts.text}".rstrip()
        turn.update(close_cause=CloseCause.ENTRY_FAILED, close_reason=reason)


def _end(turn: Turn) -> None:
    """Every entry order is terminal and none follows."""
    turn.update_entry(is_over=True)
    _tell_strategy(turn)
    if turn.position.booked.all_bought:
        turn.update(entered_at=turn.now, close_cause=None, close_reason="")
        turn.advance(Input.ENTRY_FILLED)
    elif turn.position.state in {State.OPENING, State.STRANDED}:
        if turn.position.close_cause is None:
            turn.update(close_cause=CloseCause.ENTRY_FAILED, close_reason="nothing was bought")
        turn.advance(Input.ENTRY_EMPTY)


def _tell_strategy(turn: Turn) -> None:
    """Tell how much of what was asked for was bought; of an entry that asked for nothing, nothing.

    An over-fill, or a later rung at a better price, is all of it too.
    """
    asked = turn.position.entry.asked
    if asked:
        ratio = min(float(divide_down(turn.position.booked.all_bought, asked)), 1.0)
        turn.send(STRATEGY, EntryEnded(symbol=turn.charter.symbol, filled_ratio=ratio))
