"""A disk in memory that forgets what was not synced; the real store runs on it.

    disk = SimulatedDisk()
    lease = Lease(folder, holder, disk)  # any absolute path: nothing goes to the machine's
    journal = FileJournal(lease, origin, limits, find(folder, disk), now)
    disk = disk.crashed(choice)  # what a power failure leaves; the old one stays as it is

``choice`` is explained in ``verification.simulation.disk_contents``.

Faults are switched on by hand: ``capacity``, ``is_read_only``, ``fail_at``, ``on_sync``.
"""
# ruff: noqa: N802 - the names are SQLite's

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from operator import itemgetter
from pathlib import Path
from weakref import WeakValueDictionary

import apsw

from actors.journal.files import Content, Files, Held, Pointer, Sight
from actors.journal.image import UnsharedFile
from verification.simulation.disk_contents import (
    ALL,
    NONE,
    Naming,
    Node,
    Pending,
    Write,
    apply,
    rename_in,
    survivors,
)

__all__ = ["ALL", "NONE", "DiskFile", "SimulatedDisk"]

_NAME = "simulated-disk"
_numbers = count(1)


class SimulatedDisk(Files):
    """Under the store in the place of the machine's."""

    def __init__(self) -> None:
        self.capacity: int | None = None
        """Bytes of all files; what would be more finds the disk full. None: it never is."""
        self.is_read_only = False
        self.fail_at: frozenset[int] = frozenset()
        """Which ``operations`` fail. What a failed sync was for is never synced, as on Linux."""
        self.on_sync: Callable[[], None] | None = None
        """Called in each sync, to have it take its time."""
        self.on_operation: Callable[[], None] | None = None
        """Called before each of ``operations``."""
        self.operations = 0
        """Writes, syncs and changed names so far."""
        self._names: dict[str, Node] = {}
        self._synced_names: dict[str, Node] = {}
        self._namings: list[Naming] = []
        self._locked: set[str] = set()
        self._number = next(_numbers)
        _disks[self._number] = self

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(len(node.data) for node in self._names.values())

    def crashed(self, choice: int) -> "SimulatedDisk":
        """Return what is found after a power failure; this disk stays as it is."""
        nodes = [*self._synced_names.values(), *(one.node for one in self._namings if one.node)]
        twins = {node: Node() for node in nodes}
        for node in nodes:
            twins[node].data = bytearray(node.synced)
        names = {path: twins[node] for path, node in self._synced_names.items()}
        pending: list[Pending] = [
            (write.number, twin, write) for node, twin in twins.items() for write in node.pending
        ]
        for name in self._namings:
            twin = None if name.node is None else twins[name.node]
            pending.append((name.number, twin, name))
        for _, twin, one in survivors(sorted(pending, key=itemgetter(0)), choice):
            if isinstance(one, Naming):
                rename_in(names, one.path, twin)
            elif twin is not None:
                apply(twin.data, one)
        for twin in twins.values():
            twin.synced = bytearray(twin.data)
        after = SimulatedDisk()
        after._names, after._synced_names = names, dict(names)
        return after

    def connect(self, path: Path, flags: int) -> apsw.Connection:
        return apsw.Connection(f"/{self._number}{path}", flags=flags, vfs=_NAME)

    def make_folder(self, folder: Path) -> None:
        pass

    def names(self, folder: Path) -> list[str]:
        return [path.rpartition("/")[2] for path in self._names if _folder(path) == str(folder)]

    def open(self, path: Path) -> "DiskFile":
        return DiskFile(self, str(path), self.node(str(path)))

    def create(self, path: Path) -> "DiskFile":
        self.remove(path)
        return self.open(path)

    def open_folder(self, folder: Path) -> "DiskFolder":
        return DiskFolder(self, str(folder))

    def point_at(self, path: Path) -> Pointer:
        if self.has(str(path)):
            return DiskFile(self, str(path), self.node(str(path)))
        return self.open_folder(path)

    def sight(self, path: Path) -> Sight | None:
        return seen(self._names[str(path)]) if self.has(str(path)) else None

    def folder_sight(self, folder: Path) -> Sight | None:  # noqa: ARG002 - there is one
        return seen(_FOLDER)

    def real_path(self, path: Path) -> Path:
        return path

    def may_write(self, path: Path) -> bool:  # noqa: ARG002 - all or none
        return not self.is_read_only

    def read(self, path: Path) -> bytes:
        if str(path) not in self._names:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return bytes(self._names[str(path)].data)

    def look(self, path: Path) -> Content:
        return Held(self.read(path))

    def damage(self, path: Path, data: bytes) -> None:
        """Have other bytes there, as if they always had been."""
        node = self._names[str(path)]
        node.data, node.synced = bytearray(data), bytearray(data)

    def rename(self, path: Path, to: Path) -> None:
        node = self._names[str(path)]
        self._change_name(str(to), node)
        self._change_name(str(path), None)

    def remove(self, path: Path) -> None:
        if self.has(str(path)):
            self._change_name(str(path), None)

    def sync_folder(self, folder: Path) -> None:
        self._sync()
        for one in self._namings:
            if _folder(one.path) == str(folder):
                rename_in(self._synced_names, one.path, one.node)
        self._namings = [one for one in self._namings if _folder(one.path) != str(folder)]

    def has(self, path: str) -> bool:
        return path in self._names

    def node(self, path: str) -> Node:
        """Return the file of that name, a new one where there is none."""
        if path not in self._names:
            self._change_name(path, Node())
        return self._names[path]

    def write(self, node: Node, at: int, data: bytes | None) -> None:
        """Write, or cut where there is no data."""
        number = self._touch()
        if self.capacity is not None and data is not None:
            more = max(0, at + len(data) - len(node.data))
            if more and more + self.size > self.capacity:
                raise OSError(errno.ENOSPC, "no space left on the disk")
        write = Write(number, at, data)
        apply(node.data, write)
        node.pending.append(write)

    def sync(self, node: Node) -> None:
        pending, node.pending = node.pending, []
        self._sync()
        for write in pending:
            apply(node.synced, write)

    def lock(self, path: str) -> bool:
        if path in self._locked:
            return False
        self._locked.add(path)
        return True

    def unlock(self, path: str) -> None:
        self._locked.discard(path)

    def _change_name(self, path: str, node: Node | None) -> None:
        number = self._touch()
        rename_in(self._names, path, node)
        self._namings.append(Naming(number, path, node))

    def _sync(self) -> None:
        self._touch()
        if self.on_sync is not None:
            self.on_sync()

    def _touch(self) -> int:
        if self.on_operation is not None:
            self.on_operation()
        self.operations += 1
        if self.is_read_only:
            raise OSError(errno.EROFS, "the disk is read-only")
        if self.operations in self.fail_at:
            raise OSError(errno.EIO, "an input or output error")
        return self.operations


