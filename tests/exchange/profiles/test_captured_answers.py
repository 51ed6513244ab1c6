"""Answers that real exchanges gave, through ccxt's own classes, our shapes and our reading.

None is refused, none asks for a pause, and every amount is the exchange's. Beside them, answers
that are none: what ccxt would read as "no coins, no orders, no fills" must say so itself.
"""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base.errors import BaseError  # type: ignore[import-untyped]

from exchange.live.errors import WrongShapeError
from exchange.live.parsing import Leg, read_balances, read_candle, read_leg, read_quote, read_trade
from exchange.live.rate_limits import Demand
from exchange.profiles.registry import PROFILES
from messages.base import ClientOrderId, Currency, Timestamp
from messages.border import BadValueError
from messages.money import Money
from messages.orders import OrderStatus, Side
from tests.exchange.profiles.capture import market
from tests.exchange.profiles.scripted import Session, scripted_client
from verification.sources import ROOT

ANSWERS: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "tests" / "data" / "exchange_responses" / "answers.json").read_text(encoding="utf-8")
)["answers"]
SYMBOLS = ("BTC", "LTC", "SOL", "DOGE", "ADA", "ATLAS", "ETH")
NEWER = {
    # What ccxt reads since the answers were captured, or what a note in the data says.
    "bybit order_market_buy_partly": {".amount", ".fee"},
    "kraken open_take_profit": {"[0].triggerPrice"},
    "kraken open_stop_loss_limit": {"[0].triggerPrice"},
}


def market_id(exchange_id: str, base: str, quote: str) -> str:
    if exchange_id == "kraken":
        return f"{'XBT' if base == 'BTC' else base}{quote}"
    if exchange_id == "hyperliquid":
        return "@107" if base == "HYPE" else f"{base}/{quote}"
    return (
        base
        + {"okx": "-", "coinbase": "-", "kucoin": "-", "gate": "_"}.get(exchange_id, "")
        + quote
    )


def markets(exchange_id: str) -> Iterator[dict[str, Any]]:
    pairs = [(base, "USDT") for base in SYMBOLS] + [("BTC", "USDC")]
    if exchange_id == "hyperliquid":
        pairs = [("HYPE", "USDC"), ("PURR", "USDC")]
    for base, quote in pairs:
        listing = market(PROFILES[exchange_id])
        own = market_id(exchange_id, base, quote)
        names = {"symbol": f"{base}/{quote}", "base": base, "quote": quote, "quoteId": quote}
        based = listing["baseId"] if exchange_id == "hyperliquid" else base
        yield {**listing, **names, "id": own, "lowercaseId": own.lower(), "baseId": based}


async def answered(
    exchange_id: str, method: str, args: list[Any], body: object, pauses: list[Demand]
) -> Any:  # noqa: ANN401 - ccxt's
    """Return what ccxt makes of an answer."""
    session = Session((200, {"Content-Type": "application/json"}, json.dumps(body)))
    client = scripted_client(exchange_id, session, markets(exchange_id))
    client.paused = pauses.append
    try:
        return await getattr(client, method)(*args)
    finally:
        await client.close()


def differences(got: Any, want: Any, path: str = "") -> set[str]:  # noqa: ANN401 - any structure
    """Return the paths at which what was captured is not what is read now."""
    if isinstance(want, dict) and isinstance(got, dict):
        pairs = [(got.get(name), value, f"{path}.{name}") for name, value in want.items()]
    elif isinstance(want, list) and isinstance(got, list | tuple) and len(got) == len(want):
        pairs = [(*both, f"{path}[{n}]") for n, both in enumerate(zip(got, want, strict=True))]
    else:
        return set() if got == want else {path}
    return set().union(*(differences(*pair) for pair in pairs))


def read(method: str, answer: Any) -> list[Any]:  # noqa: ANN401 - ccxt's
    """Return an answer in our words. Raises ``BadValueError``, also for what is left out."""

    def refuse(error: BadValueError) -> None:
        raise error

    rows = answer if isinstance(answer, list) else [answer]
    if method == "fetchMyTrades":
        return [read_trade(row, ClientOrderId(""), refuse) for row in rows]
    if method == "fetchBalance":
        return [read_balances(answer, refuse)]
    if method == "fetchTicker":
        return [read_quote(answer, Timestamp(1), refuse)]
    if method == "fetchOHLCV":
        return [read_candle(row) for row in rows]
    return [read_leg(row, refuse) for row in rows]


def outcome(name: str) -> tuple[Any, list[Any], list[Demand]]:
    case, pauses = ANSWERS[name], list[Demand]()
    asked = answered(case["exchange"], case["method"], case["input"], case["http_response"], pauses)
    answer = asyncio.run(asked)
    return answer, read(case["method"], answer), pauses


@pytest.mark.parametrize("name", [n for n in ANSWERS if not n.endswith(" markets")])
def test_no_real_answer_is_refused_or_misread(name: str) -> None:
    answer, understood, pauses = outcome(name)
    assert differences(answer, ANSWERS[name]["parsed_response"]) <= NEWER.get(name, set())
    assert understood
    assert None not in understood
    assert pauses == []


@pytest.mark.parametrize("name", [n for n in ANSWERS if n.endswith(" markets")])
def test_the_rules_of_real_markets_are_read(name: str) -> None:
    case = ANSWERS[name]
    listed = asyncio.run(answered(case["exchange"], "fetchMarkets", [], case["http_response"], []))
    found = {one["symbol"]: one["precision"] for one in listed}
    wanted = {symbol: one["precision"] for symbol, one in case["parsed_response"].items()}
    assert not differences(found, wanted)


