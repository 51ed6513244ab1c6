"""MEXC's spot v3 payloads, REST and protobuf. Pure.

Source: MEXC's spot v3 API documentation, and the protobuf schemas that come with ccxt.
"""

from decimal import Decimal
from typing import Any

from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import (  # type: ignore[import-untyped]
    PushDataV3ApiWrapper,
)

from exchange.matching.state import Balance, Market
from exchange.server.legs import LegRow
from exchange.server.prices import Payload, market_id, moved_of, number
from exchange.server.venue import MarketStatus
from messages.base import Symbol, Timestamp
from messages.market import Candle, MarketRules
from messages.money import ZERO, divide_down, plain
from messages.orders import OrderStatus, OrderType, Side, TimeInForce
from messages.reconciler import Trade

ORDER_TYPES = ("LIMIT", "MARKET", "LIMIT_MAKER", "IMMEDIATE_OR_CANCEL")
LARGEST = Decimal(2_000_000)
_SYMBOL_STATUSES = {
    MarketStatus.TRADING: "1",
    MarketStatus.HALTED: "2",
    MarketStatus.CANCEL_ONLY: "2",
}
_ORDER_TYPE_NUMBERS = {"LIMIT": 1, "LIMIT_MAKER": 2, "IMMEDIATE_OR_CANCEL": 3, "MARKET": 5}
_STATUS_NUMBERS = {
    "NEW": 1,
    "FILLED": 2,
    "PARTIALLY_FILLED": 3,
    "CANCELED": 4,
    "PARTIALLY_CANCELED": 5,
}
_ID_PREFIX = "C02__"
_ID_DIGITS = 18


def order_id(row: LegRow) -> str:
    """Return an order's id as MEXC writes it: text, never a number."""
    return order_id_of(row.sequence)


def order_id_of(sequence: int) -> str:
    """Return the id of the order at this place in time."""
    return f"{_ID_PREFIX}{sequence:0{_ID_DIGITS}}"


def sequence_of(text: str) -> int | None:
    """Return an order's place in time from its id; None: it is none of ours."""
    digits = text.removeprefix(_ID_PREFIX)
    return int(digits) if text.startswith(_ID_PREFIX) and digits.isdecimal() else None


def places(step: Decimal) -> int:
    """Return how many decimal places a step has; MEXC's steps are powers of ten."""
    return max(-step.normalize().as_tuple().exponent, 0) if step % 1 else 0  # type: ignore[operator] # a finite number's exponent is an int


def exchange_symbol(rules: MarketRules, status: MarketStatus) -> Payload:
    """Return a market of ``exchangeInfo``."""
    return {
        "symbol": market_id(rules.symbol),
        "status": _SYMBOL_STATUSES[status],
        "baseAsset": rules.base,
        "baseAssetPrecision": places(rules.step_size),
        "quoteAsset": rules.quote,
        "quotePrecision": places(rules.tick_size),
        "quoteAssetPrecision": places(rules.tick_size),
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": plain(rules.min_notional),
        "baseSizePrecision": plain(rules.min_quantity),
        "permissions": ["SPOT"],
        "filters": [],
        "maxQuoteAmount": plain(rules.max_notional or LARGEST),
        "makerCommission": plain(rules.maker_fee_ratio),
        "takerCommission": plain(rules.taker_fee_ratio),
        "quoteAmountPrecisionMarket": plain(rules.min_notional),
        "maxQuoteAmountMarket": "100000",
        "fullName": rules.base,
        "tradeSideType": 1,
    }


def status_name(row: LegRow) -> str:
    """Return an order's status in MEXC's words, which know no EXPIRED."""
    match row.status:
        case OrderStatus.OPEN:
            return "NEW"
        case OrderStatus.CANCELED | OrderStatus.EXPIRED:
            return "PARTIALLY_CANCELED" if row.filled else "CANCELED"
        case _:
            return row.status.name


def type_name(row: LegRow) -> str:
    """Return an order's type in MEXC's words."""
    request = row.request
    if request.post_only:
        return "LIMIT_MAKER"
    if request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.IOC:
        return "IMMEDIATE_OR_CANCEL"
    return request.type.name


def placed_payload(row: LegRow) -> Payload:
    """Return the answer to an order: neither a status nor what filled nor the client's id."""
    return {
        "symbol": market_id(row.request.symbol),
        "orderId": order_id(row),
        "orderListId": "-1",
        "price": plain(row.price),
        "origQty": plain(row.request.quantity),
        "type": type_name(row),
        "side": row.request.side.name,
        "transactTime": row.at,
    }


