"""ccxt's real classes, connected to a server with the venue's own addresses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro  # type: ignore[import-untyped] # it has none

from exchange.server.connect import open_session
from exchange.server.control import ServerHand, VenuePicture

SYMBOL = "BTC/USDT"
OPTIONS: dict[str, dict[str, Any]] = {
    "binance": {
        "fetchMarkets": {"types": ["spot"]},
        "fetchMargins": False,
        "fetchCurrencies": False,
    },
    "mexc": {},
}
ENOUGH_SECONDS = 30.0

Client = Any
"""ccxt has no types that tell its classes apart."""


@asynccontextmanager
async def connected(server: ServerHand, **words: object) -> AsyncIterator[Client]:
    """A client with the account's key, unless ``words`` say otherwise; markets loaded."""
    reach = server.reach
    dialect = "mexc" if "api.mexc.com" in reach.hosts else "binance"
    async with open_session(reach) as session:
        exchange = getattr(ccxt.pro, dialect)(
            {
                "session": session,
                "apiKey": reach.api_key,
                "secret": reach.secret,
                "enableRateLimit": False,
                "timeout_on_exit": 0,  # ms; ccxt waits 250 after each close otherwise
                "options": OPTIONS[dialect],
                **words,
            }
        )
        try:
            yield exchange
        finally:
            await exchange.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine; a test that waits for ever fails."""

    async def whole() -> None:
        await work
        await connections_closed()

    async def bounded() -> None:
        await asyncio.wait_for(whole(), ENOUGH_SECONDS)

    asyncio.run(bounded())


async def connections_closed() -> None:
    """Wait until this loop has no connection: TLS says goodbye after a session has closed."""
    selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined] # nothing public tells
    while len(selector.get_map()) > 1:  # noqa: ASYNC110 - its own wake-up stays; no event tells
        await asyncio.sleep(0)  # no clock: the loop's own next turn


async def until(server: ServerHand, condition: Callable[[VenuePicture], bool]) -> VenuePicture:
    """Wait for the venue without holding up the client's loop."""
    return await asyncio.to_thread(server.wait_for, condition)


async def error_of(work: Awaitable[object]) -> Exception:
    """Return what a call raises."""
    try:
        answer = await work
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        return error
    raise AssertionError(f"nothing was raised; the answer was {answer}")
