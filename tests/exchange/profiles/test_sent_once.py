"""ccxt's own classes send an order once, for every profile, whatever comes back.

Against a session that answers by itself: neither ccxt's repetition of failed requests, nor an
exchange's class, may send it again.
"""

import asyncio
from contextlib import suppress

import aiohttp
import pytest

from config.live import LiveSettings
from exchange.live.client import make_client
from exchange.profiles.calls import OrderCall
from exchange.profiles.registry import PROFILES
from tests.exchange.profiles.capture import ORDERS, write_call
from tests.exchange.profiles.scripted import Answer, Session, scripted_client

FAILURES: dict[str, Exception | Answer] = {
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

_AMBIGUOUS = ("closed", "no answer", "503")
"""Each kind of order of an exchange meets these; one of them meets all."""


async def _sent(exchange_id: str, call: OrderCall, session: Session) -> list[str]:
    client = scripted_client(exchange_id, session)
    with suppress(Exception):  # how it fails is tested elsewhere
        await getattr(client, call.method)(*call.args, dict(call.params))
    await client.close()
    return session.sent


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_an_order_is_sent_once_whatever_comes_back(exchange_id: str) -> None:
    profile = PROFILES[exchange_id]
    made = {kind: write_call(profile, request) for kind, request in ORDERS.items()}
    calls = {kind: call for kind, call in made.items() if isinstance(call, OrderCall)}
    assert calls
    for number, (kind, call) in enumerate(calls.items()):
        failures = FAILURES if number == 0 else {name: FAILURES[name] for name in _AMBIGUOUS}
        for name, failure in failures.items():
            sent = asyncio.run(_sent(exchange_id, call, Session(failure)))
            assert len(sent) == 1, (kind, name, sent)
            assert sent[0].startswith("POST"), sent


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_no_profile_lets_ccxt_repeat_a_request(exchange_id: str) -> None:
    client = make_client(PROFILES[exchange_id], {}, LiveSettings(), Session(TimeoutError()))
    client.timeout_on_exit = 0
    asyncio.run(client.close())
    assert not client.options.get("maxRetriesOnFailure")
    nested = [one for one in client.options.values() if isinstance(one, dict)]
    assert not any(one.get("maxRetriesOnFailure") for one in nested)
