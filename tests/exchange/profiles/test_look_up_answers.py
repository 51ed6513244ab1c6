"""A look-up that finds nothing is "not found" at every profile, and one order's is that order's."""

import asyncio
from typing import Any

import pytest

from config.live import LiveSettings
from exchange.live.client import make_client
from exchange.live.errors import NotFoundError, of_read
from exchange.live.throttle import Throttle
from exchange.profiles.calls import look_up_calls
from exchange.profiles.registry import PROFILES
from messages.base import ClientOrderId, Symbol
from tests.exchange.profiles.capture import market
from tests.exchange.profiles.test_sent_once import Session

ORDER = ClientOrderId("h0e1p1b1")
NOTHING: dict[str, tuple[int, str]] = {
    "binance": (400, '{"code":-2013,"msg":"Order does not exist."}'),
    "mexc": (400, '{"code":-2013,"msg":"Order does not exist."}'),
    "bitget": (200, '{"code":"00000","msg":"success","requestTime":1,"data":[]}'),
    "okx": (200, '{"code":"0","msg":"","data":[]}'),
    "bybit": (200, '{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":""}}'),
    "gate": (400, '{"label":"ORDER_NOT_FOUND","message":"Order not found"}'),
    "hyperliquid": (200, '{"status":"unknownOid"}'),
    "kraken": (200, '{"error":[],"result":{"open":{},"closed":{},"count":0}}'),
    "coinbase": (200, '{"orders":[],"has_next":false,"cursor":""}'),
    "kucoin": (200, '{"code":"400100","msg":"The order does not exist."}'),
}
"""How each exchange says that it has no such order: status and body."""


async def _answers(exchange_id: str) -> list[Any]:
    profile = PROFILES[exchange_id]
    keys = dict.fromkeys(profile.credentials, "1" * 32)
    known = {"privateKey": "0x" + "2" * 64, "walletAddress": "0x" + "1" * 40}
    keys |= {name: value for name, value in known.items() if name in keys}
    status, body = NOTHING[exchange_id]
    client = make_client(profile, keys, LiveSettings(), Session((status, {}, body)))
    loop = asyncio.get_running_loop()
    client.throttle_of_ours = Throttle(0.001, lambda: loop.time() * 1000, loop.call_later)
    client.profile_of_ours = profile
    client.venue_time_ms = client.milliseconds
    client.paused = client.bad_item = lambda *_: None
    client.timeout_on_exit = 0
    listing = market(profile)
    client.set_markets([client.safe_market_structure(listing)])
    said: list[Any] = []
    for call in look_up_calls(profile, Symbol(str(listing["symbol"])), ORDER):
        try:
            said.append(await getattr(client, call.method)(*call.args, dict(call.params)))
        except Exception as error:  # noqa: BLE001 - what it means is the question
            said.append(of_read(error, str(error), profile))
    await client.close()
    return said


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_a_look_up_that_finds_nothing_is_not_found(exchange_id: str) -> None:
    for answer in asyncio.run(_answers(exchange_id)):
        assert answer == [] or isinstance(answer, NotFoundError), answer
