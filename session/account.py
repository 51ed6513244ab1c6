"""A session's account: its folder, the lease on it, its journal, and where that goes on.

Owns ``state/``: one folder an account, used by one process at a time. Trading is the session's
business, and what the journal holds that of ``actors.journal``.
"""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

import msgspec

from actors.journal.code_hash import code_version
from actors.journal.codec import Snapshot
from actors.journal.holder import Holder
from actors.journal.identity import beginning, begun, identity_of
from actors.journal.inspection import ANCHOR, Found, JournalLostError, find, nothing
from actors.journal.lease import AccountInUseError, EpochLostError, Lease, is_held, read_holder
from actors.journal.mirror import write_unwritten
from actors.journal.port import JournalError
from actors.journal.recovery import is_stuck, living_positions
from actors.journal.retention import Retention
from actors.journal.segment import segment_numbers
from actors.journal.store import FileJournal, JournalLimits, Origin
from actors.journal.unrecorded_mark import UnrecordedMark
from actors.plain_files import read_plain
from actors.runtime.sentinel_process import wait_for_note
from actors.runtime.watchdog import STUCK_NOTE, Stuck
from config.settings import Settings
from messages.base import Timestamp
from messages.ids import Identity
from session.account_name import AccountName
from session.account_notes import (
    check_no_backup,
    check_not_taken,
    forget_taken,
    note_taken,
    take_restored,
)
from session.fresh_start import GiveUp, LeftOpen, left_open, new_aside, put_aside
from terminal.errors import UsageError

STATE = Path("state")
PAPER = "paper-embedded"
"""Mode and exchange of an account on the embedded market."""
_MAIN = "main"


