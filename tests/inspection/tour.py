"""Writes what the tour in docs/inspection.md shows: ``python -m tests.inspection.tour``.

A fenced block that begins with ``> why p2`` holds what that command answers about the session that
ships with the repository; blocks follow each other as typed at one prompt.
"""

import io
import re

from rich.console import Console

from inspection.command import Context
from inspection.entry import open_session
from inspection.execution import run_line
from tests.data.record_session import FOLDER
from verification.sources import ROOT

PAGE = ROOT / "docs" / "inspection.md"
SCREEN = ROOT / "docs" / "screens" / "inspect.svg"
BLOCK = re.compile(r"```text\n> (?P<line>[^\n]+)\n(?P<said>.*?)```", re.DOTALL)
WIDTH = 100


def context() -> Context:
    """Return a look into the session that ships."""
    source, _ = open_session(FOLDER)
    return Context(source=source, width=WIDTH)


def said(at: Context, line: str) -> str:
    """Return what a line answers."""
    out = io.StringIO()
    run_line(at, line, Console(file=out, width=WIDTH, highlight=False, markup=False))
    return "".join(f"{text.rstrip()}\n" for text in out.getvalue().splitlines())


def page() -> str:
    """Return the page with every block as it is answered now."""
    at = context()
    text = PAGE.read_text(encoding="utf-8")
    return BLOCK.sub(lambda b: f"```text\n> {b['line']}\n{said(at, b['line'])}```", text)


def write() -> None:
    """Write the page and the readme's screen."""
    PAGE.write_text(page(), encoding="utf-8")
    console = Console(
        width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    run_line(context(), "why p2", console)
    console.save_svg(str(SCREEN), title='inspect --session tests/data/session -c "why p2"')


if __name__ == "__main__":
    write()
