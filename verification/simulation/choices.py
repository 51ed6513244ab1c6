"""Where a simulation's choices come from: one list of small integers, 0 being the plain choice.

Owns the list and how it is read. Everything that could go one way or another in a run takes its
number here, in the order in which it comes up; so the list *is* the schedule, and a shorter list
with more zeros is a plainer one.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from enum import IntEnum

from messages.base import Address


class Kind(IntEnum):
    """What is chosen; explorers deviate in each kind as often as they like."""

    SETUP = 0
    """Of the plan, the venue and the wallet, at the beginning."""
    STEP = 1
    """What happens next: a delivery, time, or something from outside."""
    REQUEST = 2
    """What becomes of a request on its way to the venue."""
    EVENT = 3
    """What becomes of an event on its way back."""
    DISK = 4
    """What becomes of a commit."""


class Choices:
    """Follows a list; when it is used up, everything is plain."""

    def __init__(self, schedule: Iterable[int] = ()) -> None:
        self.taken: list[int] = []
        """What was chosen so far: the schedule of this run."""
        self._schedule = tuple(schedule)

    @property
    def is_over(self) -> bool:
        """Whether the list is used up: the fair tail may begin."""
        return len(self.taken) >= len(self._schedule)

    def take(self, kind: Kind, count: int) -> int:
        """Return a number from 0 up to ``count``, without it."""
        choice = self._next(kind, count) % count
        self.taken.append(choice)
        return choice

    def step(self, waiting: Sequence[Address], count: int) -> int:  # noqa: ARG002 - for those who look
        """Choose what happens next; ``waiting`` are the mailboxes with mail, the oldest first."""
        return self.take(Kind.STEP, count)

    def _next(self, kind: Kind, count: int) -> int:  # noqa: ARG002 - for those who look
        return 0 if self.is_over else self._schedule[len(self.taken)]


class Scripted(Choices):
    """Takes what it is given for the next choices of a kind; everything else is plain."""

    def __init__(self) -> None:
        super().__init__()
        self._given: dict[Kind, deque[int]] = {kind: deque() for kind in Kind}

    def give(self, kind: Kind, *choices: int) -> None:
        """Say how the next choices of this kind turn out."""
        self._given[kind] += choices

    def has(self, kind: Kind) -> bool:
        """Return whether something given is still to be taken."""
        return bool(self._given[kind])

    def _next(self, kind: Kind, count: int) -> int:  # noqa: ARG002 - it is given
        return self._given[kind].popleft() if self._given[kind] else 0
