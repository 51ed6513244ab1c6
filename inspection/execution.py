"""One typed line, run: its views are printed as they come, as text or as JSON."""

from collections.abc import Iterator

from rich.console import Console

from inspection.command import Context
from inspection.commands import run
from inspection.view import View, print_view

_JSON = "--json"


def run_line(context: Context, line: str, out: Console, *, as_json: bool = False) -> None:
    """Run a line that is not empty, and print its answer. Raises ``InspectError``."""
    text, wants_json = _json_wanted(line)
    if not text:
        return
    for view in _views(context, text):
        print_view(view, out, as_json=as_json or wants_json)


def _views(context: Context, line: str) -> Iterator[View]:
    answers = run(context, line)
    if isinstance(answers, View):
        yield answers
    else:
        yield from answers


def _json_wanted(line: str) -> tuple[str, bool]:
    """Return the line without ``--json`` at its end, and whether it was there."""
    text = line.strip()
    return (text.removesuffix(_JSON).strip(), True) if text.endswith(_JSON) else (text, False)
