"""Two processes of one account: a short search, and schedules that broke a rule once."""

from contextlib import ExitStack

import pytest

from actors.positions import ownership
from verification.forks.__main__ import run, schedule_of
from verification.forks.found import FOUND
from verification.mutants.injecting import instead
from verification.simulation.runs import without_logs


@pytest.mark.parametrize("schedule", FOUND.values(), ids=FOUND)
def test_a_schedule_that_broke_a_rule_breaks_none(schedule: list[int]) -> None:
    with without_logs():
        assert run(schedule).error is None


def test_a_short_search_breaks_no_rule_and_meets_both_states() -> None:
    met: set[str] = set()
    with without_logs():
        for number in range(60):
            outcome = run(schedule_of(number, seed=3))
            assert outcome.error is None, schedule_of(number, seed=3)
            met.update(outcome.met)
    assert {"a process is in doubt: behind", "a process is in doubt: twin"} <= met


def test_a_message_that_an_actor_skips_breaks_a_rule() -> None:
    def raises(*_: object) -> None:
        raise KeyError("a defect")

    with ExitStack() as stack, without_logs():
        instead(ownership, "doubted", raises)(stack)
        error = run(schedule_of(0, seed=3)).error
    assert error is not None
    assert "positions raised on OwnershipDoubted: KeyError" in error


def test_a_schedule_is_one_history() -> None:
    schedule = schedule_of(5, seed=3)
    with without_logs():
        assert run(schedule) == run(schedule)
