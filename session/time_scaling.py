"""What a market faster than real time changes, and what real time ends.

Owns the settings that time this process and not the market, how often a market moves, and the end
of a run that was given a duration.
"""

import time

import msgspec

from config.settings import Settings
from messages.base import Milliseconds

_MOVE_SECONDS = 0.01
"""Between two moves of a market, of real time: more often, a fast market wakes threads only."""


def at_speed(settings: Settings, speed: float) -> Settings:
    """Return settings whose limits on this process's own slowness are real time again.

    How long the strategy may think, a budget may take and a quote may be on its way: at 60 times
    real time the clock makes a second's pause a minute's.
    """

    def stretched(duration: Milliseconds) -> Milliseconds:
        return Milliseconds(int(duration * max(1.0, speed)))

    replace = msgspec.structs.replace
    guards, market, plan = settings.guards, settings.market_data, settings.plan
    journal, runtime = settings.journal, settings.runtime
    return replace(
        settings,
        guards=replace(guards, deadline_ms=stretched(guards.deadline_ms)),
        market_data=replace(market, stale_ms=stretched(market.stale_ms)),
        journal=replace(
            journal,
            linger_ms=stretched(journal.linger_ms),
            exit_after_ms=stretched(journal.exit_after_ms),
        ),
        runtime=replace(
            runtime,
            restart_window_ms=stretched(runtime.restart_window_ms),
            restart_backoff_ms=stretched(runtime.restart_backoff_ms),
            restart_backoff_max_ms=stretched(runtime.restart_backoff_max_ms),
        ),
        plan=replace(plan, budget_deadline_ms=stretched(plan.budget_deadline_ms)),
    )


def pace_ms(speed: float) -> Milliseconds:
    """Return how far apart a market's moves are, of its own time."""
    return Milliseconds(int(_MOVE_SECONDS * 1000 * speed))


class Deadline:
    """The end of a run that may last for some seconds of real time; None: as long as it takes."""

    def __init__(self, seconds: float | None) -> None:
        """Begin to count."""
        self.seconds = seconds
        self._at = None if seconds is None else time.monotonic() + seconds

    @property
    def seconds_left(self) -> float | None:
        """How long the run may still take; None: no end is set."""
        return None if self._at is None else max(0.0, self._at - time.monotonic())

    def within(self, seconds: float) -> float:
        """Return ``seconds``, or what is left if that is less."""
        left = self.seconds_left
        return seconds if left is None else min(seconds, left)

    @property
    def has_passed(self) -> bool:
        """Whether it is time to end."""
        return self.seconds_left == 0.0
