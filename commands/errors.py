"""What a command tells a person who has to mend something.

CommandError
    UsageError        the command line, the config or a recording can't be used
    RunFailedError    the run itself went wrong
"""


class CommandError(Exception):
    """The text is for a person: what was wrong, where, and what would be right."""


class UsageError(CommandError):
    """The command line, the config or a recording can't be used."""


class RunFailedError(CommandError):
    """The run itself went wrong."""
