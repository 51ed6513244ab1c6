"""Which shape the answer to each call has: an answer of another one is none.

ccxt reads what is missing as empty: ``{}`` becomes an account without coins, no open orders, no
fills, an order that does not exist. Only what an exchange says explicitly counts as empty. Pure.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple

from exchange.profiles.profile import Profile


class Shape(NamedTuple):
    """Where the content of an answer lies."""

    call: str
    """Regular expression for method and path, as ccxt writes them; matched in full."""
    path: str
    """Keys from the answer's top to its content, with dots; empty: the top itself."""
    kind: str
    """``rows`` (a list of dicts), ``list``, ``dict`` or ``value`` (anything but null)."""


_LIKE_BINANCE = (
    Shape("GET account", "balances", "rows"),
    Shape("GET (openOrders|allOrders|myTrades)", "", "rows"),
    Shape("(GET|POST) order", "orderId", "value"),
    Shape("GET klines", "", "list"),
    Shape("GET time", "serverTime", "value"),
    Shape("GET exchangeInfo", "symbols", "rows"),
)

SHAPES: dict[str, tuple[Shape, ...]] = {
    "binance": (
        Shape("DELETE order", "orderListId", "value"),  # of a pair's leg: the list
        Shape("(GET|POST|DELETE) orderList(/oco)?", "orders", "rows"),
        *_LIKE_BINANCE,
    ),
    "mexc": (Shape("DELETE order", "orderId", "value"), *_LIKE_BINANCE),
    "kraken": (
        Shape("POST (BalanceEx|QueryOrders|QueryTrades)", "result", "dict"),
        Shape("POST OpenOrders", "result.open", "dict"),
        Shape("POST ClosedOrders", "result.closed", "dict"),
        Shape("POST TradesHistory", "result.trades", "dict"),
        Shape("POST AddOrder", "result.txid", "list"),
        Shape(".*", "result", "value"),
    ),
    "bybit": (
        Shape("GET v5/(order/(realtime|history)|execution/list)", "result.list", "rows"),
        Shape("GET v5/(account/wallet-balance|market/tickers)", "result.list", "rows"),
        Shape("GET v5/market/kline", "result.list", "list"),
        Shape("POST v5/order/(create|cancel)", "result.orderId", "value"),
        Shape(".*", "result", "dict"),
    ),
    "okx": (
        Shape("GET market/.*candles", "data", "list"),
        Shape(".*", "data", "rows"),
    ),
    "kucoin": (
        Shape("GET (accounts|hf/orders/active)", "data", "rows"),
        Shape("GET (orders|fills|stop-order)", "data.items", "rows"),
        Shape("POST (hf/)?orders", "data.orderId", "value"),
        Shape("GET market/candles", "data", "list"),
        Shape(".*", "data", "value"),
    ),
    "gate": (
        Shape("GET (accounts|orders|open_orders|my_trades|tickers|currency_pairs)", "", "rows"),
        Shape("GET candlesticks", "", "list"),
        Shape("(GET|DELETE) orders/{order_id}|POST orders", "id", "value"),
    ),
    "bitget": (
        Shape(
            "GET v2/spot/(account/assets|trade/(unfilled-orders|history-orders|fills|orderInfo))",
            "data",
            "rows",
        ),
        Shape("POST v2/spot/trade/(place|cancel)-order", "data.orderId", "value"),
        Shape("GET v2/spot/market/.*candles", "data", "list"),
        Shape(".*", "data", "value"),
    ),
    "coinbase": (
        Shape("GET brokerage/accounts", "accounts", "rows"),
        Shape("GET accounts", "data", "rows"),
        Shape("GET brokerage/(market/)?products", "products", "rows"),
        Shape("GET brokerage/(market/)?products/{product_id}/candles", "candles", "rows"),
        Shape("GET brokerage/orders/historical/batch", "orders", "rows"),
        Shape("GET brokerage/orders/historical/fills", "fills", "rows"),
        Shape("GET brokerage/orders/historical/{order_id}", "order", "dict"),
        Shape("POST brokerage/orders/batch_cancel", "results", "rows"),
        Shape("POST brokerage/orders", "success", "value"),
    ),
    "hyperliquid": (
        Shape("POST exchange", "response", "value"),
        Shape("POST info (frontendOpenOrders|historicalOrders|userFills.*)", "", "rows"),
        Shape("POST info candleSnapshot", "", "rows"),
        Shape("POST info spotClearinghouseState", "balances", "rows"),
        Shape("POST info orderStatus", "status", "value"),
    ),
}
"""By ccxt's name of the exchange; the first that fits. Of other calls any JSON is an answer."""

