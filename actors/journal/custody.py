"""Whether the files that a journal stands on are still the ones that this process began with.

SQLite and the kernel go on writing into a file that was removed, moved or replaced: each commit
would succeed and be lost. So every one is preceded and followed by a look at the names: folder,
lock, anchor, segment and its log must lead to the files that this process has open, and nothing
else may have written into them. ``inspect`` looks at more, each second. Changes nothing.
"""

import os
from pathlib import Path
from typing import Self

from actors.journal.files import Files, Pointer, Sight
from actors.journal.lease import EPOCH, Lease
from actors.journal.port import CustodyError
from actors.journal.segment import log_path

Written = dict[str, tuple[int, int]]
"""Size and time of the last change, by the name of a file that only this process writes."""
_BY_LINK = "was replaced by a link; ours "
_BY_ANOTHER = "was replaced by another one; ours "
_RETURN = "put it back, itself and no copy, and trading goes on; or stop this session"
_RESTORE = "restore what was there, or stop this session"
_GONE = "it can't come back: stop this session, then restore a backup (docs/backup.md)"
_ONLY_LOCK = "stop this session and start again: the next start makes a new one"
ONLY_REPORTS = "the journal is whole: stop this session and start again"
"""Where the session's folder went: its log and reports went with it."""


class AlteredError(CustodyError):
    """It is the same file, and something else wrote into it."""


class Kept:
    """One file or folder, and the name under which it must be found."""

    def __init__(
        self, name: str, path: Path, files: Files, *, if_gone: str = _GONE, is_folder: bool = False
    ) -> None:
        """Keep it in sight from now on; ``if_gone``: what is right then. Raises ``OSError``."""
        self.path = path
        self._if_gone = if_gone
        self._name, self._files, self._is_folder = name, files, is_folder
        self.pointer: Pointer = files.point_at(path)
        self._identity = self.pointer.sight().identity
        self._was_link = False
        self._was_link = self._is_new_link(self._seen())

    @classmethod
    def folder(cls, name: str, path: Path, files: Files, if_gone: str = _GONE) -> Self:
        """Keep a folder in sight; links on the way to it are followed. Raises ``OSError``."""
        return cls(name, path.absolute(), files, if_gone=if_gone, is_folder=True)

    def check(self) -> None:
        """Raise ``CustodyError`` where its name leads elsewhere, or to nothing."""
        try:
            seen = self._seen()
            is_link = self._is_new_link(seen)
            if seen is not None and seen.identity == self._identity and not is_link:
                return
            place = self.pointer.place()
        except OSError as error:
            raise self._unseen(error) from error
        by = "" if seen is None else _BY_LINK if is_link else _BY_ANOTHER
        happened, advice = self._happened(place, by)
        raise CustodyError(f"{self._name} {self.path} {happened}", advice)

    def _happened(self, place: Path | None, by: str) -> tuple[str, str]:
        """Return what became of it where its name does not lead to it, and what would be right."""
        if place == self.path and by:
            return "is covered: something was mounted over it", _RETURN
        if place is None:
            return f"{by}was removed", self._if_gone
        return f"{by}was moved to {place}", _RETURN

    def check_mark(self) -> None:
        """Raise ``CustodyError`` where it was made read-only."""
        try:
            if self._files.may_write(self.path):
                return
        except OSError as error:
            raise self._unseen(error) from error
        raise CustodyError(
            f"{self._name} {self.path} was made read-only",
            "make it writable, and trading goes on",
        )

    def _unseen(self, error: OSError) -> CustodyError:
        return CustodyError(
            f"{self._name} {self.path} can't be looked at: {error.strerror}", _RETURN
        )

    def close(self) -> None:
        """Lose it from sight."""
        self.pointer.close()

    def _seen(self) -> Sight | None:
        look = self._files.folder_sight if self._is_folder else self._files.sight
        return look(self.path)

    def _is_new_link(self, seen: Sight | None) -> bool:
        """Whether a link was put there; a folder may have been reached by one from the start."""
        at_name = self._files.sight(self.path) if self._is_folder else seen
        return at_name is not None and at_name.is_link and not self._was_link

    def where(self) -> str:
        """Return where it lies now, for people."""
        try:
            place = self.pointer.place()
        except OSError as error:
            return f"unknown: {error.strerror}"
        return "nowhere: it was removed" if place is None else str(place)


