"""Bugs of deadlines, of what proves an absence, and of a second sale."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from msgspec.structs import replace

from actors.order_router import answers, second_sales, timing
from actors.position import unseen_exits
from tests.simulation.mutants.injecting import Mutant, around, instead, nothing


def _without_lag(real: Any, order: Any, venue_time: Any, terms: Any) -> Any:
    return real(order, venue_time, replace(terms, read_lag_ms=0))


def _without_settling(real: Any, order: Any, venue_time: Any, terms: Any) -> Any:
    return real(order, venue_time, replace(terms, settle_ms=-order.window_ms))


def _one_look(real: Any, order: Any, venue_time: Any, terms: Any) -> Any:
    return real(order, venue_time, terms) is not None


def _by_our_clock(venue_time: Any, asked_at: Any, _timing: Any) -> Any:
    return None if venue_time is None else asked_at


def _shows_all(real: Any, turn: Any, message: Any) -> None:
    total = None if message.total is None else turn.life.sellable
    real(turn, replace(message, total=total))


MUTANTS = (
    Mutant("two looks at one stale cache are two", around(answers, "proves_absence", _without_lag)),
    Mutant(
        "a request is taken for dead before its window is over",
        around(answers, "proves_absence", _without_settling),
    ),
    Mutant("one look after the deadline is enough", around(answers, "proves_absence", _one_look)),
    Mutant(
        "a deadline is compared with our own clock",
        instead(answers, "shown_time", _by_our_clock),
    ),
    Mutant(
        "time that the venue's clock skipped counts as passed",
        instead(answers, "after_move", lambda order, *_: order),
    ),
    Mutant(
        "a copy leaves without a recorded deadline",
        instead(timing, "dated", lambda order, *_: order),
    ),
    Mutant(
        "a second sale beside coins that are not the position's",
        around(unseen_exits, "on_balance", _shows_all),
    ),
    Mutant(
        "coins are bought while an unseen sale may come",
        instead(second_sales, "why_not_bought", nothing),
    ),
    Mutant(
        "a late fill is taken over while an unseen sale may come",
        instead(second_sales, "_waiting", lambda send, _: send),
    ),
    Mutant(
        "a second sale while coins are being bought",
        instead(second_sales, "_may_bring", lambda *_: False),
    ),
)
