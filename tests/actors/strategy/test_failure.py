"""How the exception of a user's code is shown."""

import json
from pathlib import Path

import pytest

from actors.strategy.failure import failure_of
from actors.strategy.port import StrategyError, loaded
from config.settings import Settings
from tests.actors.strategy.markets import view

RULES = """\
import json

class Rules:
    def __init__(self, settings):
        self.levels = [1, 2]

    def on_market(self, market):
        return self.decide(market)

    def decide(self, market):
        return json.loads("no json")
"""


def test_the_users_own_line_is_named_also_where_a_library_raised(tmp_path: Path) -> None:
    (tmp_path / "my_failing_rules.py").write_text(RULES)
    strategy = loaded("my_failing_rules:Rules", (tmp_path,))(Settings())
    with pytest.raises(json.JSONDecodeError) as caught:
        strategy.on_market(view(1))
    failure = failure_of(caught.value)
    assert failure.text.startswith("JSONDecodeError: Expecting value")
    assert failure.text.endswith("(my_failing_rules.py, line 11)")
    assert "json.loads" in failure.details


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n1 / 0\n", r"ZeroDivisionError: division by zero \(rules_of_0.py, line 2\)"),
        ("x = (\n", r"SyntaxError: [^(]*.*closed \(rules_of_1.py, line 1\)"),
        ("\nimport not_there_at_all\n", r"No module named .* \(rules_of_2.py, line 2\)"),
        ("raise SystemExit(3)\n", r"SystemExit: 3 \(rules_of_3.py, line 1\)"),
    ],
    ids=range(4),
)
def test_an_import_that_fails_names_the_users_line(
    tmp_path: Path, request: pytest.FixtureRequest, text: str, complaint: str
) -> None:
    name = f"rules_of_{request.node.callspec.id}"
    (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(StrategyError, match=complaint) as caught:
        loaded(f"{name}:Rules", (tmp_path,))
    assert f"{name}.py" in caught.value.details


def test_an_exception_may_say_anything_or_refuse_to() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

    assert failure_of(MuteError()).text.startswith("MuteError: (its text can't be made)")
    assert failure_of(ValueError()).text == "ValueError"
    loud = failure_of(ValueError("\x1b[2J\nALARM" + "x" * 10_000)).text
    assert loud.isprintable()
    assert len(loud) < 400
