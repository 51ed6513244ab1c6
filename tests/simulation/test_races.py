"""The races that hypothesis finds; the quick profile runs in CI, ``nightly`` by its name."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.machine import Races
from tests.simulation.runs import run, without_logs
from tests.simulation.schedules import keep
from tests.simulation.shrinking import shrink
from tests.simulation.story import Story

PROFILES = {
    "quick": settings(max_examples=60, stateful_step_count=20),
    "nightly": settings(max_examples=20_000, stateful_step_count=60),
}
PROFILE = os.environ.get("HOLDFAST_RACES", "quick")


def test_no_rule_breaks_whatever_happens_in_whatever_order() -> None:
    profile = settings(
        PROFILES[PROFILE],
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    Races.failed = None
    try:
        run_state_machine_as_test(Races, settings=profile)
    except Exception as error:
        if Races.failed is None:
            raise
        pytest.fail(f"{error}\n{told(Races.failed.schedule)}")


def told(schedule: tuple[int, ...]) -> str:
    """Return a failure as people read it, and keep it for pytest."""
    with without_logs():
        rule = run(schedule).rule
        shortest = shrink(schedule, lambda s: run(s).rule == rule)
        story = Story(shortest)
    path = keep(story.outcome, f"hypothesis, profile {PROFILE}")
    return f"schedule {list(shortest)}, kept as {path}\n{story.diagram()}"
