"""What a real run recorded, to be written and read again."""

from functools import cache
from pathlib import Path

from actors.journal.files import DISK, Files
from actors.journal.holder import Holder
from actors.journal.inspection import Found
from actors.journal.lease import Lease
from actors.journal.port import Record
from actors.journal.store import FileJournal, JournalLimits, Origin
from config.loading import load
from messages.base import Timestamp
from tests.system.watched import Watched
from verification.sources import ROOT

NOW = Timestamp(1_700_000_000_000)
ORIGIN = Origin(code="c0de", config="{}", seed=7)
LIMITS = JournalLimits(reserve_bytes=4_096)


@cache
def records() -> tuple[Record, ...]:
    """Every record of a replay of one short recording."""
    found: list[Record] = []
    watched = Watched((ROOT / "tests" / "data" / "BTC-USDT-1m.csv",), load(None, []))
    watched.records.append(found.append)
    watched.play()
    assert len(found) > 300
    return tuple(found)


def holder(session: str = "sessions/one") -> Holder:
    return Holder(pid=4711, since=NOW, session=session)


def journal_in(
    folder: Path,
    found: Found | None = None,
    limits: JournalLimits = LIMITS,
    files: Files = DISK,
) -> tuple[FileJournal, Lease]:
    lease = Lease(folder, holder(), files)
    return FileJournal(lease, ORIGIN, limits, found, NOW), lease


def write(
    folder: Path, count: int, batch: int, limits: JournalLimits = LIMITS, files: Files = DISK
) -> None:
    """Write the first ``count`` records, a commit after every ``batch`` of them."""
    journal, lease = journal_in(folder, limits=limits, files=files)
    for record in records()[:count]:
        journal.append(record)
        if record.sequence % batch == 0:
            journal.commit()
        if journal.wants_segment and not journal.pending:
            journal.begin_segment((), record.now)
    journal.commit()
    journal.close()
    lease.close()
