"""Who may send next: exits first, then protection; neither waits for what looks have used up.

Owns the order of requests and the venue's rate. Knows no request and no venue. Time is given in
milliseconds by whoever makes it.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from heapq import heappop, heappush
from math import inf

from exchange.live.errors import RetryableError
from messages.orders import Priority

RESERVED_RATIO = 0.2
"""Of the venue's rate: only exits may use it, and protection, which leaves exits their part."""
FOR_EXITS_RATIO = 0.5
"""Of what the reserve holds: protection leaves so much of it."""
BACKGROUND_RATIO = 0.5
"""Of the venue's rate: queries together use no more."""
BURST_MS = 250.0
"""What may be sent at once after a silence, as time at the full rate."""

URGENCY: ContextVar[Priority] = ContextVar("urgency", default=Priority.QUERY)
"""Of the request that the running task makes."""
PATIENCE_MS: ContextVar[int | None] = ContextVar("patience_ms", default=None)
"""How long that request may wait for its turn; None: for ever."""


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
    ) -> None:
        """Let one token's worth out every ``ms_per_token``; ``call_later`` counts in seconds."""
        rate = 1.0 / ms_per_token
        reserved, open_rate = rate * RESERVED_RATIO, rate * (1 - RESERVED_RATIO)
        self._open = Bucket(open_rate, open_rate * BURST_MS)
        self._reserve = Bucket(reserved, rate * BURST_MS)
        self._for_exits = rate * BURST_MS * FOR_EXITS_RATIO
        self._background = Bucket(rate * BACKGROUND_RATIO, rate * BACKGROUND_RATIO * BURST_MS)
        self._now_ms = now_ms
        self._call_later = call_later
        self._queue: list[tuple[Priority, int, asyncio.Future[None], float]] = []
        self._sequence = 0
        self._paused_until_ms = 0.0
        self._wakes_at_ms: float | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return sum(not future.done() for _, _, future, _ in self._queue)

    async def pass_(self, cost: float) -> None:
        """Wait until a request of the running task's urgency may go out.

        Raises ``RetryableError`` where that took longer than the task's ``PATIENCE_MS``.
        """
        future = asyncio.get_running_loop().create_future()
        self._sequence += 1
        heappush(self._queue, (URGENCY.get(), self._sequence, future, cost))
        self._let_out()
        patience_ms = PATIENCE_MS.get()
        try:
            await asyncio.wait_for(future, patience_ms and patience_ms / 1000)
        except TimeoutError:
            raise RetryableError(f"not sent: {patience_ms} ms in the queue") from None

    def pause(self, milliseconds: float) -> None:
        """Let nothing out for so long: the venue demands it, of exits too."""
        until = self._now_ms() + milliseconds
        self._paused_until_ms = max(self._paused_until_ms, until)

    def _let_out(self) -> None:
        now = self._now_ms()
        while self._queue:
            priority, _, future, cost = self._queue[0]
            if not future.done():  # else nobody waits for it any more
                wait = self._take(priority, cost, now)
                if wait > 0:
                    self._look_again(now, wait)
                    return
                future.set_result(None)
            heappop(self._queue)

    def _take(self, priority: Priority, cost: float, now: float) -> float:
        """Take the tokens of a request, or return how long it has to wait."""
        if now < self._paused_until_ms:
            return self._paused_until_ms - now
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
