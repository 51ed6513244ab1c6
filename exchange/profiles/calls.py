"""Orders as calls to ccxt, by an exchange's profile.

Owns the way from what the router asks to a method of ccxt's and its arguments, and every refusal on
that way. Numbers leave as text, so nothing is rounded. Whatever a profile does not allow, by
capability or by parameter, is refused here: ccxt would pass it on inside a plain order.
"""

from decimal import Decimal

import msgspec

from exchange.profiles.order_ids import UnpackableIdError, at_venue, rendered
from exchange.profiles.profile import CancelBy, Profile
from exchange.profiles.symbols import SymbolFacts
from exchange.rules import Refusal, check_request
from messages.base import ClientOrderId, ExchangeOrderId, Symbol
from messages.market import MarketRules
from messages.money import plain
from messages.orders import OrderRequest, OrderType, RejectReason, Side, TimeInForce

Params = dict[str, str | bool]


class OrderCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call: ``getattr(ccxt, method)(*args, params)``."""

    method: str
    args: tuple[str | None, ...] = ()
    params: Params


def order_call(
    profile: Profile,
    request: OrderRequest,
    rules: MarketRules,
    facts: SymbolFacts,
    *,
    market_price: Decimal | None = None,
) -> OrderCall | Refusal:
    """Return the call that places ``request``, or why it must not be made.

    ``facts`` are the symbol's own limits; ``market_price`` is its last price (quote), without which
    what depends on it is left to the exchange.
    """
    refusal = (
        _check_support(profile, request, facts)
        or check_request(request, rules, market_price)
        or _check_side_of_market(request, market_price)
    )
    if refusal is not None:
        return refusal
    try:
        name = rendered(profile.ids, request.client_order_id)
    except UnpackableIdError as error:
        return Refusal(RejectReason.NOT_SUPPORTED, str(error))
    if request.type is OrderType.OCO:
        return _oco_call(profile, request, name, facts)
    params = _params(profile, request, name)
    stray = sorted(params.keys() - profile.order_params)
    if stray:
        return _unsupported(profile, f"order with {', '.join(stray)}")
    return _create_call(profile, request, params, market_price)


def cancel_call(
    profile: Profile,
    symbol: Symbol,
    order_id: ClientOrderId,
    exchange_order_id: ExchangeOrderId | None,
    *,
    pair_at: str | None = None,
) -> OrderCall | Refusal:
    """Return the call that cancels an order; a refusal where it must be looked up first.

    ``pair_at``: it is an OCO, on the market that has this id at the exchange.
    """
    if pair_at is not None:
        call = _list_call(profile, "private_delete_orderlist", "listClientOrderId", order_id)
        return msgspec.structs.replace(call, params={"symbol": pair_at, **call.params})
    match profile.cancel_by:
        case CancelBy.CLIENT_ID:
            params: Params = {profile.cancel_param: rendered(profile.ids, order_id)}
            return OrderCall(method="cancel_order", args=(None, symbol), params=params)
        case CancelBy.CLIENT_ID_AS_ID:
            args = (at_venue(profile.ids, order_id), symbol)
            return OrderCall(method="cancel_order", args=args, params={})
        case CancelBy.EXCHANGE_ID:
            if exchange_order_id is None:
                return _unsupported(profile, "cancel by client order id: look the order up first")
            return OrderCall(method="cancel_order", args=(exchange_order_id, symbol), params={})


def look_up_calls(
    profile: Profile, symbol: Symbol, order_id: ClientOrderId, *, is_oco: bool = False
) -> tuple[OrderCall, ...]:
    """Return the calls that find an order by its client order id, to be made in turn.

    The order is the one whose id is ``at_venue(profile.ids, order_id)``: a list may hold others.
    """
    if is_oco:
        return (_list_call(profile, "private_get_orderlist", "origClientOrderId", order_id),)
    name = rendered(profile.ids, order_id)
    params: Params = {profile.look_up_param: name} if profile.look_up_param else {}
    if not profile.lists:
        return (OrderCall(method="fetch_order", args=(None, symbol), params=params),)
    return tuple(
        OrderCall(method=method, args=(symbol, None, None), params=params)
        for method in profile.lists
    )


def leg_names(profile: Profile, order_id: ClientOrderId) -> tuple[str, str]:
    """Return the client order ids of an OCO's legs, limit first; the pair has ``order_id``."""
    name = rendered(profile.ids, order_id)
    return f"{name}l", f"{name}s"


