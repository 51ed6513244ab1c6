"""Whether an exit left without a record, in memory that outlives the process, not the machine.

The journal can't say so: its disk may have been dead. A file in the shared memory of the system
says it, one for each account's folder: it lives through the death of a process, and is gone after a
boot. It is believed only where all of it fits: the boot, the account, the process that wrote the
journal last, and no record missing that was durable when an order left. Else a start looks.
"""

import mmap
import os
import stat
import struct
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from messages.base import Timestamp
from messages.ids import Identity

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - meant: it must be gone after a boot
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MAGIC = b"HFEXIT01"
_HEAD = struct.Struct("<8s40s64sq")
_WORD = struct.Struct("<q")
_OWN_AT, _INHERITED_AT, _DURABLE_AT = 128, 136, 144
_FOLDER_AT = 1024
_BYTES = 4096
_NAME_BYTES = 16


class Said(NamedTuple):
    """What the file said when it was opened."""

    boot: str
    account: str
    started_at: Timestamp
    own: int
    inherited: int
    durable: int


class UnrecordedMark:
    """The file of one account's folder; written by who holds the folder's lease."""

    def __init__(self, folder: Path, *, place: Path = _SHARED_MEMORY, boot: Path = _BOOT) -> None:
        """Open it, or make it; where that can't be done nothing is kept, and the next start looks.

        ``place`` and ``boot`` are others in tests.
        """
        self._map: mmap.mmap | None = None
        self._boot = ""
        self._folder = os.fsencode(os.path.realpath(folder))
        with suppress(OSError, ValueError):
            _remove_orphans(place)
            self._boot = boot.read_text().strip()
            self._map = _open(place / _name(self._folder))
        self._said = self._read()

    def says_recorded(self, last: Identity | None, sequence: int) -> bool:
        """Return whether no exit left without a record before the cut at ``sequence``.

        ``last``: the identity of the process that wrote it.
        """
        said = self._said
        return (
            said is not None
            and last is not None
            and bool(self._boot)
            and said.boot == self._boot
            and (said.account, said.started_at) == (_account(last), last.started_at)
            and said.durable <= sequence
            and not said.own
            and not said.inherited
        )

    def begin(self, identity: Identity, sequence: int, *, is_recorded: bool) -> None:
        """Take it over for this process, whose first record ``sequence`` is durable."""
        if self._map is None:
            return
        self._put(_OWN_AT, 1)  # half written it is believed by no start
        self._put(_INHERITED_AT, 0 if is_recorded else 1)
        self._put(_DURABLE_AT, sequence)
        head = (_MAGIC, self._boot.encode(), _account(identity).encode(), identity.started_at)
        _HEAD.pack_into(self._map, 0, *head)
        self._map[_FOLDER_AT:] = self._folder[: _BYTES - _FOLDER_AT].ljust(
            _BYTES - _FOLDER_AT, b"\0"
        )
        self._put(_OWN_AT, 0)

    def leaves_unrecorded(self) -> None:
        """Note that an exit is about to leave without a record."""
        self._put(_OWN_AT, 1)

    def all_recorded(self) -> None:
        """Note that every order that this process sent is on record."""
        self._put(_OWN_AT, 0)

    def looked_for(self) -> None:
        """Note that what an earlier process may have let out was looked for."""
        self._put(_INHERITED_AT, 0)

    def is_durable(self, sequence: int) -> None:
        """Note that an order is about to leave, and that the journal holds this record."""
        self._put(_DURABLE_AT, sequence)

    def _put(self, at: int, value: int) -> None:
        if self._map is not None:
            _WORD.pack_into(self._map, at, value)

    def _read(self) -> Said | None:
        if self._map is None:
            return None
        magic, boot, account, started_at = _HEAD.unpack_from(self._map, 0)
        if magic != _MAGIC:
            return None
        own, inherited, durable = (
            _WORD.unpack_from(self._map, at)[0] for at in (_OWN_AT, _INHERITED_AT, _DURABLE_AT)
        )
        return Said(
            boot=_text(boot),
            account=_text(account),
            started_at=Timestamp(started_at),
            own=own,
            inherited=inherited,
            durable=durable,
        )


def _prefix() -> str:
    return f"holdfast-{os.geteuid()}-"


def _name(folder: bytes) -> str:
    return f"{_prefix()}{blake2b(folder, digest_size=_NAME_BYTES).hexdigest()}"


def _remove_orphans(place: Path) -> None:
    """Remove this user's files of folders that are gone: memory is dear. Raises ``OSError``."""
    for path in place.glob(f"{_prefix()}*"):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with suppress(OSError):
            file = os.open(path, flags)
            try:
                is_ours = stat.S_ISREG(os.fstat(file).st_mode)
                folder = os.pread(file, _BYTES, _FOLDER_AT).rstrip(b"\0") if is_ours else b""
            finally:
                os.close(file)
            if folder and not os.path.lexists(folder):
                path.unlink()


def _open(path: Path) -> mmap.mmap:
    """Map a file that only this user can have made. Raises ``OSError``: it is another's."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(path, flags, 0o600)
    try:
        seen = os.fstat(file)
        is_ours = stat.S_ISREG(seen.st_mode) and seen.st_uid == os.geteuid() and seen.st_nlink == 1
        if not is_ours or stat.S_IMODE(seen.st_mode) & 0o077:
            raise PermissionError(f"{path} is not this user's own file")
        if seen.st_size != _BYTES:
            os.ftruncate(file, _BYTES)
        return mmap.mmap(file, _BYTES)
    finally:
        os.close(file)


def _account(identity: Identity) -> str:
    return f"{identity.account}/{identity.tag}"


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode(errors="replace")
