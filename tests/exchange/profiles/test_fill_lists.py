"""ccxt's own classes read a long list of fills whole, at every profile, in both orders of pages.

Behind a scripted exchange: its answers are rows as the real ones answered
(tests/data/exchange_responses), cut off at 50 a page, whatever is asked for.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from config.live import LiveSettings
from exchange.live.client import can_call, make_client
from exchange.live.pages import WholeList, read_fills
from exchange.profiles.registry import PROFILES
from messages.base import Symbol, Timestamp
from tests.exchange.profiles.capture import market
from tests.exchange.profiles.scripted import Response, scripted_client
from verification.sources import ROOT

CAPTURED = json.loads(
    (ROOT / "tests" / "data" / "exchange_responses" / "fills.json").read_text(encoding="utf-8")
)["fills"]
FILLS, PAGE = 120, 50
NOW = 1_760_000_000_000
SINCE = NOW - 3_600_000

Row = dict[str, Any]
Asked = Mapping[str, Any]


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def plain(value: Any) -> int:  # noqa: ANN401 - as it was sent
    return int(value)


def seconds(value: Any) -> int:  # noqa: ANN401 - as it was sent
    return int(float(value) * 1000)


class Form(NamedTuple):
    """How an exchange lists fills: where the rows lie, and the names in rows and questions."""

    ids: tuple[str, str]
    """Of the fill and of its order, in a row."""
    times: dict[str, Callable[[int], Any]]
    """Fields of a row that say when."""
    asked: tuple[str, str]
    """Parameters for the beginning and the end."""
    read: Callable[[Any], int] = plain
    """From such a parameter to ms."""
    path: tuple[str, ...] = ()
    """From the answer's top to its rows."""


def text(at: int) -> str:
    return str(at)