_LOOK_UPS: dict[str, Shape] = {
    "bitget": Shape("GET v2/spot/trade/orderInfo", "data", "rows"),
    "okx": Shape("GET trade/order", "data", "rows"),
    "kucoin": Shape("GET order/client-order/.*", "data", "value"),
}
"""Look-ups that answer "there is no such order" with a success and an empty list, or null.

ccxt makes a TypeError (Bitget) or an order without an id (OKX) of it.
"""

_MAY_BE_EMPTY = re.compile(r"(PUT|DELETE) .*|GET ping")
"""Calls that some exchanges answer with ``{}`` and mean it."""


def call_name(profile: Profile, call: str, body: str | None) -> str:
    """Return a call with what it asks for, where one path serves all questions (Hyperliquid's)."""
    if profile.id != "hyperliquid" or call != "POST info" or not body:
        return call
    return f"{call} {json.loads(body).get('type')}"


def finds_nothing(profile: Profile, call: str, answer: object) -> bool:
    """Return whether the answer to a look-up says that there is no such order."""
    shape = _LOOK_UPS.get(profile.id)
    if shape is None or not re.fullmatch(shape.call, call) or not isinstance(answer, dict):
        return False
    return shape.path in answer and answer[shape.path] in ([], None)


def shape_problem(profile: Profile, call: str, answer: object) -> str | None:
    """Return what is wrong with the shape of an answer that came as a success; None: nothing.

    ``call`` is the HTTP method and ccxt's path; see ``call_name``.
    """
    if not isinstance(answer, dict | list):
        return f"the answer is no JSON object or list but {_kind(answer)}"
    rows = SHAPES.get(profile.id, ())
    shape = next((one for one in rows if re.fullmatch(one.call, call)), None)
    if shape is not None:
        return _misfit(shape, answer)
    if answer == {} and not _MAY_BE_EMPTY.fullmatch(call):
        return "the answer is an empty object"
    return None


def _misfit(shape: Shape, answer: object) -> str | None:
    content, where = answer, "the answer"
    for key in shape.path.split(".") if shape.path else ():
        if not isinstance(content, dict):
            return f"{where} is {_kind(content)}, not an object"
        if content.get(key) is None:
            return f"{where} has no {key}"
        content, where = content[key], f"its {key}"
    return _CHECKS[shape.kind](content, where)


def _check_dict(content: object, where: str) -> str | None:
    return None if isinstance(content, dict) else f"{where} is {_kind(content)}, not an object"


def _check_list(content: object, where: str) -> str | None:
    return None if isinstance(content, list) else f"{where} is {_kind(content)}, not a list"


def _check_rows(content: object, where: str) -> str | None:
    if not isinstance(content, list):
        return _check_list(content, where)
    strange = [row for row in content if not isinstance(row, dict)]
    return f"{where} has a row that is {_kind(strange[0])}" if strange else None


_CHECKS: dict[str, Callable[[object, str], str | None]] = {
    "value": lambda _content, _where: None,
    "dict": _check_dict,
    "list": _check_list,
    "rows": _check_rows,
}


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a page in HTML" if "<" in value[:200] else "an empty text" if not value else "text"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return type(value).__name__