class Account:
    """An account that this process holds, until it is closed."""

    def __init__(
        self,
        folder: Path,
        session: Path,
        now: Timestamp,
        *,
        is_fresh: bool,
        name: AccountName | None = None,
        give_up: GiveUp | None = None,
    ) -> None:
        """Take the lease, and look where the journal stands; ``is_fresh`` puts that aside.

        ``name``: None: whatever account the journal there is of. ``give_up`` may refuse to put
        aside what is open.

        Raises:
            UsageError: another process holds it, its journal can't be read, or is of another
                account of the exchange.
        """
        self.folder = folder
        self._name = name
        check_no_backup(folder)
        if not is_fresh:
            check_not_taken(folder)
        try:
            self._lease = Lease(folder, Holder(pid=os.getpid(), since=now, session=str(session)))
        except (AccountInUseError, EpochLostError) as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            raise unusable(folder, error) from None
        try:
            wait_for_note(folder)
            write_unwritten(folder)
            self._aside = self._begin_anew(give_up) if is_fresh else None
            self._found = self._look()
            self.restored = take_restored(folder, self._found, self._lease.epoch)
            """The backup that the journal goes on from, until it has gone on; None: from none."""
            self.identity = self._begin_epoch(now)
            self.stuck = self._take_note()
            forget_taken(folder)
        except OSError as error:
            self._lease.close()
            raise unusable(folder, error) from None
        except BaseException:
            self._lease.close()
            raise
        self.journal: FileJournal | None = None

    def _begin_anew(self, give_up: GiveUp | None) -> LeftOpen | None:
        """Put the journal aside; return what that leaves open, None: there was none."""
        left = left_open(self.folder, new_aside(self.folder, self._lease.epoch))
        if give_up is not None:
            give_up(left)
        return left if put_aside(self.folder, left.aside) else None

    def _begin_epoch(self, now: Timestamp) -> Identity:
        """Draw this process's epoch, and let the journal go on with it."""
        found, name = self._found, self._name or AccountName()
        snapshot = nothing(now) if found is None else found.snapshot
        known = identity_of(snapshot, name.account, name.tag)
        if known is not None and self._name and known.account not in name.accounts:
            raise UsageError(
                f"the journal in {self.folder} is of another account: its exchange, its own id "
                "there or account.tag was different. Use the keys and the tag that it began with, "
                "or another --state-dir"
            )
        self._mark = UnrecordedMark(self.folder)
        is_whole = found is not None and not found.losses and self.restored is None
        self.exits_recorded = is_whole and self._mark.says_recorded(known, snapshot.sequence)
        """No exit of an earlier process left without a record."""
        epoch = name.epoch(self._lease.epoch, None if found is None else found.seed)
        plain = Identity(account=name.account, tag=name.tag, epochs=())
        identity = (known or plain).with_epoch(epoch, now, snapshot.at)
        if found is not None:
            self._found = msgspec.structs.replace(found, snapshot=begun(snapshot, identity))
        return identity

    @property
    def recovered(self) -> Snapshot | None:
        """The cut to go on from; None: nothing has happened yet."""
        return None if self._found is None else self._found.snapshot

    @property
    def mark(self) -> UnrecordedMark:
        """Says to the next start whether an exit left without a record."""
        return self._mark

    @property
    def epoch(self) -> int:
        """How often the account was opened in this folder."""
        return self._lease.epoch

    def seed_of(self, settings: Settings) -> int:
        """Return the market's seed: that of the journal, or of a new one the settings'."""
        return settings.paper.seed if self._found is None else self._found.seed

    def told(self, settings: Settings) -> list[str]:
        """Return, for people, what the session goes on from and what was lost."""
        found = self._found
        if found is None:
            new = f"a new account in {self.folder}"
            return [new, *self._told_aside(), *_told_others(self.folder)]
        count = len(list(living_positions(found.snapshot)))
        positions = f"{count} open position" + ("" if count == 1 else "s")
        other = [
            f"the market goes on with seed {found.seed}; seed {settings.paper.seed} needs --fresh"
        ]
        return [
            f"resuming, {positions}; --fresh begins anew ({self.folder})",
            *(["  no new entry until all are looked up and covered"] if count else []),
            *(other if found.seed != settings.paper.seed else []),
            *(f"  LOST: {loss}" for loss in found.losses),
            *self._told_restored(),
            *self._told_stuck(found.snapshot),
        ]

    def open_journal(
        self, settings: Settings, now: Timestamp, session_folder: Path | None = None
    ) -> FileJournal:
        """Begin a segment of the journal. Raises ``UsageError``."""
        kept = settings.journal
        limits = JournalLimits(
            segment_bytes=kept.segment_bytes,
            retention=Retention(
                age_ms=kept.keep_ms,
                size_bytes=kept.keep_bytes,
                floor_bytes=kept.keep_floor_bytes,
            ),
            pending_bytes=kept.pending_bytes,
            reserve_bytes=kept.reserve_bytes,
        )
        config = msgspec.json.encode(settings).decode()
        origin = Origin(code=code_version(), config=config, seed=self.seed_of(settings))
        try:
            found = self._found or beginning(self.identity, now, origin.seed)
            self.journal = FileJournal(self._lease, origin, limits, found, now, session_folder)
        except JournalError as error:
            raise UsageError(str(error)) from None
        self.journal.keep_pending()
        # This process's epoch is durable: what earlier ones left is told by what it begins with.
        is_recorded = self.exits_recorded or self._found is None
        self._mark.begin(self.identity, self.journal.durable, is_recorded=is_recorded)
        # Noted at once, not at the end: the process may be killed, or another be started meanwhile.
        self.journal.on_missed = partial(note_taken, self.folder, self.journal)
        return self.journal

    def missing(self) -> list[str]:
        """Return, for people, what is not in its place at the end; empty: everything is."""
        journal = self.journal
        if journal is None:
            return []
        lines = []
        problem, of_session = journal.problem(), journal.session_problem()
        if problem is not None:
            end = f"the journal ends at record {journal.durable} and lies at {journal.place}"
            lines = [problem.problem, f"  {end}"]
            if journal.pending:
                lines.append(f"  {journal.pending} later records could not be written")
        return lines if of_session is None else [*lines, of_session.problem]

    @property
    def is_session_missing(self) -> bool:
        """Whether the session's folder is not in its place."""
        return self.journal is not None and self.journal.session_problem() is not None

    def close(self) -> None:
        """Give it back; in the middle of a commit (a second Ctrl-C) the process's end does that."""
        try:
            if self.journal is not None:
                error = self.journal.problem()
                if error is not None:
                    note_taken(self.folder, self.journal, error)
                self.journal.close()
        except JournalError:
            return
        self._lease.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.close()

    def _look(self) -> Found | None:
        try:
            found = find(self.folder)
        except (JournalLostError, OSError) as error:
            raise UsageError(f"{error}; --fresh puts it aside and begins anew") from None
        if found is None:
            return None
        return msgspec.structs.replace(found, losses=(*self._lease.losses, *found.losses))

    def _take_note(self) -> Stuck | None:
        """Return what the last process hung on. The note is kept under another name: used once."""
        note = self.folder / STUCK_NOTE
        try:
            read = read_plain(note)
            note.replace(self.folder / f"stuck-{self._lease.epoch}.json")
            return msgspec.json.decode(read, type=Stuck)
        except (FileNotFoundError, msgspec.DecodeError):
            return None  # half a note was written by a process that was killed over it

    def _told_aside(self) -> list[str]:
        """Return what ``--fresh`` put aside, and what that left open."""
        if self._aside is None:
            return []
        head = f"  put aside in {self._aside.aside}, managed no more: {self._aside.counts}"
        return [head, *(f"    {line}" for line in self._aside.lines)]

    @property
    def why_behind(self) -> str:
        """Why the journal is behind its venue, for people; empty: no backup was restored."""
        if self.restored is None:
            return ""
        return (
            f"the journal is behind its exchange: it was restored from a backup of "
            f"{utc(self.restored.backed_up_at)}; compare positions and orders with the exchange, "
            "then: resume"
        )

    def _told_restored(self) -> list[str]:
        if self.restored is None:
            return []
        since = f"from a backup of {utc(self.restored.backed_up_at)}"
        return [f"  RESTORED: {since}; what an exchange did after it is not in this journal"]

    def _told_stuck(self, snapshot: Snapshot) -> list[str]:
        if self.stuck is None:
            return []
        name = f"{self.stuck.message_type} in {self.stuck.actor}"
        if any(is_stuck(self.stuck, message) for message in snapshot.undelivered):
            return [f"  HUNG: the last process never came back from {name}: it is skipped"]
        return [f"  HUNG: the last process never came back from {name}; no record asks for it"]


