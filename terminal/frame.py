"""What stands around the tables: whose money and which market, warnings, events, how to stop."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from config.packages import program
from messages.portfolio import TradingState
from messages.session import EventLine, SessionPicture
from terminal.header import SessionHeader
from terminal.table import ALARM, BAD, BOLD, DIM, GOOD, HEADING, WARNING, Line, note
from terminal.words import count, date_and_time, fit, fit_end, joined, time_of_day

STALE_WARNING = 5
"""From so many stale markets on, the view warns."""

_NAME = " HOLDFAST "
_NAME_STYLE = BOLD + Style(reverse=True)
_STATE_NOTES = {
    TradingState.REDUCING: "no new entries; exits and protection go on",
    TradingState.HALTED: "no new entries, working ones canceled; what is held stays protected",
}
_EVENT_STYLES = {"alarm": ALARM, "warning": WARNING}
_EVENT_MARKS = {"alarm": "ALARM", "warning": "warning"}
_STOP_LONG = "Ctrl-C stops, protections stay at the venue; again: at once; m: actors"
_STOP_SHORT = "Ctrl-C stops (again: at once) m:actors"
_LONG_FROM = 120
"""From this width on the footer says it all."""


def header_lines(header: SessionHeader, picture: SessionPicture, width: int) -> list[Line]:
    """Return whose money, which market and what time it is there; then what to worry about."""
    state = picture.trading_state
    told = f"trading {state.value.upper()} "
    room = max(0, width - len(_NAME) - len(told))
    session = [
        header.mode,
        header.market,
        *([f"seed {header.seed}"] if header.is_embedded else []),
        "real time" if header.speed == 1 else f"speed ×{header.speed:g}",
    ]
    first = [
        Segment(_NAME, _NAME_STYLE),
        Segment(fit(" " + joined(session, room - 1, " · "), room), BOLD),
        Segment(told, BOLD + (GOOD if state is TradingState.ACTIVE else BAD)),
    ]
    return [first, _second_line(picture, width), *_warnings(picture, width)]


def _second_line(picture: SessionPicture, width: int) -> Line:
    alarms, errors = sum(picture.open_alarms.values()), sum(picture.errors.values())
    refused = count(sum(picture.refusals.values()), "entry refused", "entries refused")
    trouble = [count(alarms, "ALARM")] * bool(alarms) + [count(errors, "ERROR")] * bool(errors)
    trades = f"{count(picture.trades, 'trade')}, {picture.wins:,} won"
    if picture.account_trades > picture.trades:
        trades += f" (account {picture.account_trades:,}, {picture.account_wins:,} won)"
    line = [Segment(f" {date_and_time(picture.at)} UTC   ")]
    room = width - line[0].cell_length
    if trouble:
        line.append(Segment(", ".join(trouble) + "   ", ALARM))
        room -= line[1].cell_length
    return [*line, Segment(joined([trades, refused], room, "   "))]


def _warnings(picture: SessionPicture, width: int) -> list[Line]:
    warnings = []
    if (meaning := _STATE_NOTES.get(picture.trading_state)) is not None:
        warnings.append(f"{picture.trading_state.value.upper()}: {meaning}")
    stale = sum(row.is_stale for row in picture.watchlist)
    if stale >= STALE_WARNING:
        of = f"{stale} of {len(picture.watchlist)} markets are stale"
        warnings.append(f"WARNING: {of}; stops in this process can't act there")
    return [[Segment(fit(f" {warning}", width), ALARM)] for warning in warnings]


def event_lines(picture: SessionPicture, width: int, rows: int) -> list[Line]:
    """Return the last events, the newest last."""
    heading = [Segment(fit(" last events", width), HEADING)]
    events: Sequence[EventLine] = picture.events[-rows:] if rows else ()
    if not picture.events:
        return [heading, note("nothing happened yet")]
    return [heading, *(_event(event, width) for event in events)]


def _event(event: EventLine, width: int) -> Line:
    mark = _EVENT_MARKS.get(event.level, "")
    text = fit(f" {time_of_day(event.at)}  {mark:<7}  {event.text}", width)
    return [Segment(text, _EVENT_STYLES.get(event.level))]


def footer_line(header: SessionHeader, width: int) -> Line:
    """Return how to stop, and where the files are."""
    stop = _STOP_LONG if width >= _LONG_FROM else _STOP_SHORT
    room = width - len(f" {stop}   files: ") - 1
    text = f" {stop}   files: {fit_end(str(header.session_dir), room)}"
    return [Segment(fit(text, width), Style(reverse=True))]


def tip_line(header: SessionHeader, width: int) -> Line:
    """Return what to try next."""
    tries = ["inspect", "--help"]
    if header.is_embedded:
        tries = [f"--fresh --seed {header.seed + 1}", "--speed 1", "check", "replay FILE", *tries]
    return [
        Segment(
            joined([f" try next: {program()} {tries[0]}", *tries[1:]], width, "  or  "),
            DIM,
        )
    ]
