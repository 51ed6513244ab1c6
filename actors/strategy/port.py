"""The port that a strategy fills, and how a user's class is found.

Owns the protocol and what is accepted as its answer. A strategy decides; it sends nothing, and
nothing it does reaches a position but through ``Enter``.
"""

import importlib
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec

from config.settings import Settings
from messages.plan import Plan
from messages.strategy import Enter, MarketView

__all__ = ["Enter", "MarketView", "Strategy", "StrategyError", "checked", "loaded", "plan_of"]


class StrategyError(Exception):
    """A strategy that can't be used, or whose answer can't; names what and what would be right."""


class Strategy(Protocol):
    """What decides on entries."""

    def on_market(self, market: MarketView) -> Enter | None:
        """Return a wish to enter the symbol shown, or None. Called on each closed candle."""
        ...


MakeStrategy = Callable[[Settings], Strategy]
"""A strategy's class, called with all settings: its numbers, the budget and the plan are there."""


def loaded(use: str, folders: tuple[Path, ...] = ()) -> MakeStrategy:
    """Return the class that ``module:Class`` names, looked for in ``folders``, then as usual.

    Raises:
        StrategyError: it is not of this form, does not import, or is no strategy.

    """
    module_name, _, class_name = use.partition(":")
    if not module_name or not class_name:
        raise StrategyError(f"strategy {use!r}: write it as module:Class, as in my_rules:BuyTheDip")
    module = _imported(use, module_name, folders)
    found = getattr(module, class_name, None)
    if found is None:
        raise StrategyError(f"strategy {use!r}: {module.__file__} has no {class_name}")
    if not isinstance(found, type):
        raise StrategyError(f"strategy {use!r}: {class_name} is no class but {found!r}")
    if not callable(getattr(found, "on_market", None)):
        raise StrategyError(f"strategy {use!r}: {class_name} has no method on_market(self, market)")
    return found


def checked(answer: object) -> Enter | None:
    """Return a strategy's answer if it is one. Raises ``StrategyError``."""
    if answer is None:
        return None
    if not isinstance(answer, Enter):
        raise StrategyError(f"on_market returned {answer!r}: return Enter(...) or None")
    try:
        enter = msgspec.convert(msgspec.to_builtins(answer, builtin_types=(Decimal,)), Enter)
    except (msgspec.ValidationError, TypeError) as error:
        raise StrategyError(f"{answer!r} can't be used: {error}") from error
    if not enter.reason:
        raise StrategyError("Enter.reason is empty: say what was seen")
    if enter.budget is not None and not (enter.budget.is_finite() and enter.budget > 0):
        raise StrategyError(f"Enter.budget is {enter.budget}: give a positive one, or None")
    return enter


def plan_of(enter: Enter, configured: Plan) -> Plan:
    """Return the configured plan with what the wish changes in it. Raises ``StrategyError``."""
    if not enter.plan:
        return configured
    for name in enter.plan:
        if name not in Plan.__struct_fields__:
            fields = ", ".join(Plan.__struct_fields__)
            raise StrategyError(f"Enter.plan has {name!r}, which no plan has; it has {fields}")
    try:
        fields_now = msgspec.to_builtins(configured)
        return msgspec.convert(fields_now | msgspec.to_builtins(enter.plan), Plan)
    except (msgspec.ValidationError, TypeError) as error:
        raise StrategyError(f"Enter.plan does not make a plan: {error}") from error


def _imported(use: str, module_name: str, folders: tuple[Path, ...]) -> Any:  # noqa: ANN401 - a module
    """Import a module, the folders first."""
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        importlib.invalidate_caches()
        return importlib.import_module(module_name)
    except Exception as error:
        where = ", ".join(str(folder) for folder in folders)
        raise StrategyError(
            f"strategy {use!r}: importing {module_name} failed: {type(error).__name__}: {error}"
            f" (looked in {where} first)"
        ) from error
    finally:
        sys.path[:] = before
