"""The prompt, typed at through a pipe: completion, history, Ctrl-C, Ctrl-D, a session that dies."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output import DummyOutput
from rich.console import Console

from inspection.command import Context
from inspection.entry import open_session
from inspection.errors import NoJournalError, NoSessionError
from inspection.prompt import Prompt, Words
from inspection.recorded_source import Past
from messages.base import Address
from messages.inspection import TreeRead
from tests.inspection.recording import write_session
from tests.inspection.test_attached import Running
from tests.inspection.test_recorded_source import Filmed

CTRL_C, CTRL_D, ENTER, UP = "\x03", "\x04", "\r", "\x1b[A"


class Dying(Running):
    """Its process dies at the first question."""

    def tree(self) -> TreeRead:
        raise NoSessionError("the session has gone")


class Unwritten(Running):
    """It runs, but its journal was put aside."""

    def tree(self) -> TreeRead:
        raise NoJournalError("no journal of it is there")


@pytest.fixture(scope="module")
def filmed() -> Filmed:
    one = Filmed(4)
    one.play()
    return one


@pytest.fixture(scope="module")
def folder(filmed: Filmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_session(tmp_path_factory.mktemp("session"), filmed.written)


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


def typed(keys: PipeInput, context: Context, history: Path, text: str) -> str:
    """Type; return what was printed until the person left."""
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False, markup=False)
    prompt = Prompt(context, console, history, operates=False)
    keys.send_text(text + CTRL_D)
    prompt.run()
    return out.getvalue()


@pytest.fixture
def context(folder: Path) -> Context:
    source, _ = open_session(folder)
    return Context(source=source)


def test_lines_are_run_and_errors_told_until_ctrl_d(
    keys: PipeInput, context: Context, tmp_path: Path
) -> None:
    said = typed(keys, context, tmp_path / "h", f"ledger{ENTER}tre{ENTER}why p1{ENTER}")
    assert "free + reserved + invested = total" in said
    assert "there is no command tre: did you mean tree?" in said
    assert "how it came" in said


def test_ctrl_c_cancels_the_line_and_not_the_prompt(
    keys: PipeInput, context: Context, tmp_path: Path
) -> None:
    said = typed(keys, context, tmp_path / "h", f"nonsense{CTRL_C}ledger{ENTER}")
    assert "nonsense" not in said
    assert "by symbol" in said


def test_what_was_typed_comes_back_next_time_and_is_for_its_owner_alone(
    keys: PipeInput, context: Context, tmp_path: Path
) -> None:
    history = tmp_path / "state" / "inspect_history"
    typed(keys, context, history, f"at 12{ENTER}at now{ENTER}")
    assert history.stat().st_mode & 0o777 == 0o600
    typed(keys, context, history, f"{UP}{UP}{ENTER}")
    assert isinstance(context.source, Past)
    assert context.source.sequence == 12


def test_a_history_that_can_not_be_written_ends_no_prompt(
    keys: PipeInput, context: Context, tmp_path: Path
) -> None:
    history = tmp_path / "state" / "inspect_history"
    out = io.StringIO()
    prompt = Prompt(context, Console(file=out, width=80), history, operates=False)
    history.unlink()
    history.parent.rmdir()
    keys.send_text(f"ledger{ENTER}{CTRL_D}")
    prompt.run()
    assert "by symbol" in out.getvalue()
    assert not history.exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("his", "history"),
        ("why p", "p1"),
        ("why bt", "BTC/USDT"),
        ("history por", "portfolio"),
        ("at n", "now"),
        ("diagram p1 m", "mermaid"),
        ("help dia", "diagram"),
        ("send portfolio Halt", "Halt"),
        ("send guardian Halt ", '{"reason": ""}'),
        ("tap *:OrderU", "*:OrderUpdated"),
        ("protect p1 st", "stop_loss="),
    ],
)
def test_tab_knows_what_may_come(context: Context, line: str, expected: str) -> None:
    found = Words(context).get_completions(Document(line), CompleteEvent())
    assert expected in [one.text for one in found]


def test_a_session_that_dies_is_told_plainly_and_its_journal_answers(
    keys: PipeInput, filmed: Filmed, folder: Path, tmp_path: Path
) -> None:
    dying = Dying(folder, filmed, 1)
    context = Context(source=dying)
    said = typed(keys, context, tmp_path / "h", f"tree{ENTER}tree{ENTER}why p1{ENTER}")
    assert "error: the session has gone" in said
    last = filmed.written[-1].sequence
    assert f"from here on its journal answers: record {last:,} is the last durable one" in said
    assert Address("order_router") in said
    assert "how it came" in said
    assert dying.is_closed
    assert isinstance(context.source, Past)


def test_completion_says_nothing_where_nobody_answers(filmed: Filmed, folder: Path) -> None:
    context = Context(source=Dying(folder, filmed, 1))
    assert not list(Words(context).get_completions(Document("state p"), CompleteEvent()))


def test_a_running_session_is_not_left_for_a_journal_that_can_not_be_read(
    keys: PipeInput, filmed: Filmed, folder: Path, tmp_path: Path
) -> None:
    running = Unwritten(folder, filmed, 1)
    context = Context(source=running)
    said = typed(keys, context, tmp_path / "h", f"tree{ENTER}ledger{ENTER}")
    assert "error: no journal of it is there" in said
    assert "by symbol" in said
    assert context.source is running
    assert not running.is_closed
