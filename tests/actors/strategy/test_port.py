"""How a user's class is found, and which answers count."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.strategy.port import StrategyError, checked, loaded, plan_of
from config.settings import Settings
from messages.market import Capabilities
from messages.plan import Plan
from messages.strategy import Enter
from tests.actors.strategy.markets import view

VENUE = Capabilities()
EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def test_the_documented_example_loads_and_buys_the_break() -> None:
    make = loaded("buy_the_break:BuyTheBreak", (EXAMPLES,))
    strategy = make(Settings())
    closes = [100.0 + n % 5 for n in range(60)]
    assert [strategy.on_market(view(n, close)) for n, close in enumerate(closes, 1)] == [None] * 60
    assert strategy.on_market(view(61, 104.0)) is None
    enter = checked(strategy.on_market(view(62, 105.0)))
    assert enter is not None
    assert enter.budget == Decimal(100)
    plan = plan_of(enter, Plan(), VENUE)
    assert (plan.take_profit_ratio, plan.stop_loss_atr) == (Decimal("0.02"), Decimal(2))
    assert strategy.on_market(view(63, 106.0, is_busy=True)) is None


@pytest.mark.parametrize(
    ("text", "use", "complaint"),
    [
        ("", "just_a_module", "write it as module:Class"),
        ("", ":Class", "write it as module:Class"),
        ("", "not_there_at_all:Rules", "importing not_there_at_all failed: ModuleNotFoundError"),
        ("1 / 0", "raises_on_import:Rules", "importing raises_on_import failed: ZeroDivisionError"),
        ("class Other: ...", "has_another:Rules", "has_another.py has no Rules"),
        ("Rules = 3", "has_a_number:Rules", "Rules is no class but 3"),
        ("class Rules: ...", "has_no_method:Rules", r"no method on_market\(self, market\)"),
    ],
)
def test_what_can_not_be_loaded_is_named(
    tmp_path: Path, text: str, use: str, complaint: str
) -> None:
    name = use.partition(":")[0]
    if text:
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(StrategyError, match=complaint) as caught:
        loaded(use, (tmp_path,))
    assert repr(use) in str(caught.value)


def test_the_first_folder_wins(tmp_path: Path) -> None:
    for place in ("first", "second"):
        folder = tmp_path / place
        folder.mkdir()
        text = f"class Rules:\n    place = {place!r}\n    def on_market(self, market): ...\n"
        (folder / "in_two_places.py").write_text(text)
    found: Any = loaded("in_two_places:Rules", (tmp_path / "first", tmp_path / "second"))
    assert found.place == "first"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"take_profit": 1}, "plan.take_profit: there is no such key; did you mean take_profit_"),
        ({"take_profit_ratio": "high"}, "plan.take_profit_ratio: must be a number"),
        ({"time_limit_ms": 1.5}, "plan.time_limit_seconds: must be whole milliseconds"),
        ({"trailing": {"activation_ratio": 1}}, "plan.trailing.distance_ratio: is missing"),
    ],
)
def test_a_plan_that_is_none_is_named(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(StrategyError, match=complaint):
        plan_of(Enter(reason="x", plan=changes), Plan(), VENUE)


def test_a_wish_without_changes_takes_the_plan_as_configured() -> None:
    plan = Plan(take_profit_ratio=Decimal("0.03"))
    assert plan_of(Enter(reason="x"), plan, VENUE) is plan
