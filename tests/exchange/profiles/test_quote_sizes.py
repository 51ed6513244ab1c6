"""Rows of market orders by cost, as strangers place them: each exchange's list and order stream.

Through ccxt's own parsers. What the exchange does not name in base is not known, never a number of
quote currency. The rows have the forms of the exchanges' documents.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from exchange.live.fields import Raw
from exchange.live.fill_completion import as_event
from exchange.live.parsing import Leg, read_leg
from exchange.profiles.quote_sizes import in_base
from exchange.profiles.registry import PROFILES, profile_of
from messages.border import BadValueError
from messages.orders import FillSource, OrderStatus
from tests.exchange.profiles.scripted import Session, scripted_client
from tests.exchange.profiles.test_captured_answers import market_id, markets

Row = dict[str, Any]
AT = "1760000000000"


def refuse(error: BadValueError) -> None:
    raise error


def leg_of(exchange_id: str, order: Raw, *, is_event: bool = False) -> Leg:
    """Return an order of ccxt's as a connection to the exchange reads it."""
    profile = profile_of(exchange_id)
    order = in_base(profile.quote_sizes, order)
    if is_event:
        return read_leg(as_event(profile, order), refuse, FillSource.ORDER_EVENT)
    return read_leg(order, refuse)


async def _parsed(exchange_id: str, row: Row, parser: str) -> Raw:
    client = scripted_client(exchange_id, Session((200, {}, "")), markets(exchange_id))
    try:
        order: Raw = getattr(client, parser)(row, client.market("BTC/USDT"))
        return order
    finally:
        await client.close()


def parsed(exchange_id: str, row: Row, parser: str = "parse_order") -> Raw:
    return asyncio.run(_parsed(exchange_id, row, parser))


def market(exchange_id: str) -> str:
    return market_id(exchange_id, "BTC", "USDT")


GATE = {
    "id": "7",
    "text": "web",
    "create_time_ms": AT,
    "currency_pair": "BTC_USDT",
    "type": "market",
    "account": "spot",
    "side": "buy",
    "amount": "100",
    "price": "0",
    "time_in_force": "ioc",
    "left": "40.007",
    "filled_amount": "0.0019",
    "filled_total": "59.993",
    "avg_deal_price": "31575.263157894736842105",
    "status": "cancelled",
    "finish_as": "ioc",
}
BITGET = {
    "symbol": "BTCUSDT",
    "orderId": "7",
    "clientOid": "web",
    "price": "0",
    "size": "100.0000",
    "orderType": "market",
    "side": "buy",
    "status": "partially_filled",
    "priceAvg": "31575.26",
    "baseVolume": "0.0019",
    "quoteVolume": "59.993",
    "cTime": AT,
    "uTime": AT,
}
OKX = {
    "instId": "BTC-USDT",
    "instType": "SPOT",
    "ordId": "7",
    "clOrdId": "",
    "ordType": "market",
    "side": "buy",
    "sz": "100",
    "tgtCcy": "quote_ccy",
    "accFillSz": "0.0019",
    "avgPx": "31575.2",
    "state": "canceled",
    "cTime": AT,
    "uTime": AT,
}
BYBIT = {
    "symbol": "BTCUSDT",
    "orderId": "7",
    "orderLinkId": "",
    "orderType": "Market",
    "side": "Buy",
    "qty": "100",
    "marketUnit": "quoteCoin",
    "cumExecQty": "0.0019",
    "cumExecValue": "59.993",
    "leavesQty": "40.007",
    "avgPrice": "31575.2",
    "orderStatus": "PartiallyFilled",
    "createdTime": AT,
}
KUCOIN = {
    "id": "7",
    "symbol": "BTC-USDT",
    "type": "market",
    "side": "buy",
    "size": "0",
    "funds": "100",
    "dealSize": "0.0019",
    "dealFunds": "59.993",
    "cancelExist": False,
    "isActive": False,
    "createdAt": int(AT),
}
MEXC = {
    "symbol": "BTCUSDT",
    "orderId": "7",
    "type": "MARKET",
    "side": "BUY",
    "price": "0",
    "origQty": "100",
    "origQuoteOrderQty": "100",
    "executedQty": "0.0019",
    "cummulativeQuoteQty": "59.993",
    "status": "PARTIALLY_CANCELED",
    "time": int(AT),
}
KRAKEN = {
    "id": "7",
    "userref": 0,
    "status": "canceled",
    "opentm": 1760000000.5,
    "descr": {"pair": "XBTUSDT", "type": "buy", "ordertype": "market", "price": "0"},
    "vol": "100.00000000",
    "vol_exec": "0.00190000",
    "cost": "59.993",
    "fee": "0.1",
    "price": "31575.2",
    "oflags": "fciq,viqc",
    "trades": [],
}
COINBASE = {
    "order_id": "7",
    "product_id": "BTC-USDT",
    "order_configuration": {"market_market_ioc": {"quote_size": "100"}},
    "side": "BUY",
    "client_order_id": "web",
    "status": "FILLED",
    "created_time": "2025-10-09T08:53:20Z",
    "filled_size": "0.0019",
    "average_filled_price": "31575.26",
    "filled_value": "59.993",
    "size_in_quote": True,
    "order_type": "MARKET",
}
LISTED: dict[str, Row] = {
    "gate": GATE,
    "gate, another account": {**GATE, "account": "cross_margin"},
    "bitget": BITGET,
    "okx": OKX,
    "okx, a unit of null": {**OKX, "tgtCcy": None},
    "okx, a sale": {**OKX, "side": "sell"},
    "bybit": BYBIT,
    "bybit, no unit": {**BYBIT, "marketUnit": ""},
    "bybit, a sale": {**BYBIT, "side": "Sell"},
    "kucoin": KUCOIN,
    "mexc": MEXC,
    "kraken": KRAKEN,
    "coinbase": COINBASE,
    "coinbase, a unit of null": {**COINBASE, "size_in_quote": None},
}
WITHOUT_COST = {"okx"}


