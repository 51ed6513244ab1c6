"""What is stretched at a speed, and what ends a run."""

import pytest

from config.settings import Settings
from session.time_scaling import Deadline, at_speed, pace_ms


def test_limits_on_this_process_are_stretched_with_the_speed() -> None:
    given = Settings()
    fast = at_speed(given, 60.0)
    assert fast.guards.deadline_ms == 60 * given.guards.deadline_ms
    assert fast.market_data.stale_ms == 60 * given.market_data.stale_ms
    assert fast.plan.budget_deadline_ms == 60 * given.plan.budget_deadline_ms
    assert fast.plan.entry_deadline_ms == given.plan.entry_deadline_ms
    assert fast.portfolio == given.portfolio


@pytest.mark.parametrize("speed", [1.0, 0.5])
def test_in_real_time_or_slower_nothing_is_stretched(speed: float) -> None:
    assert at_speed(Settings(), speed) == Settings()


def test_a_market_moves_a_hundred_times_a_second_at_most() -> None:
    assert pace_ms(60.0) == 600
    assert pace_ms(1.0) == 10


def test_a_deadline_passes() -> None:
    assert Deadline(0.0).has_passed
    assert Deadline(0.0).within(5.0) == 0.0
    open_end = Deadline(None)
    assert not open_end.has_passed
    assert open_end.seconds_left is None
    assert open_end.within(5.0) == 5.0
    assert 0 < Deadline(600.0).within(900.0) <= 600.0
