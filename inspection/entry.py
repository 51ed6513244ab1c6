"""``inspect`` as it is started: which session, one command or a prompt, and the exit code.

Owns the way in. The prompt itself is its own module's; without a terminal the commands come from
``-c`` or from the input, a line each.
"""

import sys
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import typer
from rich.console import Console

from inspection.command import Context, Operating
from inspection.errors import InspectError, NoJournalError, NoSessionError, NotRunningError
from inspection.execution import run_line
from inspection.recorded import facts_of, recorded
from inspection.recorded_source import Past
from inspection.session_lookup import attach
from inspection.source import LiveSource, Source
from inspection.view import View, print_view
from messages.border import printable
from session.account import STATE
from terminal.console import new_console
from terminal.errors import UsageError
from terminal.words import date_and_time

EXIT_FAILED = 1


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How ``inspect`` was started."""

    session: Path | None = None
    commands: tuple[str, ...] = ()
    """Of ``-c``; empty: a prompt, or the lines of the input."""
    as_json: bool = False
    operate: bool = False
    reason: str = ""
    """Why something is done; empty: asked for at a terminal."""
    is_sure: bool = False
    """What will happen is shown, and not asked about."""


def inspect(asked: Asked) -> int:
    """Look into a session; return the exit code.

    Raises:
        UsageError: there is no such session, or a reason is missing.
    """
    try:
        source, others = open_session(asked.session)
    except InspectError as error:
        raise UsageError(str(error)) from None
    out, err = new_console(), new_console(sys.stderr)
    try:
        if others:
            also = ", ".join(str(folder) for folder in others)
            err.print(f"attached to {source.folder}; also running: {also} (--session DIR)")
        context = Context(source=source, operating=_operating(asked, err), width=out.width)
        if asked.commands or asked.as_json or not _is_terminal():
            return run_all(context, _lines(asked), out, err, as_json=asked.as_json)
        return _prompt(context, out)
    finally:
        source.close()


def open_session(folder: Path | None) -> tuple[Source, list[Path]]:
    """Attach to a session, or open the journal of one that is over; return others that run too.

    Raises ``InspectError``.
    """
    try:
        connection, others = attach(folder)
    except NotRunningError:
        if folder is None:
            raise
        return Past(recorded(folder)), []
    return LiveSource(connection), others


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _prompt(context: Context, out: Console) -> int:
    """Let a person type; the journal of a running session is read meanwhile. Return 0."""
    from inspection.prompt import Prompt, history_path  # noqa: PLC0415 - only at a terminal

    source = context.source
    facts = facts_of(source.folder)
    state = "runs" if source.is_live else f"is over, {facts.ended_at or 'without an end'}"
    at = date_and_time(source.about().at)
    out.print(f"{source.folder} {state}; {facts.mode or 'a session'}, {at}. Try tree, why, help.")
    if source.is_live:
        with suppress(InspectError):  # what needs its journal says why there is none
            context.follow().start()
    history = history_path(Path(facts.journal).parent if facts.journal else STATE)
    try:
        prompt = Prompt(context, out, history, operates=context.operating is not None)
    except OSError as error:
        raise UsageError(f"{history} can't be written: {error.strerror}") from None
    try:
        prompt.run()
    finally:
        if context.following is not None:
            context.following.close()
    return 0


def run_all(
    context: Context, lines: Iterator[str], out: Console, err: Console, *, as_json: bool
) -> int:
    """Run each line; return 0, or the code of a line that failed: the others are run all the same.

    A session that has gone ends it.
    """
    exit_code = 0
    for line in lines:
        try:
            run_line(context, line, out, as_json=as_json)
        except InspectError as error:
            err.print(f"error: {printable(error)}")
            if as_json:
                print_view(View("", {"error": str(error)}), out, as_json=True)
            exit_code = EXIT_FAILED
            if isinstance(error, NoSessionError) and not isinstance(error, NoJournalError):
                break  # it has gone: nothing more is answered
    return exit_code


def _lines(asked: Asked) -> Iterator[str]:
    if asked.commands:
        yield from asked.commands
    else:
        yield from (line.strip() for line in sys.stdin)


def _operating(asked: Asked, err: Console) -> Operating | None:
    """Return what lets commands do something. Raises ``UsageError`` where no reason is given."""
    if not asked.operate:
        return None
    is_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    reason = asked.reason.strip()
    if not reason and is_terminal:
        try:
            reason = typer.prompt("why (written into the journal)", err=True).strip()
        except typer.Abort:  # Ctrl-C: there is no reason
            err.print()
    if not reason:
        raise UsageError("--operate needs --reason TEXT: it is written into the journal")

    def confirm(view: View) -> bool:
        err.print(view.shown)
        if asked.is_sure:
            return True
        return is_terminal and _says_yes(err)

    return Operating(reason, confirm, lambda: uuid.uuid4().hex)


def _says_yes(err: Console) -> bool:
    """Ask a person; Ctrl-C and Ctrl-D mean no."""
    try:
        return typer.confirm("do it?", default=False, err=True)
    except typer.Abort:
        err.print()
        return False
