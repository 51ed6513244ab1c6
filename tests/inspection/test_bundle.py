"""``dump`` and ``diagram``: what is handed on holds no secret, and all that was is drawn."""

import io
import json
import zipfile
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from actors.journal.port import Record
from inspection.arguments import id_of
from inspection.bundle import without_secrets
from inspection.command import Context
from inspection.commands import run
from inspection.diagram import arrows
from inspection.entry import open_session
from inspection.errors import InspectError
from inspection.view import View
from messages.addresses import OPERATOR, RECONCILER
from tests.inspection.fates import play
from tests.inspection.goldens import DRAWN, FOLDER, drawn
from tests.inspection.recording import write_session
from tests.inspection.test_recorded_source import Filmed

SECRET = "k3y-that-nobody-may-see"  # noqa: S105 - made up


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    filmed = Filmed(1)
    filmed.play()
    return write_session(tmp_path_factory.mktemp("session"), filmed.written)


@pytest.fixture
def context(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.chdir(tmp_path)
    source, _ = open_session(folder)
    return Context(source=source)


def from_the_first(records: list[Record]) -> list[Record]:
    """Return records numbered as if the journal began with them."""
    before = records[0].sequence - 1
    return [
        replace(r, sequence=r.sequence - before, id=(max(0, r.id[0] - before), r.id[1]))
        for r in records
    ]


def said(context: Context, line: str) -> View:
    view = run(context, line)
    assert isinstance(view, View)
    return view


def test_a_bundle_holds_what_helps_and_no_secret(context: Context, folder: Path) -> None:
    facts = json.loads((folder / "session.json").read_text())
    settings = {"exchange": {"apiKey": SECRET, "name": "x"}, "drop": {"budget": "200"}}
    (folder / "session.json").write_text(json.dumps(facts | {"settings": settings}))
    lines = [{"text": f"GET https://x.test/order?apiKey={SECRET}"}, {"text": "bought", "at_ms": 1}]
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    said(context, "dump here.zip")
    assert Path("here.zip").stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile("here.zip") as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(parts) == {"manifest.json", "tree.json", "states.json", "records.json",
                          "log.jsonl", "config.json"}  # fmt: skip
    assert not [name for name, text in parts.items() if SECRET in text]
    assert "bought" in parts["log.jsonl"]
    assert json.loads(parts["config.json"])["drop"] == {"budget": "200"}
    assert "portfolio" in json.loads(parts["states.json"])["actors"]
    assert json.loads(parts["records.json"])
    assert json.loads(parts["manifest.json"])["session"]["mode"] == "paper money"


def test_a_bundle_never_takes_the_place_of_a_file(context: Context) -> None:
    Path("mine.zip").write_text("mine")
    with pytest.raises(InspectError, match=r"mine\.zip is there already"):
        said(context, "dump mine.zip")
    with pytest.raises(InspectError, match="can't be written"):
        said(context, "dump no/such/folder.zip")
    assert Path("mine.zip").read_text() == "mine"


@pytest.mark.parametrize("name", ["secret", "api_key", "accessKey", "passphrase", "listen_token"])
def test_what_is_named_like_a_secret_is_cut_out_at_any_depth(name: str) -> None:
    data = {"a": [{"b": {name: SECRET}}], "text": f"{name}={SECRET} rest"}
    told = msgspec.json.encode(without_secrets(data)).decode()
    assert SECRET not in told
    assert "rest" in told


def test_a_diagram_draws_every_message_to_and_from_the_position() -> None:
    records, address = play("stop_after_a_race")
    drawn = list(arrows(records, id_of(address)))
    heard = [r.message for r in records if r.actor == address]
    assert [one.message for one in drawn if one.to == address] == heard
    kinds = [type(one.message).__name__ for one in drawn]
    for kind in ("TriggerFired", "CancelAtVenue", "OrderReported", "ArmTriggers", "SubmitOrder"):
        assert kind in kinds


@pytest.mark.parametrize("name", DRAWN)
def test_a_diagram_is_what_the_golden_text_shows(name: str) -> None:
    golden = (FOLDER / f"diagram_{name}.txt").read_text(encoding="utf-8")
    assert drawn(name) == golden, "if it is meant: python -m tests.inspection.goldens"


def test_a_diagram_of_a_session_draws_what_the_operator_and_the_reconciler_heard(
    tmp_path: Path,
) -> None:
    for name, lane, heard in (
        ("by_hand", OPERATOR, "OperatorCommand"),
        ("unheard", RECONCILER, "TradesReported"),
    ):
        records, address = play(name)
        source, _ = open_session(write_session(tmp_path / name, from_the_first(records)))
        data = said(Context(source=source), f"diagram {id_of(address)}").data
        assert isinstance(data, dict)
        assert f"participant {lane}\n" in data["mermaid"]
        assert f"->>{lane}: {heard}" in data["mermaid"]


def test_history_tells_which_command_was_given_and_why(tmp_path: Path) -> None:
    records, _ = play("by_hand")
    source, _ = open_session(write_session(tmp_path, from_the_first(records)))
    view = said(Context(source=source), "history operator")
    text = io.StringIO()
    Console(file=text, width=200).print(view.shown)
    command = "send ClosePosition cause=by_hand to p1: news of a hack"
    assert f"OperatorCommand from outside {command}" in text.getvalue()
    assert isinstance(view.data, list)
    assert view.data[0]["heard"]["reason"] == "news of a hack"


def test_a_diagram_can_be_pasted_into_mermaid(context: Context) -> None:
    data = said(context, "diagram p1 mermaid").data
    assert isinstance(data, dict)
    lines = data["mermaid"].splitlines()
    assert lines[0] == "sequenceDiagram"
    shapes = ("participant ", "Note over ")
    assert all(line.strip().startswith(shapes) or "->>" in line for line in lines[1:])
    assert not [line for line in lines if ";" in line or "#" in line]
    with pytest.raises(InspectError, match="did you mean mermaid"):
        said(context, "diagram p1 mermiad")
