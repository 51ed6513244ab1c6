"""What the notes in and beside an account's folder have a start do.

An account whose journal was taken away under its last session is refused: a start would find
nothing, or an older copy, and trade on as if new. A backup is refused: it must stay as it is. A
restored journal is told of once: until something was recorded after the restore.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from actors.journal.inspection import Found, JournalLostError, find
from actors.journal.notes import (
    BACKUP_NOTE,
    RESTORED_NOTE,
    Restored,
    TakenAway,
    outer_taken_path,
    read_note,
    taken_path,
    write_note,
)
from actors.journal.port import CustodyError
from actors.journal.store import FileJournal
from config.packages import program
from terminal.errors import UsageError


def check_not_taken(folder: Path) -> None:
    """Refuse an account whose journal is missing; before a lease would make a folder for it.

    Raises:
        UsageError: the journal is not there, or an older one is.
    """
    note = _read(folder)
    if note is None or _is_back(folder, note):
        return
    raise UsageError(
        f"the journal of {folder} was taken away under its last session: {note.problem}. It ended "
        f"at record {note.sequence} and lay at {note.place}. Put it back, or restore a backup "
        "(docs/backup.md); --fresh begins anew without it"
    )


def forget_taken(folder: Path) -> None:
    """Remove the note: the journal is back, or was given up. Raises ``OSError``."""
    for path in (taken_path(folder), outer_taken_path(folder)):
        path.unlink(missing_ok=True)


def note_taken(folder: Path, journal: FileJournal, error: CustodyError | None) -> None:
    """Write the note that the journal is not in its place; None: it is, remove the note."""
    with suppress(OSError):
        if error is None:
            forget_taken(folder)
            return
        note = TakenAway(
            problem=error.problem,
            place=journal.place,
            sequence=journal.durable,
            head=journal.head,
        )
        is_alone = folder.parent.is_dir()  # else the folder around it is gone, too
        write_note(taken_path(folder) if is_alone else outer_taken_path(folder), note)


def _read(folder: Path) -> TakenAway | None:
    inner, outer = taken_path(folder), outer_taken_path(folder)
    path = inner if inner.exists() else outer
    try:
        return read_note(path, TakenAway)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path} can't be read: {error}. It says that a session's journal was taken away: look "
            "for it, then remove this file"
        ) from None


def _is_back(folder: Path, note: TakenAway) -> bool:
    """Tell whether the journal there has all that the last session wrote."""
    try:
        found = find(folder)
    except (JournalLostError, OSError):
        return False
    if found is None or found.losses or found.snapshot.sequence < note.sequence:
        return False
    return found.snapshot.sequence > note.sequence or found.head.hex() == note.head


def check_no_backup(folder: Path) -> None:
    """Refuse to trade in a backup. Raises ``UsageError``."""
    if (folder / BACKUP_NOTE).exists():
        raise UsageError(
            f"{folder} is a backup, and a session would change it: put it in place with "
            f"{program()} restore {folder}"
        )


def take_restored(folder: Path, found: Found | None, epoch: int) -> Restored | None:
    """Return that a backup was restored and nothing was recorded since; an older note is renamed.

    Raises:
        UsageError: the note can't be read, or the restore was cut short.
        OSError: the note can't be renamed.
    """
    path = folder / RESTORED_NOTE
    try:
        note = read_note(path, Restored)
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} can't be read: {error}; restore the backup again") from None
    if note is None:
        return None
    end = 0 if found is None else found.snapshot.sequence
    if end < note.sequence:
        raise UsageError(
            f"a restore into {folder} was cut short: it holds {end} of {note.sequence} records; "
            "restore the backup again, with --replace"
        )
    if end > note.sequence:
        path.replace(folder / f"restored-{epoch}.json")
        return None
    return note
