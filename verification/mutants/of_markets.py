"""Bugs of markets that change: rules, halts, and what can't be sold."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from actors.position import exit_form, exit_planner, market, protective_orders
from actors.position.position import Life
from actors.positions import core as positions
from actors.positions import markets
from messages.envelope import NOTHING, Step
from messages.observers import AlarmKind
from verification.mutants.injecting import Mutant, around, both, instead, nothing
from verification.mutants.of_promises import untold


def _dust_by_the_rules_of_now(_real: Any, life: Any, price: Any) -> bool:
    return not life.is_sellable(price)


def _bought_under_the_rules_of_now(real: Any, *words: Any) -> Any:
    return real(*words[:4])


def _taken_for_read(_real: Any, known: Any, read: Any) -> Any:
    return Step((known or read,))


def _deaf_after_kept(real: Any, roster: Any, message: Any) -> Any:
    known = roster.markets.get(message.rules.symbol)
    return NOTHING if known is not None and known.is_kept else real(roster, message)


MUTANTS = (
    Mutant(
        "what a rule refused is sent again as it was",
        instead(exit_planner, "_note_refusal", nothing),
    ),
    Mutant("coarser rules count at once", instead(markets, "are_stricter", lambda *_: False)),
    Mutant(
        "what new rules make unsellable is called dust",
        around(Life, "is_dust", _dust_by_the_rules_of_now),
    ),
    Mutant(
        "late coins are judged by the rules of now",
        around(positions, "_begin", _bought_under_the_rules_of_now),
    ),
    Mutant("what can't be sold is told to nobody", untold(AlarmKind.UNSELLABLE)),
    Mutant(
        "an exit goes on while the market takes no orders",
        instead(market, "judge_sellable", nothing),
    ),
    Mutant("what is stranded stays so for ever", instead(market, "_free", nothing)),
    Mutant(
        "entries go by the rules of the last run",
        around(markets, "_kept", _taken_for_read),
    ),
    Mutant(
        "rules read after those of the last run are not heard",
        around(markets, "_reported", _deaf_after_kept),
    ),
    Mutant(
        "what no order can sell waits without a word",
        instead(market, "takes_an_order", lambda *_: True),
    ),
    Mutant("an exit is not split", instead(exit_form, "most_in_one_order", nothing)),
    Mutant(
        "what rests may be larger than one order",
        both(
            instead(protective_orders, "most_in_one_order", nothing),
            instead(protective_orders, "_refused_at_rest", lambda *_: ()),
        ),
    ),
)
