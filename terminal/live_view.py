"""The live view of a session: a full screen of the terminal, drawn anew from each picture.

Owns the terminal while it runs and gives it back as it was. Reads nothing but the picture it is
given, so that a slow terminal delays no actor.
"""

from collections.abc import Callable, Iterable
from itertools import zip_longest
from types import TracebackType
from typing import Self

import msgspec
from rich.console import Console, ConsoleOptions
from rich.live import Live
from rich.segment import Segment

from messages.session import SessionPicture
from terminal.frame import event_lines, footer_line, header_lines, tip_line
from terminal.header import SessionHeader
from terminal.keys import Keys
from terminal.positions import position_lines
from terminal.table import Line
from terminal.tables import (
    capital_lines,
    closed_lines,
    count_lines,
    mailbox_lines,
    watch_lines,
)

_TWO_PANELS_FROM, _THREE_PANELS_FROM = 78, 140
"""Widths from which closed positions, then counts, stand beside the watchlist."""
MAILBOXES_KEY = "m"
"""Shows mailboxes in the place of the closed positions, and these again."""
_HALF = 47
"""Cells of the watchlist beside one other panel."""
_FEW_EVENTS = 5
"""Events come before empty space only up to here."""
_LEAST_ROWS = (4, 1, 2, 1)
"""Of positions, capital, panels and events: what a low terminal leaves of each."""

_PLAIN = str.maketrans("─┼●◄►…×·–", "-+o<>~x--")
"""What a terminal without Unicode shows instead."""


Panel = Callable[[SessionPicture, int, int], list[Line]]
"""Draws itself in a width and so many rows."""


class Frame(msgspec.Struct, frozen=True):
    """One drawn screen: lines that rich prints as they are."""

    lines: tuple[Line, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        """Yield the lines, one under the other."""
        for line in self.lines:
            for text, style, _ in line:
                yield Segment(text.translate(_PLAIN) if options.ascii_only else text, style)
            yield Segment.line()


class LiveView:
    """Shows pictures on a terminal, as a context or between ``start`` and ``stop``."""

    def __init__(self, console: Console, header: SessionHeader) -> None:
        """Prepare to show the session that ``header`` names on ``console``."""
        self._console = console
        self._header = header
        self._keys = Keys()
        self._shows_mailboxes = False
        # The screen beside the scrollback: it follows a resize, and what stood before comes back.
        self._live = Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Take the terminal."""
        self._keys.start()
        self._live.start()

    def stop(self) -> None:
        """Give the terminal back as it was; from any thread, and as often as you like."""
        self._live.stop()
        self._keys.stop()

    def __enter__(self) -> Self:
        """Take the terminal."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back, also where an exception leaves."""
        self.stop()

    def update(self, picture: SessionPicture) -> None:
        """Show ``picture`` in the terminal's size of now."""
        width, height = self._console.size
        if self._keys.pressed().count(MAILBOXES_KEY) % 2:
            self._shows_mailboxes = not self._shows_mailboxes
        frame = draw(self._header, picture, width, height, shows_mailboxes=self._shows_mailboxes)
        self._live.update(frame, refresh=True)


def draw(
    header: SessionHeader,
    picture: SessionPicture,
    width: int,
    height: int,
    *,
    shows_mailboxes: bool = False,
) -> Frame:
    """Return the picture as a screen of ``height`` lines of at most ``width`` cells."""
    top = header_lines(header, picture, width)
    beside = mailbox_lines if shows_mailboxes else closed_lines
    shown = [*top, *_body(picture, width, height - 1 - len(top), beside)][: max(0, height - 1)]
    free: list[Line] = [[] for _ in range(height - 1 - len(shown))]
    if free:
        free[-1] = tip_line(header, width)
    return Frame((*shown, *free, footer_line(header, width)))


def _body(picture: SessionPicture, width: int, room: int, beside: Panel) -> list[Line]:
    """Return the tables; of the room that they do not need a line is left, for a tip."""
    wishes = (
        max(1, len(picture.positions)),
        len(picture.capital),
        max(1, len(picture.watchlist), len(picture.actors) if beside is mailbox_lines else 0),
        min(_FEW_EVENTS, max(1, len(picture.events))),
    )
    room -= len(wishes)  # the headings
    positions, capital, panels, events = _shares(wishes, room)
    spare = room - positions - capital - panels - events - 1
    air: list[Line] = [[]] if spare >= len(wishes) else []
    more_events = max(0, spare - len(wishes) * len(air))
    return [
        *air,
        *position_lines(picture, width, positions),
        *air,
        *capital_lines(picture, width, capital),
        *air,
        *_panel_lines(picture, width, panels, beside),
        *air,
        *event_lines(picture, width, events + more_events),
    ]


def _shares(wishes: tuple[int, ...], room: int) -> list[int]:
    """Return the rows that each table gets: who has most beyond its least gives first."""
    shares = [min(wish, max(least, room)) for wish, least in zip(wishes, _LEAST_ROWS, strict=True)]
    while sum(shares) > room:
        most = max(reversed(range(len(shares))), key=lambda at: shares[at] - _LEAST_ROWS[at])
        if shares[most] <= _LEAST_ROWS[most]:
            break
        shares[most] -= 1
    return shares


def _panel_lines(picture: SessionPicture, width: int, rows: int, beside: Panel) -> list[Line]:
    """Return the watchlist and, where the terminal is wide, a panel and counts beside it."""
    panels = [
        [Segment.adjust_line_length(line, size) for line in panel(picture, size, rows)]
        for panel, size in _panels(width, beside)
    ]
    blanks = [[Segment(" " * size)] for _, size in _panels(width, beside)]
    return [
        [segment for part, blank in zip(parts, blanks, strict=True) for segment in part or blank]
        for parts in zip_longest(*panels)
    ]


def _panels(width: int, beside: Panel) -> list[tuple[Panel, int]]:
    """Return the panels that stand beside each other, and their widths."""
    if width < _TWO_PANELS_FROM:
        return [(watch_lines, width)]
    if width < _THREE_PANELS_FROM:
        return [(watch_lines, _HALF), (beside, width - _HALF)]
    return [(watch_lines, 62), (beside, 56), (count_lines, width - 118)]
