"""What a command is: its name, how it is typed, and the function that answers.

Owns the words of a command's description; the commands themselves are in modules by subject.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from inspection.errors import NotLiveError, RefusedError
from inspection.journal_follower import Following
from inspection.recorded import Recorded
from inspection.recorded_source import Past
from inspection.source import LiveSource, Source
from inspection.view import View
from messages.inspection import Operate, Operated


class Operating(msgspec.Struct, frozen=True):
    """A person may have things done: why, and how they are asked before."""

    reason: str
    confirm: Callable[[View], bool]
    """Shows what will happen; returns whether it shall."""
    new_id: Callable[[], str]
    """Makes a command's id, never the same twice."""

    def do(self, source: LiveSource, question: Operate) -> Operated:
        """Have it done; where no answer comes, ask once more under the same id."""
        try:
            return source.operate(question)
        except RefusedError as error:
            if not error.may_be_done:
                raise
        return source.operate(question)


class Context(msgspec.Struct):
    """What a command works with."""

    source: Source
    operating: Operating | None = None
    """None: nothing can be done, only looked at."""
    width: int = 80
    now: Source | None = None
    """Where ``at now`` returns to; None: nobody has left it."""
    following: Following | None = None
    """Reads the journal of a running session."""

    def live(self, what: str) -> LiveSource:
        """Return the running session. Raises ``NotLiveError``."""
        if self.now is not None and self.now.is_live:
            raise NotLiveError(f"{what} needs the running session, not its past: at now")
        if not isinstance(self.source, LiveSource):
            raise NotLiveError(f"{what} needs a running session; this one is over")
        return self.source

    def recorded(self, at_least: int = 0) -> Recorded:
        """Return its journal, read up to a record if it has that. Raises ``InspectError``."""
        if isinstance(self.source, Past) and self.following is None:
            return self.source.found
        return self.follow().recorded(at_least)

    def up_to(self, found: Recorded) -> int:
        """Return the last record that may be told of: where one looks from, or the newest read."""
        return self.source.sequence if isinstance(self.source, Past) else found.last

    def follow(self) -> Following:
        """Return what reads the running session's journal. Raises ``InspectError``."""
        if self.following is None:
            self.following = Following(self.source.folder)
        return self.following


Answers = View | Iterator[View]
"""One view, or one after the other, until who reads stops."""
Run = Callable[[Context, list[str]], Answers]
Complete = Callable[[Context, list[str]], Iterable[str]]
"""Given the words before the cursor's, the command's name aside: what may come there."""


def _nothing(_context: Context, _words: list[str]) -> Iterable[str]:
    return ()


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command."""

    name: str
    usage: str
    """How it is typed: ``state ACTOR``."""
    help: str
    """One line."""
    examples: tuple[str, ...] = ()
    run: Run
    complete: Complete = _nothing
    operates: bool = False
    """It makes something happen: only in operate mode."""
