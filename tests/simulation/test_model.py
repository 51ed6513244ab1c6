"""The model checker: whole within its bounds, and it finds a bug by the shortest way."""

from contextlib import ExitStack

import pytest

from messages.plan import Plan
from tests.model_check import diagram
from tests.simulation.model import Model
from tests.simulation.model_graph import OUTSIDE, Graph
from tests.simulation.model_search import search
from tests.simulation.model_world import Bounds
from tests.simulation.mutants import MUTANTS
from tests.simulation.plans import PLANS

SMALL = Bounds(faults=0, moves=0)


@pytest.mark.parametrize(
    "plan", [PLANS[0], PLANS[1], PLANS[4]], ids=lambda plan: plan.protection_mode
)
def test_every_state_is_safe_and_none_is_a_dead_end(plan: Plan) -> None:
    found = search(Model(plan, SMALL), limit=10_000, seconds=60)
    assert found.error is None
    assert found.is_whole
    assert found.states > 300


def test_a_circle_in_which_mail_is_never_delivered_is_not_fair() -> None:
    assert _circle(delivers="a>b").uncovered_for_ever() == 1
    assert _circle(delivers=OUTSIDE).uncovered_for_ever() is None


def _circle(delivers: str) -> Graph:
    """Return a way into a circle of two states, in both of which mail waits."""
    graph = Graph()
    for parent in (-1, 0, 1):
        graph.add(parent, "")
        graph.look_at(uncovered=min(parent + 1, 1), owed=["a>b"])
    graph.follow(0, 1, "a>b")
    graph.follow(1, 2, OUTSIDE)
    graph.follow(2, 1, delivers)
    return graph


def test_a_bug_is_found_with_the_shortest_way_to_it() -> None:
    mutant = next(m for m in MUTANTS if m.name == "triggers are not armed")
    with ExitStack() as stack:
        mutant.inject(stack)
        found = search(Model(PLANS[0], SMALL), limit=10_000, seconds=60)
    assert found.error is not None
    assert 5 < len(found.way) < 30
    told = diagram(found).splitlines()
    assert told[0] == "sequenceDiagram"
    assert "nobody covers it" in told[-1]