def exchange_of(name: str) -> str:
    return name.partition(",")[0]


@pytest.mark.parametrize("name", LISTED)
def test_a_row_by_cost_is_read_in_base_or_not_known(name: str) -> None:
    exchange_id = exchange_of(name)
    leg = leg_of(exchange_id, parsed(exchange_id, LISTED[name]))
    assert (leg.quantity, leg.filled) == (None, Decimal("0.0019"))
    assert leg.cost == (None if exchange_id in WITHOUT_COST else Decimal("59.993"))
    assert leg.exchange_order_id == "7"


FILLED_FIELDS = {
    "gate": ("filled_amount", "filled_total"),
    "bitget": ("baseVolume", "quoteVolume"),
    "okx": ("accFillSz",),
    "bybit": ("cumExecQty", "cumExecValue"),
    "kucoin": ("dealSize", "dealFunds"),
    "mexc": ("executedQty", "cummulativeQuoteQty"),
    "kraken": ("vol_exec", "cost"),
    "coinbase": ("filled_size", "filled_value"),
}


@pytest.mark.parametrize("exchange_id", FILLED_FIELDS)
def test_what_such_a_row_leaves_out_is_not_known(exchange_id: str) -> None:
    row = {**LISTED[exchange_id], **dict.fromkeys(FILLED_FIELDS[exchange_id])}
    leg = leg_of(exchange_id, parsed(exchange_id, row))
    assert (leg.quantity, leg.filled, leg.cost) == (None, None, None)
    assert not leg.is_over


OWN: dict[str, Row] = {
    # As this program's own market buys are listed: in base.
    "okx": {**OKX, "sz": "0.003", "tgtCcy": "base_ccy"},
    "bybit": {**BYBIT, "qty": "0.003", "leavesQty": "0.0011", "marketUnit": "baseCoin"},
    "kucoin": {**KUCOIN, "size": "0.003", "funds": "0"},
    "mexc": {**MEXC, "origQty": "0.003", "origQuoteOrderQty": None},
    "kraken": {**KRAKEN, "vol": "0.00300000", "oflags": "fciq"},
}


@pytest.mark.parametrize("exchange_id", OWN)
def test_a_market_buy_of_ours_has_its_quantity(exchange_id: str) -> None:
    leg = leg_of(exchange_id, parsed(exchange_id, OWN[exchange_id]))
    assert (leg.quantity, leg.filled) == (Decimal("0.003"), Decimal("0.0019"))


@pytest.mark.parametrize("exchange_id", [name for name, one in PROFILES.items() if one.market_buy])
def test_an_exchange_of_market_buys_has_such_a_row_here_or_none_by_cost(exchange_id: str) -> None:
    assert (exchange_id in OWN) is (PROFILES[exchange_id].quote_sizes is not None)


