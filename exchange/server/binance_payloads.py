"""Binance's spot payloads: what the venue knows, in the fields its documents name. Pure.

Source: Binance's spot API documentation (REST, WebSocket streams, user data stream).
"""

from decimal import Decimal

from exchange.matching.state import Balance, Market
from exchange.server.legs import IDS_AN_ORDER, Leg, LegReport, LegRow
from exchange.server.prices import (
    PLACES,
    Payload,
    book_ticker,
    day_ticker,
    market_id,
    number,
)
from exchange.server.venue import MarketStatus
from messages.base import Timestamp
from messages.market import Candle, MarketRules
from messages.money import ZERO, plain
from messages.orders import OrderStatus, OrderType, RejectReason, TimeInForce
from messages.reconciler import Trade

TRADES_AN_ORDER = 10_000
ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT")
LARGEST = Decimal(9_000_000)
_SYMBOL_STATUSES = {
    MarketStatus.TRADING: "TRADING",
    MarketStatus.HALTED: "BREAK",
    MarketStatus.CANCEL_ONLY: "CANCEL_ONLY",
}
_STATUSES = {OrderStatus.OPEN: "NEW"}
_EXPIRY_REASONS = {
    RejectReason.PRICE_RANGE: "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
    RejectReason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
}


def trade_number(trade: Trade) -> int:
    """Return a fill's id."""
    sequence, _, fill = trade.trade_id.partition("-")
    return int(sequence) * TRADES_AN_ORDER + int(fill)


def exchange_symbol(rules: MarketRules, status: MarketStatus) -> Payload:
    """Return a market of ``exchangeInfo``."""
    return {
        "symbol": market_id(rules.symbol),
        "status": _SYMBOL_STATUSES[status],
        "baseAsset": rules.base,
        "baseAssetPrecision": PLACES,
        "quoteAsset": rules.quote,
        "quotePrecision": PLACES,
        "quoteAssetPrecision": PLACES,
        "baseCommissionPrecision": PLACES,
        "quoteCommissionPrecision": PLACES,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _filters(rules: MarketRules) -> list[Payload]:
    tick, step = number(rules.tick_size), number(rules.step_size)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": tick,
            "maxPrice": number(LARGEST),
            "tickSize": tick,
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": number(rules.min_quantity),
            "maxQty": number(rules.max_quantity or LARGEST),
            "stepSize": step,
        },
        *_market_lot_size(rules),
        {
            "filterType": "NOTIONAL",
            "minNotional": number(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": number(rules.max_notional or LARGEST),
            "applyMaxToMarket": rules.max_notional is not None,
            "avgPriceMins": 5,
        },
        *_price_ranges(rules),
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.max_stops},
    ]


def _market_lot_size(rules: MarketRules) -> list[Payload]:
    if rules.max_market_quantity is None:
        return []
    most = number(rules.max_market_quantity)
    zero = number(ZERO)
    return [{"filterType": "MARKET_LOT_SIZE", "minQty": zero, "maxQty": most, "stepSize": zero}]


def _price_ranges(rules: MarketRules) -> list[Payload]:
    ratios = (
        rules.buy_to_ratio,
        rules.buy_from_ratio,
        rules.sell_to_ratio,
        rules.sell_from_ratio,
    )
    if all(ratio is None for ratio in ratios):
        return []
    names = ("bidMultiplierUp", "bidMultiplierDown", "askMultiplierUp", "askMultiplierDown")
    given = zip(names, ratios, strict=True)
    multipliers = {name: plain(ratio) for name, ratio in given if ratio is not None}
    return [{"filterType": "PERCENT_PRICE_BY_SIDE", **multipliers, "avgPriceMins": 5}]


def status_name(row: LegRow) -> str:
    """Return an order's status in Binance's words."""
    if row.status is OrderStatus.EXPIRED and row.reason is RejectReason.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return _STATUSES.get(row.status, row.status.name)


def expiry_reason(row: LegRow) -> str:
    """Return why an order expired, in Binance's words."""
    if row.status is not OrderStatus.EXPIRED:
        return "NONE"
    return _EXPIRY_REASONS.get(row.reason, "NONE") if row.reason else "NONE"


def type_name(row: LegRow) -> str:
    """Return an order's type in Binance's words."""
    if row.leg is Leg.LIMIT or row.request.post_only:
        return "LIMIT_MAKER"
    if row.leg is Leg.STOP or row.request.type in (OrderType.STOP, OrderType.STOP_LIMIT):
        return "STOP_LOSS_LIMIT" if row.price else "STOP_LOSS"
    return row.request.type.name


def _time_in_force(row: LegRow) -> str:
    return "IOC" if row.request.time_in_force is TimeInForce.IOC else "GTC"


def order_payload(row: LegRow, since: Timestamp) -> Payload:
    """Return an order as it is asked for; ``since`` is when it came."""
    return {
        "symbol": market_id(row.request.symbol),
        "orderId": row.order_id,
        "orderListId": row.list_id,
        "clientOrderId": row.client_order_id,
        "price": number(row.price),
        "origQty": number(row.request.quantity),
        "executedQty": number(row.filled),
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": number(row.cost),
        "status": status_name(row),
        "expiryReason": expiry_reason(row),
        "timeInForce": _time_in_force(row),
        "type": type_name(row),
        "side": row.request.side.name,
        "stopPrice": number(row.stop_price),
        "icebergQty": "0.00000000",
        "time": since,
        "updateTime": row.at,
        "isWorking": row.is_working,
        "workingTime": since if row.is_working else -1,
        "selfTradePreventionMode": "NONE",
    }


