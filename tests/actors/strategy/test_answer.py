"""Which answers of a strategy count: everything else is refused by the name of its field."""

import sys
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.strategy.answer import REASON_MOST, StrategyError, checked
from messages.orders import OrderType
from messages.plan import Rung
from messages.strategy import Enter

HUGE = "x" * 1_000_000


class Odd:
    def __repr__(self) -> str:
        raise AssertionError("nobody asks a user's class how it is shown")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (True, "on_market returned True"),
        ("buy", "on_market returned 'buy'"),
        (HUGE, "on_market returned 'xxxx"),
        (10**5000, "on_market returned a whole number too large"),
        (Odd(), "on_market returned of type Odd"),
        (Enter, "on_market returned of type StructMeta"),
    ],
    ids=range(6),
)
def test_what_is_no_answer_is_shown_in_short(answer: object, complaint: str) -> None:
    with pytest.raises(StrategyError, match=complaint) as caught:
        checked(answer)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("reason", "complaint"),
    [
        ("", "empty"),
        (5, "not a text"),
        (None, "not a text"),
        (b"seen", "not a text"),
        (HUGE, "longer than 2000 characters"),
        *((f"a{sign}b", "characters that can't be printed") for sign in "\x1b\n\u202e\x9b\ud800"),
    ],
    ids=range(10),
)
def test_a_reason_is_a_short_printable_text(reason: Any, complaint: str) -> None:  # noqa: ANN401
    with pytest.raises(StrategyError, match=f"^Enter.reason is .*{complaint}"):
        checked(Enter(reason=reason))


@pytest.mark.parametrize(
    "budget",
    [
        *(0, -1, True, "much", "٣", [], Odd(), 10**5000, float("nan"), float("inf"), 1e308),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("1e-300"), 1e-300),
        *(Decimal("1e16"), Decimal("0." + "1" * 400), Decimal("1e400")),
    ],
    ids=lambda budget: type(budget).__name__,
)
def test_a_budget_is_a_number_that_can_be_spent(budget: Any) -> None:  # noqa: ANN401
    with pytest.raises(StrategyError, match=r"^Enter\.budget is ") as caught:
        checked(Enter(reason="x", budget=budget))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("budget", "taken"),
    [(None, None), (5, Decimal(5)), (0.1 + 0.2, Decimal("0.3")), (Decimal("1.5"), Decimal("1.5"))],
)
def test_a_budget_may_be_any_kind_of_number(budget: Any, taken: Decimal | None) -> None:  # noqa: ANN401
    enter = checked(Enter(reason="x", budget=budget))
    assert enter is not None
    assert enter.budget == taken
    assert taken is None or type(enter.budget) is Decimal


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth else {}


def endless() -> dict[str, Any]:
    table: dict[str, Any] = {}
    table["again"] = table
    return table


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (None, "Enter.plan is missing: not a dict"),
        ({5: 1}, "Enter.plan: a field's name is 5: not a text"),
        ({"\x1b": 1}, "Enter.plan: a field's name is .*can't be printed"),
        ({HUGE: 1}, "Enter.plan: a field's name is .*longer than 200"),
        ({"a": HUGE}, "Enter.plan.a is .*longer than 200"),
        ({"a": Odd()}, "Enter.plan.a is of type Odd"),
        ({"a": [1, float("nan")]}, r"Enter.plan.a\[1\] is nan"),
        ({"a": {"b": Decimal("Infinity")}}, "Enter.plan.a.b is Infinity"),
        ({"a": Decimal("1e-300")}, "Enter.plan.a is 1E-300"),
        ({"a": 10**5000}, "Enter.plan.a is a whole number too large"),
        ({"a": [0] * 1_000_000}, "more than 1,000 values"),
        (nested(50), "nested too deep"),
        (endless(), "nested too deep"),
    ],
    ids=range(13),
)
def test_a_plan_is_small_and_plain(plan: Any, complaint: str) -> None:  # noqa: ANN401
    with pytest.raises(StrategyError, match=complaint):
        checked(Enter(reason="x", plan=plan))


def test_what_passes_is_made_of_plain_types() -> None:
    class Loud(StrEnum):
        SYNTHETIC = "synthetic"

    rung = Rung(type=OrderType.MARKET)
    enter = checked(
        Enter(reason="x", plan={"exit_ladder": (rung,), "protection_mode": Loud.SYNTHETIC})
    )
    assert enter is not None
    (plain,) = enter.plan["exit_ladder"]
    assert type(plain) is dict
    assert type(plain["type"]) is str
    assert type(enter.plan["protection_mode"]) is str


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.floats().map(lambda number: Decimal(repr(number))),
        st.sampled_from([Decimal("sNaN"), Decimal("1e400"), Decimal("1e-400")]),
        st.text(st.characters()),
        st.binary(max_size=20),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers()), inner, max_size=5),
    ),
    max_leaves=20,
)


@given(reason=ANYTHING, budget=ANYTHING, plan=ANYTHING)
def test_no_answer_makes_the_border_fail(reason: Any, budget: Any, plan: Any) -> None:  # noqa: ANN401
    refusal = ""
    try:
        enter = checked(Enter(reason=reason, budget=budget, plan=plan))
    except StrategyError as error:
        refusal = str(error)
    assert len(refusal) < 1_000
    assert refusal.isprintable()
    if refusal:
        return
    assert enter is not None
    assert 0 < len(enter.reason) <= REASON_MOST
    assert sys.getsizeof(enter.plan) < 100_000
