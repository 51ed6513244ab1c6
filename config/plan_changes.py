"""A plan with some of its fields changed, as a strategy or a person at the prompt gives them. Pure.

The changes are read as ``[plan]`` is: the same names, ranges and contradictions. Three things are
accepted besides: a duration as ``_ms`` in whole milliseconds, a float where TOML has a decimal, and
the plan's own structs, such as ``Rung``.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from config.plan_rules import plan_contradictions
from config.reading import DIGITS_MOST, join, read_section, toml_name
from messages.market import Capabilities
from messages.money import from_float
from messages.plan import Plan

_FLOAT_STEP = Decimal("1e-12")
"""A float is rounded to it: it is no exact number anyway."""


class PlanError(Exception):
    """A plan can't be used; the text names each field, and what would be right."""


def changed_plan(configured: Plan, changes: Mapping[str, object], venue: Capabilities) -> Plan:
    """Return ``configured`` with ``changes`` in it; a nested table changes only what it names.

    Raises:
        PlanError: all mistakes of the changes. What ``configured`` itself contradicts is not among
            them.

    """
    problems: list[str] = []
    table = _as_typed(changes, "plan", problems)
    before = _as_typed(msgspec.structs.asdict(configured), "plan", [])
    merged = {name: _over(before.get(name), value) for name, value in table.items()}
    read = read_section(Plan, merged, "plan", lambda key, text: problems.append(f"{key}: {text}"))
    if not problems:
        names = (name for name in Plan.__struct_fields__ if toml_name(name) in table)
        changed = {name: getattr(read, name) for name in names}
        plan = msgspec.structs.replace(configured, **changed)
        old = set(plan_contradictions(configured, venue))
        found = (one for one in plan_contradictions(plan, venue) if one not in old)
        problems += [f"{one.keys[0]}: {one.text}" for one in found]
    if problems:
        raise PlanError("; ".join(problems))
    return plan


def _over(below: object, above: object) -> object:
    """Return a value with what it replaces filled in, where both are tables."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **above}
    return above


def _as_typed(table: Mapping[str, object], key: str, problems: list[str]) -> dict[str, object]:
    """Return a table as TOML would give it; a name that is given in both units is a problem."""
    typed: dict[str, object] = {}
    for name, value in _seconds(table):
        if name in typed:
            problems.append(f"{join(key, name)}: is given twice, also as _ms")
        typed[name] = _value(value, join(key, name), problems)
    return typed


def _seconds(table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield each name and value of a table, with durations in seconds."""
    for name, value in table.items():
        if not name.endswith("_ms"):
            yield name, value
            continue
        number = _number(value)
        yield f"{name[:-3]}_seconds", number.scaleb(-3) if _is_usual(number) else value


def _value(value: object, key: str, problems: list[str]) -> object:
    match value:
        case None:
            return "none"
        case float():
            return _number(value)
        case msgspec.Struct():
            return _as_typed(msgspec.structs.asdict(value), key, problems)
        case dict():
            return _as_typed(value, key, problems)
        case list() | tuple():
            return [_value(one, f"{key}[{n}]", problems) for n, one in enumerate(value)]
        case _:
            return value


def _number(value: object) -> Decimal:
    """Return a number as TOML would give it; NaN for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return Decimal("NaN")
    if not isinstance(value, float):
        return Decimal(value)
    number = Decimal(repr(value))
    return from_float(value, _FLOAT_STEP) if _is_usual(number) else number


def _is_usual(number: Decimal) -> bool:
    """Tell whether a number is finite and of a size that can be computed with."""
    return number.is_finite() and abs(number.adjusted()) < DIGITS_MOST
