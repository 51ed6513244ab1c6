"""What a command tells a person who has to mend something, and how a run ends before its time.

CommandError
    UsageError        the command line, the config or a recording can't be used
    RunFailedError    the run itself went wrong
    ConnectFailedError  the exchange can't be reached, or does not take the key
StopAtOnceError       a second signal: not an Exception, so that nothing on the way takes it for one
"""


class CommandError(Exception):
    """The text is for a person: what was wrong, where, and what would be right."""


class UsageError(CommandError):
    """The command line, the config or a recording can't be used."""


class RunFailedError(CommandError):
    """The run itself went wrong."""


class ConnectFailedError(CommandError):
    """The exchange could not be opened; nothing was traded."""

    def __init__(self, text: str, exit_code: int) -> None:
        """Take what a person is told and what a script is."""
        super().__init__(text)
        self.exit_code = exit_code


class StopAtOnceError(BaseException):
    """The process was told to stop a second time."""

    def __init__(self, signal_number: int) -> None:
        """Take the signal that said so."""
        super().__init__(f"stopped by signal {signal_number}")
        self.exit_code = 128 + signal_number
        """As a shell tells of a process that a signal ended."""
