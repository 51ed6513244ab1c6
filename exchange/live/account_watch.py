"""Whether the account may have changed since its balances were told last. Pure.

What the stream tells of the account is taken as a sign only, never as an amount: after any sign, a
gap in the stream or a while, the exchange is asked again.
"""

from collections.abc import Callable

from exchange.live.parsing import Balances
from messages.base import Timestamp
from messages.portfolio import BalancesReported

REFRESH_MS = 600_000
"""After so long the exchange is asked though the stream told nothing: events may be lost."""
OPENED_MS = 5_000
"""For so long a routine question is answered by what was read when the connection was opened."""


class AccountWatch:
    """The last answer about balances, and whether it may still be given."""

    def __init__(self, steady_ms: Callable[[], float] = lambda: 0.0) -> None:
        """Know of no answer. ``steady_ms``: a clock that nobody sets."""
        self._steady_ms = steady_ms
        self._changed_at_ms = steady_ms()
        self._quiet_ms = 0.0
        """How long there had been no sign of a change when the last answer was asked for."""
        self._answer: BalancesReported | None = None
        self._answered_at = Timestamp(0)
        self._is_streaming = False
        self._changes = 0

    @property
    def changes(self) -> int:
        """How many signs of a change came so far."""
        return self._changes

    @property
    def quiet_ms(self) -> float:
        """For how long there has been no sign of a change."""
        return self._steady_ms() - self._changed_at_ms

    def changed(self) -> None:
        """Take in a sign that the account changed, or may have."""
        self._changes += 1
        self._changed_at_ms = self._steady_ms()
        self._answer = None

    def stream_changed(self, *, is_up: bool) -> None:
        """Take in that the account's stream is up or down; while it is down nothing is known."""
        self._is_streaming = is_up
        self.changed()

    def answered(
        self,
        answer: BalancesReported,
        asked_at: int,
        now: Timestamp,
        quiet_ms: float = 0.0,
    ) -> None:
        """Keep an answer, unless a sign came since it was asked for, after ``asked_at`` changes.

        ``quiet_ms``: as it was then.
        """
        if asked_at == self._changes and self._is_streaming and not answer.unknown:
            self._answer, self._answered_at = answer, now
            self._quiet_ms = quiet_ms

    def opened(self, held: Balances, now: Timestamp) -> None:
        """Keep what was read when the connection was opened, for a few seconds."""
        if not held.unknown:
            self._answer = BalancesReported(total=held.total, free=held.free)
            self._answered_at = Timestamp(now - REFRESH_MS + OPENED_MS)
            self._quiet_ms = 0.0

    def still_true(self, now: Timestamp, *, may_wait: bool = False) -> BalancesReported | None:
        """Return the last answer where nothing changed since; None: the exchange must be asked.

        ``may_wait``: an answer that is only old will do once more, for a while.
        """
        longest = 2 * REFRESH_MS if may_wait else REFRESH_MS
        is_recent = 0 <= now - self._answered_at < longest
        return self._answer if is_recent else None

    def certain(self, now: Timestamp, lag_ms: int) -> BalancesReported | None:
        """Return the last answer where it is still true and no cache can have been behind.

        It was asked for when there had been no sign of a change for ``lag_ms``.
        """
        return self.still_true(now) if self._quiet_ms >= lag_ms else None
