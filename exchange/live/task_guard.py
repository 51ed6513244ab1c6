"""The connection's lasting tasks: one that ends, however it ends, starts again.

Owns the pauses between starts and when a task that keeps failing is escalated. ccxt and the HTTP
library cancel futures of their own accord (a socket that closes cancels all that wait on it), so a
task can be canceled without anyone having asked for its end. On the loop only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from exchange.live.loop import as_error

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
"""After which a task's earlier failures count no more."""
ESCALATED_AT = 5
"""Failures in a row."""


class Listener(Protocol):
    """Takes what a guard reports."""

    def restarting(self, task: str, pause_seconds: float, text: str) -> None:
        """A task ended and starts again after a pause."""

    def escalate(self, task: str, text: str) -> None:
        """A task has failed too often; it goes on trying."""


class TaskGuard:
    """Keeps tasks running."""

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
        listener: Listener,
        text_of: Callable[[BaseException], str],
    ) -> None:
        """Report to ``listener``; ``text_of`` cleans an error of secrets."""
        self._spawn = spawn
        self._listener = listener
        self._text_of = text_of

    def keep(self, name: str, run: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        """Run ``run`` until the returned task is canceled."""
        return self._spawn(self._keep(name, run))

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await as_error(run())
                text = "it ended"
            except Exception as error:  # noqa: BLE001 - whatever it is, the task is needed
                text = self._text_of(error)
            if loop.time() - began > HEALTHY_SECONDS:
                failures = 0
            pause = min(FIRST_PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS)
            failures += 1
            self._listener.restarting(name, pause, text)
            if failures == ESCALATED_AT:
                self._listener.escalate(name, text)
            await asyncio.sleep(pause)
