"""Writes what ``why`` and ``diagram`` say of each fixed session: ``python -m
tests.inspection.goldens``. Look at the difference before it is committed."""

import io
from pathlib import Path

from rich.console import Console, RenderableType

from inspection.arguments import id_of
from inspection.diagram import arrows, as_mermaid, as_text
from inspection.narrative import tell
from inspection.why import story_view
from tests.inspection.fates import FATES, play

FOLDER = Path(__file__).parent / "golden"
WIDTH = 100
DRAWN = ("by_hand", "unheard", "recovered")
"""Of these the diagram is kept too."""


def said(name: str) -> str:
    """Return what ``why`` says of a fixed session's position."""
    records, address = play(name)
    by_sequence = {record.sequence: record for record in records}
    return _printed(story_view(tell(records, address, by_sequence.get)).shown)


def drawn(name: str) -> str:
    """Return what ``diagram`` draws of a fixed session's position: as text, and for Mermaid."""
    records, address = play(name)
    found = list(arrows(records, id_of(address)))
    return f"{_printed(as_text(found))}\n{as_mermaid(found)}\n"


def _printed(shown: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=WIDTH, highlight=False, markup=False).print(shown)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for one in FATES:
        (FOLDER / f"why_{one}.txt").write_text(said(one), encoding="utf-8")
    for one in DRAWN:
        (FOLDER / f"diagram_{one}.txt").write_text(drawn(one), encoding="utf-8")
