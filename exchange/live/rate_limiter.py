"""Which request goes out next: exits first, then protection, and none that the venue's pauses hold.

Owns the order of requests and the venue's rate; exits and protection do not wait for tokens that
questions have used up. A request that a pause would hold for long is not sent and fails at once, so
a ban gathers no queue. Time comes in milliseconds from a clock that the owner gives.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from heapq import heappop, heappush
from math import ceil, inf

from exchange.live.errors import PausedError, RetryableError
from exchange.live.pauses import Asking, Pauses
from exchange.live.rate_limits import Demand
from messages.base import Milliseconds
from messages.orders import Priority

RESERVED_RATIO = 0.2
"""Of the venue's rate: only exits may use it, and protection, which leaves exits their part."""
FOR_EXITS_RATIO = 0.5
"""Of what the reserve holds: protection leaves so much of it."""
BACKGROUND_RATIO = 0.5
"""Of the venue's rate: queries together use no more."""
BURST_MS = 250.0
"""What may be sent at once after a silence, as time at the full rate, where a profile names no
other; the reserve for exits always holds so much."""

URGENCY: ContextVar[Priority] = ContextVar("urgency", default=Priority.QUERY)
"""Of the request that the running task makes."""
ENDPOINT: ContextVar[str] = ContextVar("endpoint", default="")
"""Method and path of that request."""
PLACES: ContextVar[bool] = ContextVar("places", default=False)
"""Whether that request places an order."""
ORDER_ID: ContextVar[str] = ContextVar("order_id", default="")
"""Of the order that the running task is about."""
IS_PROBE: ContextVar[bool] = ContextVar("is_probe", default=False)
"""Whether that request went out in spite of a pause."""
PATIENCE_MS: ContextVar[int | None] = ContextVar("patience_ms", default=None)
"""How long that request may wait for its turn; None: for ever."""
ON_LEAVING: ContextVar[Callable[[], None] | None] = ContextVar("on_leaving", default=None)
"""Called when that request has its turn: what is asked from then on, it does not answer."""


_Waiting = tuple[Priority, bool, int, "asyncio.Future[bool]", float, Asking]
"""How urgent, whether it places no order, then the order of asking. The future's result: whether
the request is a probe."""


def _asking() -> Asking:
    """Return the request that the running task makes."""
    return Asking(priority=URGENCY.get(), endpoint=ENDPOINT.get(), places=PLACES.get())


def _paused_error(wait_ms: float) -> PausedError:
    text = f"not sent: the exchange wants no such request for {wait_ms / 1000:.0f} s"
    return PausedError(text, Milliseconds(ceil(wait_ms)))


class Bucket:
    """Tokens that grow with time: a request may pass while there is no debt, and takes its cost."""

    def __init__(self, rate_per_ms: float, capacity: float) -> None:
        """Begin full."""
        self._rate_per_ms = rate_per_ms
        self._capacity = capacity
        self._tokens = capacity
        self._at_ms: float | None = None

    def wait_ms(self, now_ms: float, holding: float = 0.0) -> float:
        """Return how long until a request may pass, with so many tokens there; 0: now."""
        since = now_ms if self._at_ms is None else self._at_ms
        self._tokens = min(self._capacity, self._tokens + (now_ms - since) * self._rate_per_ms)
        self._at_ms = now_ms
        if holding > self._capacity:
            return inf
        return max(0.0, (holding - self._tokens) / self._rate_per_ms)

    def take(self, cost: float) -> None:
        """Let a request pass."""
        self._tokens -= cost