class DiskFile(UnsharedFile):
    """An open file of it: the journal calls the plain names, SQLite those that begin with an x."""

    def __init__(
        self, disk: SimulatedDisk, path: str, node: Node, *, syncs_name: bool = False
    ) -> None:
        self._disk, self._path, self._node = disk, path, node
        self._syncs_name = syncs_name
        """SQLite's own VFS syncs the folder with a journal's first sync."""
        self._holds_lock = False

    def lock(self) -> bool:
        self._holds_lock = self._holds_lock or self._disk.lock(self._path)
        return self._holds_lock

    def sight(self) -> Sight:
        return seen(self._node)

    def place(self) -> Path | None:
        return None

    def write(self, data: bytes, at: int) -> None:
        self._disk.write(self._node, at, bytes(data))

    def truncate(self) -> None:
        self._disk.write(self._node, 0, None)

    def reserve(self, size: int) -> None:
        self._disk.write(self._node, 0, bytes(size))

    def sync(self) -> None:
        self._disk.sync(self._node)

    def close(self) -> None:
        if self._holds_lock:
            self._disk.unlock(self._path)

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._node.data[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        with _told_as_sqlite():
            self.write(data, offset)

    def xTruncate(self, size: int) -> None:
        with _told_as_sqlite():
            self._disk.write(self._node, size, None)

    def xSync(self, _flags: int) -> None:
        with _told_as_sqlite():
            self.sync()
            if self._syncs_name:
                self._disk.sync_folder(Path(self._path).parent)
                self._syncs_name = False

    def xFileSize(self) -> int:
        return len(self._node.data)

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # as SQLite says of every disk


class DiskFolder(DiskFile):
    """An open folder of it: there is one, and it is always in its place."""

    def __init__(self, disk: SimulatedDisk, path: str) -> None:
        super().__init__(disk, path, _FOLDER)


_FOLDER = Node()


def seen(node: Node) -> Sight:
    """What is seen of a file from outside: no time, a disk in memory has none."""
    return Sight(0, id(node), 0, len(node.data), 0)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


@contextmanager
def _told_as_sqlite() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kinds = {errno.ENOSPC: apsw.FullError, errno.EROFS: apsw.ReadOnlyError}
        kind = kinds.get(error.errno or 0, apsw.IOError)
        raise kind(str(error)) from error


class _Disks(apsw.VFS):
    """Leads SQLite to the disk whose number a path begins with."""

    def __init__(self) -> None:
        super().__init__(_NAME, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> DiskFile:  # type: ignore[override]  # apsw takes any object with these methods
        disk, path = _found(name.filename() if isinstance(name, apsw.URIFilename) else str(name))
        if not disk.has(path) and not flags[0] & apsw.SQLITE_OPEN_CREATE:
            raise apsw.CantOpenError(path)
        is_main = bool(flags[0] & apsw.SQLITE_OPEN_MAIN_DB)
        flags[1] = flags[0]
        with _told_as_sqlite():
            return DiskFile(disk, path, disk.node(path), syncs_name=not is_main)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001 - SQLite's
        disk, path = _found(filename)
        with _told_as_sqlite():
            disk.remove(Path(path))
            if syncdir:
                disk.sync_folder(Path(path).parent)

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: ARG002 - SQLite's
        disk, path = _found(pathname)
        return disk.has(path)

    def xFullPathname(self, name: str) -> str:
        return name


_disks: WeakValueDictionary[int, SimulatedDisk] = WeakValueDictionary()
_DISKS = _Disks()


def _found(name: str) -> tuple[SimulatedDisk, str]:
    number, _, path = name[1:].partition("/")
    return _disks[int(number)], "/" + path
