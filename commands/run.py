"""``run``: a paper session on the embedded market, watched until somebody stops it.

Owns the order of a session: read the settings, open the files, say where things are, start, watch,
stop, and say what came of it.
"""

from loguru import logger

from actors.runtime.clock import WallClock
from actors.runtime.supervision import StartError
from commands.account import Account, account_folder
from commands.errors import RunFailedError
from commands.folders import session_folder
from commands.header import SessionHeader
from commands.logs import (
    faults_of_threads_logged,
    log_for_people,
    log_times_of,
    log_to,
    stop_logging_for_people,
)
from commands.options import Options, read_settings
from commands.session import Session, check_market
from commands.session_files import SessionFiles
from commands.stopping import Stopping
from commands.telling import SessionConsole, first_screen, last_screen
from commands.tempo import Deadline
from commands.tree import StartTree
from messages.addresses import STRATEGY_RUNNER
from messages.base import Timestamp

TIME_IS_UP = "its time is up"


def run(start: StartTree, options: Options) -> None:
    """Trade on paper until told to stop; leave the session's files and print its summary.

    Raises:
        UsageError: the config, an option or the session's folder can't be used.
        RunFailedError: it did not start or end as it should, or skipped a message.
        StopAtOnceError: a second signal came.

    """
    settings, make_strategy = read_settings(options)
    check_market(settings)
    folder = session_folder(options.session_dir, "paper", settings.session.keep)
    place = account_folder(options.state_dir, settings.account.tag)
    account = Account(place, folder, Timestamp(WallClock().now()), is_fresh=options.fresh)
    header = SessionHeader(
        mode="paper money",
        market="embedded market",
        seed=account.seed_of(settings),
        speed=settings.paper.speed,
        session_dir=folder,
    )
    console = SessionConsole()
    log = log_to(folder, settings.logs)
    with (
        account,
        SessionFiles(header, settings) as files,
        Stopping() as stopping,
        faults_of_threads_logged(),
    ):
        console.on_gone = lambda: stopping.ask("nobody reads the output any more")
        console.say(first_screen(header))
        for line in account.told(settings):
            console.say(f"  {line}")
        try:
            session = Session(start, settings, make_strategy, header, files, account)
            log_times_of(session.clock.now)
        except StartError as error:
            raise RunFailedError(f"{error}; more in {log}") from None
        reason = _watch(console, session, stopping, header, options)
        console.say(f"\nstopping: {reason}. Ctrl-C ends it at once.")
        ended = session.stop()
        files.end(ended.summary, reason)
        last_screen(console, ended, folder)
    if not ended.is_whole:
        raise RunFailedError(f"it did not come to rest in time: {log} tells what hangs")
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
    return _watch_lines(console, stopping, deadline)


def _watch_view(
    console: SessionConsole,
    session: Session,
    stopping: Stopping,
    header: SessionHeader,
    deadline: Deadline,
) -> str:
    from commands.view import LiveView  # noqa: PLC0415 - only where it is shown

    with LiveView(console, header) as view:
        while True:
            picture = session.look()
            if picture is not None:
                view.update(picture)
            reason = stopping.wait(deadline.within(session.view_seconds))
            if reason is not None or deadline.has_passed:
                return reason or TIME_IS_UP


def _watch_lines(console: SessionConsole, stopping: Stopping, deadline: Deadline) -> str:
    handler = log_for_people(console.say_line)
    try:
        return stopping.wait(deadline.seconds_left) or TIME_IS_UP
    finally:
        stop_logging_for_people(handler)
