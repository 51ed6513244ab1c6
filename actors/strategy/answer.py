"""What is accepted as a strategy's answer: data from outside, checked once. Pure.

What passes is made of the plainest types and is small: nothing of the user's own classes goes on
from here. Whether the plan makes sense is the config's to say (``config.plan_changes``).
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from messages.border import BadValueError, number, positive, shown, text
from messages.money import from_float
from messages.strategy import Enter

REASON_MOST = 2_000
"""Characters."""
BUDGET_LEAST = Decimal("1e-8")
BUDGET_MOST = Decimal("1e15")
ERROR_MOST = 1_000
"""Characters of an error that the user's code made."""
_VALUES_MOST = 1_000
"""Values in a plan, those within its lists and tables included."""
_DEPTH_MOST = 5
_BUDGET_STEP = Decimal("1e-8")
"""A budget given as a float is rounded to it."""


class StrategyError(Exception):
    """A strategy that can't be used, or whose answer can't; names what and what would be right."""

    def __init__(self, text: str, details: str = "") -> None:
        """Say what is wrong; ``details`` is the traceback of the user's own code."""
        super().__init__(text)
        self.details = details


def checked(answer: object) -> Enter | None:
    """Return a strategy's answer if it is one. Raises ``StrategyError``."""
    if answer is None:
        return None
    if not isinstance(answer, Enter):
        raise StrategyError(f"on_market returned {shown(answer)}: return Enter(...) or None")
    try:
        return Enter(
            reason=text(answer.reason, "Enter.reason", REASON_MOST),
            budget=_budget(answer.budget),
            plan=_plan(answer.plan),
        )
    except BadValueError as error:
        raise StrategyError(str(error)) from None


def _budget(budget: object) -> Decimal | None:
    if budget is None:
        return None
    amount = positive(budget, "Enter.budget")
    if not BUDGET_LEAST <= amount <= BUDGET_MOST:
        problem = f"give {BUDGET_LEAST:f} to {BUDGET_MOST:f} of the quote currency, or None"
        raise BadValueError("Enter.budget", budget, problem)
    return from_float(budget, _BUDGET_STEP) if isinstance(budget, float) else amount


def _plan(plan: object) -> dict[str, Any]:
    if not isinstance(plan, dict):
        raise BadValueError("Enter.plan", plan, "not a dict of the plan's fields")
    left = iter(range(_VALUES_MOST))
    return {
        text(name, "Enter.plan: a field's name"): _plain(value, f"Enter.plan.{name}", left, 1)
        for name, value in plan.items()
    }


def _plain(value: object, field: str, left: Iterator[int], depth: int) -> object:
    """Return a plan's value as plain data."""
    if next(left, None) is None:
        raise BadValueError("Enter.plan", value, f"more than {_VALUES_MOST:,} values")
    if depth > _DEPTH_MOST:
        raise BadValueError(field, value, "nested too deep")
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    match value:
        case list() | tuple():
            return [_plain(one, f"{field}[{n}]", left, depth + 1) for n, one in enumerate(value)]
        case dict():
            return {
                text(name, f"{field}: a name"): _plain(one, f"{field}.{name}", left, depth + 1)
                for name, one in value.items()
            }
        case _:
            return _scalar(value, field)


def _scalar(value: object, field: str) -> object:
    match value:
        case None | bool():
            return value
        case Enum():
            return text(value.value, field)
        case str():
            return text(value, field)
        case int() | float() | Decimal():
            number(value, field)
            return value
        case _:
            raise BadValueError(field, value, "not a number, text, list or dict")