class Throttle:
    """One account's way out. On one asyncio loop only."""

    def __init__(
        self,
        ms_per_token: float,
        now_ms: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], object],
        *,
        exit_probe_ms: float = 120_000,
        hold_ms: float = 5_000,
        burst_ms: float = BURST_MS,
    ) -> None:
        """Let one token's worth out every ``ms_per_token``; ``call_later`` counts in seconds.

        ``hold_ms``: a request that a pause holds for longer fails at once. ``burst_ms``: what may
        be sent at once after a silence, as time at the full rate.
        """
        rate = 1.0 / ms_per_token
        reserved, open_rate = rate * RESERVED_RATIO, rate * (1 - RESERVED_RATIO)
        self._open = Bucket(open_rate, open_rate * burst_ms)
        self._reserve = Bucket(reserved, rate * BURST_MS)
        self._for_exits = rate * BURST_MS * FOR_EXITS_RATIO
        self._background = Bucket(rate * BACKGROUND_RATIO, rate * BACKGROUND_RATIO * burst_ms)
        self._now_ms = now_ms
        self._call_later = call_later
        self._queue: list[_Waiting] = []
        self._sequence = 0
        self._pauses = Pauses(exit_probe_ms)
        self._hold_ms = hold_ms
        self._wakes_at_ms: float | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(not one[3].done() for one in self._queue)

    async def pass_(self, cost: float) -> None:
        """Wait until a request of the running task may go out.

        Raises ``PausedError`` where a pause would hold it for long, and ``RetryableError`` where
        its turn took longer than the task's ``PATIENCE_MS``.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._sequence += 1
        asking = _asking()
        # Of equal urgency an order goes before what is asked about others.
        rank = (asking.priority, not asking.places, self._sequence)
        heappush(self._queue, (*rank, future, cost, asking))
        self._let_out()
        patience_ms = PATIENCE_MS.get()
        try:
            IS_PROBE.set(await asyncio.wait_for(future, patience_ms and patience_ms / 1000))
        except TimeoutError:
            raise RetryableError(f"not sent: {patience_ms} ms in the queue") from None
        on_leaving = ON_LEAVING.get()
        if on_leaving is not None:
            on_leaving()

    def refused(self, demand: Demand) -> tuple[bool, Milliseconds]:
        """Take in what the answer to the task's request demands.

        Return whether a pause grew by it, and how long the request has to wait now.
        """
        asking, now = _asking(), self._now_ms()
        grew = self._pauses.demand(asking, demand, now)
        if grew:
            self._let_out()  # what would wait for long fails now
        return grew, Milliseconds(round(self._pauses.wait_ms(asking, now)))

    def answered(self) -> None:
        """Take in an answer to the task's request that demands no pause."""
        if IS_PROBE.get():
            self._pauses.end(_asking())
            self._let_out()

    def longest_pause_ms(self) -> float:
        """Return how long the longest of the venue's pauses still lasts; 0: there is none."""
        return self._pauses.longest_ms(self._now_ms())

    def banned_for_ms(self) -> float:
        """Return how long the venue still bans this address; 0: it does not."""
        return self._pauses.banned_for_ms(self._now_ms())

    async def until_no_ban(self) -> None:
        """Wait until the venue takes requests and connections from this address again."""
        while (left_ms := self.banned_for_ms()) > 0:  # noqa: ASYNC110 - a ban may be lengthened
            await asyncio.sleep(left_ms / 1000)

    def _let_out(self) -> None:
        now, held = self._now_ms(), list[_Waiting]()
        shortest = inf
        while self._queue:
            priority, _, _, future, cost, asking = self._queue[0]
            wait = 0.0
            if not future.done():  # else its task waits no more
                paused = self._pauses.wait_ms(asking, now)
                if paused > self._hold_ms:
                    future.set_exception(_paused_error(paused))
                elif paused > 0:  # others need not wait for it
                    held.append(self._queue[0])
                    shortest = min(shortest, paused)
                else:
                    wait = self._take(priority, cost, now)
                    if wait > 0:
                        shortest = min(shortest, wait)
                        break
                    future.set_result(self._pauses.sent(asking, now))
            heappop(self._queue)
        for one in held:
            heappush(self._queue, one)
        if shortest < inf:
            self._look_again(now, shortest)

    def _take(self, priority: Priority, cost: float, now: float) -> float:
        """Take the tokens of a request, or return how long it has to wait."""
        wait = self._open.wait_ms(now)
        if wait > 0 and priority <= Priority.PROTECTION:
            holding = 0.0 if priority is Priority.EXIT else self._for_exits + cost
            wait = min(wait, self._reserve.wait_ms(now, holding))
            if wait == 0:
                self._reserve.take(cost)
            return wait
        if priority is Priority.QUERY:
            wait = max(wait, self._background.wait_ms(now))
            if wait == 0:
                self._background.take(cost)
        if wait == 0:
            self._open.take(cost)
        return wait

    def _look_again(self, now: float, wait: float) -> None:
        if self._wakes_at_ms is None or now + wait < self._wakes_at_ms:
            self._wakes_at_ms = now + wait
            self._call_later(wait / 1000, self._wake)

    def _wake(self) -> None:
        self._wakes_at_ms = None
        self._let_out()
