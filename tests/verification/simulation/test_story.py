"""A failure's diagram is cut to what the end can have come from."""

from messages.base import Address
from verification.simulation.story import Line, causes

P1, ROUTER, STRATEGY = Address("position/p1"), Address("order_router"), Address("strategy")
NOTE = Line("a note", frozenset())


def sent(sender: Address, to: Address) -> Line:
    return Line(f"{sender} to {to}", frozenset(), sender, to)


def test_what_nobody_passed_on_is_left_out() -> None:
    wish, word, order, late = (
        sent(STRATEGY, P1),
        sent(P1, STRATEGY),
        sent(P1, ROUTER),
        sent(ROUTER, STRATEGY),
    )
    lines = [word, wish, NOTE, word, order, late, sent(ROUTER, P1)]
    assert causes(lines, {P1}) == [word, wish, NOTE, order, lines[-1]]


def test_the_last_that_was_heard_stays_whoever_heard_it() -> None:
    assert causes([sent(P1, STRATEGY), NOTE], set()) == [NOTE]
    assert causes([sent(P1, STRATEGY)], set()) == [sent(P1, STRATEGY)]