class Custody:
    """The files of one account, which this process alone writes."""

    def __init__(self, lease: Lease) -> None:
        """Begin with the lease's files. Raises ``OSError``."""
        self._lease, self._files = lease, lease.files
        self._pid = os.getpid()
        self._folder = lease.folder.absolute()
        self._real_path = self._files.real_path(self._folder)
        self._kept = {"": Kept.folder("the account's folder", self._folder, self._files)}
        self._keep("lock")
        self._contents = {EPOCH: self._files.read(self._folder / EPOCH)}
        self._written: Written = {}
        """After this process last wrote."""
        self._log = ""

    def begin(self, segment: Path, anchor: Path) -> None:
        """Look after this segment and this anchor from now on. Raises ``OSError``."""
        for name in self._written:
            self._kept.pop(name).close()
        self._written.clear()
        self._log = log_path(segment).name
        for name in (segment.name, anchor.name):
            self._keep(name)
            self._written[name] = self._state(name)
        self.note_written()

    def note_written(self) -> None:
        """Take what the files hold now for what this process wrote. Raises ``OSError``."""
        if self._log not in self._kept and self._files.sight(self._folder / self._log) is not None:
            self._keep(self._log)
            self._written[self._log] = self._state(self._log)
        self._written = self.written()

    def written(self) -> Written:
        """Return what the files look like that only this process writes. Raises ``OSError``."""
        return {name: self._state(name) for name in self._written}

    def check(self) -> None:
        """Look at what a commit needs. Raises ``CustodyError``."""
        if os.getpid() != self._pid:
            raise CustodyError("this is a forked child", "its parent alone writes the journal")
        for kept in self._kept.values():
            kept.check()
        for name, state in self.written().items():
            if state != self._written[name]:
                path = self._folder / name
                raise AlteredError(f"the file {path} was changed by something else", _RESTORE)

    def inspect(self) -> None:
        """Look at what ``check`` leaves out: links on the way, the lock's hold, contents, marks.

        Raises ``CustodyError``.
        """
        try:
            self._check_path()
            self._check_lock()
            self._check_contents()
            self._check_marks()
        except OSError as error:
            problem = f"{self._folder} can't be looked at: {error.strerror}"
            raise CustodyError(problem, _RETURN) from error

    def where(self) -> str:
        """Return where the journal lies now, for people."""
        return self._kept[""].where()

    def close(self) -> None:
        """Look after nothing any more."""
        for kept in self._kept.values():
            kept.close()
        self._kept.clear()

    def _keep(self, name: str) -> None:
        path = self._folder / name
        if name == "lock":
            self._kept[name] = Kept("the lock", path, self._files, if_gone=_ONLY_LOCK)
        else:
            self._kept[name] = Kept("the journal's file", path, self._files)

    def _state(self, name: str) -> tuple[int, int]:
        seen = self._kept[name].pointer.sight()
        return seen.size, seen.modified_ns

    def _check_path(self) -> None:
        now = self._files.real_path(self._folder)
        if now != self._real_path:
            problem = f"the account's folder {self._folder} was replaced by a link to {now}"
            raise CustodyError(problem, _RETURN)

    def _check_lock(self) -> None:
        if not self._lease.is_held():
            problem = f"another process took the lock of {self._folder}"
            raise CustodyError(problem, "stop one of the two")

    def _check_contents(self) -> None:
        for name, content in self._contents.items():
            path = self._folder / name
            try:
                found = self._files.read(path)
            except FileNotFoundError:
                raise CustodyError(f"the file {path} was removed", _RESTORE) from None
            if found != content:
                raise CustodyError(f"the file {path} was changed by something else", _RESTORE)

    def _check_marks(self) -> None:
        for kept in self._kept.values():
            kept.check_mark()