def placed_payload(row: LegRow, trades: tuple[Trade, ...]) -> Payload:
    """Return the FULL answer to an order."""
    asked = order_payload(row, Timestamp(row.at))
    dropped = ("time", "updateTime", "isWorking", "icebergQty")
    kept = {name: value for name, value in asked.items() if name not in dropped}
    return kept | {"transactTime": row.at, "fills": [_fill(trade) for trade in trades]}


def _fill(trade: Trade) -> Payload:
    return {
        "price": number(trade.price),
        "qty": number(trade.quantity),
        "commission": number(trade.fee.amount),
        "commissionAsset": trade.fee.currency,
        "tradeId": trade_number(trade),
    }


def trade_payload(trade: Trade, leg: Leg) -> Payload:
    """Return a fill of ``myTrades``."""
    sequence = int(trade.exchange_order_id)
    return {
        "symbol": market_id(trade.symbol),
        "id": trade_number(trade),
        "orderId": sequence * IDS_AN_ORDER + leg,
        "orderListId": -1 if leg is Leg.SINGLE else sequence,
        "price": number(trade.price),
        "qty": number(trade.quantity),
        "quoteQty": number(trade.price * trade.quantity),
        "commission": number(trade.fee.amount),
        "commissionAsset": trade.fee.currency,
        "time": trade.at,
        "isBuyer": trade.side.name == "BUY",
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def _execution_type(report: LegReport) -> str:
    prevented = status_name(report.row) == "EXPIRED_IN_MATCH" and report.kind == "EXPIRED"
    return "TRADE_PREVENTION" if prevented else report.kind


def execution_report(report: LegReport, since: Timestamp, at: Timestamp, cancel_id: str) -> Payload:
    """Return an order's event; of a cancel, ``c`` is the cancel's own id and ``C`` the order's."""
    row, trade = report.row, report.trade
    is_cancel = report.kind == "CANCELED"
    return {
        "e": "executionReport",
        "E": at,
        "s": market_id(row.request.symbol),
        "c": cancel_id if is_cancel else row.client_order_id,
        "S": row.request.side.name,
        "o": type_name(row),
        "f": _time_in_force(row),
        "q": number(row.request.quantity),
        "p": number(row.price),
        "P": number(row.stop_price),
        "F": "0.00000000",
        "g": row.list_id,
        "C": row.client_order_id if is_cancel else "",
        "x": _execution_type(report),
        "eR": expiry_reason(row),
        "X": status_name(row),
        "r": "NONE",
        "i": row.order_id,
        "l": number(trade.quantity) if trade else "0.00000000",
        "z": number(row.filled),
        "L": number(trade.price) if trade else "0.00000000",
        "n": number(trade.fee.amount) if trade else "0",
        "N": trade.fee.currency if trade else None,
        "T": at,
        "t": trade_number(trade) if trade else -1,
        "w": row.is_working and status_name(row) in ("NEW", "PARTIALLY_FILLED"),
        "m": trade.is_maker if trade else False,
        "O": since,
        "Z": number(row.cost),
        "Y": number(trade.price * trade.quantity) if trade else "0.00000000",
        "Q": "0.00000000",
        "V": "NONE",
    }


def account_position(balances: tuple[Balance, ...], at: Timestamp) -> Payload:
    """Return the event that tells changed balances."""
    return {
        "e": "outboundAccountPosition",
        "E": at,
        "u": at,
        "B": [
            {"a": held.currency, "f": number(held.free), "l": number(held.locked)}
            for held in balances
        ],
    }


def balance_payload(held: Balance) -> Payload:
    """Return a balance of ``account``."""
    return {"asset": held.currency, "free": number(held.free), "locked": number(held.locked)}


def book_ticker_event(market: Market, update: int) -> Payload:
    """Return the best prices as the ``bookTicker`` stream tells them."""
    best = book_ticker(market)
    return {
        "u": update,
        "s": best["symbol"],
        "b": best["bidPrice"],
        "B": best["bidQty"],
        "a": best["askPrice"],
        "A": best["askQty"],
    }


def day_ticker_event(market: Market, at: Timestamp) -> Payload:
    """Return the ``ticker`` stream's event."""
    ticker = day_ticker(market, at)
    fields = {
        "s": "symbol", "c": "lastPrice", "o": "openPrice", "h": "highPrice", "l": "lowPrice",
        "x": "prevClosePrice", "w": "weightedAvgPrice", "p": "priceChange",
        "P": "priceChangePercent", "Q": "lastQty", "b": "bidPrice", "B": "bidQty",
        "a": "askPrice", "A": "askQty", "v": "volume", "q": "quoteVolume",
        "O": "openTime", "C": "closeTime", "n": "count",
    }  # fmt: skip
    return {"e": "24hrTicker", "E": at} | {short: ticker[long] for short, long in fields.items()}


def kline(candle: Candle) -> list[object]:
    """Return a candle of ``klines``."""
    texts = [number(Decimal(repr(value))) for value in
             (candle.open, candle.high, candle.low, candle.close, candle.volume)]  # fmt: skip
    end = candle.start + candle.interval_ms - 1
    return [candle.start, *texts, end, "0.00000000", 0, "0.00000000", "0.00000000", "0"]
