"""The journal of a replay that is kept: beside the session's other files, for ``inspect``.

Owns the session.json of a replay. Nothing goes on from such a journal: a replay is played again.
"""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

from actors.journal.code_hash import code_version
from actors.journal.holder import Holder
from actors.journal.identity import beginning
from actors.journal.lease import AccountInUseError, EpochLostError, Lease
from actors.journal.memory import MemoryJournal
from actors.journal.port import CustodyError, JournalError, Record
from actors.journal.store import FileJournal, JournalLimits, Origin
from config.packages import version
from config.settings import Settings
from messages.base import Timestamp
from replay.stage import replay_identity
from session.artifacts import SessionRecord
from session.folders import SESSION_NAME
from session.summary import write_json
from terminal.errors import RunFailedError, UsageError

_BATCH = 256
"""Records in a commit: nobody waits for one."""


class KeptReplay(MemoryJournal):
    """What is appended goes to the disk too; hash and counts are those of memory."""

    def __init__(self, folder: Path, settings: Settings, begin: Timestamp) -> None:
        """Begin the journal in the session's folder. Raises ``UsageError``."""
        super().__init__(keep=False)
        self._folder, self._settings = folder, settings
        self._started_at = _now()
        self.ended_by = "the recording is over"
        holder = Holder(pid=os.getpid(), since=begin, session=str(folder))
        origin = Origin(
            code=code_version(),
            config=msgspec.json.encode(settings).decode(),
            seed=settings.paper.seed,
        )
        try:
            self._lease = Lease(folder, holder)
            limits = JournalLimits(reserve_bytes=1)
            found = beginning(replay_identity(settings), begin, origin.seed)
            self._file = FileJournal(self._lease, origin, limits, found, begin)
        except (AccountInUseError, EpochLostError, JournalError, OSError) as error:
            raise UsageError(f"--journal: {error}") from None

    def append(self, record: Record) -> None:
        """Take the record. Raises ``JournalError``."""
        super().append(record)
        self._file.append(record)
        if self._file.pending >= _BATCH:
            self._file.commit()
            if self._file.wants_segment:
                self._file.begin_segment((), record.now)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write the rest, say in session.json what this is, and let go of it."""
        try:
            self._file.commit()
            write_json(self._folder / SESSION_NAME, self._record())
        except (JournalError, OSError) as error:
            why = error.problem if isinstance(error, CustodyError) else str(error)
            raise RunFailedError(f"--journal: what was played is not kept: {why}") from None
        finally:
            self._file.close()
            self._lease.close()

    def _record(self) -> SessionRecord:
        return SessionRecord(
            version=version(),
            python=platform.python_version(),
            pid=os.getpid(),
            command=tuple(sys.argv),
            mode="replay",
            market="recordings",
            seed=self._settings.paper.seed,
            speed=0.0,
            account=self._settings.account.tag,
            started_at=self._started_at,
            ended_at=_now(),
            ended_by=self.ended_by,
            epoch=self._lease.epoch,
            last_sequence=self.durable,
            settings=self._settings,
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
