"""What ccxt would send, stopped before the socket; run as a program, it writes the files anew.

Owns markets made by hand and a ccxt whose ``fetch`` notes the request and goes no further: nothing
here was ever sent to an exchange, and no answer of one is assumed.
"""

import asyncio
import functools
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from exchange.profiles.calls import OrderCall, cancel_call, look_up_calls, order_call
from exchange.profiles.profile import Profile
from exchange.profiles.registry import PROFILES
from exchange.profiles.symbols import SymbolFacts, symbol_facts
from exchange.rules import Refusal
from messages.base import ClientOrderId, ExchangeOrderId, PositionId, Symbol
from messages.market import MarketRules
from messages.orders import OrderRequest, OrderType, Purpose, Side, TimeInForce

FOLDER = Path(__file__).parent / "captured"
SYMBOL = Symbol("BTC/USDT")
ORDER_ID = ClientOrderId("h0e1p17x3")
VENUE_ID = ExchangeOrderId("9001")
MARKET_PRICE = Decimal(95)

MARKET_IDS = {
    "kraken": "XBTUSDT",
    "okx": "BTC-USDT",
    "coinbase": "BTC-USDT",
    "kucoin": "BTC-USDT",
    "gate": "BTC_USDT",
    "hyperliquid": "@142",
}
"""Where it is not BTCUSDT."""

VOLATILE = {"timestamp", "nonce", "signature"}
"""Differ from run to run."""