ORDERS = {
    # name: status, side, filled, cost
    "bybit order_market_buy_partly": (OrderStatus.FILLED, Side.BUY, "0.001614", "49.97980168"),
    "coinbase closed_orders": (OrderStatus.FILLED, Side.SELL, "10", "3.92"),
    "kraken order_market_closed": (OrderStatus.FILLED, Side.BUY, "0.1", "7.105741"),
    "kraken order_limit_open": (OrderStatus.OPEN, Side.BUY, "0", None),
    "kraken create_market_buy": (OrderStatus.OPEN, Side.BUY, None, None),
    "mexc orders_market_filled": (OrderStatus.FILLED, Side.SELL, "1220", "5.54124"),
    "okx closed_market": (OrderStatus.FILLED, Side.BUY, "1", "68.24"),
    "okx create_ack": (OrderStatus.OPEN, Side.BUY, None, None),
    "hyperliquid create_market_filled": (OrderStatus.PARTIALLY_FILLED, None, "1", "25.585"),
    "hyperliquid orders_canceled": (OrderStatus.CANCELED, Side.SELL, "0", None),
    "binance orders_canceled": (OrderStatus.CANCELED, Side.BUY, "0", None),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_is_read_with_the_exchanges_own_amounts(name: str) -> None:
    [leg] = outcome(name)[1]
    assert isinstance(leg, Leg)
    status, side, filled, cost = ORDERS[name]
    assert (leg.status, leg.side) == (status, side)
    assert leg.filled == (None if filled is None else Decimal(filled))
    assert leg.cost == (None if cost is None else Decimal(cost))


FEES = {
    "binance": ("USDT", "0.01392600"),
    "bitget": ("LTC", "0.0000794"),
    "bybit": ("BTC", "3.36E-7"),
    "coinbase": ("USDT", "0.03136"),
    "gate": ("LTC", "0.000097"),
    "hyperliquid": ("USDC", "0.016534"),
    "kucoin": ("USDT", "0.000732004"),
    "mexc": ("USDT", "0"),
    "okx": ("LTC", "0.0001"),
}


@pytest.mark.parametrize("exchange_id", FEES)
def test_a_fill_is_read_with_the_exchanges_own_fee(exchange_id: str) -> None:
    key = "my_trades_spot" if exchange_id == "hyperliquid" else "my_trades"
    first = outcome(f"{exchange_id} {key}")[1][0]
    currency, amount = FEES[exchange_id]
    assert first.is_fee_known
    assert Money(first.fee.currency, abs(first.fee.amount)) == Money(
        Currency(currency), Decimal(amount)
    )


NO_ANSWERS: list[object] = [
    {},
    {"code": "0", "msg": "", "data": None},
    {"code": "00000", "msg": "success", "data": None},
    {"code": "200000", "data": None},
    {"retCode": 0, "retMsg": "OK", "result": {}},
    {"retCode": 0, "retMsg": "OK", "result": None},
    {"error": [], "result": None},
    {"status": "ok", "response": None},
    {"success": True},
    {"maintenance": True},
    [None],
]
QUESTIONS: dict[str, list[Any]] = {
    "fetch_balance": [],
    "fetch_open_orders": ["SYMBOL"],
    "fetch_my_trades": ["SYMBOL", 1_000, 50],
}


@pytest.mark.parametrize("method", QUESTIONS)
@pytest.mark.parametrize("exchange_id", PROFILES)
def test_nothing_is_empty_that_does_not_say_so(exchange_id: str, method: str) -> None:
    symbol = next(markets(exchange_id))["symbol"]
    args = [symbol if one == "SYMBOL" else one for one in QUESTIONS[method]]
    for body in NO_ANSWERS:
        if exchange_id == "kraken" and method == "fetch_balance" and body == NO_ANSWERS[4]:
            continue  # Kraken's own way to say that the account has no coins
        with pytest.raises((WrongShapeError, BaseError)):
            asyncio.run(answered(exchange_id, method, args, body, []))


@pytest.mark.parametrize("exchange_id", [name for name in FEES if name != "mexc"])
def test_a_fill_without_a_time_is_in_the_list_all_the_same(exchange_id: str) -> None:
    key = "my_trades_spot" if exchange_id == "hyperliquid" else "my_trades"
    case = ANSWERS[f"{exchange_id} {key}"]
    body = json.loads(json.dumps(case["http_response"]))
    blank_times(body)
    symbol = case["parsed_response"][0]["symbol"]
    rows = asyncio.run(answered(exchange_id, "fetch_my_trades", [symbol, 1_000, 50], body, []))
    assert len(rows) == len(case["parsed_response"])
    assert len(read("fetchMyTrades", rows)) == len(rows)


def blank_times(body: Any) -> None:  # noqa: ANN401 - JSON
    """Set every time inside the rows of an answer to null."""
    for part in body.values() if isinstance(body, dict) else body:
        if isinstance(part, dict | list):
            blank_times(part)
    if isinstance(body, dict):
        names = {"time", "ts", "fillTime", "execTime", "create_time", "create_time_ms", "createdAt"}
        names |= {"tradeCreatedAt", "cTime", "uTime", "trade_time", "sequence_timestamp"}
        body |= dict.fromkeys(names & body.keys())
