"""Every command on a whole running system: what it shows, as a table and as data, and refuses."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from inspection.command import Context, Operating
from inspection.commands import COMMANDS, completions, find, help_on, run
from inspection.entry import _says_yes, run_all
from inspection.errors import InspectError
from inspection.position import seen, view_of
from inspection.view import View, print_view, table
from messages.base import PositionId
from messages.guardian import Halt
from session.artifacts import SessionRecord
from terminal.console import new_console
from tests.actors.inspector.scene import Scene, playing

WIDTHS = (80, 160)
LOOKS = (
    "tree",
    "tree position/*",
    "top",
    "ps",
    "state p1",
    "state operator",
    "position p1",
    "position 2",
    "orders",
    "orders all",
    "orders p1",
    "book",
    "ledger",
    "market btc",
    "triggers BTC/USDT",
    "log p1 -n 3",
    "deadletters",
    "timers",
    "help",
    "help tap",
)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with playing(tmp_path) as one:
        yield one


@pytest.fixture
def context(scene: Scene) -> Context:
    return Context(source=scene.source())


def operating(context: Context, *, sure: bool = True) -> tuple[Context, list[View]]:
    shown: list[View] = []
    ids = iter(map(str, range(100)))

    def confirm(view: View) -> bool:
        shown.append(view)
        return sure

    context.operating = Operating("a test", confirm, lambda: next(ids))
    return context, shown


def said(context: Context, line: str, width: int = 80, *, as_json: bool = False) -> str:
    answers = run(context, line)
    views = [answers] if isinstance(answers, View) else answers
    return "".join(shown(view, width, as_json=as_json) for view in views)


def shown(view: View, width: int, *, as_json: bool = False) -> str:
    out = io.StringIO()
    print_view(view, Console(file=out, width=width, highlight=False, markup=False), as_json=as_json)
    return out.getvalue()


def test_a_table_is_set_closer_before_it_is_cut_and_leaves_out_what_says_nothing() -> None:
    rows = [("p1", "a" * 20, "", "b" * 20), ("p2", "a", "", "b" * 30)]
    grid = table(("id", "long", "empty", "last"), rows, "none")
    for width, line in (
        (60, f"p1  {'a' * 20}  {'b' * 20}"),
        (54, f"p1 {'a' * 20} {'b' * 20}"),
        (40, f"p1 {'a' * 20} {'b' * 15}…"),
        (20, f"p1 {'a' * 9}… {'b' * 5}…"),
    ):
        lines = shown(View(grid, None), width).splitlines()
        assert lines[1].rstrip() == line
        assert "empty" not in lines[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_look_fits_its_terminal(context: Context, width: int) -> None:
    for line in LOOKS:
        text = said(context, line, width)
        assert text.strip(), line
        assert max(map(cell_len, text.splitlines())) <= width, line


def test_every_look_can_be_had_as_data(context: Context) -> None:
    for line in LOOKS:
        assert json.loads(said(context, line, as_json=True)) is not None, line


def test_every_command_has_a_usage_that_begins_with_its_name_and_an_example() -> None:
    for name, command in COMMANDS.items():
        assert command.usage.split()[0] == name
        assert all(example.split()[0] == name for example in command.examples)
        assert command.examples


def test_a_position_is_shown_whole(context: Context) -> None:
    text = said(context, "position p1", 160)
    parts = [
        "PROTECTING",
        "covered",
        "stop",
        "desired",
        "armed",
        "he1p1b1",
        "filled",
        "fees",
        "PnL",
        "bracket",
    ]
    for part in parts:
        assert part in text, part


def test_a_position_is_shown_whose_average_price_has_no_end(context: Context) -> None:
    one = seen(context.source, PositionId("p1"))
    life = one.life
    entry, *others = life.position.orders
    facts = replace(entry.facts, cost=Decimal(100), filled=Decimal(3))
    position = replace(life.position, orders=(replace(entry, facts=facts), *others))
    view = view_of(replace(one, life=replace(life, position=position)))
    assert "33.33333333" in shown(view, 160)


def test_the_ledger_adds_up(context: Context) -> None:
    data = json.loads(said(context, "ledger", as_json=True))
    (usdt,) = [one for one in data["accounts"] if one["currency"] == "USDT"]
    parts = sum(float(usdt[name]) for name in ("free", "reserved", "invested"))
    assert parts == pytest.approx(float(usdt["total"]))
    assert data["totals"]["open_positions"] == 3


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("tre", "no command tre: did you mean tree"),
        ("pos p1", "no command pos: did you mean position"),
        ("foo", "no command foo; help lists them all"),
        ("tap nobody", "nobody lives at nobody"),
        ("tap *:TriggerFird", r"no message TriggerFird: did you mean TriggerFired\?"),
        ("state nobody", "nobody lives at nobody"),
        ("state p9", "no position p9 lives now; of one that is over: position p9"),
        ("state gardian", "did you mean guardian"),
        ("position p9", "no position p9 lives now; living: p1, p2, p3"),
        ("market DOGE", "DOGE is not traded here; known are BTC/USDT"),
        ("top colour", "top colour is not known; usage: top"),
        ("tree --all", r"there is no option --all; usage: tree"),
        ("orders opn", r"orders opn is not known: did you mean open\?; usage: orders"),
        ("log", "ACTOR is missing; usage: log"),
        ("log p1 -n none", "a whole number above 0 is wanted"),
        ("ledger now", "now is too much; usage: ledger"),
        ("close p1", "start inspect with --operate"),
        ('send "p1', "No closing quotation"),
    ],
)
def test_what_is_typed_wrong_is_told_with_what_would_be_right(
    context: Context, line: str, why: str
) -> None:
    with pytest.raises(InspectError, match=why):
        said(context, line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "protect p1 stop_los=2%",
            r"did you mean stop_loss\? It becomes ChangeProtection\(take_profit_ratio: Decimal",
        ),
        ("protect p1", "say what to change"),
        ("protect p1 stop_loss=120%", "below 100 % is wanted"),
        ("protect p1 stop_loss=two", "two: a number is wanted"),
        ("switch p1 stop", "did you mean stop_loss"),
        ("open btc 0", "an amount above 0 is wanted"),
        ("send p1 OrderUpdated {}", "a fact is told by its source only"),
        ('send p1 ChangeProtection {"size": 1}', r"has no size: ChangeProtection\("),
        ("send p1 ChangeProtection {size}", "not a JSON object"),
        ("close al", "al is not traded here; known are BTC/USDT; or name a position such as p3"),
        ("close all without-core", "without-core ends one position at a time, such as p3"),
        ("close p1 without", "did you mean without-core"),
        ("close p9", "no position p9 lives now"),
        ("restart portfolio", "shares the dispatcher's thread"),
    ],
)
def test_what_an_operator_types_wrong_changes_nothing(
    scene: Scene, context: Context, line: str, why: str
) -> None:
    context, shown = operating(context)
    with pytest.raises(InspectError, match=why):
        said(context, line)
    scene.settle()
    assert not shown
    assert not scene.records


def test_what_an_operator_does_not_confirm_is_not_done(scene: Scene, context: Context) -> None:
    context, shown = operating(context, sure=False)
    assert said(context, "halt") == "not done\n"
    scene.settle()
    assert len(shown) == 1
    assert not scene.records


def test_protect_changes_the_plan_and_the_stop(scene: Scene, context: Context) -> None:
    context, _ = operating(context)
    said(context, "protect p1 stop_loss=3% take_profit=0.05")
    scene.settle()
    plan = json.loads(said(context, "position p1", as_json=True))["charter"]["plan"]
    assert (plan["stop_loss_ratio"], plan["take_profit_ratio"]) == ("0.03", "0.05")


def test_close_ends_the_position(scene: Scene, context: Context) -> None:
    context, _ = operating(context)
    said(context, "close p2")
    scene.settle()
    assert "position/p2" not in scene.system.mailboxes


def test_open_buys_with_the_sessions_plan_and_what_differs(scene: Scene, context: Context) -> None:
    settings = {"plan": {"take_profit_ratio": "0.03", "stop_loss_ratio": "0.02"}}
    assert "settings" in SessionRecord.__struct_fields__
    (scene.folder / "session.json").write_text(json.dumps({"settings": settings}))
    context, _ = operating(context)
    said(context, "open btc 100 take_profit=1%")
    scene.settle()
    charter = json.loads(said(context, "position p4", as_json=True))["charter"]
    assert charter["plan"]["take_profit_ratio"] == "0.01"
    assert charter["plan"]["stop_loss_ratio"] == "0.02"
    assert charter["decision"] == "by hand: a test"


def test_a_suspension_warns_of_what_nothing_would_sell(context: Context) -> None:
    context, shown = operating(context)
    said(context, "suspend market_data --for 5")
    assert "NOTHING sells 3 positions" in str(shown[0].data)
    said(context, "suspend strategy --for 5")
    assert "NOTHING" not in str(shown[1].data)


def test_halt_goes_through_with_its_reason(scene: Scene, context: Context) -> None:
    context, _ = operating(context)
    said(context, "halt")
    scene.settle()
    assert Halt(reason="a test") in [record.message for record in scene.records]
    assert "guardian" in said(context, "log guardian")


def test_a_tap_shows_as_many_as_were_asked_for(scene: Scene, context: Context) -> None:
    views = run(context, "tap order_router --limit 2")
    assert not isinstance(views, View)
    scene.brackets._open(4)
    shown = [message for view in views for message in view.data["messages"]]  # type: ignore[index]
    assert len(shown) == 2
    assert {one["to"] for one in shown} == {"order_router"}
    assert "process" not in vars(scene.system.mailboxes["order_router"].actor)  # type: ignore[index]


def test_completion_knows_commands_actors_symbols_messages_and_positions(context: Context) -> None:
    assert {"tree", "help", "close"} <= set(completions(context, []))
    assert "position/p1" in completions(context, ["state"])
    assert "BTC/USDT" in completions(context, ["market"])
    assert "p3" in completions(context, ["position"])
    assert "*:OrderUpdated" in completions(context, ["tap"])
    assert "ClosePosition" in completions(context, ["send", "p1"])
    assert "--limit" in completions(context, ["tap", "*"])
    assert "all" in completions(context, ["orders"])
    assert {"p1", "BTC/USDT", "all"} <= set(completions(context, ["close"]))
    assert list(completions(context, ["close", "p1"])) == ["without-core"]
    assert list(completions(context, ["nonsense"])) == []
    assert "-core" not in completions(context, ["close", "p1"])


def test_lines_are_run_each_and_a_wrong_one_makes_the_exit_code(context: Context) -> None:
    out, err = io.StringIO(), io.StringIO()
    code = run_all(
        context,
        iter(["ledger --json", "", "foo", "tree"]),
        new_console(out),
        new_console(err),
        as_json=False,
    )
    assert code == 1
    assert json.loads(out.getvalue().splitlines()[0])["accounts"]
    assert "there is no command foo" in err.getvalue()
    assert "order_router" in out.getvalue()


def test_ctrl_c_at_the_question_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_text: str, **_more: object) -> bool:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", interrupted)
    assert not _says_yes(new_console(io.StringIO()))


def test_as_data_each_line_has_its_answer_or_its_error(context: Context) -> None:
    out = io.StringIO()
    lines = iter(["ledger", "foo", "book"])
    assert run_all(context, lines, new_console(out), new_console(io.StringIO()), as_json=True) == 1
    ledger, wrong, book = (json.loads(line) for line in out.getvalue().splitlines())
    assert "accounts" in ledger
    assert "no command foo" in wrong["error"]
    assert isinstance(book, list)


def test_what_keeps_nothing_says_why(context: Context) -> None:
    assert "none of its steps has changed anything yet" in said(context, "state guardian")
    assert "it keeps nothing on record" in said(context, "state market_data")
    assert "every message reached somebody" in said(context, "deadletters")
    assert said(context, "log zzz").startswith("no step concerns zzz\n")


def test_help_tells_of_one_command_with_examples() -> None:
    assert find("tap").examples[0] in str(help_on(["tap"]).shown)