EVENTS: dict[str, tuple[str, Row]] = {
    "gate": ("parse_order", {**GATE, "event": "finish", "status": None}),
    "okx": ("parse_order", {**OKX, "msg": "", "code": "0"}),
    "bybit": ("parse_order", {**BYBIT, "category": "spot"}),
    "coinbase": (
        "parse_ws_order",
        {
            "order_id": "7",
            "client_order_id": "web",
            "cumulative_quantity": "0.0019",
            "leaves_quantity": "40.007",
            "avg_price": "31575.26",
            "filled_value": "59.993",
            "status": "OPEN",
            "product_id": "BTC-USDT",
            "order_side": "BUY",
            "order_type": "Market",
        },
    ),
    "kraken": (
        "parse_ws_order",
        {
            "order_id": "7",
            "symbol": "BTC/USDT",
            "cash_order_qty": 100,
            "cum_qty": 0.0019,
            "cum_cost": 59.993,
            "avg_price": 31575.2,
            "side": "buy",
            "order_type": "market",
            "order_status": "partially_filled",
        },
    ),
    "kucoin": (
        "parse_ws_order",
        {
            "symbol": "BTC-USDT",
            "orderType": "market",
            "side": "buy",
            "orderId": "7",
            "type": "match",
            "funds": "100",
            "filledSize": "0.0019",
            "orderTime": int(AT),
        },
    ),
    "mexc": (
        "parse_ws_order",
        {
            "id": "7",
            "price": "31575.2",
            "quantity": "100",
            "amount": "100",
            "orderType": 5,
            "tradeType": 1,
            "remainAmount": "40.007",
            "remainQuantity": "40.007",
            "cumulativeQuantity": "0.0019",
            "cumulativeAmount": "59.993",
            "status": 3,
            "createTime": AT,
        },
    ),
}


@pytest.mark.parametrize("exchange_id", EVENTS)
def test_an_event_of_such_an_order_tells_no_quantity(exchange_id: str) -> None:
    parser, row = EVENTS[exchange_id]
    leg = leg_of(exchange_id, parsed(exchange_id, row, parser), is_event=True)
    assert (leg.quantity, leg.filled) == (None, Decimal("0.0019"))
    assert leg.cost in {None, Decimal("59.993")}


def test_an_event_of_bitget_tells_neither() -> None:
    row = {
        "instId": "BTCUSDT",
        "orderId": "7",
        "newSize": "100",
        "orderType": "market",
        "side": "buy",
        "baseVolume": "0.0004",
        "accBaseVolume": "0.0019",
        "priceAvg": "31575.2",
        "status": "partially_filled",
        "cTime": AT,
    }
    leg = leg_of("bitget", parsed("bitget", row, "parse_ws_order"), is_event=True)
    assert (leg.quantity, leg.filled, leg.cost) == (None, None, None)


@pytest.mark.parametrize("type_", ["market", "Market", "stop_market"])
def test_a_market_buy_at_an_exchange_without_a_profile_says_nothing(type_: str) -> None:
    order = {
        "id": "7",
        "type": type_,
        "side": "buy",
        "amount": 100.0,
        "filled": 100.0,
        "remaining": 0.0,
        "cost": 100.0,
        "status": "closed",
        "info": {"counter_volume": "100"},
    }
    leg = leg_of("luno", order)
    assert (leg.quantity, leg.filled, leg.cost) == (None, None, None)
    assert leg_of("luno", {**order, "type": "limit", "cost": 60.0}).quantity == 100
    assert leg_of("luno", {**order, "side": "sell"}).quantity == 100


PARTS: dict[str, Row] = {
    # An order of 1 in base of which 0.4 filled: what was asked for is not what filled so far.
    "coinbase": {
        "order_id": "7",
        "cumulative_quantity": "0.4",
        "leaves_quantity": "0.6",
        "status": "OPEN",
        "product_id": "BTC-USDT",
        "order_side": "SELL",
        "order_type": "Limit",
        "limit_price": "100",
    },
    "kraken": {
        "order_id": "7",
        "symbol": "BTC/USDT",
        "cum_qty": 0.4,
        "cum_cost": 40.0,
        "side": "sell",
        "order_type": "limit",
        "limit_price": 99.0,
        "order_status": "canceled",
    },
}


@pytest.mark.parametrize("exchange_id", PARTS)
def test_what_filled_so_far_is_not_what_was_asked_for(exchange_id: str) -> None:
    order = parsed(exchange_id, PARTS[exchange_id], "parse_ws_order")
    leg = leg_of(exchange_id, order, is_event=True)
    assert (leg.quantity, leg.filled) == (None, Decimal("0.4"))
    is_over = exchange_id == "kraken"
    assert leg.status is (OrderStatus.CANCELED if is_over else OrderStatus.PARTIALLY_FILLED)


def test_an_event_of_kraken_that_names_what_was_asked_for_has_it() -> None:
    row = {**PARTS["kraken"], "order_qty": 1.0}
    leg = leg_of("kraken", parsed("kraken", row, "parse_ws_order"), is_event=True)
    assert (leg.quantity, leg.filled) == (Decimal(1), Decimal("0.4"))
