"""What a recorded step leaves behind, and the port it is written through.

Owns the shape of a record and what is asked of a store. Knows no store.
"""

from typing import Protocol

import msgspec

from messages.base import Address, Message, MessageId, Timestamp
from messages.envelope import Send

UNWRITTEN = "unwritten"
"""The file beside a journal with what a process that hung could not commit: see ``mirror``."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step: what was received, and what it did."""

    sequence: int
    """From 1, without a gap within one journal."""
    actor: Address
    now: Timestamp
    id: MessageId
    cause: MessageId | None
    sender: Address
    message: Message
    changes: tuple[msgspec.Struct, ...]
    outbox: tuple[Send, ...]
    """The n-th of them, from 0, travels under the id ``(sequence, n)``."""
    error: str | None = None
    """The step raised this: nothing changed, and the outbox is what the actor said about it."""


class JournalError(Exception):
    """A record could not be written: the step has not happened."""


class CustodyError(JournalError):
    """A file or folder that the journal stands on is not where, or not what, it was."""

    def __init__(self, problem: str, advice: str) -> None:
        """Say what happened, and what a person can do."""
        super().__init__(f"{problem}; {advice}")
        self.problem = problem


class HungError(Exception):
    """The process before this one never came back from this message, and ended itself."""


class Journal(Protocol):
    """Where recorded actors write their steps; called by one thread, the dispatcher's."""

    @property
    def next_sequence(self) -> int:
        """The sequence that the next record must carry."""
        ...

    @property
    def durable(self) -> int:
        """Sequence of the last record that a crash would not lose; 0 before the first."""
        ...

    def append(self, record: Record) -> None:
        """Take the record. Raises ``JournalError``: then the step has not happened."""
        ...
