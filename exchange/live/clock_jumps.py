"""A jump of the exchange's time against this machine's: the machine stood still, or went back.

A machine that is suspended counts on in ``CLOCK_BOOTTIME``; one that is restored from an image does
not, and neither does a virtual one that its host stops. Then another copy of this process may have
sent orders under the ids that this one would use next. So a jump draws a new epoch, and no order
whose id is older leaves after it.

Each measurement gives an interval: the exchange read its clock at some moment between question and
answer. Two intervals that drift and error of the clocks don't explain are a jump. Owned by the loop
thread.
"""

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from exchange.live.errors import UnknownOutcomeError
from messages.base import ClientOrderId, Timestamp
from messages.ids import RANDOM_BITS, epoch_of, follows
from messages.positions import EpochAdded

DRIFT_RATIO = 0.001
"""How fast two clocks may part: 1 ms a second, some ten times what quartz does."""
ERROR_MS = 1_000.0
"""By which the exchange's own clock may be wrong between two answers."""
_SUSPECT_MS = 500.0
"""Of this machine's clocks against each other."""
_NS_PER_MS = 1_000_000


class Reading(NamedTuple):
    """This machine's clocks at one moment, in ms."""

    boot: float
    """Since it was booted, suspensions included."""
    wall: float
    """Since 1970, as it is set."""


class _Offset(NamedTuple):
    """The exchange's time less the time since boot, in ms."""

    least: float
    most: float
    at: Reading


def read_clocks() -> Reading:
    """Read them; without ``CLOCK_BOOTTIME`` (macOS) the monotonic clock is as good."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    boot = time.clock_gettime_ns(clock) / _NS_PER_MS
    return Reading(boot, time.time_ns() / _NS_PER_MS)


def draw_epoch() -> str:
    """Return an epoch that no process has drawn."""
    return epoch_of(secrets.randbits(RANDOM_BITS))


class ClockJumps:
    """Compares each measurement with the one before."""

    def __init__(
        self,
        read: Callable[[], Reading] = read_clocks,
        draw: Callable[[], str] = draw_epoch,
    ) -> None:
        """Begin without a measurement."""
        self.read = read
        self._draw = draw
        self._last: _Offset | None = None
        self._epoch = ""
        """Drawn at the last jump."""

    @property
    def is_suspect(self) -> bool:
        """Whether this machine's own clocks parted since the exchange's was measured.

        That may be a person or a time service: only a measurement can say.
        """
        if self._last is None:
            return False
        now, then = self.read(), self._last.at
        return abs((now.wall - then.wall) - (now.boot - then.boot)) > _SUSPECT_MS

    def measured(self, asked: Reading, exchange_ms: float) -> EpochAdded | None:
        """Take in the exchange's time, asked for at ``asked`` and answered now.

        Return the epoch that a jump draws; None: there was no jump.
        """
        now, before = self.read(), self._last
        found = self._last = _Offset(exchange_ms - now.boot, exchange_ms - asked.boot, now)
        if before is None:
            return None
        slack = ERROR_MS + DRIFT_RATIO * abs(now.boot - before.at.boot)
        ahead, behind = found.least - before.most, before.least - found.most
        jump = max(ahead, behind)
        if jump <= slack:
            return None
        self._epoch = self._draw()
        side = "ahead" if ahead > behind else "back"
        text = (
            f"the exchange's clock jumped {side} by {jump / 1000:.1f} s against the time since "
            "this machine was booted: the machine stood still, or was restored from an image, and "
            "a copy of this process may run"
        )
        return EpochAdded(epoch=self._epoch, jump=text, since=Timestamp(int(before.at.wall)))

    def check(self, order_id: ClientOrderId) -> None:
        """Let an order leave. Raises ``UnknownOutcomeError`` where a copy may have sent it."""
        if self._epoch and not follows(order_id, self._epoch):
            text = "not sent: its id is older than the last jump of the clock"
            raise UnknownOutcomeError(text)
