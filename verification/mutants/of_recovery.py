"""Bugs of what comes after a crash."""

# A replacement takes whatever the real one takes.
# ruff: noqa: ANN401

from typing import Any

from msgspec.structs import replace

import supervisor
from actors.gateway import waiting
from actors.journal import recovery
from actors.position import recovery as restoring
from actors.position import resync
from actors.positions import core as roster
from actors.runtime.actor import Actor
from messages.addresses import GUARDIAN
from messages.envelope import Send, Step
from messages.guardian import RecoveryDone
from verification.mutants.injecting import Mutant, around, instead, nothing


def _dropped(real: Any, system: Any, snapshot: Any, *more: Any) -> None:
    real(system, replace(snapshot, undelivered=()), *more)


def _twice(real: Any, system: Any, snapshot: Any, *more: Any) -> None:
    twice = tuple(one for one in snapshot.undelivered for _ in range(2))
    real(system, replace(snapshot, undelivered=twice), *more)


def _not_looking_back(real: Any, turn: Any, *since: Any) -> None:
    real(turn, *since)
    turn.update(looks_back=None)


def _lifted_at_once(real: Any, *known: Any) -> Any:
    done = real(*known)
    return Step(done.changes, (Send(GUARDIAN, RecoveryDone()),))


def _not_armed_again(real: Any, turn: Any) -> None:
    before = turn.position.protection
    real(turn)
    turn.update_protection(levels=before.levels, armed=before.armed)


def _ids_used_again(real: Any, turn: Any, message: Any) -> None:
    real(turn, replace(message, attempts=0))


def _not_noted(real: Any, self: Any, *_: Any) -> None:
    real(self)


def _any_answer(real: Any, turn: Any, message: Any) -> None:
    real(turn, replace(message, recovery=0))


MUTANTS = (
    Mutant("a booking that was skipped twice is lost", instead(resync, "book", nothing)),
    Mutant("a start does not tell of lost exits again", instead(restoring, "tell_again", nothing)),
    Mutant("a wake that was skipped does not come again", instead(Actor, "wake_again", nothing)),
    Mutant("what was under way at a crash is dropped", around(supervisor, "resume", _dropped)),
    Mutant("what was under way at a crash comes twice", around(supervisor, "resume", _twice)),
    Mutant(
        "no look back after exits without a record",
        around(restoring, "begin", _not_looking_back),
    ),
    Mutant(
        "the hold of a recovery is lifted at once",
        around(roster, "_begin_recovery", _lifted_at_once),
    ),
    Mutant(
        "the stop is not armed again after a crash",
        around(resync, "_ask_for_facts", _not_armed_again),
    ),
    Mutant(
        "ids of exits without a record are used again",
        around(restoring, "on_looked_back", _ids_used_again),
    ),
    Mutant(
        "an exit that leaves without a record is not noted",
        around(waiting.Unrecorded, "__init__", _not_noted),
    ),
    Mutant(
        "the answer to a look back of a dead process counts",
        around(restoring, "on_looked_back", _any_answer),
    ),
    Mutant("timers are not set again after a crash", instead(recovery, "_set_timers", nothing)),
)
