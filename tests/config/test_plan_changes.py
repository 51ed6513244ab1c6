"""What a strategy changes in its plan is read as ``[plan]`` is, and refused by the field's name."""

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import LIMITS
from config.loading import ConfigError, load
from config.plan_changes import PlanError, changed_plan
from config.plan_rules import plan_contradictions
from config.reading import toml_name
from messages.market import Capabilities
from messages.orders import OrderType, TimeInForce
from messages.plan import AgedTarget, Plan, Rung, ScaleOut, Switching, Trailing

PLAN = Plan(take_profit_ratio=Decimal("0.03"), stop_loss_ratio=Decimal("0.02"))
VENUE = Capabilities(native_stop=True, native_stop_limit=True, oco=True)
NO_MARKET = Capabilities(market=False)
D = Decimal

WRONG: tuple[Any, ...] = (
    *(float("nan"), float("inf"), -float("inf"), 1e308, D("NaN"), D("sNaN"), D("Infinity")),
    *(D("1e-300"), D("0." + "3" * 400), 10**40, D("-1e30"), "", "x", "٣", b"1", object(), [[]]),
    *([None], {"a": 1}),
)
"""What no field of a plan can be."""

INNER: dict[str, tuple[type[msgspec.Struct], dict[str, Any], bool]] = {
    "exit_ladder": (Rung, {"type": "market"}, True),
    "entry_ladder": (Rung, {"type": "market"}, True),
    "take_profit_by_age": (AgedTarget, {"after_seconds": 60, "take_profit_ratio": D("0.01")}, True),
    "scale_out": (ScaleOut, {"take_profit_ratio": D("0.01"), "part_ratio": D("0.5")}, True),
    "trailing": (
        Trailing,
        {"activation_ratio": D("0.01"), "distance_ratio": D("0.01"), "step_ratio": D("0.001")},
        False,
    ),
    "switching": (
        Switching,
        {
            "to_stop_loss_ratio": D("-0.01"),
            "to_take_profit_ratio": D("0.005"),
            "minimum_interval_seconds": 1,
        },
        False,
    ),
}
"""The tables in a plan: their struct, one that is right, and whether it stands in a list."""


def fields() -> Iterator[tuple[str, str | None]]:
    """Yield every field of a plan, and every field within its tables."""
    for field in msgspec.structs.fields(Plan):
        yield toml_name(field.name), None
        if field.name in INNER:
            struct, _, _ = INNER[field.name]
            yield from ((field.name, toml_name(one.name)) for one in msgspec.structs.fields(struct))


def changed(name: str, inner: str | None, value: object) -> dict[str, Any]:
    if inner is None:
        return {name: value}
    _, right, is_list = INNER[name]
    table = {**right, inner: value}
    return {name: [table] if is_list else table}


def change(plan: dict[str, Any], venue: Capabilities = VENUE) -> Plan:
    return changed_plan(PLAN, plan, venue)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(("name", "inner"), list(fields()))
def test_what_a_field_can_not_be_is_refused_by_its_name(
    name: str, inner: str | None, wrong: object
) -> None:
    with pytest.raises(PlanError) as caught:
        change(changed(name, inner, wrong))
    assert f"plan.{name}" in str(caught.value)
    assert inner is None or inner in str(caught.value)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(("name", "inner"), list(fields()))
def test_a_number_beside_its_range_is_refused_by_its_name(name: str, inner: str | None) -> None:
    struct = Plan if inner is None else INNER[name][0]
    field = next(f for f in struct.__struct_fields__ if toml_name(f) == (inner or name))
    limits = LIMITS[struct].get(field)
    if limits is None:
        return  # no number
    step = D("0.001")
    for bound, beside in (
        (limits.at_least, -step),
        (limits.above, D(0)),
        (limits.at_most, step),
        (limits.below, D(0)),
    ):
        if bound is not None:
            with pytest.raises(PlanError, match=f"{inner or name}: must be"):
                change(changed(name, inner, bound + beside))


