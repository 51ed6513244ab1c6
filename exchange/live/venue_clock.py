"""The venue's clock against ours: measured, told, and compared with the measurement before.

Only an answer of the venue that names its time counts; HTTP's ``Date`` is no such answer: it has
seconds only, and is often a proxy's. On the loop only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from msgspec.structs import replace

from exchange.live.client import can_call
from exchange.live.clock_jumps import ClockJumps
from exchange.live.errors import UnansweredError
from exchange.profiles.profile import Profile
from exchange.profiles.request_terms import terms_of
from messages.base import Milliseconds, Timestamp
from messages.order_router import RequestTimingMeasured
from messages.orders import Priority
from messages.positions import EpochAdded

CLOCK_READS = 3
"""Round trips of one measurement; one only while a connection is opened, or a request waits."""


class Asked(Protocol):
    """What is asked: a connection."""

    profile: Profile
    client: Any
    may_borrow: bool

    async def call(self, method: str, *args: object, urgency: Priority) -> Any:  # noqa: ANN401 - ccxt's
        """Ask ccxt."""


class VenueClock:
    """One venue's clock."""

    def __init__(self, asked: Asked) -> None:
        """Know nothing of it."""
        self._asked = asked
        self.timing: RequestTimingMeasured | None = None
        """As last measured; None: it was not, or the venue does not say its time."""
        self.on_timing: Callable[[RequestTimingMeasured], None] = lambda _: None
        """Called with each measurement."""
        self.jumps = ClockJumps()
        self.on_jump: Callable[[EpochAdded], None] = lambda _: None
        """Called when the venue's clock jumped against this machine's."""

    @property
    def offset_ms(self) -> int:
        """The venue's clock less ours, as last measured."""
        return 0 if self.timing is None else self.timing.offset_ms

    @property
    def is_bounded(self) -> bool:
        """Whether it is known until when the venue's engine takes a request."""
        terms = None if self.timing is None else self.timing.terms
        return terms is not None and terms.settle_ms is not None

    async def measure(self, reads: int) -> None:
        """Measure it; the fastest of so many round trips counts. Raises what ccxt raises."""
        if not can_call(self._asked.client, "fetchTime"):
            return
        asked = [await self._read(Priority.PROTECTION) for _ in range(reads)]
        readings = [one for one in asked if one is not None]
        if readings:
            slowest = max(one.latency_ms for one in readings)
            best = min((one.timing for one in readings), key=lambda one: one.error_ms)
            self._take(replace(best, latency_ms=slowest))

    async def time(self, urgency: Priority) -> Timestamp:
        """Return the venue's time, asked for now. Raises what ccxt raises.

        Where it contradicts the last measurement, it is one: a clock moved.
        """
        reading = await self._read(urgency)
        if reading is None:
            raise UnansweredError("fetch_time: the venue does not say its time")
        known = self.timing
        if known is None or _contradict(reading.timing, known):
            self._take(reading.timing)
        return reading.shown

    def _take(self, measured: RequestTimingMeasured) -> None:
        self._asked.client.options["timeDifference"] = -measured.offset_ms
        self.timing = measured
        self.tell_terms()

    def tell_terms(self) -> None:
        """Tell the last measurement with what the profile and the account promise now."""
        if self.timing is not None:
            terms = terms_of(self._asked.profile, may_borrow=self._asked.may_borrow)
            self.timing = replace(self.timing, terms=terms)
            self.on_timing(self.timing)

    async def _read(self, urgency: Priority) -> "_Reading | None":
        """Ask for its time once; None: the venue does not say it."""
        client = self._asked.client
        asked, before = self.jumps.read(), int(client.milliseconds())
        shown = await self._asked.call("fetch_time", urgency=urgency)
        after = int(client.milliseconds())
        if shown is None:
            return None
        added = self.jumps.measured(asked, float(shown))
        if added is not None:
            self.on_jump(added)
        latency_ms = max(after - before, 0)
        timing = RequestTimingMeasured(
            offset_ms=int(shown) - (before + after) // 2,
            error_ms=Milliseconds(latency_ms // 2 + 1),
            latency_ms=Milliseconds(latency_ms),
        )
        return _Reading(Timestamp(int(shown)), timing)


class _Reading(NamedTuple):
    """One answer of the venue that names its time."""

    shown: Timestamp
    timing: RequestTimingMeasured

    @property
    def latency_ms(self) -> Milliseconds:
        """Of the round trip."""
        return self.timing.latency_ms


def _contradict(one: RequestTimingMeasured, other: RequestTimingMeasured) -> bool:
    return abs(one.offset_ms - other.offset_ms) > one.error_ms + other.error_ms
