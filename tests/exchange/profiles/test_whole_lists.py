"""Lists that others fill: an account's fills of all markets, and open orders over many pages.

ccxt's own classes over a scripted exchange. A stranger's bot on the same account must not push rows
of ours out of an answer unnoticed.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from exchange.live.errors import WrongShapeError
from exchange.live.fields import Raw
from exchange.live.pages import PAGES_MOST, WholeList, read_fills, read_open
from exchange.profiles.profile import PageBy
from exchange.profiles.registry import PROFILES
from messages.base import Symbol, Timestamp
from tests.exchange.profiles.scripted import Response, scripted_client
from tests.exchange.profiles.test_captured_answers import market_id, markets

Row = dict[str, Any]
Asked = dict[str, Any]
NOW = 1_760_000_000_000
SINCE = NOW - 3_600_000
PAGE = 50


class Exchange:
    """Answers each question by ``answer``."""

    def __init__(self, answer: Callable[[Asked], Any]) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[Asked] = []
        self._answer = answer
        self.get, self.post = partial(self._ask, "GET"), partial(self._ask, "POST")

    @asynccontextmanager
    async def _ask(self, method: str, url: object, **words: Any) -> AsyncIterator[Response]:  # noqa: ANN401 - aiohttp's
        assert method in {"GET", "POST"}
        asked: Asked = dict(parse_qsl(urlsplit(str(url)).query))
        data = words.get("data")
        if isinstance(data, str | bytes) and data:
            text = data.decode() if isinstance(data, bytes) else data
            asked |= json.loads(text) if text.startswith("{") else dict(parse_qsl(text))
        self.asked.append(asked)
        yield Response(200, {"Content-Type": "application/json"}, json.dumps(self._answer(asked)))


# Fills of all markets.


def kraken_fill(number: int, at: int, pair: str) -> Row:
    return {
        "ordertxid": f"O{number}",
        "pair": pair,
        "time": at / 1000,
        "type": "buy",
        "ordertype": "limit",
        "price": "100",
        "cost": "100",
        "fee": "0.1",
        "vol": "1",
    }


def kraken(rows: list[tuple[int, int, str]], asked: Asked) -> Row:
    begin, end = int(asked.get("start", 0)) * 1000, int(asked.get("end", NOW // 1000 + 1)) * 1000
    found = [row for row in rows if begin <= row[1] <= end][::-1][:PAGE]
    trades = {f"T{number}": kraken_fill(number, at, pair) for number, at, pair in found}
    return {"error": [], "result": {"trades": trades, "count": len(rows)}}


def hyperliquid(rows: list[tuple[int, int, str]], asked: Asked) -> list[Row]:
    begin, end = asked.get("startTime", 0), asked.get("endTime", NOW)
    found = [row for row in rows if begin <= row[1] <= end][:PAGE]
    fill = {"px": "100", "sz": "1", "side": "B", "dir": "Buy", "fee": "0.1", "feeToken": "USDC"}
    return [
        {**fill, "coin": coin, "time": at, "tid": number, "oid": number, "crossed": True}
        for number, at, coin in found
    ]


OF_ALL: dict[str, tuple[Callable[..., Any], str, str, str]] = {
    "kraken": (kraken, "BTC/USDT", "XBTUSDT", "ETHUSDT"),
    "hyperliquid": (hyperliquid, "HYPE/USDC", "@107", "PURR/USDC"),
}


async def fills_of(exchange_id: str, exchange: Exchange, symbol: str) -> WholeList:
    client = scripted_client(exchange_id, exchange, markets(exchange_id))

    async def ask(method: str, *args: object) -> list[Asked]:
        rows: list[Asked] = await getattr(client, method)(*args)
        return rows

    profile = PROFILES[exchange_id]
    listed = await read_fills(profile, ask, Symbol(symbol), Timestamp(SINCE), Timestamp(NOW))
    await client.close()
    assert listed is not None
    return listed


def test_the_profiles_name_the_exchanges_whose_fills_are_of_all_markets() -> None:
    assert {name for name, one in PROFILES.items() if one.trades_of_all} == OF_ALL.keys()


@pytest.mark.parametrize("exchange_id", OF_ALL)
def test_fills_on_other_markets_hide_none(exchange_id: str) -> None:
    answer, symbol, own, other = OF_ALL[exchange_id]
    rows = [(n, SINCE + 1_000 + n * 20_000, other if n % 10 else own) for n in range(160)]
    exchange = Exchange(partial(answer, rows))
    listed = asyncio.run(fills_of(exchange_id, exchange, symbol))
    assert listed.is_whole
    assert len(listed.rows) == 16
    assert {row["symbol"] for row in listed.rows} == {symbol}
    assert len(exchange.asked) > 160 // PAGE


# Open orders.

OPEN, OURS = 130, 3
LIMIT: dict[str, Row] = {
    "bybit": {"orderType": "Limit", "side": "Sell", "qty": "1", "cumExecQty": "0", "price": "105"},
    "okx": {"ordType": "limit", "side": "sell", "sz": "1", "px": "105", "state": "live"},
    "bitget": {"orderType": "limit", "side": "sell", "size": "1", "price": "105", "status": "live"},
    "kucoin": {"type": "limit", "side": "sell", "size": "1", "price": "105", "isActive": True},
    "gate": {"type": "limit", "side": "sell", "amount": "1", "price": "105", "status": "open"},
    "coinbase": {"side": "SELL", "status": "OPEN", "order_type": "LIMIT"},
}
NAMES = {
    "bybit": ("orderId", "symbol", "createdTime"),
    "okx": ("ordId", "instId", "cTime"),
    "bitget": ("orderId", "symbol", "cTime"),
    "kucoin": ("id", "symbol", "createdAt"),
    "gate": ("id", "currency_pair", "create_time_ms"),
    "coinbase": ("order_id", "product_id", "-"),
}


def wrapped(exchange_id: str, rows: list[Row], cursor: str) -> Any:  # noqa: ANN401 - JSON
    match exchange_id:
        case "bybit":
            listed = {"list": rows, "nextPageCursor": cursor, "category": "spot"}
            return {"retCode": 0, "retMsg": "OK", "result": listed}
        case "okx":
            return {"code": "0", "msg": "", "data": rows}
        case "bitget":
            return {"code": "00000", "msg": "success", "data": rows}
        case "kucoin":
            return {"code": "200000", "data": {"items": rows}}
        case "gate":
            pair = market_id("gate", "BTC", "USDT")
            return [{"currency_pair": pair, "total": len(rows), "orders": rows}] if rows else []
        case _:
            return {"orders": rows, "cursor": cursor, "has_next": bool(cursor)}


def open_orders(exchange_id: str, count: int, asked: Asked) -> Any:  # noqa: ANN401 - JSON
    """Answer with one page, newest first, of at most 50 orders, whatever was asked for."""
    pages = PROFILES[exchange_id].open_pages
    assert pages is not None
    numbers = list(range(count, 0, -1))
    word = asked.get(pages.param)
    first = 0
    if word:
        match pages.by:
            case PageBy.NUMBER:
                first = (int(word) - 1) * PAGE
            case PageBy.LOWEST_ID:
                first = count + 1 - int(word)
            case PageBy.CURSOR:
                first = int(word.removeprefix("c"))
    own, symbol, at = NAMES[exchange_id]
    rows = [
        {
            **LIMIT[exchange_id],
            own: str(number),
            symbol: market_id(exchange_id, "BTC", "USDT"),
            at: NOW - count + number if exchange_id == "kucoin" else str(NOW - count + number),
        }
        for number in numbers[first : first + PAGE]
    ]
    cursor = f"c{first + PAGE}" if first + PAGE < count else ""
    return wrapped(exchange_id, rows, cursor)


async def open_at(exchange_id: str, exchange: Exchange) -> list[Raw]:
    client = scripted_client(exchange_id, exchange, markets(exchange_id))

    async def ask(method: str, *args: object) -> Any:  # noqa: ANN401 - ccxt's
        return await getattr(client, method)(*args)

    try:
        return await read_open(PROFILES[exchange_id], ask, Symbol("BTC/USDT"))
    finally:
        await client.close()


def test_every_profile_with_pages_is_here() -> None:
    assert {name for name, one in PROFILES.items() if one.open_pages} == LIMIT.keys()


@pytest.mark.parametrize("count", [0, 1, 49, 50, 100, OPEN])
@pytest.mark.parametrize("exchange_id", LIMIT)
def test_every_open_order_is_read(exchange_id: str, count: int) -> None:
    exchange = Exchange(partial(open_orders, exchange_id, count))
    rows = asyncio.run(open_at(exchange_id, exchange))
    assert sorted(int(row["id"]) for row in rows) == list(range(1, count + 1))
    assert len(exchange.asked) <= count // PAGE + 2


@pytest.mark.parametrize("exchange_id", LIMIT)
def test_a_list_of_open_orders_without_end_is_no_answer(exchange_id: str) -> None:
    exchange = Exchange(partial(open_orders, exchange_id, PAGE * (PAGES_MOST + 1)))
    with pytest.raises(WrongShapeError, match="no end"):
        asyncio.run(open_at(exchange_id, exchange))
    assert len(exchange.asked) == PAGES_MOST
