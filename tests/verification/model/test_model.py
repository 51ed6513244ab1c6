"""The model checker: whole within its bounds, and it finds a bug by the shortest way."""

from contextlib import ExitStack

import pytest
from msgspec.structs import replace

from actors.order_router import ownership
from actors.order_router.order import RoutedOrder
from actors.order_router.order_store import Orders
from config.settings import RouterSettings
from messages.base import Timestamp
from messages.envelope import Send
from messages.orders import OrderFacts
from messages.plan import Plan
from verification.model import __main__ as model_check
from verification.model.__main__ import diagram
from verification.model.graph import OUTSIDE, Graph
from verification.model.model import Model
from verification.model.search import Found, search
from verification.model.world import Bounds
from verification.mutants.every import MUTANTS
from verification.mutants.injecting import instead
from verification.simulation.plans import PLANS

_ended_unasked = ownership.ended_unasked


def around_ended_unasked(
    orders: Orders,
    before: RoutedOrder,
    told: OrderFacts,
    settings: RouterSettings,
    now: Timestamp,
) -> tuple[Send, ...]:
    """Doubt each cancel, as if none of ours had ever left."""
    never = replace(before, cancel_sent=False, cancel=None)
    return _ended_unasked(orders, never, told, settings, now)


SMALL = Bounds(faults=0, moves=0)


@pytest.mark.parametrize(
    "plan", [PLANS[0], PLANS[1], PLANS[4]], ids=lambda plan: plan.protection_mode
)
def test_every_state_is_safe_and_none_is_a_dead_end(plan: Plan) -> None:
    found = search(Model(plan, SMALL), limit=10_000, seconds=60)
    assert found.error is None
    assert found.is_whole
    assert found.states > 300


def test_with_deadlines_of_requests_every_state_is_safe() -> None:
    bounds = SMALL._replace(faults=1, deadlines=True)
    found = search(Model(PLANS[4], bounds), limit=100_000, seconds=60)
    assert found.error is None
    assert found.is_whole


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a request is taken for dead before its window is over", "is CLOSED, holds"),
        ("a gap in the stream does not matter", "more than it held"),
    ],
)
def test_with_deadlines_of_requests_a_false_proof_is_found(name: str, problem: str) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    bounds = SMALL._replace(faults=1, deadlines=True)
    with ExitStack() as stack:
        mutant.inject(stack)
        found = search(Model(PLANS[0], bounds), limit=100_000, seconds=60)
    assert found.error is not None
    assert problem in found.error


def test_a_circle_in_which_mail_is_never_delivered_is_not_fair() -> None:
    assert _circle(delivers="a>b").uncovered_for_ever() == 1
    assert _circle(delivers=OUTSIDE).uncovered_for_ever() is None


def _circle(delivers: str) -> Graph:
    """Return a way into a circle of two states, in both of which mail waits."""
    graph = Graph()
    for state, (after, by) in enumerate([(1, "a>b"), (2, OUTSIDE), (1, delivers)]):
        graph.add(state - 1, "")
        graph.look_at(uncovered=min(state, 1), owed=["a>b"])
        graph.follow(after, by)
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


@pytest.mark.parametrize(
    ("name", "faults", "problem"),
    [
        ("closing books nothing", 0, "is over, and not booked as it was"),
        ("fees are forgotten", 0, "is over, and not booked as it was"),
        ("a fill is counted twice", 1, "more is booked than the venue has"),
    ],
)
def test_books_that_are_not_the_venues_ledger_are_found(
    name: str, faults: int, problem: str
) -> None:
    mutant = next(m for m in MUTANTS if m.name == name)
    with ExitStack() as stack:
        mutant.inject(stack)
        found = search(Model(PLANS[4], SMALL._replace(faults=faults)), limit=20_000, seconds=60)
    assert found.error is not None
    assert problem in found.error


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("_is_same", lambda *_: False, "an order of its own is taken for another's"),
        ("ended_unasked", around_ended_unasked, "there is one process only, and it is in doubt"),
    ],
)
def test_an_order_of_its_own_that_is_taken_for_another_s_is_found(
    name: str, value: object, problem: str
) -> None:
    with ExitStack() as stack:
        instead(ownership, name, value)(stack)
        found = search(Model(PLANS[1], SMALL._replace(faults=1)), limit=20_000, seconds=60)
    assert found.error is not None
    assert problem in found.error


def test_the_command_says_within_which_bounds_every_rule_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "model_check --faults 0 --moves 0 --modes 4 --positions 1 --jobs 1"
    monkeypatch.setattr("sys.argv", words.split())
    assert model_check.main() == 0
    told = capsys.readouterr().out
    assert "triggers, plan 4, within faults 0, moves 0, closes 1" in told
    assert "states (all of them)" in told
    assert "every rule holds" in told


def test_the_command_exits_with_1_and_the_way_where_a_rule_breaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Found(
        3, 2, 1, 0.0, 0.0, "p1 sold 1 more than it held", ("a->>b: Hello",), is_whole=False
    )
    monkeypatch.setattr("sys.argv", ["model_check"])
    monkeypatch.setattr(model_check, "check", lambda tasks, *_: [(tasks[0], broken)])
    assert model_check.main() == 1
    told = capsys.readouterr().out
    assert "BROKEN: p1 sold 1 more than it held, after 1 steps" in told
    assert "    a->>b: Hello\n    Note over venue: p1 sold" in told
