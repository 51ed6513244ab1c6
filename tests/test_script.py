"""The console script ``holdfast``: the same program, and a clash of modules is named."""

import sys
import tomllib
from pathlib import Path

import pytest
import typer

from commands.app import app, as_it_was_typed
from config.packages import CHECKOUT, SCRIPT, program
from holdfast_trading import NAMES, clash
from tests.system.running import run_python
from verification.sources import LAYERS, ROOT

START = "import sys; sys.path[:0] = {folders!r}; from holdfast_trading import main; main()"


def started(*arguments: str, first: Path | None = None) -> tuple[int, str, str]:
    """Start the script's function; ``first`` is where Python looks before the checkout."""
    folders = [str(folder) for folder in (first, ROOT) if folder is not None]
    return run_python("-c", START.format(folders=folders), *arguments)


def test_the_script_is_what_pyproject_names_and_knows_every_name_at_the_top() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert said["project"]["scripts"] == {SCRIPT: "holdfast_trading:main"}
    assert set(NAMES) == set(LAYERS)
    packages = {
        name.rstrip("*") for name in said["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert packages | {"supervisor"} == set(NAMES)


def test_it_runs_the_program() -> None:
    code, said, problems = started("check")
    assert (code, problems) == (0, "")
    assert "config" in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_package", [False, True], ids=["module", "package"])
def test_another_ones_module_of_the_same_name_is_named(
    name: str, tmp_path: Path, *, is_package: bool
) -> None:
    file = tmp_path / (f"{name}/__init__.py" if is_package else f"{name}.py")
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('it was imported')\n", encoding="utf-8")
    code, said, problems = started("check", first=tmp_path)
    assert (code, said) == (2, "")
    assert problems.startswith(f"error: the module {name!r} comes from {file}, not from Holdfast (")
    assert problems.count("\n") == 1


def test_a_module_that_is_missing_is_named() -> None:
    problem = clash(ROOT, ("supervisor", "no_such_room"))
    assert problem is not None
    assert "'no_such_room' is missing" in problem


@pytest.mark.parametrize(
    ("typed", "named"),
    [("/usr/bin/holdfast", SCRIPT), ("supervisor.py", CHECKOUT), ("holdfast.exe", SCRIPT)],
)
def test_help_names_the_program_as_it_was_typed(
    monkeypatch: pytest.MonkeyPatch, typed: str, named: str
) -> None:
    monkeypatch.setattr(sys, "argv", [typed])
    assert program() == named
    whole = as_it_was_typed(typer.main.get_command(app))
    texts = [whole.epilog, *(one.help for one in whole.commands.values())]
    other = CHECKOUT if named == SCRIPT else f"{SCRIPT} "
    assert any(named in text for text in texts)
    assert not any(other in text for text in texts)
