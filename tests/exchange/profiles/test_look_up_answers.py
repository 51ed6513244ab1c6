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


OTHER_WORDS: list[tuple[str, int, str]] = [
    ("binance", 400, '{"code":-2026,"msg":"Order was canceled or expired with no executed qty"}'),
    ("mexc", 400, '{"code":-2011,"msg":"Unknown order sent."}'),
    ("mexc", 200, '{"msg":"Order does not exist.","code":-2013}'),
    ("bitget", 200, '{"code":"00000","msg":"success","data":null}'),
    ("bitget", 400, '{"code":"43001","msg":"The order does not exist","data":null}'),
    ("okx", 200, '{"code":"51603","data":[],"msg":"Order does not exist"}'),
    ("okx", 200, '{"code":"0","msg":"","data":null}'),
    ("bybit", 200, '{"retCode":170213,"retMsg":"Order does not exist.","result":{}}'),
    ("gate", 404, '{"label":"ORDER_NOT_FOUND","message":"Order not found"}'),
    ("kraken", 200, '{"error":["EOrder:Unknown order"]}'),
    ("coinbase", 404, '{"error":"NOT_FOUND","message":"order not found"}'),
    ("kucoin", 200, '{"code":"200000","data":null}'),
    ("kucoin", 200, '{"code":"400100","msg":"Order not exist"}'),
    ("kucoin", 200, '{"code":"400100","msg":"order_not_exist_or_not_allow_to_cancel"}'),
]
"""The same in other words: of the exchanges' tables of errors, and empty in another way."""


async def _answers(exchange_id: str, said_so: tuple[int, str] | None = None) -> list[Any]:
    profile = PROFILES[exchange_id]
    status, body = said_so or NOTHING[exchange_id]
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


@pytest.mark.parametrize(("exchange_id", "status", "body"), OTHER_WORDS)
def test_not_found_in_other_words_is_not_found(exchange_id: str, status: int, body: str) -> None:
    answers = asyncio.run(_answers(exchange_id, (status, body)))
    assert answers
    for answer in answers:
        assert answer == [] or isinstance(answer, NotFoundError), answer


@pytest.mark.parametrize("exchange_id", PROFILES)
@pytest.mark.parametrize(
    "body", ["{}", "[]", "null", '{"code":"500","msg":"maintenance"}', '{"code":"0"}', "<html>"]
)
def test_an_answer_that_says_nothing_is_not_not_found(exchange_id: str, body: str) -> None:
    for answer in asyncio.run(_answers(exchange_id, (200, body))):
        assert not isinstance(answer, NotFoundError)
        assert answer != []
