"""Bugs of what a plan promises, of the books' sums, of what is told, and of what holds entries."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from actors.gateway import actor as gateway
from actors.guardian import core as guardian
from actors.guardian.states import Cause
from actors.portfolio import budget_rules
from actors.portfolio.accounts import Account
from actors.position import core, deadlines, handlers, price_levels, protective_orders
from actors.position.draft import Turn
from actors.position.position import Life
from actors.position.states import State
from messages.gateway import CancelAtVenue
from messages.money import ZERO
from messages.observers import AlarmKind
from messages.position import DenialReason
from verification.mutants.injecting import Mutant, around, both, instead, nothing


def _three_times(_real: Any, charter: Any, average: Any) -> Any:
    return average * (1 - 3 * charter.plan.stop_loss_ratio)


def _too_near(real: Any, average: Any, ratio: Any) -> Any:
    return real(average, ratio / 8 if ratio >= Decimal("0.03") else ratio)


def _only_at_the_end(real: Any, turn: Any) -> None:
    if turn.position.state is State.CLOSED:
        real(turn)


def _kept_until_the_end(real: Any, turn: Any) -> None:
    if turn.position.state is State.CLOSED or not turn.position.entry.is_over:
        real(turn)


def untold(kind: AlarmKind) -> Any:
    def alarm(real: Any, turn: Any, what: Any, text: str) -> None:
        if what is not kind:
            real(turn, what, text)

    return around(Turn, "alarm", alarm)


def _cancels_leave(real: Any, self: Any, message: Any) -> None:
    if type(message) is CancelAtVenue:
        self.request(message)
    else:
        real(self, message)


def _not_of(cause: Cause) -> Any:
    def hold(real: Any, guard: Any, effect: Any, *others: Any) -> Any:
        done = real(guard, effect, *others)
        return replace(done, changes=(), outbox=()) if effect.cause is cause else done

    return around(guardian, "_hold", hold)


def _as_told(life: Any) -> Any:
    return life.position.protection.rests_stop


def _not_left(real: Any, life: Any, now: Any) -> Any:
    position = life.position
    protection = replace(position.protection, is_left=False)
    return real(Life(life.charter, replace(position, protection=protection)), now)


MUTANTS = (
    Mutant("a stop three times too far", around(price_levels, "plain_stop", _three_times)),
    Mutant("a target eight times too near", around(price_levels, "_at", _too_near)),
    Mutant(
        "a session that ends leaves the take profit where the stop should rest",
        around(protective_orders, "_wanted_in_mode", _not_left),
    ),
    Mutant(
        "the stop of a session's end rests on in mode triggers",
        instead(protective_orders, "lets_nothing_rest", lambda _: False),
    ),
    Mutant(
        "the lines that follow from the plan lie elsewhere",
        instead(price_levels, "_TO_STOP_LOSS", Decimal("0.5")),
    ),
    Mutant(
        "where the lines follow from the plan the take profit rests first",
        both(
            *(
                instead(one, "rests_stop", _as_told)
                for one in (price_levels, protective_orders, handlers)
            )
        ),
    ),
    Mutant("a switch is never asked for", instead(price_levels, "_switch_levels", lambda *_: [])),
    Mutant(
        "a time limit is ignored",
        both(
            instead(core, "_judge_time_limit", nothing), instead(deadlines, "_ages", lambda _: [])
        ),
    ),
    Mutant("a position books only at its end", around(core, "book", _only_at_the_end)),
    Mutant("a reserve is kept until the end", around(core, "set_reserve", _kept_until_the_end)),
    Mutant("a stuck exit is told to nobody", untold(AlarmKind.EXIT_STUCK)),
    Mutant("a lost exit is told to nobody", untold(AlarmKind.EXIT_LOST)),
    Mutant(
        "a cancel leaves before its record",
        around(gateway.Gateway, "_request_when_durable", _cancels_leave),
    ),
    Mutant(
        "entries are granted although the day's loss is reached",
        both(
            instead(budget_rules.RULES, DenialReason.DAILY_LOSS_LIMIT, nothing),
            _not_of(Cause.DAILY_LOSS),
        ),
    ),
    Mutant(
        "the portfolio alone forgets the day's loss",
        instead(budget_rules.RULES, DenialReason.DAILY_LOSS_LIMIT, nothing),
    ),
    Mutant("the guardian does not hold for the day's loss", _not_of(Cause.DAILY_LOSS)),
    Mutant("an escalation holds nothing", _not_of(Cause.ESCALATION)),
    Mutant("a day's loss holds for ever", instead(guardian, "deadline", nothing)),
    Mutant(
        "one day's loss counts for the next",
        instead(Account, "loss_on", lambda self, _now: max(ZERO, -self.day_realised)),
    ),
)