def _check_support(profile: Profile, request: OrderRequest, facts: SymbolFacts) -> Refusal | None:
    if not facts.is_active:
        return Refusal(RejectReason.MARKET_HALTED, f"{request.symbol} is not traded now")
    can, kind = facts.capabilities, request.type.value
    buys = request.side is Side.BUY
    asked: tuple[tuple[bool, bool, str], ...] = (
        (request.type is OrderType.MARKET, can.market, "market order"),
        (request.type is OrderType.STOP, can.native_stop, "stop order"),
        (request.type is OrderType.STOP_LIMIT, can.native_stop_limit, "stop-limit order"),
        (request.type is OrderType.OCO, can.oco and profile.order_lists, "OCO order"),
        (request.post_only, can.post_only, "post-only order"),
        (request.time_in_force is TimeInForce.IOC, can.ioc, "IOC order"),
        (buys and request.trigger_price is not None, False, f"{kind} order that buys"),
        (buys and request.type is OrderType.MARKET, profile.market_buy, "market buy of a quantity"),
    )
    for is_asked, is_supported, what in asked:
        if is_asked and not is_supported:
            return _unsupported(profile, f"{what} on {request.symbol}")
    return None


def _check_side_of_market(request: OrderRequest, market_price: Decimal | None) -> Refusal | None:
    """Return why the exchange would refuse the prices where the market stands now."""
    trigger = request.trigger_price
    if market_price is None or trigger is None:
        return None
    if trigger >= market_price:
        return Refusal(
            RejectReason.WOULD_TRIGGER_AT_ONCE,
            f"trigger price {plain(trigger)} is not under the market, {plain(market_price)}",
        )
    is_oco = request.type is OrderType.OCO
    if is_oco and request.price is not None and request.price <= market_price:
        return Refusal(
            RejectReason.PRICE_OUT_OF_RANGE,
            f"price {plain(request.price)} is not over the market, {plain(market_price)}",
        )
    return None


def _params(profile: Profile, request: OrderRequest, name: str) -> Params:
    params: Params = {profile.id_param: name}
    params.update(profile.fixed_params)
    if request.trigger_price is not None:
        params["stopLossPrice"] = plain(request.trigger_price)
    if request.time_in_force is TimeInForce.IOC and request.type is not OrderType.MARKET:
        params["timeInForce"] = "IOC"
    if request.post_only:
        params["postOnly"] = True
    return params


def _create_call(
    profile: Profile, request: OrderRequest, params: Params, market_price: Decimal | None
) -> OrderCall | Refusal:
    has_limit = request.type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    price = request.price
    if request.type is OrderType.MARKET and profile.market_needs_price:
        if market_price is None:
            return _unsupported(profile, "market order without a known price")
        price = market_price
    args = (
        request.symbol,
        "limit" if has_limit else "market",
        request.side.value,
        plain(request.quantity),
        # On a market sell a price would make it a quote-quantity order (MEXC, Binance, Bybit).
        None if price is None else plain(price),
    )
    return OrderCall(method="create_order", args=args, params=params)


def _oco_call(
    profile: Profile, request: OrderRequest, name: str, facts: SymbolFacts
) -> OrderCall | Refusal:
    """Write Binance's order list: the limit leg above the market, the stop leg below."""
    if request.price is None or request.trigger_price is None:
        return _unsupported(profile, "OCO order without both prices")
    limit_name, stop_name = leg_names(profile, request.client_order_id)
    params: Params = {
        "symbol": facts.market_id,
        "side": "SELL",
        "quantity": plain(request.quantity),
        "listClientOrderId": name,
        "aboveType": "LIMIT_MAKER",
        "abovePrice": plain(request.price),
        "aboveClientOrderId": limit_name,
        "belowType": "STOP_LOSS" if request.stop_limit_price is None else "STOP_LOSS_LIMIT",
        "belowStopPrice": plain(request.trigger_price),
        "belowClientOrderId": stop_name,
        "newOrderRespType": "FULL",
    }
    if request.stop_limit_price is not None:
        params |= {"belowPrice": plain(request.stop_limit_price), "belowTimeInForce": "GTC"}
    return OrderCall(method="private_post_orderlist_oco", params=params)


def _list_call(profile: Profile, method: str, param: str, order_id: ClientOrderId) -> OrderCall:
    return OrderCall(method=method, params={param: rendered(profile.ids, order_id)})


def _unsupported(profile: Profile, what: str) -> Refusal:
    return Refusal(RejectReason.NOT_SUPPORTED, f"{profile.name} takes no {what}")