def order_payload(row: LegRow, since: Timestamp) -> Payload:
    """Return an order as it is asked for."""
    return {
        "symbol": market_id(row.request.symbol),
        "orderId": order_id(row),
        "orderListId": "-1",
        "clientOrderId": row.client_order_id,
        "price": plain(row.price),
        "origQty": plain(row.request.quantity),
        "executedQty": plain(row.filled),
        "cummulativeQuoteQty": plain(row.cost),
        "status": status_name(row),
        "timeInForce": None,
        "type": type_name(row),
        "side": row.request.side.name,
        "stopPrice": None,
        "icebergQty": None,
        "time": since,
        "updateTime": row.at,
        "isWorking": True,
        "origQuoteOrderQty": plain(row.price * row.request.quantity),
    }


def trade_payload(trade: Trade) -> Payload:
    """Return a fill of ``myTrades``."""
    return {
        "symbol": market_id(trade.symbol),
        "id": trade.trade_id,
        "orderId": order_id_of(int(trade.exchange_order_id)),
        "orderListId": -1,
        "price": plain(trade.price),
        "qty": plain(trade.quantity),
        "quoteQty": plain(trade.price * trade.quantity),
        "commission": plain(trade.fee.amount),
        "commissionAsset": trade.fee.currency,
        "time": trade.at,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.is_maker,
        "isBestMatch": True,
        "isSelfTrade": False,
        "clientOrderId": trade.client_order_id,
    }


def kline(candle: Candle) -> list[object]:
    """Return a candle of ``klines``."""
    values = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    texts = [plain(Decimal(repr(value))) for value in values]
    return [candle.start, *texts, candle.start + candle.interval_ms, "0"]


def order_frame(channel: str, row: LegRow, since: Timestamp, at: Timestamp) -> bytes:
    """Return an order's event."""
    wrapper = _wrapper(channel, row.request.symbol, at)
    remaining = max(row.request.quantity - row.filled, ZERO)
    told = wrapper.privateOrders
    told.id = order_id(row)
    told.clientId = row.client_order_id
    told.price = plain(row.price)
    told.quantity = plain(row.request.quantity)
    told.amount = plain(row.price * row.request.quantity)
    told.avgPrice = plain(divide_down(row.cost, row.filled)) if row.filled else "0"
    told.orderType = _ORDER_TYPE_NUMBERS[type_name(row)]
    told.tradeType = 1 if row.request.side is Side.BUY else 2
    told.remainAmount = plain(row.price * remaining)
    told.remainQuantity = plain(remaining)
    told.cumulativeQuantity = plain(row.filled)
    told.cumulativeAmount = plain(row.cost)
    told.status = _STATUS_NUMBERS[status_name(row)]
    told.createTime = since
    return _bytes(wrapper)


def trade_frame(channel: str, trade: Trade, name: str, at: Timestamp) -> bytes:
    """Return a fill's event."""
    wrapper = _wrapper(channel, trade.symbol, at)
    told = wrapper.privateDeals
    told.price = plain(trade.price)
    told.quantity = plain(trade.quantity)
    told.amount = plain(trade.price * trade.quantity)
    told.tradeType = 1 if trade.side is Side.BUY else 2
    told.isMaker = trade.is_maker
    told.tradeId = trade.trade_id
    told.clientOrderId = name
    told.orderId = order_id_of(int(trade.exchange_order_id))
    told.feeAmount = plain(trade.fee.amount)
    told.feeCurrency = trade.fee.currency
    told.time = trade.at
    return _bytes(wrapper)


def balance_frame(channel: str, held: Balance, at: Timestamp) -> bytes:
    """Return a changed balance's event."""
    wrapper = PushDataV3ApiWrapper(channel=channel, createTime=at, sendTime=at)
    told = wrapper.privateAccount
    told.vcoinName = held.currency
    told.balanceAmount = plain(held.free)
    told.frozenAmount = plain(held.locked)
    told.type = "ENTRUST"
    told.time = at
    return _bytes(wrapper)


def book_frame(channel: str, market: Market, at: Timestamp) -> bytes:
    """Return the best prices' event."""
    moved = moved_of(market)
    wrapper = _wrapper(channel, market.rules.symbol, at)
    told = wrapper.publicAggreBookTicker
    quantity = plain(Decimal(repr(moved.quantity or 100.0)))
    told.bidPrice = plain(market.price(moved.bid))
    told.bidQuantity = quantity
    told.askPrice = plain(market.price(moved.ask))
    told.askQuantity = quantity
    return _bytes(wrapper)


def balance_payload(held: Balance) -> Payload:
    """Return a balance of ``account``."""
    return {"asset": held.currency, "free": number(held.free), "locked": number(held.locked)}


def _wrapper(channel: str, symbol: Symbol, at: Timestamp) -> Any:  # noqa: ANN401 - generated, untyped
    return PushDataV3ApiWrapper(
        channel=channel, symbol=market_id(symbol), createTime=at, sendTime=at
    )


def _bytes(wrapper: Any) -> bytes:  # noqa: ANN401 - as above
    frame: bytes = wrapper.SerializeToString()
    return frame