ORDER_TYPES = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"]
BINANCE_INFO = {
    "orderTypes": ORDER_TYPES,
    "ocoAllowed": True,
    "filters": [{"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}],
}

RULES = MarketRules(
    symbol=SYMBOL,
    tick_size=Decimal("0.01"),
    step_size=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    min_notional=Decimal(5),
    maker_fee_ratio=Decimal("0.001"),
    taker_fee_ratio=Decimal("0.001"),
)


class Sent(msgspec.Struct, frozen=True):
    """One request, as it would have left."""

    method: str
    url: str
    fields: dict[str, Any]

    def line(self) -> str:
        """Return it as one line, fields in order of name."""
        return f"{self.method} {self.url} {json.dumps(self.fields, sort_keys=True)}"


class StoppedError(BaseException):
    """ccxt was about to open a socket. Not an ``Exception``: ccxt would catch some of those."""


def market(profile: Profile) -> dict[str, Any]:
    """Return BTC/USDT there, in ccxt's form, made by hand."""
    market_id = MARKET_IDS.get(profile.id, "BTCUSDT")
    return {
        "id": market_id,
        "lowercaseId": market_id.lower(),
        "symbol": SYMBOL,
        "base": "BTC",
        "quote": "USDT",
        "baseId": "10142" if profile.id == "hyperliquid" else "BTC",
        "quoteId": "USDT",
        "type": "spot",
        "spot": True,
        "active": True,
        "precision": {"amount": 0.00001, "price": 0.01},
        "limits": {"amount": {"min": 0.00001}, "price": {}, "cost": {"min": 5}},
        "info": BINANCE_INFO if profile.id == "binance" else {},
    }


def facts(profile: Profile) -> SymbolFacts:
    return symbol_facts(profile, market(profile))


def captured(profile: Profile, call: OrderCall) -> Sent:
    """Return the first request that ``call`` would send."""
    return asyncio.run(_captured(profile, call))


def order(type_: OrderType, side: Side = Side.SELL, **fields: object) -> OrderRequest:
    """Return a request for half a bitcoin around a market of 95."""
    base = OrderRequest(
        client_order_id=ORDER_ID,
        position_id=PositionId("p17"),
        symbol=SYMBOL,
        side=side,
        type=type_,
        purpose=Purpose.ENTRY if side is Side.BUY else Purpose.CLOSE,
        quantity=Decimal("0.5"),
    )
    return msgspec.structs.replace(base, **fields)


ORDERS = {
    "entry": order(OrderType.LIMIT, Side.BUY, price=Decimal("94.5")),
    "entry, IOC": order(
        OrderType.LIMIT, Side.BUY, price=Decimal("94.5"), time_in_force=TimeInForce.IOC
    ),
    "market entry": order(OrderType.MARKET, Side.BUY),
    "take profit": order(OrderType.LIMIT, price=Decimal(100)),
    "take profit, post-only": order(OrderType.LIMIT, price=Decimal(100), post_only=True),
    "stop": order(OrderType.STOP, trigger_price=Decimal(90)),
    "stop-limit": order(OrderType.STOP_LIMIT, price=Decimal(89), trigger_price=Decimal(90)),
    "OCO": order(OrderType.OCO, price=Decimal(100), trigger_price=Decimal(90)),
    "OCO, stop-limit": order(
        OrderType.OCO, price=Decimal(100), trigger_price=Decimal(90), stop_limit_price=Decimal(89)
    ),
    "exit, IOC": order(OrderType.LIMIT, price=Decimal(94), time_in_force=TimeInForce.IOC),
    "market exit": order(OrderType.MARKET),
}


def write_call(profile: Profile, request: OrderRequest) -> OrderCall | Refusal:
    return order_call(profile, request, RULES, facts(profile), market_price=MARKET_PRICE)


def cases(profile: Profile) -> Iterator[tuple[str, OrderCall | Refusal]]:
    """Yield every call of the exchange with a name for it."""
    for name, request in ORDERS.items():
        yield name, write_call(profile, request)
    yield "cancel", cancel_call(profile, SYMBOL, ORDER_ID, VENUE_ID)
    for number, call in enumerate(look_up_calls(profile, SYMBOL, ORDER_ID), start=1):
        yield f"look-up {number}", call
    if profile.order_lists:
        yield "cancel of an OCO", cancel_call(profile, SYMBOL, ORDER_ID, None, pair_at="BTCUSDT")
        for call in look_up_calls(profile, SYMBOL, ORDER_ID, is_oco=True):
            yield "look-up of an OCO", call


def lines(profile: Profile) -> Iterator[str]:
    """Yield the file of one exchange."""
    yield "# captured from ccxt, never sent"
    for name, call in cases(profile):
        if isinstance(call, Refusal):
            yield f"{name}: refused, {call.text}"
        else:
            yield f"{name}: {captured(profile, call).line()}"


async def _captured(profile: Profile, call: OrderCall) -> Sent:
    client, sent = _client(profile.id)
    sent.clear()
    try:
        await getattr(client, call.method)(*call.args, call.params)
    except StoppedError:
        return sent[0]
    raise AssertionError(f"{profile.id}: {call.method} sent nothing")


@functools.cache  # making one takes a quarter of a second
def _client(exchange_id: str) -> tuple[Any, list[Sent]]:
    import ccxt.async_support as ccxt  # type: ignore[import-untyped]  # noqa: PLC0415 - costs 0.5 s

    profile = PROFILES[exchange_id]
    keys = dict.fromkeys(profile.credentials, "1" * 32)
    keys |= {"privateKey": "0x" + "2" * 64, "walletAddress": "0x" + "1" * 40}
    client = getattr(ccxt, profile.id)({**keys, "enableRateLimit": False})
    client.options.update(profile.options)
    for name in profile.skipped_calls:
        setattr(client, name, _nothing)
    client.set_markets([client.safe_market_structure(market(profile))])
    sent: list[Sent] = []

    async def fetch(
        url: str, method: str = "GET", _: object = None, body: str | None = None
    ) -> None:
        sent.append(_sent(method, url, body))
        raise StoppedError

    client.fetch = fetch
    return client, sent


async def _nothing() -> bool:
    return True


def _sent(method: str, url: str, body: str | None) -> Sent:
    path, _, query = url.partition("?")
    return Sent(method, path, dict(_kept(_fields(body or query))))


def _fields(text: str) -> Iterable[tuple[str, Any]]:
    if not text.startswith(("{", "[")):
        return parse_qsl(text, keep_blank_values=True)
    body = json.loads(text)
    fields: dict[str, Any] = body[0] if isinstance(body, list) else body
    return fields.items()


def _kept(fields: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    return (pair for pair in fields if pair[0] not in VOLATILE)


def main() -> None:
    """Write the files anew, for a person to read before they are committed."""
    for profile in PROFILES.values():
        text = "\n".join(lines(profile)) + "\n"
        (FOLDER / f"{profile.id}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
