"""The screens in docs/screens, drawn from ``tests.commands.pictures``; and a market that moves.

python -m tests.commands.screens            write docs/screens
python -m tests.commands.screens --play     play in this terminal until Ctrl-C
"""

import io
import sys
import time
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console

from commands.view import LiveView, draw
from messages.base import Timestamp
from messages.session import PositionRow, SessionPicture
from tests.commands.pictures import HEADER, beginning, busy
from tests.sources import ROOT

FOLDER = ROOT / "docs" / "screens"
FRAME_SECONDS = 0.25
SIZES = {80: 30, 100: 36, 160: 44}
"""Height by width."""


def text_screen(picture: SessionPicture, width: int, height: int) -> str:
    """Return the screen without colours, no line with blanks at its end."""
    console = Console(width=width, file=io.StringIO(), color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(draw(HEADER, picture, width, height), end="")
    return "".join(line.rstrip() + "\n" for line in capture.get().splitlines())


def text_screens() -> dict[Path, str]:
    """Return the text of every text file in docs/screens."""
    screens = {FOLDER / f"session-{w}.txt": text_screen(busy(), w, h) for w, h in SIZES.items()}
    return {**screens, FOLDER / "first-80.txt": text_screen(beginning(), 80, 24)}


def write() -> None:
    """Write all screens; the picture of the readme in colours too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in text_screens().items():
        path.write_text(text, encoding="utf-8")
    width = 100
    console = Console(
        width=width, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(draw(HEADER, busy(), width, SIZES[width]), end="")
    console.save_svg(str(FOLDER / "session.svg"), title="python supervisor.py", unique_id="session")


def play() -> None:
    """Show a session whose prices go up and down, as long as nobody stops it."""
    started = time.monotonic()
    with LiveView(Console(), HEADER) as view:
        while True:
            view.update(_moved(busy(), time.monotonic() - started))
            time.sleep(FRAME_SECONDS)


def _moved(picture: SessionPicture, seconds: float) -> SessionPicture:
    swing = abs(seconds % 8 - 4) / 4  # 1 down to 0 and up again
    positions = tuple(_at(row, swing) for row in picture.positions)
    at = Timestamp(picture.at + round(seconds * 1000))
    return replace(picture, at=at, positions=positions)


def _at(row: PositionRow, swing: float) -> PositionRow:
    if row.stop is None or row.target is None:
        return row
    low, high = float(row.stop), float(row.target)
    return replace(row, last=low + (high - low) * (swing * 1.1 - 0.05))


if __name__ == "__main__":
    if "--play" in sys.argv:
        try:
            play()
        except KeyboardInterrupt:
            sys.exit(130)
    else:
        write()
