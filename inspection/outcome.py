"""What a position came to, in a headline and a few numbers: exact, from its last record."""

from collections.abc import Iterator

from actors.observers.trades import profit
from actors.position.position import Life, OwnOrder
from actors.position.states import State
from inspection.view import number
from messages.money import ZERO, divide_even, money_text
from messages.orders import Purpose, Side, StopStatus
from messages.position import CloseCause
from terminal.words import duration, percent

_ENDINGS = {
    CloseCause.TAKE_PROFIT: "took its profit",
    CloseCause.STOP_LOSS: "was stopped",
    CloseCause.TRAILING_STOP: "was stopped by its trailing stop",
    CloseCause.BREAK_EVEN: "was stopped where it broke even",
    CloseCause.TIME_LIMIT: "ran out of time",
    CloseCause.BY_HAND: "was closed by hand",
    CloseCause.HALT: "was closed by a halt",
    CloseCause.END_OF_RECORDING: "was closed as the recording ended",
    CloseCause.ENTRY_FAILED: "never bought anything",
    CloseCause.DENIED: "was refused its budget",
    CloseCause.WITHDRAWN: "was withdrawn before it bought",
    CloseCause.UNTRADABLE: "was refused, as it could not be sold at its stop",
    CloseCause.ADOPTED_SALE: "sold what a late fill had brought",
}
PURPOSES = {
    Purpose.ENTRY: "entry",
    Purpose.TAKE_PROFIT: "take profit",
    Purpose.STOP_LOSS: "stop loss",
    Purpose.CLOSE: "exit",
}


def order_words(order: OwnOrder) -> str:
    """Return what an order is for; of one that is both take profit and stop, which leg sold."""
    if order.purpose is not Purpose.TAKE_PROFIT or order.facts.stop is StopStatus.NONE:
        return PURPOSES[order.purpose]
    return {
        StopStatus.TRIGGERED: "stop leg of the order",
        StopStatus.GONE: "take profit leg of the order",
    }.get(order.facts.stop, "order with take profit and stop")


def cause_words(cause: CloseCause) -> str:
    """Return a cause as people say it."""
    return cause.value.replace("_", " ")


def ending(life: Life | None) -> tuple[str, list[str]]:
    """Return what became of a position in one line, and what it came to in more."""
    if life is None:
        return "it never began", []
    position, name = life.position, f"{life.position.position_id} {life.charter.symbol}"
    closing = position.closing
    if position.state is not State.CLOSED:
        state = position.state.value.upper()
        if closing is None:
            return f"{name} lives: {state}", list(_numbers(life))
        stuck = ", and is STUCK" if closing.is_stuck else ""
        since = f"{name} is on its way out{stuck}: {cause_words(closing.cause)}, {closing.reason}"
        return since, list(_numbers(life))
    cause = position.close_cause or CloseCause.ENTRY_FAILED
    if not position.booked.bought:
        return f"{name} {_ENDINGS[cause]}: {position.close_reason}", []
    pnl, quote = profit(life.charter, position), life.charter.rules.quote
    ratio = percent(divide_even(pnl, position.booked.bought_cost), signed=True)
    entered, closed = position.entered_at or position.began_at, position.closed_at or 0
    result = (
        f"{money_text(pnl, quote, signed=True)} ({ratio}) in {duration(max(0, closed - entered))}"
    )
    how = _ENDINGS[cause]
    if cause is CloseCause.TAKE_PROFIT and pnl < ZERO:
        how = "was sold by its take profit, at a loss"
    return f"{name} {how}: {result}", list(_numbers(life))


def _numbers(life: Life) -> Iterator[str]:
    position, rules = life.position, life.charter.rules
    booked, base, quote = position.booked, rules.base, rules.quote
    if booked.bought:
        yield f"bought {number(booked.bought)} {base} for {number(booked.bought_cost)} {quote}"
    sellers = [o for o in position.orders if o.side is Side.SELL and o.facts.filled]
    for order in sellers:
        yield _sold(order, life)
    if booked.fees:
        yield "fees " + ", ".join(f"{number(fee.amount)} {fee.currency}" for fee in booked.fees)
    if position.state is State.CLOSED and life.held:
        yield f"{number(life.held)} {base} were left: too little to be sold"
    for one in position.unprotected:
        cause = one.cause.value.replace("_", " ")
        yield f"not covered for {one.total_ms:,} ms in all: {cause}"


def _sold(order: OwnOrder, life: Life) -> str:
    facts, rules = order.facts, life.charter.rules
    average = facts.average_price(rules.tick_size)
    words = f"{order_words(order)} {facts.client_order_id}"
    if average is None:
        return f"sold {number(facts.filled)} {rules.base}, for how much is not known yet: {words}"
    what = f"sold {number(facts.filled)} {rules.base} for {number(facts.cost)} {rules.quote}"
    return f"{what}, {number(average)} each: {words}"