FORMS = {
    "binance": Form(("id", "orderId"), {"time": text}, ("startTime", "endTime")),
    "mexc": Form(("id", "orderId"), {"time": text}, ("startTime", "endTime")),
    "okx": Form(
        ("tradeId", "ordId"), {"ts": text, "fillTime": text}, ("begin", "end"), path=("data",)
    ),
    "bybit": Form(
        ("execId", "orderId"),
        {"execTime": text},
        ("startTime", "endTime"),
        path=("result", "list"),
    ),
    "gate": Form(
        ("id", "order_id"),
        {"create_time": lambda at: str(at // 1000), "create_time_ms": text},
        ("from", "to"),
        read=seconds,
    ),
    "hyperliquid": Form(("tid", "oid"), {"time": lambda at: at}, ("startTime", "endTime")),
    "kucoin": Form(
        ("tradeId", "orderId"),
        {"createdAt": lambda at: at},
        ("startAt", "endAt"),
        path=("data", "items"),
    ),
    "bitget": Form(
        ("tradeId", "orderId"),
        {"cTime": text, "uTime": text},
        ("startTime", "endTime"),
        path=("data",),
    ),
    "coinbase": Form(
        ("trade_id", "order_id"),
        {"trade_time": iso, "sequence_timestamp": iso},
        ("start_sequence_timestamp", "end_sequence_timestamp"),
        read=from_iso,
        path=("fills",),
    ),
}
"""Kraken's fills have no captured answer."""


class Exchange:
    """Answers questions for fills, and counts them."""

    def __init__(self, exchange_id: str, symbol_id: str, *, newest_first: bool) -> None:
        self.form, self.newest_first = FORMS[exchange_id], newest_first
        self.answer: Any = CAPTURED[exchange_id]["http_response"]
        rows: Any = self.answer
        for key in self.form.path:
            rows = rows[key]
        self.rows = [self._row(rows[0], number, symbol_id) for number in range(FILLS)]
        self.headers: dict[str, str] = {}
        self.at: int | None = None
        """When all fills were; None: one after the other."""
        self.asked: list[Asked] = []
        self.get, self.post = partial(self._ask, "GET"), partial(self._ask, "POST")

    def _row(self, row: Row, number: int, symbol_id: str) -> Row:
        made = dict(row)
        for name in ("symbol", "instId", "currency_pair", "coin", "product_id"):
            if name in made:
                made[name] = symbol_id
        for name in self.form.ids:
            is_number = isinstance(made[name], int)
            made[name] = number + 1 if is_number else f"{number + 1}"
        at = SINCE + 1_000 + number * 29_000
        return made | {name: write(at) for name, write in self.form.times.items()}

    def row_at(self, row: Row) -> int:
        if self.at is not None:
            return self.at
        return SINCE + 1_000 + (int(row[self.form.ids[0]]) - 1) * 29_000

    @asynccontextmanager
    async def _ask(self, method: str, url: object, **words: Any) -> AsyncIterator[Response]:  # noqa: ANN401 - aiohttp's
        asked: dict[str, Any] = dict(parse_qsl(urlsplit(str(url)).query))
        data = words.get("data")
        if isinstance(data, str | bytes) and data:
            asked |= json.loads(data)
        assert method in {"GET", "POST"}
        self.asked.append(asked)
        begin, end = (asked.get(name) for name in self.form.asked)
        since = 0 if begin is None else self.form.read(begin)
        until = NOW if end is None else self.form.read(end)
        found = [row for row in self.rows if since <= self.row_at(row) <= until]
        page = found[::-1][:PAGE] if self.newest_first else found[:PAGE]
        answer: Any = page
        for key in reversed(self.form.path):
            answer = {key: answer}
        if isinstance(self.answer, dict):
            top = {k: v for k, v in self.answer.items() if k not in answer}
            answer = top | answer
        yield Response(200, {"Content-Type": "application/json"}, json.dumps(answer))


async def _listed(exchange_id: str, exchange: Exchange, symbol: str) -> WholeList:
    client = scripted_client(exchange_id, exchange)

    async def ask(method: str, *args: object) -> list[Asked]:
        rows: list[Asked] = await getattr(client, method)(*args)
        return rows

    since, now = Timestamp(SINCE), Timestamp(NOW)
    listed = await read_fills(PROFILES[exchange_id], ask, Symbol(symbol), since, now)
    await client.close()
    assert listed is not None
    return listed


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("exchange_id", FORMS)
def test_a_long_list_of_fills_is_read_whole(exchange_id: str, *, newest_first: bool) -> None:
    listing = market(PROFILES[exchange_id])
    exchange = Exchange(exchange_id, str(listing["id"]), newest_first=newest_first)
    listed = asyncio.run(_listed(exchange_id, exchange, str(listing["symbol"])))
    assert listed.is_whole
    assert len(listed.rows) == FILLS
    assert len({row["order"] for row in listed.rows}) == FILLS
    assert len(exchange.asked) > FILLS // PAGE


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
@pytest.mark.parametrize("rows", [30, PAGE - 1, PAGE])
@pytest.mark.parametrize("exchange_id", FORMS)
def test_a_market_order_that_swept_the_book_is_a_whole_list(
    exchange_id: str, rows: int, *, newest_first: bool
) -> None:
    """All its fills are of one moment; only a page as large as documents name may hide some."""
    listing = market(PROFILES[exchange_id])
    exchange = Exchange(exchange_id, str(listing["id"]), newest_first=newest_first)
    first = exchange.rows[60]
    times = {name: first[name] for name in exchange.form.times}
    exchange.rows = [{**row, **times} for row in exchange.rows[:rows]]
    exchange.at = exchange.row_at(first)
    listed = asyncio.run(_listed(exchange_id, exchange, str(listing["symbol"])))
    assert len(listed.rows) == rows
    assert listed.is_whole is (rows < PAGE)


CALLS = (
    "fetchOrder",
    "fetchOpenOrders",
    "fetchMyTrades",
    "fetchOrderTrades",
    "fetchBalance",
    "fetchTicker",
    "fetchTickers",
    "fetchOHLCV",
    "fetchTime",
    "fetchTradingFees",
    "watchOrders",
    "watchMyTrades",
    "watchBidsAsks",
    "watchTicker",
)
WITHOUT_A_FALLBACK = frozenset(
    {"fetchOrder", "fetchOpenOrders", "fetchMyTrades", "fetchBalance", "fetchTickers", "fetchOHLCV"}
)
"""Calls that the port can't do without."""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("exchange_id", PROFILES)
def test_a_call_is_the_exchanges_own_or_there_is_another_way(exchange_id: str, call: str) -> None:
    client = make_client(PROFILES[exchange_id], {}, LiveSettings(), _Nobody())
    client.timeout_on_exit = 0
    if not can_call(client, call):
        assert call not in WITHOUT_A_FALLBACK, "a ticker alone may be one of the list"
        assert client.has.get(call) in {None, False, "emulated"}
    asyncio.run(client.close())


def test_an_emulated_call_is_none() -> None:
    client = make_client(PROFILES["kraken"], {}, LiveSettings(), _Nobody())
    assert client.has["fetchOrderTrades"] == "emulated"
    assert not can_call(client, "fetchOrderTrades")
    client.timeout_on_exit = 0
    asyncio.run(client.close())


class _Nobody:
    """A session that is never used."""

    headers: dict[str, str] = {}  # noqa: RUF012 - aiohttp's
