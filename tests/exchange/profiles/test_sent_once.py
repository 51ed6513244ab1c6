"""ccxt's own classes send an order once, for every profile, whatever comes back.

Against a session that answers by itself: neither ccxt's repetition of failed requests, nor an
exchange's class, may send it again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import aiohttp
import pytest

from config.live import LiveSettings
from exchange.live.client import make_client
from exchange.live.throttle import Throttle
from exchange.profiles.calls import OrderCall
from exchange.profiles.registry import PROFILES
from tests.exchange.profiles.capture import ORDERS, market, write_call

FAILURES: dict[str, Exception | tuple[int, dict[str, str], str]] = {
    "closed": aiohttp.ServerDisconnectedError(),
    "reset": aiohttp.ClientOSError(104, "Connection reset by peer"),
    "no answer": TimeoutError(),
    "cut": aiohttp.ClientPayloadError("cut"),
    "401": (401, {"WWW-Authenticate": 'Basic realm="x"'}, "{}"),
    "408": (408, {}, ""),
    "425": (425, {}, "{}"),
    "429": (429, {"Retry-After": "0"}, "{}"),
    "500": (500, {}, "{}"),
    "502": (502, {}, "<html>502 Bad Gateway</html>"),
    "503": (503, {"Retry-After": "0"}, "{}"),
    "empty object": (200, {}, "{}"),
    "page": (200, {"Content-Type": "text/html"}, "<html></html>"),
    "nothing": (200, {}, ""),
}


class Response:
    """One answer, as aiohttp has it."""

    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status, self.headers, self.reason = status, headers, "reason"
        self._text = text

    async def text(self, errors: str = "strict") -> str:
        assert errors
        return self._text


class Session:
    """Counts requests, and fails each in one way."""

    def __init__(self, failure: Exception | tuple[int, dict[str, str], str]) -> None:
        self.sent: list[str] = []
        self.headers: dict[str, str] = {}
        self._failure = failure
        self.get, self.post = partial(self._ask, "GET"), partial(self._ask, "POST")
        self.put, self.delete = partial(self._ask, "PUT"), partial(self._ask, "DELETE")

    @asynccontextmanager
    async def _ask(self, method: str, url: object, **_: object) -> AsyncIterator[Response]:
        self.sent.append(f"{method} {str(url).partition('?')[0]}")
        if isinstance(self._failure, Exception):
            raise self._failure
        yield Response(*self._failure)


async def _sent(exchange_id: str, call: OrderCall, session: Session) -> list[str]:
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
    client.set_markets([client.safe_market_structure(market(profile))])
    with suppress(Exception):  # how it fails is tested elsewhere
        await getattr(client, call.method)(*call.args, dict(call.params))
    await client.close()
    return session.sent


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_an_order_is_sent_once_whatever_comes_back(exchange_id: str) -> None:
    profile = PROFILES[exchange_id]
    call = next(
        made
        for made in (write_call(profile, request) for request in ORDERS.values())
        if isinstance(made, OrderCall)
    )
    for name, failure in FAILURES.items():
        sent = asyncio.run(_sent(exchange_id, call, Session(failure)))
        assert len(sent) == 1, (name, sent)
        assert sent[0].startswith("POST"), sent


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_no_profile_lets_ccxt_repeat_a_request(exchange_id: str) -> None:
    client = make_client(PROFILES[exchange_id], {}, LiveSettings(), Session(TimeoutError()))
    client.timeout_on_exit = 0
    asyncio.run(client.close())
    assert not client.options.get("maxRetriesOnFailure")
    nested = [one for one in client.options.values() if isinstance(one, dict)]
    assert not any(one.get("maxRetriesOnFailure") for one in nested)
