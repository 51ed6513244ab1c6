"""What is said of a position's orders: what was asked for, what the venue did, and who won a race.

An order races with the request to cancel it; the venue decides, and the exit slot waits for its
word. Told from the facts before and after.
"""

from collections.abc import Iterator

import msgspec

from actors.position.position import Life, OwnOrder, find_order
from inspection.heard_events import BAD, GOOD, NEWS, PLAIN, Told
from inspection.outcome import PURPOSES, order_words
from inspection.view import number
from messages.base import ClientOrderId, Message
from messages.money import ZERO, Money, add_money, divide_down
from messages.order_router import FailureKind, OrderNotFound, SubmitFailed
from messages.orders import (
    OrderFacts,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StopStatus,
)


def placing(request: OrderRequest, life: Life) -> str:
    """Say what is asked for."""
    rules = life.charter.rules
    prices = [
        f"{name} {number(price)}"
        for name, price in (("at", request.price), ("triggered at", request.trigger_price))
        if price is not None
    ]
    kind = request.type.value.replace("_", "-")
    how = "at the market" if request.type is OrderType.MARKET else " ".join([kind, *prices])
    verb = "buy" if request.side is Side.BUY else "sell"
    what = f"{verb} {number(request.quantity)} {rules.base} {how}"
    order = "take profit and stop in one, " if request.type is OrderType.OCO else ""
    name = order or f"{PURPOSES[request.purpose]} "
    return f"it asked for its {name}{request.client_order_id}: {what}"


def canceling(order_id: ClientOrderId, life: Life, *, urgent: bool) -> str:
    """Say which order is to go, and what waits for that."""
    order = find_order(life.position, order_id)
    what = "an order" if order is None else f"its {order_words(order)}"
    waits = "the exit waits" if urgent else "nothing takes its place"
    until = "until the venue says that it is over, for it may still fill"
    return f"it asked to cancel {what} {order_id}; {waits} {until}"


def heard_of(facts: OrderFacts, before: Life, why: Message | None) -> Iterator[Told]:
    """Say what is new of an order; ``why`` is what the router had heard."""
    known = find_order(before.position, facts.client_order_id)
    if known is None:
        yield f"an order that it had let go of is heard of again: {facts.client_order_id}", BAD
    is_touched = facts.stop is StopStatus.TRIGGERED
    if known is not None and is_touched and known.facts.stop is not StopStatus.TRIGGERED:
        yield f"the stop of {facts.client_order_id} was touched at the venue itself", NEWS
    gained = facts.filled - (ZERO if known is None else known.facts.filled)
    if gained:
        yield _filled(facts, known, before), NEWS
    if known is None or known.facts == facts:
        return
    was, name = known.facts.status, f"{order_words(known)} {facts.client_order_id}"
    if facts.is_terminal and not known.facts.is_terminal:
        yield from _ended(facts, known, name)
    elif facts.status is OrderStatus.UNKNOWN and was is not OrderStatus.UNKNOWN:
        yield f"nobody could say what became of the {name}{_because(why)}: it may be live", BAD
    elif was is OrderStatus.UNKNOWN:
        yield f"the venue was asked, and knows the {name}: {_status(facts)}", GOOD
    elif facts.status is OrderStatus.OPEN and was is not OrderStatus.OPEN and not gained:
        yield f"the venue has the {name} in its book", PLAIN


def _filled(facts: OrderFacts, known: OwnOrder | None, life: Life) -> str:
    rules = life.charter.rules
    had = OrderFacts(client_order_id=facts.client_order_id, status=OrderStatus.NEW)
    had = had if known is None else known.facts
    quantity, cost = facts.filled - had.filled, facts.cost - had.cost
    is_priced = not facts.unpriced and not had.unpriced and quantity > 0
    is_entry = known is not None and known.side is Side.BUY
    text = f"the venue {'bought' if is_entry else 'sold'} {number(quantity)} {rules.base}"
    if is_priced:
        average = divide_down(cost, quantity, rules.tick_size)
        text += f" for {number(cost)} {rules.quote}, {number(average)} each"
    text += _fees(facts, had)
    if known is None:
        return text
    whole = facts.filled >= known.quantity
    left = "all of it" if whole else f"{number(known.quantity - facts.filled)} to go"
    told = msgspec.structs.replace(known, facts=facts)
    return f"{text}: {order_words(told)} {facts.client_order_id}, {left}"


def _fees(facts: OrderFacts, had: OrderFacts) -> str:
    paid = add_money(facts.fees, (Money(fee.currency, -fee.amount) for fee in had.fees))
    told = ", ".join(f"{number(fee.amount)} {fee.currency}" for fee in paid if fee.amount)
    return f", fee {told}" if told else ""


def _ended(facts: OrderFacts, known: OwnOrder, name: str) -> Iterator[Told]:
    said = f": {facts.text}" if facts.text else ""
    is_whole = facts.filled >= known.quantity
    if known.cancel_asked:
        yield _raced(facts, known, name), NEWS
    elif facts.status is OrderStatus.REJECTED:
        reason = "" if facts.reason is None else f", {facts.reason.value.replace('_', ' ')}"
        yield f"the venue refused the {name}{reason}{said}", BAD
    elif not is_whole:
        sold = f", with {number(facts.filled)} of {number(known.quantity)} filled"
        whose = "it ended without our asking"
        yield f"the {name} is {facts.status.value}{sold}: {whose}{said}", BAD


def _raced(facts: OrderFacts, known: OwnOrder, name: str) -> str:
    """Say who was first: the fill, or the request to cancel."""
    done = "bought" if known.side is Side.BUY else "sold"
    if facts.filled >= known.quantity:
        return f"the fill won the race: the {name} had {done} everything before the cancel came"
    if facts.filled > ZERO:
        had = f"{number(facts.filled)} of {number(known.quantity)}"
        return f"the {name} had {done} {had} when the cancel came: the rest is free again"
    if facts.status is OrderStatus.REJECTED:
        return f"the {name} never came to the venue's book: its coins are free"
    return f"the cancel won the race: the {name} is over and {done} nothing, its coins are free"


def _because(why: Message | None) -> str:
    match why:
        case SubmitFailed(kind=FailureKind.UNKNOWN, text=text):
            return f" (no answer to it came{': ' + text if text else ''})"
        case OrderNotFound():
            return " (the venue did not find it, which proves nothing yet)"
        case _:
            return ""


def _status(facts: OrderFacts) -> str:
    return facts.status.value.replace("_", " ")
