"""A client of ccxt's own class behind a session that answers by itself: no socket is opened."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from config.live import LiveSettings
from exchange.live.client import make_client
from exchange.live.rate_limiter import Throttle
from exchange.profiles.registry import PROFILES
from tests.exchange.profiles.capture import market

Answer = tuple[int, dict[str, str], str]
"""Status, headers and body."""


class Response:
    """One answer, as aiohttp has it."""

    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status, self.headers, self.reason = status, headers, "reason"
        self._text = text

    async def text(self, errors: str = "strict") -> str:
        assert errors
        return self._text


class Session:
    """Counts requests, and gives each the same answer, or fails each in one way."""

    def __init__(self, answer: Exception | Answer) -> None:
        self.sent: list[str] = []
        self.headers: dict[str, str] = {}
        self._answer = answer
        self.get, self.post = partial(self._ask, "GET"), partial(self._ask, "POST")
        self.put, self.delete = partial(self._ask, "PUT"), partial(self._ask, "DELETE")

    @asynccontextmanager
    async def _ask(self, method: str, url: object, **_: object) -> AsyncIterator[Response]:
        self.sent.append(f"{method} {str(url).partition('?')[0]}")
        if isinstance(self._answer, Exception):
            raise self._answer
        yield Response(*self._answer)


def scripted_client(
    exchange_id: str, session: object, markets: Iterable[Mapping[str, Any]] = ()
) -> Any:  # noqa: ANN401 - ccxt has no types worth the name
    """Return a client of the profile's exchange, on the loop that runs; without ``markets``, one.

    Whoever asks for it closes it.
    """
    profile = PROFILES[exchange_id]
    keys = dict.fromkeys(profile.credentials, "1" * 32)
    known = {"privateKey": "0x" + "2" * 64, "walletAddress": "0x" + "1" * 40}
    keys |= {name: value for name, value in known.items() if name in keys}
    client = make_client(profile, keys, LiveSettings(), session)
    loop = asyncio.get_running_loop()
    client.throttle_of_ours = Throttle(0.001, lambda: loop.time() * 1000, loop.call_later)
    client.profile_of_ours = profile
    client.venue_time_ms = client.milliseconds
    client.paused = client.bad_item = lambda *_: None
    client.timeout_on_exit = 0
    listings = list(markets) or [market(profile)]
    client.set_markets([client.safe_market_structure(one) for one in listings])
    return client
