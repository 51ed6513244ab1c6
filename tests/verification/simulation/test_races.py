"""The races that hypothesis finds; the quick profile runs in CI, ``nightly`` by its name."""

import os
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from verification.simulation.machine import Races
from verification.simulation.runs import run, without_logs
from verification.simulation.schedules import keep, replaying
from verification.simulation.shrinking import shrink
from verification.simulation.story import Story

PROFILES = {
    "quick": settings(max_examples=60, stateful_step_count=20),
    "nightly": settings(
        max_examples=int(os.environ.get("HOLDFAST_EXAMPLES") or 20_000), stateful_step_count=60
    ),
}
PROFILE = os.environ.get("HOLDFAST_RACES", "quick")
# S311: schedules are no secrets.
SEED = int(os.environ.get("HOLDFAST_SEED") or Random().randrange(10**9))  # noqa: S311
"""Another one each time, so that many runs look at more than one does; a failure says it."""
_HERE = "tests/verification/simulation/test_races.py"


def test_no_rule_breaks_whatever_happens_in_whatever_order() -> None:
    profile = settings(
        PROFILES[PROFILE],
        deadline=None,
        print_blob=False,
        phases=set(Phase) - {Phase.explain},  # it traces every line; the story explains better
        suppress_health_check=list(HealthCheck),
    )
    Races.failed.clear()
    try:
        run_state_machine_as_test(seed(SEED)(Races), settings=profile)
    except Exception as error:
        if not Races.failed:
            raise
        stories = (told(failed.schedule) for failed in Races.failed.values())
        pytest.fail("\n\n".join((str(error), *stories)))


def told(schedule: tuple[int, ...]) -> str:
    """Return a failure as people read it, and keep it for pytest."""
    with without_logs():
        rule = run(schedule).rule
        assert rule is not None, f"{list(schedule)} broke a rule, and does not when played again"
        shortest = shrink(schedule, lambda s: run(s).rule == rule)
        story = Story(shortest)
    path = keep(story.outcome, f"hypothesis, profile {PROFILE}, seed {SEED}")
    return "\n".join(
        (
            story.outcome.error or "",
            f"schedule {list(shortest)}, kept as {path.name}",
            f"again: {replaying(path)}",
            f"all of it again: HOLDFAST_RACES={PROFILE} HOLDFAST_SEED={SEED} pytest {_HERE}",
            story.diagram(),
        )
    )
