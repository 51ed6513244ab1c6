"""One mistake in a config, and the error that tells all of them at once."""

from collections.abc import Iterable

import msgspec

from messages.border import one_line

_PART_MOST = 2_000
"""Characters that are told of a file's name, of a key or of a mistake."""


class Problem(msgspec.Struct, frozen=True):
    """One mistake: which key, from where, what is wrong and what would be right."""

    key: str
    """Dotted, as typed: ``plan.take_profit_ratio``; empty: the file as a whole."""
    source: str
    """The file, or the ``--set`` option."""
    text: str

    def __str__(self) -> str:
        """Return the mistake as one line."""
        parts = (self.source, self.key, self.text)
        return ": ".join(one_line(part, _PART_MOST) for part in parts if part)


class ConfigError(Exception):
    """A config can't be used; ``problems`` holds every mistake that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Take at least one problem."""
        self.problems = tuple(problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the config can't be used:\n{lines}")
