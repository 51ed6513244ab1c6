"""Which session is meant: the one that was named, or the newest that runs."""

from pathlib import Path

from actors.inspector.place import SOCKET_NAME
from config.packages import program
from inspection.client import Connection
from inspection.errors import NoSessionError, NotRunningError
from inspection.recorded import facts_of
from session.folders import SESSION_NAME, SESSIONS


def attach(folder: Path | None) -> tuple[Connection, list[Path]]:
    """Connect to a session; return also the others that run, where none was named.

    Raises:
        NoSessionError: there is none.
        NotRunningError: the named one is over.
    """
    if folder is not None:
        return _attach_to(folder), []
    running = sorted(SESSIONS.glob(f"*/{SOCKET_NAME}"), key=_born, reverse=True)
    found: Connection | None = None
    others = []
    for path in running:
        try:
            connection = Connection(path)
        except NoSessionError:
            continue  # its process died and left the socket
        if found is None:
            found = connection
        else:
            connection.close()
            others.append(path.parent)
    if found is None:
        raise NoSessionError(
            f"no session runs in {SESSIONS}/; {_last_one()}start one: {program()}; "
            "one with a --session-dir of its own: inspect --session DIR"
        )
    return found, others


def _attach_to(folder: Path) -> Connection:
    facts_of(folder)
    if not (folder / SOCKET_NAME).exists():
        raise NotRunningError(f"--session {folder}: this session does not run")
    try:
        return Connection(folder / SOCKET_NAME)
    except NoSessionError:
        raise NotRunningError(
            f"--session {folder}: this session does not run; its process died"
        ) from None


def _last_one() -> str:
    """Return how the newest session that is over is looked into."""
    over = sorted(SESSIONS.glob(f"*/{SESSION_NAME}"), key=_born)
    return f"look into the last one: inspect --session {over[-1].parent}, or " if over else ""


def _born(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
