"""The screens in docs/screens: drawn from ``tests.terminal.pictures``, and of a real session.

python -m tests.terminal.screens            write docs/screens
python -m tests.terminal.screens --play     play in this terminal until Ctrl-C
"""

import io
import sys
import time
from pathlib import Path

from loguru import logger
from msgspec.structs import replace
from rich.console import Console

import supervisor
from actors.journal.memory import MemoryJournal
from actors.observers.report import Report
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from actors.strategy.actor import strategy_of
from config.loading import load
from messages.addresses import OBSERVERS
from messages.base import Timestamp
from messages.session import PositionRow, ReadSession, SessionPicture
from session.paper import paper_wiring
from terminal.live_view import LiveView, draw
from tests.terminal.pictures import HEADER, beginning, busy
from verification.sources import ROOT

FOLDER = ROOT / "docs" / "screens"
FRAME_SECONDS = 0.25
BEGIN = Timestamp(1_800_000_000_000)
PLAYED_MINUTES = 62
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


def played_session() -> SessionPicture:
    """Return the picture of a real session, played on virtual time: what the readme shows."""
    logger.remove()
    settings = load(None, [f"paper.seed={HEADER.seed}"])
    clock, dispatcher = VirtualClock(BEGIN), SimulatedDispatcher()
    system = System(dispatcher, clock, MemoryJournal(keep=False))
    wiring = paper_wiring(settings, Report(settings.capital), strategy_of(settings), BEGIN)
    supervisor.start(system, replace(wiring, calls_strategy_directly=True, conflates_quotes=False))
    dispatcher.run_until_idle()
    end = Timestamp(BEGIN + PLAYED_MINUTES * 60_000)
    while clock.now() < end:
        clock.advance_to(Timestamp(clock.now() + 60_000), dispatcher.run_until_idle)
    picture = system.ask(OBSERVERS, ReadSession())
    assert isinstance(picture, SessionPicture)
    system.shutdown(1.0)
    return picture


def write() -> None:
    """Write all screens; that of the readme in colours."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in text_screens().items():
        path.write_text(text, encoding="utf-8")
    width = 100
    console = Console(
        width=width, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(draw(HEADER, played_session(), width, SIZES[width]), end="")
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
