"""What a session says on the terminal before and after it: where things are, and how it ended."""

from rich.console import Console

from actors.observers.rows import resting
from actors.position.coverage import is_stopped_at_venue
from actors.position.position import Life
from actors.position.price_levels import stop
from actors.position.states import State
from config.packages import version
from messages.money import ZERO, amount_text, money_text
from messages.session import SessionPicture
from session.paper import Ended
from session.screen import summary_table
from terminal.console import unwrap
from terminal.header import SessionHeader
from terminal.words import count

EMBEDDED_AFTERWARDS = "  The venue is embedded, its money paper: the next start goes on with both."


class SessionConsole(Console):
    """A console of a session: words as they are, on standard output."""

    def __init__(self) -> None:
        """Print to standard output, which is bounded while a session runs (``streams``)."""
        super().__init__(highlight=False, markup=False)
        unwrap(self)

    def say(self, text: str) -> None:
        """Print lines as they are, however wide."""
        self.print(text, soft_wrap=True)

    def say_line(self, line: str) -> None:
        """Print a line that has its end already: one of the log's."""
        self.file.write(line)


def title(header: SessionHeader) -> str:
    """Return what a session is, in one line."""
    head = f"Holdfast {version()} · {header.mode} · {header.market}"
    if not header.is_embedded:
        return head
    return f"{head} · seed {header.seed} · speed {header.speed:g}"


def first_screen(header: SessionHeader) -> str:
    """Return where the files are, how to stop, and what to try next."""
    lines = [
        title(header),
        f"  files  {header.session_dir}: log.jsonl, trades.csv, equity.csv",
        "  stop   Ctrl-C: protections stay at the venue, then a summary; twice: at once",
    ]
    if header.is_embedded:
        tries = f"--fresh --seed {header.seed + 1}, --set drop.drop_ratio=2%; more: --help"
        lines.append(f"  next   {tries}")
    return "\n".join(lines)


def heartbeat(picture: SessionPicture | None) -> str:
    """Return how a session stands in one line; None: it was too busy to say."""
    if picture is None:
        return "heartbeat: the actors are busy and gave no picture in time"
    parts = [f"{count(len(picture.positions), 'position')} open"]
    for row in picture.capital:
        today = f"realised today {amount_text(row.today, row.currency, signed=True)}"
        parts.append(f"equity {money_text(row.equity, row.currency)} ({today})")
    alarms = sum(picture.open_alarms.values())
    kinds = ", ".join(kind.replace("_", " ") for kind, n in picture.open_alarms.items() if n)
    parts.append(f"{count(alarms, 'alarm')} open" + (f": {kinds}" if kinds else ""))
    return f"heartbeat: {', '.join(parts)}"


def last_screen(console: SessionConsole, ended: Ended, afterwards: str) -> None:
    """Say what stays open and what protects it now, and what came of the session."""
    for line in open_lines(ended.living, afterwards):
        console.say(line)
    console.print(summary_table([ended.summary]))


def open_lines(living: tuple[Life, ...], afterwards: str = EMBEDDED_AFTERWARDS) -> list[str]:
    """Return a line for each position that stays open, and what that means."""
    if not living:
        return ["nothing stays open"]
    return [
        f"{len(living)} open, as they were left:",
        *(line for life in living for line in _left(life)),
        afterwards,
    ]


def _left(life: Life) -> list[str]:
    """Return how a position was left, and what protects it without this process."""
    head = f"  {life.position.position_id} {life.charter.symbol}"
    if life.position.state is not State.PROTECTING:
        head += f" {life.position.state.value}"
    if life.held <= ZERO:
        return [f"{head}: nothing is held"]
    at_venue = resting(life)
    rests = f"at the venue: {at_venue}" if at_venue else "nothing rests at the venue"
    lines = [f"{head}: {life.held:f} held; {rests}"]
    stop_now = stop(life)
    if stop_now is not None and not is_stopped_at_venue(life.position):
        lines.append(f"    its stop {stop_now[0]:f} was watched by this process, and ends with it")
    return lines
