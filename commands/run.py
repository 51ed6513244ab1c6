"""``run``: a session, on the embedded market or where ``Stand`` says, until somebody stops it.

Owns the order of a session: read the settings, open the files, say where things are, start, watch,
stop, and say what came of it.
"""

from functools import partial
from pathlib import Path

import msgspec
from loguru import logger

from actors.runtime.clock import WallClock
from actors.runtime.stacks import all_stacks
from actors.runtime.supervision import StartError
from actors.strategy.actor import StrategySource
from config.settings import Settings
from messages.addresses import STRATEGY_RUNNER
from messages.base import Timestamp
from session.account import PAPER, Account, account_folder
from session.account_name import AccountName
from session.announcements import (
    EMBEDDED_AFTERWARDS,
    SessionConsole,
    first_screen,
    heartbeat,
    last_screen,
)
from session.artifacts import SessionFiles
from session.folders import session_folder
from session.fresh_start import ask_to_give_up
from session.logs import (
    LOG_NAME,
    faults_of_threads_logged,
    log_for_people,
    log_times_of,
    log_to,
    stop_logging_for_people,
)
from session.options import Options, read_config, session_strategy
from session.paper import Ended, MakeWiring, Session, check_market, paper_wiring
from session.process import end_within
from session.signals import Stopping
from session.time_scaling import Deadline
from session.wiring import StartTree
from terminal.errors import RunFailedError
from terminal.header import EMBEDDED, SessionHeader
from terminal.spool import Spool
from terminal.streams import on_output_gone, output_is_ready

TIME_IS_UP = "its time is up"
OUTPUT_CLOSED = "its output was closed"
_CLOSING_SECONDS = 10.0
"""Beyond what a graceful stop may take: for files, the exchange's connection, the screen."""
_HEARTBEAT_SECONDS = 60.0
"""Between two lines that say how a session without a view stands; real time."""
_LATE = "it did not end in time and is ended now; start it again, it recovers"
_LOG_SECONDS = 2.0
"""How long the end waits for a log whose disk takes nothing."""


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """What a session trades on."""

    mode: str
    """As typed: in the name of the session's folder."""
    kind: str
    """Mode and exchange: in the name of the account's folder."""
    money: str
    """Whose: ``paper money``."""
    market: str
    """Where prices come from."""
    afterwards: str
    """What becomes of what stays open."""
    is_real_money: bool = False
    """What is open is not given up without a word: see ``fresh_start``."""
    speed: float = 1.0
    name: AccountName | None = None
    """The account, but for its tag; None: on the embedded market."""
    make_wiring: MakeWiring = paper_wiring


def run(start: StartTree, options: Options) -> None:
    """Trade on paper until told to stop; leave the session's files and print its summary.

    Raises:
        UsageError: the config, an option or the session's folder can't be used.
        RunFailedError: it did not start or end as it should, or skipped a message.
        StopAtOnceError: a second signal came.

    """
    settings = read_config(options)
    check_market(settings)
    stand = Stand(
        mode="paper",
        kind=PAPER,
        money="paper money",
        market=EMBEDDED,
        afterwards=EMBEDDED_AFTERWARDS,
        speed=settings.paper.speed,
    )
    with session_strategy(options, settings) as strategy:
        trade(start, options, settings, strategy, stand)