def utc(at: Timestamp) -> str:
    """Return a moment in ISO form, to the second."""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="seconds")


def _told_others(folder: Path) -> list[str]:
    """Return what is said at a new account's start of those beside it with another tag."""
    kind = folder.name.rpartition("-")[0]
    others = [
        one.name.removeprefix(f"{kind}-")
        for one in sorted(folder.parent.glob(f"{kind}-*"))
        if one.name.rpartition("-")[0] == kind
        and one != folder
        and one.is_dir()
        and is_account(one)
    ]
    if not others:
        return []
    text = (
        "  this account.tag is new: the orders and positions of the accounts with other tags "
        f"({', '.join(others)}) are left alone, and nothing of this session manages them"
    )
    return [text]


def account_folder(state_dir: Path | None, tag: str, kind: str = PAPER) -> Path:
    """Return the folder of the account with this tag; ``kind`` is its mode and exchange."""
    return (state_dir or STATE) / f"{kind}-{tag or _MAIN}"


def is_account(folder: Path) -> bool:
    """Tell whether a journal is there, or an anchor says that one was."""
    return bool(segment_numbers(folder)) or (folder / ANCHOR).exists()


def named_account(state_dir: Path, account: str | None) -> Path:
    """Return the folder of an account; None: the only one there is. Raises ``UsageError``."""
    names = sorted(path.name for path in state_dir.glob("*") if is_account(path))
    if account is None and len(names) > 1:
        raise UsageError(f"name the account: {state_dir} holds {', '.join(names)}")
    name = account or next(iter(names), None)
    if name is None or name not in names:
        raise UsageError(
            f"{state_dir} holds no journal{f' of {name}' if name else ''}: "
            f"there are {', '.join(names) or 'none'}"
        )
    return state_dir / name


def find_account(state_dir: Path, account: str | None) -> Path:
    """Return the folder of an account that nobody uses; None: the only one there is.

    Raises:
        UsageError: there is none, or a process uses it now.
    """
    folder = named_account(state_dir, account)
    if is_held(folder):
        holder = read_holder(folder)
        who = f"process {holder.pid}" if holder else "a process"
        raise UsageError(f"{folder.name} is in use by {who}: stop it first")
    return folder


def unusable(folder: Path, error: OSError) -> UsageError:
    """Return what a person is shown of a state folder that the system refuses."""
    place = error.filename or folder
    return UsageError(f"--state-dir: {place} can't be used: {error.strerror}")
