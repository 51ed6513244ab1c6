"""Bugs of deadlines, of what proves an absence, and of a second sale."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from msgspec.structs import replace

from actors.order_router import absence, replies, second_sales, timing
from actors.position import unseen_exits
from messages.order_router import LookPart
from verification.mutants.injecting import Mutant, around, both, instead, nothing


def _without_lag(real: Any, order: Any, at: Any, look: Any, terms: Any) -> Any:
    return real(order, at, look, replace(terms, read_lag_ms=0))


def _without_settling(real: Any, order: Any, terms: Any) -> Any:
    return real(order, replace(terms, settle_ms=-order.window_ms))


def _one_look(real: Any, order: Any, at: Any, look: Any, terms: Any) -> Any:
    after, is_proven = real(order, at, look, terms)
    return after, is_proven or after.not_found_at is not None


def _as_heard(look: Any) -> bool:
    return bool(look.stream)


def _at_once(real: Any, order: Any, at: Any, look: Any, until: Any, terms: Any) -> Any:
    return real(order, at, look, until, replace(terms, stream_lag_ms=0))


def _barrier_alone(*given: Any) -> bool:
    look = given[2]
    return look is not None and LookPart.CANCEL not in look.missing


def _by_our_clock(venue_time: Any, asked_at: Any, _timing: Any) -> Any:
    return None if venue_time is None else asked_at


def _shows_all(real: Any, turn: Any, message: Any) -> None:
    total = None if message.total is None else turn.life.sellable
    real(turn, replace(message, total=total))


MUTANTS = (
    Mutant("two looks at one stale cache are two", around(replies, "after_look", _without_lag)),
    Mutant(
        "a request is taken for dead before its window is over",
        around(absence, "taken_until", _without_settling),
    ),
    Mutant("one look after the deadline is enough", around(replies, "after_look", _one_look)),
    Mutant("a gap in the stream does not matter", instead(absence, "_is_heard", _as_heard)),
    Mutant(
        "the barrier alone is a proof",
        both(
            instead(absence, "_is_current", _barrier_alone),
            instead(absence, "_is_heard", lambda _: True),
        ),
    ),
    Mutant(
        "locked coins are evidence for a stop that locks nothing",
        instead(absence, "_locks", lambda *_: True),
        test="tests.actors.order_router.test_absence:test_such_a_balance_says_nothing_of_a_stop_that_locks_nothing",
    ),
    Mutant(
        "the lag of a stream without a gap does not matter",
        around(absence, "_is_current", _at_once),
        test="tests.actors.order_router.test_absence:test_an_event_within_the_stream_s_lag_is_waited_for",
    ),
    Mutant(
        "a part that contradicts the others is overruled",
        instead(absence, "contradiction", lambda *_: ""),
        test="tests.actors.order_router.test_absence:test_coins_that_no_order_explains_contradict_also_after_the_lag",
    ),
    Mutant(
        "a deadline is compared with our own clock",
        instead(replies, "shown_time", _by_our_clock),
    ),
    Mutant(
        "time that the venue's clock skipped counts as passed",
        instead(replies, "after_move", lambda order, *_: order),
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
