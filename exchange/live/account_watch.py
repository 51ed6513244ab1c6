"""Whether the account may have changed since its balances were told last. Pure.

What the stream tells of the account is taken as a sign only, never as an amount: after any sign, a
gap in the stream or a while, the exchange is asked again.
"""

from exchange.live.parsing import Balances
from messages.base import Timestamp
from messages.portfolio import BalancesReported

REFRESH_MS = 600_000
"""After so long the exchange is asked though the stream told nothing: events may be lost."""
OPENED_MS = 5_000
"""For so long a routine question is answered by what was read when the connection was opened."""


class AccountWatch:
    """The last answer about balances, and whether it may still be given."""

    def __init__(self) -> None:
        """Know of no answer."""
        self._answer: BalancesReported | None = None
        self._answered_at = Timestamp(0)
        self._is_streaming = False
        self._changes = 0

    @property
    def changes(self) -> int:
        """How many signs of a change came so far."""
        return self._changes

    def changed(self) -> None:
        """Take in a sign that the account changed, or may have."""
        self._changes += 1
        self._answer = None

    def stream_changed(self, *, is_up: bool) -> None:
        """Take in that the account's stream is up or down; while it is down nothing is known."""
        self._is_streaming = is_up
        self.changed()

    def answered(self, answer: BalancesReported, asked_at: int, now: Timestamp) -> None:
        """Keep an answer, unless a sign came since it was asked for, after ``asked_at`` changes."""
        if asked_at == self._changes and self._is_streaming and not answer.unknown:
            self._answer, self._answered_at = answer, now

    def opened(self, held: Balances, now: Timestamp) -> None:
        """Keep what was read when the connection was opened, for a few seconds."""
        if not held.unknown:
            self._answer = BalancesReported(total=held.total, free=held.free)
            self._answered_at = Timestamp(now - REFRESH_MS + OPENED_MS)

    def still_true(self, now: Timestamp) -> BalancesReported | None:
        """Return the last answer where nothing changed since; None: the exchange must be asked."""
        is_recent = 0 <= now - self._answered_at < REFRESH_MS
        return self._answer if is_recent else None