def trade(
    start: StartTree,
    options: Options,
    settings: Settings,
    strategy: StrategySource,
    stand: Stand,
) -> None:
    """Trade on ``stand`` until told to stop; raises as ``run`` does."""
    folder = session_folder(options.session_dir, stand.mode, settings.session.keep)
    place = account_folder(options.state_dir, settings.account.tag, stand.kind)
    name = msgspec.structs.replace(
        stand.name or AccountName(seed=settings.paper.seed), tag=settings.account.tag
    )
    now = Timestamp(WallClock().now())
    console = SessionConsole()
    give_up = None
    if stand.is_real_money:
        give_up = partial(
            ask_to_give_up, account=place.name, given=options.abandon, say=console.say
        )
    account = Account(place, folder, now, is_fresh=options.fresh, name=name, give_up=give_up)
    header = SessionHeader(
        mode=stand.money,
        market=stand.market,
        seed=account.seed_of(settings),
        speed=stand.speed,
        session_dir=folder,
    )
    lines = log_to(folder, settings.logs)
    log = folder / LOG_NAME
    with (
        account,
        SessionFiles(header, settings) as files,
        Stopping(
            is_headless=options.headless, on_dump=lambda: files.add_stacks(all_stacks())
        ) as stopping,
        faults_of_threads_logged(),
    ):
        if not options.headless:
            on_output_gone(lambda: stopping.ask(OUTPUT_CLOSED))
        console.say(first_screen(header))
        beginning = account.told(settings)
        files.note_beginning(beginning)
        for line in beginning:
            console.say(f"  {line}")
            logger.info("{}", line.strip())
        try:
            session = Session(start, settings, strategy, header, files, account, stand.make_wiring)
            log_times_of(session.clock.now)
        except StartError as error:
            raise RunFailedError(f"{error}; more in {log}") from None
        reason = _watch(console, session, stopping, header, options)
        end_within(settings.session.stop_ms / 1000 + _CLOSING_SECONDS, why=f"error: {_LATE}")
        console.say(f"\nstopping: {reason}. Ctrl-C now ends it at once.")
        ended = session.stop()
        missing = account.missing() if ended.is_whole else []
        last_screen(console, ended, stand.afterwards)
        if not account.is_session_missing:  # what lies there now is not this session's
            files.end(ended.summary, reason)
            console.say(f"\nwritten to {folder}: trades.csv, equity.csv, summary.json, log.jsonl")
    if not lines.drain(_LOG_SECONDS) or lines.lost:
        console.say(f"  {log} is not complete: {lines.lost} lines lost{_why(lines)}")
    _check_end(ended, files, log, missing)


def _why(lines: Spool) -> str:
    return f"; {lines.problem.strerror}" if lines.problem else ""


def _check_end(ended: Ended, files: SessionFiles, log: Path, missing: list[str]) -> None:
    if not ended.is_whole:
        raise RunFailedError(f"it did not come to rest in time: {log} tells what hangs")
    if missing:
        raise RunFailedError("\n".join(missing))
    if ended.unrecorded:
        raise RunFailedError(f"the journal is not complete: {ended.unrecorded}")
    if files.unwritten:
        raise RunFailedError(f"the session's files are not complete: {'; '.join(files.unwritten)}")
    ours = sum(n for actor, n in ended.summary.errors.items() if actor != STRATEGY_RUNNER)
    if ours:  # what a strategy's own code does is no failure of the run
        raise RunFailedError(
            f"{ours} messages made an actor raise: a fault of Holdfast's, told in {log}"
        )


def _watch(
    console: SessionConsole,
    session: Session,
    stopping: Stopping,
    header: SessionHeader,
    options: Options,
) -> str:
    """Show the session until it is to stop; return why. A view that fails gives way to lines."""
    deadline = Deadline(options.duration_seconds)
    if console.is_terminal and not options.headless:
        try:
            return _watch_view(console, session, stopping, header, deadline)
        except Exception as error:  # noqa: BLE001 - what shows the trading must not end it
            logger.opt(exception=error).error("the live view failed: {}", error)
            console.say("the live view failed; the session goes on with plain lines")
    return _watch_lines(console, session, stopping, deadline)


def _watch_view(
    console: SessionConsole,
    session: Session,
    stopping: Stopping,
    header: SessionHeader,
    deadline: Deadline,
) -> str:
    from terminal.live_view import LiveView  # noqa: PLC0415 - only where it is shown

    with LiveView(console, header) as view:
        while True:
            # A stopped terminal takes no picture; when it goes on it gets the newest, whole.
            picture = session.look() if output_is_ready() else None
            if picture is not None:
                view.update(picture)
            reason = stopping.wait(deadline.within(session.view_seconds))
            if reason is not None or deadline.has_passed:
                return reason or TIME_IS_UP


def _watch_lines(
    console: SessionConsole, session: Session, stopping: Stopping, deadline: Deadline
) -> str:
    """Print log lines, and each minute of real time how the session stands; return why to stop."""
    handler = log_for_people(console.say_line)
    try:
        while True:
            reason = stopping.wait(deadline.within(_HEARTBEAT_SECONDS))
            if reason is not None or deadline.has_passed:
                return reason or TIME_IS_UP
            logger.info("{}", heartbeat(session.look()))
    finally:
        stop_logging_for_people(handler)
