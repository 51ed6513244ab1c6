"""How wide output is: a terminal's width, ``COLUMNS``, or none at all for a pipe."""

import io

import pytest
from rich.table import Table

from commands.check import check
from inspection.view import View, print_view, table
from session.announcements import SessionConsole
from session.options import Options
from terminal.console import new_console

LONG = " ".join(["word"] * 100)


def piped(monkeypatch: pytest.MonkeyPatch, columns: str | None) -> io.StringIO:
    if columns is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", columns)
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    return out


def test_what_is_piped_is_not_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    out = piped(monkeypatch, None)
    new_console().print(LONG)
    SessionConsole().print(LONG)
    wide = Table("a", "b")
    wide.add_row(LONG, LONG)
    new_console().print(wide)
    assert out.getvalue().splitlines()[:2] == [LONG, LONG]
    assert any(line.count(LONG) == 2 for line in out.getvalue().splitlines())
    assert not [line for line in out.getvalue().splitlines() if len(line) > 3 * len(LONG)]


def test_a_piped_table_of_inspect_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    out = piped(monkeypatch, None)
    print_view(
        View(table(("one", "two"), [(LONG, LONG)], "none"), None), new_console(), as_json=False
    )
    assert f"{LONG}  {LONG}\n" in out.getvalue()


def test_columns_sets_a_width_for_a_pipe_too(monkeypatch: pytest.MonkeyPatch) -> None:
    out = piped(monkeypatch, "40")
    new_console().print(LONG)
    assert max(map(len, out.getvalue().splitlines())) <= 40


def test_check_says_its_answer_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    out = piped(monkeypatch, None)
    check(Options())
    assert out.getvalue().count("\n") == 1
