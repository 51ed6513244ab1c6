"""The real journal, around whose commits its process may die, or the disk be dead for a while."""

from collections.abc import Callable

from actors.journal.port import JournalError, Record
from actors.journal.store import FileJournal
from tests.system.outside import Points

AT_A_DEAD_DISK = "at a dead disk"


class Journal(FileJournal):
    """The real one; the process may die around each commit."""

    points: Points
    is_dead: Callable[[], bool] = staticmethod(lambda: False)
    """Whether the disk takes nothing now."""
    is_eager = False
    """Commits every single record, before its messages are sent."""

    def append(self, record: Record) -> None:
        super().append(record)
        if self.is_eager:
            self.commit()

    def commit(self) -> None:
        if not self.pending:
            return
        if self.is_dead():
            self.points.pass_by(AT_A_DEAD_DISK)
            raise JournalError("the disk is dead")
        self.points.pass_by("before a commit")
        super().commit()
        self.points.pass_by("after a commit")
