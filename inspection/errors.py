"""What can go wrong between a person and a session.

CommandError (of ``terminal.errors``)
    InspectError        the text says what was wrong, and what would be right
        NoSessionError  there is no session to look into, or it has gone
            NotRunningError  it is over: its journal answers
            NoJournalError   it may well run: what it wrote can't be read
        RefusedError    the session answered that it can't
        NotLiveError    only a running session can do this
"""

from terminal.errors import CommandError


class InspectError(CommandError):
    """What was typed can't be done."""


class NoSessionError(InspectError):
    """There is no such session, it does not run, or it has gone."""


class NotRunningError(NoSessionError):
    """The session that was named is over; its journal may still be read."""


class NoJournalError(NoSessionError):
    """What a running session wrote down can't be read; what needs no journal still answers."""


class RefusedError(InspectError):
    """The session answered that it can't, and why."""

    def __init__(self, text: str, *, may_be_done: bool = False) -> None:
        """Take what it said; ``may_be_done``: a command that no answer came to in time."""
        super().__init__(text)
        self.may_be_done = may_be_done


class NotLiveError(InspectError):
    """Only a running session can do this."""
