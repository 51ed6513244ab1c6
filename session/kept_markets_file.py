"""The file of the markets of an account's last run: beside the accounts' folders.

It is a help to the next start, no fact of the account: one that is missing, damaged or can't be
written stops nothing.
"""

import threading
from pathlib import Path

from actors.plain_files import read_plain, write_whole
from session.connection import Say

_MODE = 0o600
"""It names the account."""


class KeptMarketsFile:
    """One account's file."""

    def __init__(self, account: Path, say: Say) -> None:
        """Lie beside the account's folder; ``say`` hears of a write that failed."""
        self._path = account.with_name(f"markets-{account.name}.json")
        self._say = say
        self._writing = threading.Lock()

    @property
    def name(self) -> str:
        """The file, for people."""
        return str(self._path)

    def read(self) -> bytes | None:
        """Return what is there; None: nothing. Raises ``OSError``, also for what is no file."""
        try:
            return read_plain(self._path)
        except FileNotFoundError:
            return None

    def keep(self, content: bytes) -> None:
        """Write it on a thread of its own: no trading waits for a disk."""
        thread = threading.Thread(target=self._write, args=(content,), daemon=True)
        thread.start()

    def _write(self, content: bytes) -> None:
        if not self._writing.acquire(blocking=False):
            return  # the one before still waits for its disk; the next read is kept again
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, [content], _MODE)
        except OSError as error:
            self._say(f"{self._path} can't be written: {error.strerror}")
        finally:
            self._writing.release()
