"""Binance's requests for orders: from parameters to orders, and its refusals. Pure."""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from exchange.matching.state import Market
from exchange.server.dialect import bought_for, failed_filter, number_of
from exchange.server.legs import OcoNames
from exchange.server.venue import NOBODY, OrderRefusedError
from exchange.server.wire import RefusedError
from messages.base import ClientOrderId
from messages.money import ZERO
from messages.orders import (
    OrderRequest,
    OrderType,
    Purpose,
    RejectReason,
    Side,
    TimeInForce,
)

DUPLICATE = "Duplicate order sent."
_TYPES = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
}
_REFUSALS = {
    RejectReason.INSUFFICIENT_FUNDS: "Account has insufficient balance for requested action.",
    RejectReason.WOULD_TRIGGER_AT_ONCE: "Stop price would trigger immediately.",
    RejectReason.WOULD_TAKE: "Order would immediately match and take.",
    RejectReason.DUPLICATE_ID: DUPLICATE,
    RejectReason.PRICE_OUT_OF_RANGE: (
        "The relationship of the prices for the orders is not correct."
    ),
}
"""Texts of -2010."""


class OcoAsked(msgspec.Struct, frozen=True, kw_only=True):
    """An OCO as it is asked for."""

    names: OcoNames
    price: Decimal | None
    trigger: Decimal | None
    stop_limit: Decimal | None
    """None: the stop leg sells at the market."""


def order_of(params: dict[str, str], market: Market, name: str) -> OrderRequest:
    """Return what ``POST order`` asks for. Raises ``RefusedError``."""
    kind = params.get("type", "")
    if kind not in _TYPES:
        raise RefusedError(-1116, "Invalid orderType.")
    is_market = kind in ("MARKET", "STOP_LOSS")
    side, cost = _side(params), number_of(params, "quoteOrderQty")
    return OrderRequest(
        client_order_id=ClientOrderId(name),
        position_id=NOBODY,
        symbol=market.rules.symbol,
        side=side,
        type=_TYPES[kind],
        purpose=Purpose.ENTRY,
        quantity=_quantity(params) if cost is None else bought_for(market, cost, side),
        price=None if is_market else number_of(params, "price"),
        trigger_price=number_of(params, "stopPrice") if kind.startswith("STOP") else None,
        time_in_force=_time_in_force(params),
        post_only=kind == "LIMIT_MAKER",
    )


def oco_order(params: dict[str, str], market: Market, name: str, asked: OcoAsked) -> OrderRequest:
    """Return the one order that the engine makes of an OCO. Raises ``RefusedError``."""
    return OrderRequest(
        client_order_id=ClientOrderId(name),
        position_id=NOBODY,
        symbol=market.rules.symbol,
        side=_side(params),
        type=OrderType.OCO,
        purpose=Purpose.ENTRY,
        quantity=_quantity(params),
        price=asked.price,
        trigger_price=asked.trigger,
        stop_limit_price=asked.stop_limit,
    )


def oco_of(params: dict[str, str], new_id: Callable[[], str]) -> OcoAsked:
    """Return what ``POST orderList/oco`` asks for: one order above the market, one below.

    Raises ``RefusedError``.
    """
    limit, stop = ("above", "below") if _side(params) is Side.SELL else ("below", "above")
    if params.get(f"{limit}Type") != "LIMIT_MAKER":
        raise RefusedError(-1158, f"{limit}Type must be LIMIT_MAKER.")
    if params.get(f"{stop}Type") not in ("STOP_LOSS", "STOP_LOSS_LIMIT"):
        raise RefusedError(-1158, f"{stop}Type must be STOP_LOSS or STOP_LOSS_LIMIT.")
    names = OcoNames(
        params.get(f"{limit}ClientOrderId") or new_id(),
        params.get(f"{stop}ClientOrderId") or new_id(),
    )
    return OcoAsked(
        names=names,
        price=number_of(params, f"{limit}Price"),
        trigger=number_of(params, f"{stop}StopPrice"),
        stop_limit=number_of(params, f"{stop}Price"),
    )


def old_oco_of(params: dict[str, str], new_id: Callable[[], str]) -> OcoAsked:
    """Return what ``POST order/oco`` asks for, the older way. Raises ``RefusedError``."""
    names = OcoNames(
        params.get("limitClientOrderId") or new_id(), params.get("stopClientOrderId") or new_id()
    )
    return OcoAsked(
        names=names,
        price=number_of(params, "price"),
        trigger=number_of(params, "stopPrice"),
        stop_limit=number_of(params, "stopLimitPrice"),
    )


def refusal_of(refused: OrderRefusedError, request: OrderRequest, market: Market) -> RefusedError:
    """Return the engine's refusal in Binance's words."""
    if refused.reason is RejectReason.MARKET_HALTED:
        return RefusedError(-1013, "Market is closed.")
    failed = failed_filter(refused.reason, request, market)
    if failed is not None:
        return RefusedError(-1013, f"Filter failure: {failed}")
    return RefusedError(-2010, _REFUSALS.get(refused.reason, str(refused)))


def _quantity(params: dict[str, str]) -> Decimal:
    return number_of(params, "quantity") or ZERO


def _side(params: dict[str, str]) -> Side:
    try:
        return Side[params.get("side", "")]
    except KeyError:
        raise RefusedError(-1117, "Invalid side.") from None


def _time_in_force(params: dict[str, str]) -> TimeInForce:
    asked = params.get("timeInForce", "GTC")
    if asked not in ("GTC", "IOC"):
        raise RefusedError(-1115, "Invalid timeInForce.")
    return TimeInForce(asked.lower())
