"""What the gateway tells memory that outlives the process: whether an exit left without a record.

The next start asks it: where no exit left so, none need be looked for under ids that no record has.
"""

from typing import Protocol


class ExitMark(Protocol):
    """Memory that outlives the process; each call returns once it is written."""

    def leaves_unrecorded(self) -> None:
        """Note that an exit is about to leave without a record."""

    def all_recorded(self) -> None:
        """Note that every order that this process sent is on record."""

    def looked_for(self) -> None:
        """Note that what an earlier process may have let out was looked for, and found or not."""

    def is_durable(self, sequence: int) -> None:
        """Note that an order is about to leave, and that the journal holds this record."""


class NoMark:
    """No such memory: the next start looks."""

    def leaves_unrecorded(self) -> None:
        """Do nothing."""

    def all_recorded(self) -> None:
        """Do nothing."""

    def looked_for(self) -> None:
        """Do nothing."""

    def is_durable(self, sequence: int) -> None:
        """Do nothing."""
