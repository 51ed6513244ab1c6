"""Two processes of one account: a short search, and schedules that broke a rule once."""

import pytest

from tests.simulation.forks.__main__ import run, schedule_of
from tests.simulation.runs import without_logs

FOUND = {
    "a copy sold what its original had sold, and knew nothing of it": [14, 0, 33, 25, 16, 35, 18],
    "a lost run's buy and sale were booked as two late fills": [
        *(0, 29, 33, 0, 0, 37, 16, 33, 0, 0, 7, 23, 12),
    ],
    "an adopted epoch's order of another position was canceled": [0, 0, 16, 8, 0, 0, 23, 33, 37],
    "both stops fired at once, and one knew of the other by then": [
        *(0, 0, 36, 0, 0, 0, 16, 18, 10, 29, 0),
    ],
    "a twin's fill was left out of the comparison while orders were looked up": [
        *(0, 0, 33, 0, 2, 0, 16, 7, 20, 9, 0, 22, 35, 0, 18),
    ],
    "after the adoption of a later copy a sold position was not looked back at": [
        *(0, 0, 33, 0, 0, 16, 10, 18, 14),
    ],
    "a contested exit sold coins that a lost run's stop had locked": [
        *(2, 0, 34, 0, 0, 16, 23, 32, 35, 5, 0, 12, 33, 0, 0, 23),
    ],
    "a contested exit sold what the other one had bought since": [
        *(0, 0, 33, 0, 0, 16, 0, 0, 20, 0, 0, 0, 18, 14, 22, 10, 0, 0, 37, 7),
    ],
}


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


def test_a_schedule_is_one_history() -> None:
    schedule = schedule_of(5, seed=3)
    with without_logs():
        assert run(schedule) == run(schedule)
