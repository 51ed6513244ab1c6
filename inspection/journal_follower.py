"""The journal of a running session, read in the background: whoever asks need not wait for it.

Owns when it is read: at rest for ten times as long as reading took, so that it costs a running
session little. What is asked beyond that is read at once.
"""

import time
from pathlib import Path
from threading import Event, Thread

from inspection.errors import NoJournalError, NoSessionError
from inspection.recorded import Recorded, facts_of, journal_of, read_part

_REST_SECONDS_MIN = 2.0
_REST_TIMES = 10


class Following:
    """Reads one session's journal again and again, until it is closed."""

    def __init__(self, folder: Path) -> None:
        """Look at a session's folder. Raises ``NoJournalError``."""
        self._folder = folder
        try:
            self._facts = facts_of(folder)
            self._journal = journal_of(folder, self._facts)
        except NoSessionError as error:
            raise NoJournalError(str(error)) from None
        self._is_over = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to read in the background."""
        self._thread = Thread(target=self._follow, name="follow-journal", daemon=True)
        self._thread.start()

    def recorded(self, at_least: int = 0) -> Recorded:
        """Return its part, with this record if that is durable. Raises ``NoJournalError``."""
        if not self._journal.chapters or self._journal.last < at_least:
            self._read()
        found = read_part(self._folder, self._facts, self._journal, fresh=False)
        if found is None:
            why = "; ".join(self._journal.problems) or "nothing of it is durable yet"
            raise NoJournalError(f"{self._journal.folder} holds no record of this session: {why}")
        return found

    def close(self) -> None:
        """Read no more."""
        self._is_over.set()

    def _read(self) -> None:
        try:
            self._journal.refresh()
        except OSError as error:
            raise NoJournalError(f"{self._journal.folder} can't be read: {error}") from None

    def _follow(self) -> None:
        while not self._is_over.is_set():
            begun = time.monotonic()
            try:
                self._read()
            except NoJournalError:
                return  # whoever asks next is told
            took = time.monotonic() - begun
            self._is_over.wait(max(_REST_SECONDS_MIN, _REST_TIMES * took))
