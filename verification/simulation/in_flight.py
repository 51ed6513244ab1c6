"""What is on its way between the venue and its client, and does not arrive at once."""

from collections.abc import Callable
from typing import NamedTuple

from messages.base import Timestamp

LIVES_MS = 4_000
"""How long anything can be on its way: shorter than the router's ``unknown_settle_ms`` (5 s), and
than its ``answer_timeout_ms``."""


class Held(NamedTuple):
    """Something on its way that does not arrive before it is let in, or due."""

    due: int
    let_in: Callable[[Timestamp], None]
    name: str


class Way:
    """Things under way, in the order in which they left."""

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.on_arrival: Callable[[str], None] = _nothing

    def hold(
        self,
        now: Timestamp,
        let_in: Callable[[Timestamp], None],
        name: str,
        lives_ms: int = LIVES_MS,
    ) -> None:
        """Keep something on its way, no longer than it can live."""
        self.held.append(Held(now + lives_ms - 1, let_in, name))

    def postpone(self, name: str, due: int) -> None:
        """Let what has this name arrive by another time at the latest."""
        self.held = [one._replace(due=due) if one.name == name else one for one in self.held]

    def let_in(self, place: int, now: Timestamp) -> None:
        """Let something arrive: 0 the oldest, -1 the newest."""
        if self.held:
            self._arrive(self.held.pop(place), now)

    def next_due(self) -> Timestamp | None:
        """Return when the next thing arrives at the latest; None: nothing is on its way."""
        return min((Timestamp(held.due) for held in self.held), default=None)

    def let_in_due(self, now: Timestamp) -> None:
        """Let everything arrive that can't be any later."""
        while (due := next((held for held in self.held if held.due <= now), None)) is not None:
            self.held.remove(due)
            self._arrive(due, now)

    def _arrive(self, held: Held, now: Timestamp) -> None:
        self.on_arrival(f"arrives: {held.name}")
        held.let_in(now)


def _nothing(*_: object) -> None:
    """Tell nobody."""
