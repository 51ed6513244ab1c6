"""The words after ``python supervisor.py``: the command they name, and one line a mistake."""

import difflib
from collections.abc import Iterable

from config.packages import program
from terminal.errors import UsageError

DEFAULT_COMMAND = "run"
HELP_OPTIONS = ("-h", "--help")
_OF_THE_PROGRAM = frozenset(
    {*HELP_OPTIONS, "--version", "--install-completion", "--show-completion"}
)

OTHER_WORDS = {
    "backtest": "replay",
    "backtesting": "replay",
    "simulate": "replay",
    "dryrun": "run --mode dry-run",
    "dry-run": "run --mode dry-run",
    "live": "run --mode live",
    "paper": "run",
    "sandbox": "run --mode sandbox",
    "start": "run",
    "trade": "run",
    "config": "check",
    "validate": "check",
    "test": "doctor",
    "ping": "doctor",
    "download-data": "download",
    "fetch": "download",
    "attach": "inspect",
    "repl": "inspect",
    "shell": "inspect",
    "show": "inspect",
    "status": "inspect -c tree",
    "top": "inspect -c top",
    "why": "inspect -c why",
    "help": "--help",
}
"""What other programs call it: freqtrade, hummingbot, or a trader's first guess."""


def with_command(arguments: list[str], commands: Iterable[str]) -> list[str]:
    """Return the arguments with the command ``run`` where none is named.

    Raises:
        UsageError: the first word is no command; names the nearest.

    """
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in _OF_THE_PROGRAM):
        return [DEFAULT_COMMAND, *arguments]
    word, known = arguments[0], sorted(commands)
    if word in known or word in _OF_THE_PROGRAM:
        return arguments
    nearest = _nearest(word, known)
    meant = f"did you mean {nearest}?" if nearest else f"there are {', '.join(known)}"
    raise UsageError(f"there is no command {word!r}; {meant}")


def _nearest(word: str, commands: list[str]) -> str | None:
    word = word.lower()
    if word in OTHER_WORDS:
        return OTHER_WORDS[word]
    close = difflib.get_close_matches(word, [*commands, *OTHER_WORDS], n=1)
    return OTHER_WORDS.get(close[0], close[0]) if close else None


def parse_problem(error: Exception) -> str | None:
    """Return what the parser refuses as one line, and where help is; None: no error of the parser.

    The parser's own classes are private to typer, so an error is known by what it can do.
    """
    format_message = getattr(error, "format_message", None)
    if format_message is None:
        return None
    text = str(format_message()).rstrip(".")
    context = getattr(error, "ctx", None)
    command = "" if context is None or context.parent is None else f" {context.info_name}"
    return f"{text[:1].lower()}{text[1:]}; {program()}{command} --help lists the options"
