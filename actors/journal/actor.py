"""The journal's actor: it decides when what was recorded is made durable.

A request of the gateway is answered by one commit for everything recorded by then; steps that
nobody waits for linger a few milliseconds. Owns what is done when the disk fails: told to the
guardian, tried again and again, healed without a restart; that people hear of a disk that is merely
slow; and that the folders are looked at again. Bytes and files are the store's business.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from actors.journal.codec import Undelivered
from actors.journal.port import CustodyError, Journal, JournalError
from actors.runtime.actor import Actor, CoreActor
from actors.runtime.system import System
from config.settings import JournalFailure, JournalSettings
from messages.addresses import GATEWAY, GUARDIAN, OBSERVERS
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import Envelope, Send, Wake
from messages.guardian import JournalFailed, JournalHealed
from messages.journal import InspectFiles, Persist, Persisted, PersistFailed
from messages.observers import Alarm, AlarmKind, AlarmOver

_LINGER = "linger"
_RETRY = "retry"
_FIRST_PAUSE_MS = Milliseconds(50)
_LONGEST_PAUSE_MS = Milliseconds(2_000)
_SEGMENT_PAUSE_MS = Milliseconds(10_000)
"""Before a segment that could not be begun is tried again: it holds all that lives, so it costs."""
_CALM_MS = Milliseconds(60_000)
"""Without a slow commit; then the disk is quick again."""


class DurableJournal(Journal, Protocol):
    """A journal that must be told when to write."""

    on_pending: Callable[[], None] | None
    """Called when the first record waits for a commit."""

    @property
    def pending(self) -> int:
        """How many records wait for a commit."""
        ...

    @property
    def wants_segment(self) -> bool:
        """Whether the segment is as large as it may be."""
        ...

    def commit(self) -> None:
        """Make everything durable. Raises ``JournalError``: it is kept."""
        ...

    def inspect(self) -> None:
        """Look whether all files are in their place. Raises ``JournalError``: one is not."""
        ...

    def begin_segment(self, undelivered: tuple[Undelivered, ...], now: Timestamp) -> None:
        """Go on in a new segment. Raises ``JournalError``: go on in the old one."""
        ...


class JournalActor(Actor):
    """Commits, on the dispatcher: no hand-off to another thread."""

    def __init__(
        self,
        system: System,
        address: Address,
        journal: DurableJournal,
        settings: JournalSettings,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look after ``journal``, which the recorded actors of ``system`` write.

        ``seconds`` measures commits in real time, whatever the speed of the system's clock.
        """
        super().__init__(system, address)
        self._journal = journal
        self._settings = settings
        self._is_awaited = False
        self._failing_since: Timestamp | None = None
        self._error: JournalError = JournalError()
        self._is_missed = False
        """Whether the failure began with a file that is not in its place."""
        self._session_problem = ""
        self._told = ""
        """What people heard of files that are not in their place."""
        self._pause_ms = _FIRST_PAUSE_MS
        self._seconds = seconds
        self._slow_at: Timestamp | None = None
        """When a commit was last slow; None: people heard that the disk is quick."""
        self._segment_failed_at: Timestamp | None = None
        """When no new segment could be begun; None: the last one could."""

    def on_start(self) -> None:
        """Hear of records from now on."""
        self._journal.on_pending = self._linger
        if self._journal.pending:
            self._linger()

    def on_stop(self) -> None:
        """Write what is left: this actor starts first and stops last."""
        self._journal.on_pending = None
        try:
            self._write()
        except JournalError as error:
            self.system.report(self.address, "the last commit", error)

    def handle(self, message: Message) -> object:
        """Commit, unless the disk fails and its pause is not over."""
        match message:
            case Persist():
                self._is_awaited = True
                if self._failing_since is None:
                    self._commit()
                else:
                    self._tell_failed()
            case InspectFiles():
                self._session_problem = message.session_problem
                self._inspect()
            case Wake(key=key) if key == _RETRY or self._failing_since is None:
                self._commit()
            case Wake():
                pass  # it lingers on: a retry is set
            case _:
                return super().handle(message)
        return None

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Hear once more what the gateway waits for: it asks once."""
        if isinstance(message, Persist):
            return self.try_again(message)
        return super().on_skipped(message, error)

    def _linger(self) -> None:
        self.set_timer(_LINGER, Timestamp(self.now() + self._settings.linger_ms))

    def _commit(self) -> None:
        begun = self._seconds()
        try:
            self._write()
        except JournalError as error:
            self._fail(error)
            return
        self._judge_pace(self._seconds() - begun)
        if self._failing_since is not None:
            self._failing_since = None
            self._tell_guardian()
        if self._is_awaited:
            self._is_awaited = False
            self.send(GATEWAY, Persisted(sequence=self._journal.durable))
        if self._journal.wants_segment:
            self._begin_segment()

    def _judge_pace(self, seconds: float) -> None:
        now, allowed = self.now(), self._settings.slow_ms / 1_000
        if seconds > allowed:
            if self._slow_at is None:
                self._alarm(f"the journal's disk is slow: a commit took {seconds:.1f} s")
            self._slow_at = now
        elif self._slow_at is not None and now >= self._slow_at + _CALM_MS:
            self._slow_at = None
            self._over(f"the journal's disk is quick again: no commit took over {allowed:g} s")

    def _write(self) -> None:
        """Commit; after a failure, once every file is in its place. Raises ``JournalError``."""
        if self._failing_since is not None:
            self._journal.inspect()
        self._journal.commit()

    def _fail(self, error: JournalError) -> None:
        began = self._failing_since is None
        self._error = error
        if self._failing_since is None:
            self._failing_since = self.now()
            self._is_missed = isinstance(error, CustodyError)
            self._pause_ms = _FIRST_PAUSE_MS
        else:
            self._pause_ms = Milliseconds(min(2 * self._pause_ms, _LONGEST_PAUSE_MS))
        if began or self._problems() != self._told:
            self._tell_guardian()
        self.set_timer(_RETRY, Timestamp(self.now() + self._pause_ms))
        if self._is_awaited:
            self._tell_failed()

    def _tell_failed(self) -> None:
        error = str(self._error)
        self.send(GATEWAY, PersistFailed(error=error, exits_may_leave=self._exits_may_leave()))

    def _inspect(self) -> None:
        """Look at the journal's files; while one is missed, the retries do."""
        if self._failing_since is None:
            try:
                self._journal.inspect()
            except JournalError as error:
                self._fail(error)
        if self._problems() != self._told:
            self._tell_guardian()

    def _problems(self) -> str:
        """Return what is not in its place, for people; empty: all is, a disk may fail yet."""
        is_missed = self._failing_since is not None and self._is_missed
        found = (str(self._error) if is_missed else "", self._session_problem)
        return "; ".join(problem for problem in found if problem)

    def _tell_guardian(self) -> None:
        self._told = text = self._problems()
        if text or self._failing_since is not None:
            self.send(GUARDIAN, JournalFailed(error=str(self._error), text=text))
        else:
            self.send(GUARDIAN, JournalHealed())

    def _exits_may_leave(self) -> bool:
        since, settings = self._failing_since, self._settings
        return (
            since is not None
            and settings.failure is JournalFailure.EXIT_UNJOURNALED
            and self.now() >= since + settings.exit_after_ms
        )

    def _begin_segment(self) -> None:
        """Go on in a new segment. Where that fails the old one goes on: trading need not stop."""
        now, failed_at = self.now(), self._segment_failed_at
        if failed_at is not None and now < failed_at + _SEGMENT_PAUSE_MS:
            return
        try:
            self._journal.begin_segment(tuple(self._under_way()), now)
        except JournalError as error:
            self._segment_failed_at = now
            if failed_at is None:
                self._alarm(f"the journal's old file goes on, no new one can be begun: {error}")
            return
        self._segment_failed_at = None
        if failed_at is not None:
            self._over("the journal goes on in a new file again")

    def _alarm(self, text: str) -> None:
        self.send(OBSERVERS, Alarm(kind=AlarmKind.JOURNAL, text=text))

    def _over(self, text: str) -> None:
        self.send(OBSERVERS, AlarmOver(kind=AlarmKind.JOURNAL, text=text))

    def _under_way(self) -> Iterator[Undelivered]:
        """Yield what recorded steps sent to recorded actors and still waits in a mailbox."""
        for address, mailbox in self.system.mailboxes.items():
            queue = mailbox.queue
            if not isinstance(mailbox.actor, CoreActor) or not isinstance(queue, deque):
                continue
            for delivery in tuple(queue):
                if isinstance(delivery, Envelope) and delivery.id[0]:
                    yield Undelivered(
                        to=address,
                        sender=delivery.sender,
                        id=delivery.id,
                        cause=delivery.cause,
                        message=delivery.message,
                    )
