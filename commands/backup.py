"""``backup``: a copy of an account's journal, whole and as of one moment, also while it is written.

A segment's own file never changes while it is written to, and its log only grows; so what is opened
after the anchor holds every record that the anchor names. All files are open before the first is
copied: what a session removes meanwhile is copied all the same. Changes nothing.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from actors.journal.anchor import Anchor, AnchorFile
from actors.journal.files import DISK, Content
from actors.journal.inspection import ANCHOR, Found, JournalLostError, find
from actors.journal.notes import BACKUP_NOTE, Backup, write_note
from actors.journal.segment import log_path, segment_numbers, segment_path
from actors.plain_files import new_file
from config.packages import program, version
from messages.base import Timestamp
from session.account import named_account
from terminal.console import new_console
from terminal.errors import RunFailedError, UsageError

_TRIES = 5
"""A session that begins or ends meanwhile may change a file under the copy: then once more."""
_PIECE_BYTES = 1_000_000
_OWNER_ONLY = 0o600
_ALSO = ("epoch", "stuck*.json", "restored-*.json")


class _UnlikeError(Exception):
    """The copy is not the journal as it was at one moment."""


def backup(state_dir: Path, account: str | None, to: Path) -> None:
    """Copy an account's journal into a new folder of its name in ``to``; print what it holds.

    Raises:
        UsageError: there is no such account, or ``to`` can't be written or holds it already.
        RunFailedError: the journal is not whole.
    """
    folder = named_account(state_dir, account)
    place = to / folder.name
    if os.path.lexists(place):
        raise UsageError(f"{place} is there already: name a new folder for each backup")
    beside = to / f".{folder.name}.partial"
    try:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = _copy(folder, beside)
        _check_free(place)
        beside.rename(place)
        DISK.sync_folder(to)
    except OSError as error:
        raise UsageError(f"{to} can't be written: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    count = len(segment_numbers(place))
    console = new_console(soft_wrap=True)
    ending = "" if count == 1 else "s"
    console.print(f"{place}: up to record {found.snapshot.sequence}, {count} segment{ending}")
    console.print(f"  check it: {program()} verify --state-dir {to} {folder.name}")
    for aside in sorted(folder.glob("before-*")):
        console.print(f"  {aside} is not in it: it was put aside by --fresh")


def _check_free(place: Path) -> None:
    if os.path.lexists(place):
        raise UsageError(f"{place} was made meanwhile: name a new folder for each backup")


def _copy(folder: Path, to: Path) -> Found:
    """Copy until the copy is whole. Raises ``OSError``, ``RunFailedError``."""
    for again in range(_TRIES):
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(mode=0o700)
        try:
            return _copy_once(folder, to)
        except (_UnlikeError, FileNotFoundError, JournalLostError) as error:
            if again == _TRIES - 1:
                raise RunFailedError(f"the journal in {folder} is not whole: {error}") from None
    raise AssertionError("the last try returns or raises")


def _copy_once(folder: Path, to: Path) -> Found:
    hashes = {}
    with ExitStack() as held:
        opened = [
            (path.name, held.enter_context(closing(DISK.look(path)))) for path in _files(folder)
        ]
        for name, content in opened:
            hashes[name] = _write(to / name, content)
    found = find(to)
    if found is None or found.losses:
        raise _UnlikeError("; ".join(found.losses) if found else "it holds no segment")
    AnchorFile(to / ANCHOR, Anchor(found.snapshot.sequence, found.head)).close()
    hashes[ANCHOR] = hash_of(to / ANCHOR)
    note = Backup(
        version=version(),
        account=folder.name,
        backed_up_at=Timestamp(time.time_ns() // 1_000_000),
        sequence=found.snapshot.sequence,
        head=found.head.hex(),
        files=hashes,
    )
    write_note(to / BACKUP_NOTE, note)
    DISK.sync_folder(to)
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Yield what is copied, in the order in which it is opened.

    The anchor first: all that it names is in the segments then. A segment's log before its file: a
    session that ends copies the one into the other, and removes it.
    """
    yield folder / ANCHOR
    for number in segment_numbers(folder):
        path = segment_path(folder, number)
        log = log_path(path)
        if log.exists():
            yield log
        yield path
    for pattern in _ALSO:
        yield from sorted(folder.glob(pattern))


def copy_file(path: Path, to: Path) -> str:
    """Copy a file, whole and durable; return its hash. Raises ``OSError``."""
    with closing(DISK.look(path)) as content:
        return _write(to, content)


def hash_of(path: Path) -> str:
    """Return the hash of a file as a backup's note has it. Raises ``OSError``."""
    with closing(DISK.look(path)) as content:
        return _hashed(content, lambda _: None)


def _write(path: Path, content: Content) -> str:
    with os.fdopen(new_file(path, _OWNER_ONLY), "wb") as file:
        digest = _hashed(content, file.write)
        file.flush()
        os.fsync(file.fileno())
    return digest


def _hashed(content: Content, take: Callable[[bytes], object]) -> str:
    """Give a file's pieces to ``take``, as long as it was when it was opened; return its hash."""
    digest = hashlib.blake2b(digest_size=32)
    at = 0
    while at < content.size and (piece := content.read(min(_PIECE_BYTES, content.size - at), at)):
        digest.update(piece)
        take(piece)
        at += len(piece)
    return digest.hexdigest()
