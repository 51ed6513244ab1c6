"""Writes what ``why`` and ``diagram`` say of each fixed session: ``python -m
tests.commands.inspect.goldens``. Look at the difference before it is committed."""

import io
from pathlib import Path

from rich.console import Console

from commands.inspect.story import tell
from commands.inspect.why import story_view
from tests.commands.inspect.fates import FATES, play

FOLDER = Path(__file__).parent / "golden"
WIDTH = 100


def said(name: str) -> str:
    """Return what ``why`` says of a fixed session's position."""
    records, address = play(name)
    by_sequence = {record.sequence: record for record in records}
    view = story_view(tell(records, address, by_sequence.get))
    out = io.StringIO()
    Console(file=out, width=WIDTH, highlight=False, markup=False).print(view.shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in FATES:
        (FOLDER / f"why_{one}.txt").write_text(said(one), encoding="utf-8")
