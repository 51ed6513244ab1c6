"""What a person types about an account as a whole: ``backup``, ``restore``, ``adopt``, ``own``.

Owns the options; what they do is in the modules they import when used.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from commands.explaining import explaining
from commands.shared_options import Reason, SeenSession, StateDir, Yes


def add_to(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("backup", short_help="Copy an account's journal, also while it runs.")
    def backup(
        to: Annotated[
            Path, typer.Argument(metavar="DIR", help="A new folder: the account's goes into it.")
        ],
        account: Annotated[
            str | None, typer.Option(help="The account's folder; default: the only one there is.")
        ] = None,
        state_dir: StateDir = None,
    ) -> None:
        """Copy an account's journal as of one moment, also while a session writes it.

        Example: python supervisor.py backup backups/2026-01-31
        """
        from commands.backup import backup as copy  # noqa: PLC0415 - as above
        from session.account import STATE  # noqa: PLC0415 - each command is imported when used

        with explaining():
            copy(state_dir or STATE, account, to)

    @app.command("restore", short_help="Put a backup in the place of a journal.")
    def restore(
        backup: Annotated[Path, typer.Argument(metavar="DIR", help="What backup wrote.")],
        replace: Annotated[  # noqa: FBT002 - a flag, typed by name
            bool, typer.Option("--replace", help="Put aside the journal that the account has.")
        ] = False,
        state_dir: StateDir = None,
    ) -> None:
        """Put a backup in its account's place. The next start looks at the venue first.

        Example: python supervisor.py restore backups/2026-01-31
        """
        from commands.restore import restore as put_back  # noqa: PLC0415 - as above
        from session.account import STATE  # noqa: PLC0415 - each command is imported when used

        with explaining():
            put_back(backup, state_dir or STATE, replaces=replace)

    @app.command("adopt", short_help="Say that an epoch's process is dead: its orders are ours.")
    def adopt(
        epoch: Annotated[str, typer.Option(metavar="EPOCH", help="As the alarm names it.")],
        reason: Reason = "",
        session: SeenSession = None,
        yes: Yes = False,  # noqa: FBT002 - a flag, typed by name
    ) -> None:
        """Tell the running session that the process of an epoch is dead: its orders are ours.

        The session then looks at the exchange twice, and waits for the longest life of a request.

        Example: python supervisor.py adopt --epoch kvlnyjx3 --reason "the old machine is off"
        """
        look_into(session, [f"adopt {epoch}"], operate=True, reason=reason, is_sure=yes)

    @app.command("own", short_help="Say that a contested position is this session's alone.")
    def own(
        position: Annotated[str, typer.Option(metavar="POSITION", help="As the alarm names it.")],
        reason: Reason = "",
        session: SeenSession = None,
        yes: Yes = False,  # noqa: FBT002 - a flag, typed by name
    ) -> None:
        """Tell the running session that no other process holds a position any more.

        It is protected and sold as any other then. resume lifts the hold of a twin.

        Example: python supervisor.py own --position p3 --reason "the other one is stopped"
        """
        look_into(session, [f"own {position}"], operate=True, reason=reason, is_sure=yes)


def look_into(
    session: Path | None,
    commands: Iterable[str],
    *,
    operate: bool,
    reason: str,
    is_sure: bool,
    as_json: bool = False,
) -> NoReturn:
    """Do the commands of ``inspect`` in a session, or ask for them at a prompt; then exit."""
    from inspection.entry import Asked  # noqa: PLC0415 - imported when used
    from inspection.entry import inspect as look  # noqa: PLC0415 - as above

    asked = Asked(
        session=session,
        commands=tuple(commands),
        as_json=as_json,
        operate=operate,
        reason=reason,
        is_sure=is_sure,
    )
    with explaining():
        code = look(asked)
    raise typer.Exit(code)
