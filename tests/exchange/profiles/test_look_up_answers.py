"""A look-up that finds nothing is "not found" at every profile, and one order's is that order's."""

import asyncio
from typing import Any

import pytest

from exchange.live.errors import NotFoundError, of_read
from exchange.profiles.calls import look_up_calls
from exchange.profiles.registry import PROFILES
from messages.base import ClientOrderId, Symbol
from tests.exchange.profiles.capture import market
from tests.exchange.profiles.scripted import Session, scripted_client

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
    status, body = NOTHING[exchange_id]
    client = scripted_client(exchange_id, Session((status, {}, body)))
    said: list[Any] = []
    for call in look_up_calls(profile, Symbol(str(market(profile)["symbol"])), ORDER):
        try:
            said.append(await getattr(client, call.method)(*call.args, dict(call.params)))
        except Exception as error:  # noqa: BLE001 - what it means is the question
            said.append(of_read(error, str(error), profile))
    await client.close()
    return said


@pytest.mark.parametrize("exchange_id", PROFILES)
def test_a_look_up_that_finds_nothing_is_not_found(exchange_id: str) -> None:
    answers = asyncio.run(_answers(exchange_id))
    assert answers
    for answer in answers:
        assert answer == [] or isinstance(answer, NotFoundError), answer
