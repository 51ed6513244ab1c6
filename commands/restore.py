"""``restore``: put a backup in the place of an account's journal, and mark it as restored.

What happened at the venue after the backup is not in its journal, so the next start treats it as
one that may be behind its venue. Owns the order of the steps: a restore that is cut short is found
by the next start, which refuses it.
"""

import os
import time
from contextlib import closing
from pathlib import Path

import msgspec

from actors.journal.holder import Holder
from actors.journal.inspection import ANCHOR, JournalLostError, find
from actors.journal.lease import EPOCH, AccountInUseError, EpochLostError, Lease
from actors.journal.notes import BACKUP_NOTE, RESTORED_NOTE, Backup, Restored, read_note, write_note
from actors.plain_files import read_plain
from commands.backup import copy_file, hash_of
from messages.base import Timestamp
from session.account import is_account, unusable, utc
from session.account_notes import forget_taken
from session.fresh_start import new_aside, put_aside
from terminal.console import new_console
from terminal.errors import UsageError


def restore(backup: Path, state_dir: Path, *, replaces: bool) -> None:
    """Copy a backup into its account's folder; print what it holds.

    Raises:
        UsageError: it is no whole backup, the account is in use, or it has a journal that is not to
            be replaced.
    """
    place, note = _look(backup)
    _check(place, note)
    folder = state_dir / note.account
    now = Timestamp(time.time_ns() // 1_000_000)
    if is_account(folder) and not replaces:
        raise UsageError(
            f"{folder} holds a journal: --replace puts it aside, in a folder of its own, first"
        )
    try:
        holder = Holder(pid=os.getpid(), since=now, session="a restore")
        with closing(Lease(folder, holder)) as lease:
            aside = new_aside(folder, lease.epoch)
            is_aside = put_aside(folder, aside)
            restored = Restored(
                backed_up_at=note.backed_up_at,
                restored_at=now,
                sequence=note.sequence,
                head=note.head,
            )
            write_note(folder / RESTORED_NOTE, restored)
            for name in sorted(note.files, key=lambda name: name == ANCHOR):  # the anchor last
                if name == EPOCH:
                    lease.count_from(read_plain(place / name))
                else:
                    copy_file(place / name, folder / name)
            lease.files.sync_folder(folder)
            forget_taken(folder)
    except (AccountInUseError, EpochLostError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise unusable(folder, error) from None
    _tell(folder, note, aside if is_aside else None)


def _tell(folder: Path, note: Backup, aside: Path | None) -> None:
    at = utc(note.backed_up_at)
    console = new_console(soft_wrap=True)
    console.print(f"{folder}: restored to record {note.sequence}, as it was at {at}")
    if aside is not None:
        console.print(f"  what it held is in {aside}")
    console.print(
        "  the next start looks at the venue first: what happened there since then is not in this "
        "journal"
    )


def _look(backup: Path) -> tuple[Path, Backup]:
    """Return the folder of the backup and its note: it is ``backup``, or the only one in it."""
    places = [backup, *sorted(path.parent for path in backup.glob(f"*/{BACKUP_NOTE}"))]
    found = [place for place in places if (place / BACKUP_NOTE).is_file()]
    if not found:
        raise UsageError(f"{backup} holds no backup: name the folder that backup wrote")
    if len(found) > 1:
        raise UsageError(f"name one of the backups: {', '.join(map(str, found))}")
    path = found[0] / BACKUP_NOTE
    try:
        note = read_note(path, Backup)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from None
    if note is None or Path(note.account).name != note.account:
        raise UsageError(f"{path} names no account")
    return found[0], note


def _check(place: Path, note: Backup) -> None:
    """Look whether the backup's files are as its note says. Raises ``UsageError``."""
    for name, digest in note.files.items():
        if Path(name).name != name:
            raise UsageError(f"{place / BACKUP_NOTE} names a file outside of the backup: {name}")
        try:
            found_digest = hash_of(place / name)
        except OSError as error:
            raise UsageError(f"{place / name} can't be read: {error.strerror}") from None
        if found_digest != digest:
            raise UsageError(f"{place / name} is not as it was written: use another backup")
    try:
        found = find(place)
    except JournalLostError as error:
        raise UsageError(f"{place} holds no journal: {error}") from None
    is_it = found is not None and (found.snapshot.sequence, found.head.hex(), found.losses) == (
        note.sequence,
        note.head,
        (),
    )
    if not is_it:
        raise UsageError(f"{place} is not the backup that its note tells of: use another one")
