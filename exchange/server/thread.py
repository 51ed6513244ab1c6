"""A server on a thread of its own, for tests in the same process.

Owns the thread and its loop. Every method may be called from any thread.
"""

import asyncio
import selectors
import threading
from collections.abc import Coroutine, Iterable
from typing import Any, Self, TypeVar

from exchange.live.loop import connections_closed
from exchange.server.control import (
    WAIT_SECONDS,
    Control,
    ServerHand,
    VenuePicture,
    obey,
    picture_after,
)
from exchange.server.dialects import make_dialect, wall_clock
from exchange.server.server import ExchangeServer, reach_of
from exchange.server.venue import Clock
from exchange.server.wire import Reach
from messages.market import MarketRules
from messages.money import Money

_T = TypeVar("_T")


class ServerThread(ServerHand):
    """``with ServerThread("binance", markets, balances) as server: ...``."""

    def __init__(
        self,
        dialect: str,
        markets: Iterable[MarketRules],
        balances: Iterable[Money],
        clock: Clock = wall_clock,
    ) -> None:
        """Listen not yet; see ``make_dialect``."""
        self._dialect = make_dialect(dialect, markets, balances, clock)
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._thread = threading.Thread(target=self._run, name="exchange-server", daemon=True)
        self._server: ExchangeServer | None = None

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of everything."""
        try:
            self._call(self._end())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @property
    def server(self) -> ExchangeServer:
        """The server; touch it in its own loop only."""
        if self._server is None:
            raise RuntimeError("the server listens inside the with statement")
        return self._server

    @property
    def reach(self) -> Reach:
        """How clients get here."""
        return reach_of(self.server)

    def send(self, command: Control) -> None:
        """Give a command and wait until it is done."""

        async def do() -> None:
            obey(self.server, command)

        self._call(do())

    def read(self, after: int | None = None) -> VenuePicture:
        """Return the venue's books as they are; ``after`` a version: once it is past."""
        return self._call(picture_after(self.server, after))

    async def _start(self) -> None:
        server = ExchangeServer(self._dialect)
        await server.start()
        self._server = server

    async def _end(self) -> None:
        """Let go of everything, also of a connection that was only just accepted."""
        await self.server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await connections_closed(self._selector, WAIT_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * WAIT_SECONDS)
