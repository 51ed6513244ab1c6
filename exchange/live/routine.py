"""Questions for which nothing waits: they leave one after the other, so no minute holds many.

An exchange counts the weight of each minute. On the loop only.
"""

import asyncio
from collections.abc import Callable

from messages.base import Milliseconds

Ask = Callable[[], object]
"""Begins a question; its answer comes later."""


class RoutineQuestions:
    """Those that wait for their turn, and when the next one has it."""

    def __init__(self) -> None:
        """Let nothing wait."""
        self._waiting: dict[str, tuple[Milliseconds, Ask]] = {}
        self._is_any = asyncio.Event()
        self._left_at: float | None = None
        self._gap_seconds = 0.0

    def add(self, name: str, gap_ms: Milliseconds, ask: Ask) -> None:
        """Ask ``gap_ms`` after the one before, or now; not twice while it waits."""
        self._waiting.setdefault(name, (gap_ms, ask))
        self._is_any.set()

    @property
    def is_free(self) -> bool:
        """Whether the last one left long enough ago."""
        return self._wait_seconds(self._gap_seconds) <= 0

    def left(self) -> None:
        """Take in that a question left that did not wait here: the next one keeps its distance."""
        self._left_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Ask, for ever."""
        while True:
            if not self._waiting:
                self._is_any.clear()
                await self._is_any.wait()
            name, (gap_ms, ask) = next(iter(self._waiting.items()))
            self._gap_seconds = gap_ms / 1000
            while (seconds := self._wait_seconds(self._gap_seconds)) > 0:  # noqa: ASYNC110 - a pause
                await asyncio.sleep(seconds)  # meanwhile another one may leave that did not wait
            del self._waiting[name]
            self.left()
            ask()

    def _wait_seconds(self, gap_seconds: float) -> float:
        if self._left_at is None:
            return 0.0
        return self._left_at + gap_seconds - asyncio.get_running_loop().time()
