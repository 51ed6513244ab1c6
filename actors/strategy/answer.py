"""What is accepted as a strategy's answer: data from outside, checked once. Pure.

What passes is made of the plainest types and is small: nothing of the user's own classes goes on
from here. Whether the plan makes sense is the config's to say (``config.plan_changes``).
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from config.reading import DIGITS_MOST
from messages.money import from_float
from messages.strategy import Enter

REASON_MOST = 2_000
"""Characters."""
BUDGET_LEAST = Decimal("1e-8")
BUDGET_MOST = Decimal("1e15")
_TEXT_MOST = 200
"""Characters of a text in a plan."""
_VALUES_MOST = 1_000
"""Values in a plan, those within its lists and tables included."""
_DEPTH_MOST = 5
_SHOWN_MOST = 100
"""Characters of a wrong answer that its error shows."""
_BUDGET_STEP = Decimal("1e-8")


class StrategyError(Exception):
    """A strategy that can't be used, or whose answer can't; names what and what would be right."""


def checked(answer: object) -> Enter | None:
    """Return a strategy's answer if it is one. Raises ``StrategyError``."""
    if answer is None:
        return None
    if not isinstance(answer, Enter):
        raise StrategyError(f"on_market returned {shown(answer)}: return Enter(...) or None")
    return Enter(
        reason=_reason(answer.reason),
        budget=_budget(answer.budget),
        plan=_plan(answer.plan),
    )


def shown(value: object) -> str:
    """Return a value as an error shows it: short, and safe on a screen."""
    if isinstance(value, str | bytes | int | float | Decimal):
        if isinstance(value, str | bytes) and len(value) > _SHOWN_MOST:
            return f"{type(value).__name__} of {len(value):,} characters"
        if isinstance(value, int) and value.bit_length() > _SHOWN_MOST:
            return f"an int of {value.bit_length():,} bits"
        return ascii(value)
    return f"{value.__name__} itself" if isinstance(value, type) else f"a {type(value).__name__}"


def _reason(reason: object) -> str:
    if not isinstance(reason, str):
        raise StrategyError(f"Enter.reason is {shown(reason)}: give a text")
    if not reason:
        raise StrategyError("Enter.reason is empty: say what was seen")
    if len(reason) > REASON_MOST:
        raise StrategyError(
            f"Enter.reason has {len(reason):,} characters: at most {REASON_MOST:,} are kept"
        )
    return _printable(reason, "Enter.reason")


def _budget(budget: object) -> Decimal | None:
    if budget is None:
        return None
    if isinstance(budget, bool) or not isinstance(budget, int | float | Decimal):
        raise StrategyError(f"Enter.budget is {shown(budget)}: give a number, or None")
    place = "Enter.budget"
    amount = _number(budget, place)
    if not BUDGET_LEAST <= amount <= BUDGET_MOST:
        limits = f"at least {BUDGET_LEAST:f} and at most {BUDGET_MOST:f} of the quote currency"
        raise StrategyError(f"{place} is {shown(budget)}: give {limits}, or None")
    return from_float(budget, _BUDGET_STEP) if isinstance(budget, float) else amount


def _number(value: float | Decimal, place: str) -> Decimal:
    """Return a number of a size that can be computed with exactly."""
    if isinstance(value, int) and value.bit_length() > 4 * DIGITS_MOST:
        raise StrategyError(f"{place} is {shown(value)}: too large")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise StrategyError(f"{place} is {shown(value)}: give a finite number")
    digits = number.as_tuple()
    if isinstance(value, Decimal) and int(digits.exponent) < -DIGITS_MOST:
        raise StrategyError(f"{place} has more than {DIGITS_MOST} digits after the point")
    if number.adjusted() >= DIGITS_MOST:
        raise StrategyError(f"{place} is {shown(value)}: too large")
    return number


def _plan(plan: object) -> dict[str, Any]:
    if not isinstance(plan, dict):
        raise StrategyError(f"Enter.plan is {shown(plan)}: give a dict of the plan's fields")
    left = iter(range(_VALUES_MOST))
    table = _plain(plan, "Enter.plan", left, _DEPTH_MOST)
    if not isinstance(table, dict):
        raise AssertionError("a dict stays one")  # noqa: TRY004 - ours, not the strategy's
    return table


def _plain(value: object, place: str, left: Iterator[int], depth: int) -> object:
    """Return a plan's value as plain data."""
    if next(left, None) is None:
        raise StrategyError(f"Enter.plan has more than {_VALUES_MOST:,} values")
    if depth < 0:
        raise StrategyError(f"{place} is nested too deep")
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    match value:
        case list() | tuple():
            return [_plain(one, f"{place}[{n}]", left, depth - 1) for n, one in enumerate(value)]
        case dict():
            return {
                _name(name, place): _plain(one, f"{place}.{name}", left, depth - 1)
                for name, one in value.items()
            }
        case _:
            return _scalar(value, place)


def _scalar(value: object, place: str) -> object:
    match value:
        case None | bool():
            return value
        case Enum():
            return _text(str(value.value), place)
        case str():
            return _text(value, place)
        case int() | float() | Decimal():
            _number(value, place)
            return value
        case _:
            raise StrategyError(f"{place} is {shown(value)}: give numbers, texts, lists or dicts")


def _name(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise StrategyError(f"{place} has the name {shown(name)}: a field's name is a text")
    return _text(name, place)


def _text(text: str, place: str) -> str:
    if len(text) > _TEXT_MOST:
        raise StrategyError(f"{place} is {shown(text)}: at most {_TEXT_MOST}")
    return _printable(text, place)


def _printable(text: str, place: str) -> str:
    if not text.isprintable():
        wrong = next(sign for sign in text if not sign.isprintable())
        raise StrategyError(f"{place} has the character {wrong!a}: give printable text")
    return text
