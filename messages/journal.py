"""What the journal's actor receives, and what it answers."""

from messages.base import Message


class Persist(Message, frozen=True, kw_only=True):
    """Make durable at once what is recorded: a request waits for it. From the gateway; answered."""


class Persisted(Message, frozen=True, kw_only=True):
    """Everything up to this record is durable. To the gateway."""

    sequence: int


class PersistFailed(Message, frozen=True, kw_only=True):
    """The journal can't be written now; ``Persisted`` follows when it can again. To the gateway."""

    error: str
    exits_may_leave: bool
    """Whether requests that reduce what is held need not wait any more."""


class InspectFiles(Message, frozen=True, kw_only=True):
    """Look whether every file and folder that the session stands on is in its place.

    From a thread that does nothing else, each second.
    """

    session_problem: str = ""
    """What became of the session's folder, for people: that thread has looked; empty: nothing."""


UNRECORDED_AT_MOST = 3
"""Exits of one position that leave without a record, in a row, before the venue has shown one.

So many further ids a start looks up: it finds the first of any row, and from there the next.
"""