@pytest.mark.parametrize("plan", [{}, {"exit_ladder": []}, {"entry_ladder": ()}])
def test_an_empty_ladder_is_refused(plan: dict[str, Any]) -> None:
    if not plan:
        assert change(plan) == PLAN
        return
    with pytest.raises(PlanError, match=r"plan\.\w+_ladder: is empty: give one rung"):
        change(plan)


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        ({"stop_rung": 1}, "plan.stop_rung: must be below 1"),
        ({"protection_mode": "switching"}, "plan.switching: is missing"),
        (
            {"protection_mode": "oco", "take_profit_ratio": None},
            "plan.take_profit_ratio: is missing",
        ),
        ({"stop_loss_ratio": None, "protection_mode": "oco"}, "plan.stop_loss_ratio: is missing"),
        ({"exit_retry_seconds": 61}, "plan.exit_retry_seconds: must be at most"),
        ({"break_even_at_ratio": D("0.03")}, "plan.break_even_at_ratio: 0.03 must be below"),
        (
            {"scale_out": [{"take_profit_ratio": D("0.05"), "part_ratio": D("0.5")}]},
            "must be above",
        ),
        (
            {"take_profit_by_age": [AgedTarget(after_ms=5, take_profit_ratio=D(0))] * 2},  # type: ignore[arg-type]
            "plan.take_profit_by_age: after_seconds must ascend",
        ),
        ({"time_limit_ms": 5, "time_limit_seconds": 5}, "plan.time_limit_seconds: is given twice"),
        ({"take_profit": 1}, "did you mean take_profit_"),
    ],
)
def test_what_contradicts_is_refused_by_name(plan: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        change(plan)


def test_a_plan_of_a_mode_that_the_exchange_lacks_is_refused() -> None:
    with pytest.raises(PlanError, match='"oco" needs a venue that has it'):
        change({"protection_mode": "oco"}, Capabilities())


def test_what_the_configured_plan_contradicts_is_not_the_strategys_fault() -> None:
    configured = msgspec.structs.replace(PLAN, stop_rung=3)
    plan = changed_plan(configured, {"take_profit_ratio": D("0.05")}, VENUE)
    assert plan == msgspec.structs.replace(configured, take_profit_ratio=D("0.05"))


GTC, IOC = {"type": "limit", "wait_seconds": 5}, {"type": "limit", "time_in_force": "ioc"}
MARKET = {"type": "market"}


@pytest.mark.parametrize(
    "ladder",
    [
        [{"type": "limit"}],
        [MARKET, {"type": "limit"}],
        [GTC],
        [IOC],
        [{**IOC, "offset_ratio": D("0.9")}],
    ],
)
def test_an_exit_ladder_that_does_not_end_in_a_market_order_is_refused(
    ladder: list[dict[str, Any]],
) -> None:
    with pytest.raises(PlanError, match=r"plan\.exit_ladder: plan\.exit_ladder\[\d\] "):
        change({"exit_ladder": ladder})


@pytest.mark.parametrize(
    ("ladder", "complaint"),
    [
        ([MARKET], r"exit_ladder\[0\]: the exchange has no market orders"),
        ([GTC], r"exit_ladder\[0\] is the last rung and must be a limit of ioc"),
        ([{**IOC, "offset_ratio": D("-0.001")}], "with offset_ratio at least 0"),
    ],
)
def test_without_market_orders_the_exit_ladder_ends_in_ioc(
    ladder: list[dict[str, Any]], complaint: str
) -> None:
    configured = msgspec.structs.replace(
        PLAN,
        entry_ladder=(Rung(type=OrderType.LIMIT),),
        exit_ladder=(Rung(type=OrderType.LIMIT, time_in_force=TimeInForce.IOC),),
    )
    changed_plan(configured, {"exit_ladder": [GTC, IOC]}, NO_MARKET)
    with pytest.raises(PlanError, match=complaint):
        changed_plan(configured, {"exit_ladder": ladder}, NO_MARKET)


def test_a_stop_that_waits_for_hours_before_it_sells_is_refused() -> None:
    patient = {**GTC, "wait_seconds": 300, "attempts": 3}
    with pytest.raises(PlanError, match=r"waits 900 s from the rung that a stop begins with"):
        change({"exit_ladder": [patient, MARKET]})
    assert change({"exit_ladder": [patient, MARKET], "stop_rung": 1}).stop_rung == 1


def test_the_same_ladders_are_refused_in_a_config() -> None:
    with pytest.raises(ConfigError, match=r'must be { type = "market" }'):
        load(None, ["plan.exit_ladder=[{type='limit', offset_ratio=-0.001}]"])
    with pytest.raises(ConfigError, match="the exchange has no market orders"):
        load(None, ["paper.capabilities.market=false"])


def test_a_plan_may_be_given_in_any_of_its_forms() -> None:
    rung = Rung(type=OrderType.MARKET)
    assert change({"time_limit_seconds": 7200}).time_limit_ms == 7_200_000
    assert change({"time_limit_ms": 7_200_000}).time_limit_ms == 7_200_000
    assert change({"time_limit_seconds": 0.5}).time_limit_ms == 500
    assert change({"stop_loss_ratio": 0.1 + 0.2}).stop_loss_ratio == D("0.3")
    assert change({"stop_loss_ratio": "5%"}).stop_loss_ratio == D("0.05")
    assert change({"take_profit_ratio": None}).take_profit_ratio is None
    assert change({"exit_ladder": (rung,)}).exit_ladder == (rung,)
    assert change({"exit_ladder": [{"type": "market"}]}).exit_ladder == (rung,)


def test_a_nested_table_changes_only_what_it_names() -> None:
    trailing = Trailing(activation_ratio=D("0.01"), distance_ratio=D("0.02"), step_ratio=D("0.001"))
    configured = msgspec.structs.replace(PLAN, trailing=trailing)
    plan = changed_plan(configured, {"trailing": {"distance_ratio": D("0.03")}}, VENUE)
    assert plan.trailing == msgspec.structs.replace(trailing, distance_ratio=D("0.03"))


def test_every_duration_is_named_as_in_a_config() -> None:
    with open("config/default.toml", "rb") as file:  # noqa: PTH123 - shorter
        names = [name for name in tomllib.load(file)["plan"] if name.endswith("_seconds")]
    assert len(names) > 5
    for name in names:
        field = f"{name[:-8]}_ms"
        assert getattr(change({name: 2}), field) == 2_000


@given(
    st.dictionaries(
        st.sampled_from([name for name, inner in fields() if inner is None]),
        st.one_of(
            st.none(),
            st.floats(-2, 100),
            st.integers(-2, 100),
            st.decimals(-1, 1, places=3),
            st.sampled_from(["synthetic", "oco", "switching", "bid", "5%"]),
            st.lists(st.sampled_from([GTC, IOC, MARKET, INNER["scale_out"][1]]), max_size=4),
            st.sampled_from([INNER["trailing"][1], INNER["switching"][1]]),
        ),
        max_size=4,
    )
)
def test_a_plan_that_is_accepted_contradicts_nothing_and_can_be_sold(plan: dict[str, Any]) -> None:
    try:
        made = change(plan)
    except PlanError:
        return
    assert not list(plan_contradictions(made, VENUE))
    assert made.exit_ladder[-1].type is OrderType.MARKET
    assert msgspec.convert(msgspec.to_builtins(made), Plan) == made
