"""The port that a strategy fills, and how a user's class is found.

A strategy decides; it sends nothing, and nothing it does reaches a position but through ``Enter``,
which ``answer`` checks.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from actors.strategy.answer import StrategyError, checked
from actors.strategy.failure import failure_of
from config.plan_changes import PlanError, changed_plan
from config.settings import Settings
from messages.market import Capabilities
from messages.plan import Plan
from messages.strategy import Enter, MarketView

__all__ = ["Enter", "MarketView", "Strategy", "StrategyError", "checked", "loaded", "plan_of"]


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


def plan_of(enter: Enter, configured: Plan, venue: Capabilities) -> Plan:
    """Return the configured plan with what the wish changes in it. Raises ``StrategyError``."""
    if not enter.plan:
        return configured
    try:
        return changed_plan(configured, enter.plan, venue)
    except PlanError as error:
        raise StrategyError(f"Enter.plan can't be used: {error}") from None


def _imported(use: str, module_name: str, folders: tuple[Path, ...]) -> Any:  # noqa: ANN401 - a module
    """Import a module, the folders first."""
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    try:
        importlib.invalidate_caches()
        return importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's module may raise anything, SystemExit too
        failure = failure_of(error)
        text = f"strategy {use!r}: importing {module_name} failed: {failure.text}"
        if isinstance(error, ModuleNotFoundError) and error.name == module_name:
            text = f"{text} (looked in {', '.join(map(str, folders))} first)"
        raise StrategyError(text, failure.details) from error
    finally:
        sys.path[:] = before
