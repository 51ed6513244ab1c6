"""A server on a thread of its own, for tests in the same process.

Owns the thread and its loop. Every method may be called from any thread.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

from exchange.server.binance import BINANCE_CAPABILITIES, Binance
from exchange.server.connect import Reach
from exchange.server.control import Control, ServerHand, VenuePicture, obey, picture_of
from exchange.server.dialect import Dialect
from exchange.server.mexc import MEXC_CAPABILITIES, Mexc
from exchange.server.server import ExchangeServer
from exchange.server.venue import Clock, Venue
from messages.base import Timestamp
from messages.market import MarketRules
from messages.money import Money

WAIT_SECONDS = 10.0
"""For a condition that holds soon, or the test fails."""
_T = TypeVar("_T")


def wall_clock() -> Timestamp:
    """Return the time of this machine."""
    return Timestamp(time.time_ns() // 1_000_000)


def make_dialect(
    name: str, markets: Iterable[MarketRules], balances: Iterable[Money], clock: Clock = wall_clock
) -> Dialect:
    """Return a venue that speaks as ``name`` does: ``binance`` or ``mexc``.

    Raises ``ValueError`` for others.
    """
    if name == "binance":
        return Binance(
            Venue(
                markets, balances, capabilities=BINANCE_CAPABILITIES, clock=clock, reuses_ids=True
            )
        )
    if name == "mexc":
        return Mexc(Venue(markets, balances, capabilities=MEXC_CAPABILITIES, clock=clock))
    raise ValueError(f"no dialect {name!r}; there are: binance, mexc")


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
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="exchange-server", daemon=True)
        self._changed = threading.Condition()
        self._version = 0
        self._server: ExchangeServer | None = None

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of everything."""
        self._call(self.server.close())
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
        account = self._dialect.venue.account
        return Reach(
            hosts=tuple(sorted(self._dialect.hosts)),
            port=self.server.port,
            authority_pem=self.server.certificate.authority_pem,
            api_key=account.api_key,
            secret=account.secret,
        )

    def send(self, command: Control) -> None:
        """Give a command and wait until it is done."""

        async def do() -> None:
            obey(self.server, command)

        self._call(do())

    def read(self) -> VenuePicture:
        """Return the venue's books as they are."""

        async def do() -> VenuePicture:
            return picture_of(self.server)

        return self._call(do())

    def wait_for(self, condition: Callable[[VenuePicture], bool]) -> VenuePicture:
        """Wait until the venue is so; return its books then. Raises ``TimeoutError``."""
        while True:
            version = self._version
            picture = self.read()
            if condition(picture):
                return picture
            with self._changed:  # never while the loop works for us: it notifies under this lock
                if not self._changed.wait_for(lambda: self._version > version, WAIT_SECONDS):  # noqa: B023 - called before the loop goes on
                    raise TimeoutError(f"the venue did not get there: {picture}")

    async def _start(self) -> None:
        server = ExchangeServer(self._dialect)
        server.noticed = self._notice
        await server.start()
        self._server = server

    def _notice(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)
