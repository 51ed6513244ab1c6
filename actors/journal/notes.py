"""Notes for the next start of an account: what its records alone do not tell.

``NAME.taken.json`` lies beside the account's folder, or beside the one around it: at the end of its
last session the journal was not in its place. ``backup.json`` lies in a backup, which no session
writes. ``restored.json`` lies in an account that a backup was restored into: the venue may be ahead
of its journal.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

from actors.plain_files import read_plain, write_whole
from messages.base import Timestamp

BACKUP_NOTE = "backup.json"
RESTORED_NOTE = "restored.json"
_TAKEN_NOTE = ".taken.json"


class TakenAway(msgspec.Struct, frozen=True, kw_only=True):
    """The journal was not in its place when its session ended."""

    problem: str
    """For people."""
    place: str
    """Where the folder lay then, for people."""
    sequence: int
    """Of the last durable record."""
    head: str
    """The chain's there, hexadecimal."""


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    version: str
    """Of the program that made it."""
    account: str
    """The name of the account's folder."""
    backed_up_at: Timestamp
    """Real time."""
    sequence: int
    """Of the last record in it."""
    head: str
    """The chain's there, hexadecimal."""
    files: dict[str, str]
    """By name, the hash of each: blake2b, hexadecimal."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """The account goes on from a backup: its journal lacks what the venue did since then."""

    backed_up_at: Timestamp
    restored_at: Timestamp
    """Real time, both."""
    sequence: int
    """Of the last record of the backup."""
    head: str
    """The chain's there, hexadecimal."""


Note = TypeVar("Note", bound=msgspec.Struct)


def read_note(path: Path, kind: type[Note]) -> Note | None:
    """Return a note; None where there is none. Raises ``OSError``, ``msgspec.DecodeError``."""
    try:
        return msgspec.json.decode(read_plain(path), type=kind)
    except FileNotFoundError:
        return None


def write_note(path: Path, note: msgspec.Struct) -> None:
    """Write a note, whole or not at all. Raises ``OSError``."""
    write_whole(path, (msgspec.json.format(msgspec.json.encode(note), indent=2), b"\n"), 0o600)


def taken_path(folder: Path) -> Path:
    """Return where the note lies that the journal of an account's folder was taken away."""
    return folder.with_name(folder.name + _TAKEN_NOTE)


def outer_taken_path(folder: Path) -> Path:
    """Return where that note lies if the folder around the account's was taken away with it."""
    around = folder.absolute().parent
    return around.with_name(f"{around.name}-{folder.name}{_TAKEN_NOTE}")
