"""What a person types: the command it names, and one line with what would be right."""

import pytest

from commands.app import app
from commands.arguments import OTHER_WORDS, with_command
from terminal.errors import UsageError
from tests.system.running import run_python

COMMANDS = [command.name or "" for command in app.registered_commands]


@pytest.mark.parametrize("arguments", [[], ["--headless"], ["--set", "paper.seed=2"]])
def test_without_a_command_a_session_runs(arguments: list[str]) -> None:
    assert with_command(arguments, COMMANDS) == ["run", *arguments]


@pytest.mark.parametrize("word", [*COMMANDS, "-h", "--help", "--version"])
def test_a_command_and_the_programs_own_options_stay_first(word: str) -> None:
    assert with_command([word, "x"], COMMANDS) == [word, "x"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("backtest", "replay"),
        ("Backtest", "replay"),
        ("rply", "replay"),
        ("replays", "replay"),
        ("inspct", "inspect"),
        ("live", "run --mode live"),
        ("trade", "run"),
        ("bactest", "replay"),
    ],
)
def test_an_unknown_command_gets_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UsageError, match=rf"no command '{typed}'; did you mean {meant}\?"):
        with_command([typed], COMMANDS)


def test_a_word_that_is_near_nothing_gets_the_list() -> None:
    with pytest.raises(UsageError, match=r"'zzz'; there are .*doctor.*verify"):
        with_command(["zzz"], COMMANDS)


def test_every_other_word_leads_to_a_command_that_is_there() -> None:

    assert {words.split()[0] for words in OTHER_WORDS.values()} <= {*COMMANDS, "--help"}
    assert not set(OTHER_WORDS) & set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["backtest"],
        ["--nope"],
        ["run", "--speed", "abc"],
        ["run", "extra"],
        ["replay"],
        ["inspect", "-c"],
        ["download", "--exchange", "binance"],
        ["--mode", "live", "--exchange", "binance", "--speed", "60"],
        ["--mode", "dry-run", "--exchange", "binance", "--seed", "2"],
        ["check", "--set", "nothing=1"],
    ],
    ids=" ".join,
)
def test_every_mistake_of_the_command_line_is_told_in_one_style(arguments: list[str]) -> None:
    finished = run_python("supervisor.py", *arguments)
    assert finished.exit_code == 2
    assert finished.stdout == ""
    assert finished.stderr.startswith("error: ")
    assert "Usage:" not in finished.stderr


def test_the_list_of_commands_cuts_no_sentence() -> None:
    finished = run_python("supervisor.py", "-h")
    assert finished.exit_code == 0
    listed = finished.stdout.partition("Commands:")[2].partition("Examples:")[0]
    for name in COMMANDS:
        assert f"  {name} " in listed
    assert "..." not in listed
