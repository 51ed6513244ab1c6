"""A plan whose stop or target the market's ticks move far away is refused before it enters."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.position.distances import distance_problem
from actors.position.states import State
from actors.tables import IllegalInputError
from messages.base import Milliseconds
from messages.observers import EntryRefused
from messages.plan import AgedTarget, Plan, ScaleOut, Trailing
from messages.position import ChangeProtection, LevelName
from tests.actors.position.stage import PLAN, RULES, Stage

QUARTER = replace(RULES, tick_size=Decimal("0.25"), min_notional=Decimal("0.01"))
ONE = Decimal(1)


def problem(plan: Plan, price: str = "1", tick: str = "0.25") -> str | None:
    return distance_problem(plan, replace(QUARTER, tick_size=Decimal(tick)), Decimal(price))


def test_a_stop_of_two_percent_that_would_lose_a_quarter_is_named_with_its_numbers() -> None:
    assert problem(Plan(stop_loss_ratio=Decimal("0.02"))) == (
        "plan.stop_loss_ratio lies 2 % from the price 1, and a tick of BTC/USDT is 0.25 (25 %): "
        "it would be at 0.75, 25 % away"
    )


@pytest.mark.parametrize(
    "plan",
    [
        Plan(take_profit_ratio=Decimal("0.03")),
        Plan(
            trailing=Trailing(
                activation_ratio=Decimal("0.3"),
                distance_ratio=Decimal("0.01"),
                step_ratio=Decimal("0.01"),
            )
        ),
        Plan(scale_out=(ScaleOut(take_profit_ratio=Decimal("0.01"), part_ratio=Decimal("0.5")),)),
        Plan(stop_loss_ratio=Decimal("0.9")),
    ],
)
def test_each_distance_is_looked_at(plan: Plan) -> None:
    assert problem(plan) is not None


@pytest.mark.parametrize(
    ("ratio", "tick", "is_fine"),
    [
        ("0.02", "0.01", True),
        ("0.02", "0.02", True),
        ("0.02", "0.021", False),
        ("0.011", "0.01", True),
        ("0.1", "0.001", True),
    ],
)
def test_a_level_may_round_to_twice_its_distance_and_lies_a_tick_away_at_least(
    ratio: str, tick: str, is_fine: object
) -> None:
    found = problem(Plan(stop_loss_ratio=Decimal(ratio)), tick=tick)
    assert (found is None) is is_fine


def test_distances_by_the_average_true_range_count_where_one_is_known() -> None:
    plan = Plan(stop_loss_atr=Decimal(2), stop_loss_ratio=Decimal("0.5"))
    assert distance_problem(plan, QUARTER, ONE, Decimal("0.01")) is not None
    assert distance_problem(plan, QUARTER, ONE) is None


def test_a_position_whose_stop_would_lie_far_away_buys_nothing() -> None:
    stage = Stage(PLAN, rules=QUARTER, price=1.0).grant()
    assert stage.placed == []
    assert stage.state() is State.CLOSED
    (refused,) = stage.all_sent(EntryRefused)
    assert refused.guard == "untradable"
    assert "it would be at 0.75, 25 % away" in refused.text


@pytest.mark.parametrize(
    ("ratio", "tick", "is_fine"),
    [
        ("0.01", "0.001", True),
        ("0", "0.25", True),
        ("0.01", "0.25", False),
        ("0.001", "0.01", False),
        ("0.009", "0.01", True),
    ],
)
def test_a_target_of_a_later_age_may_lie_at_the_entry_and_not_far_over_it(
    ratio: str, tick: str, is_fine: object
) -> None:
    aged = AgedTarget(after_ms=Milliseconds(1), take_profit_ratio=Decimal(ratio))
    found = problem(Plan(take_profit_by_age=(aged,)), tick=tick)
    assert (found is None) is is_fine


@pytest.mark.parametrize(
    ("ratio", "tick", "is_fine"),
    [
        ("0.01", "0.001", True),
        ("0.001", "0.0001", True),  # what the fees do to it is the plan's own matter
        ("0.01", "0.25", False),  # a tick over the entry is where it begins, too
        ("0.5", "0.25", True),
    ],
)
def test_a_stop_at_break_even_must_lie_under_the_price_that_sets_it(
    ratio: str, tick: str, is_fine: object
) -> None:
    found = problem(Plan(break_even_at_ratio=Decimal(ratio)), tick=tick)
    assert (found is None) is is_fine


@pytest.mark.parametrize(
    "changes",
    [
        {"stop_loss_ratio": Decimal("0.0005")},
        {"take_profit_ratio": Decimal("0.0005")},
        {"stop_loss_ratio": Decimal("0.03"), "take_profit_ratio": Decimal("0.0001")},
    ],
)
def test_a_level_nearer_than_a_tick_is_refused_when_a_person_changes_the_plan(
    changes: dict[str, Decimal],
) -> None:
    stage = Stage().protected()  # a tick is 0.1 %
    before = stage.levels
    with pytest.raises(IllegalInputError, match="from the price 100, and a tick of BTC/USDT"):
        stage.hear(ChangeProtection(reason="nearer", **changes))
    assert stage.levels == before
    stage.hear(ChangeProtection(reason="nearer", stop_loss_ratio=Decimal("0.01")))
    assert stage.levels[LevelName.STOP_LOSS] == 99
