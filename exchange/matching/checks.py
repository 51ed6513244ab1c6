"""Whether the venue takes an order now: what it is able to, ids, prices against the market, funds.

The texts name the numbers, and carry the codes real venues send with such a refusal.
"""

from decimal import Decimal

from exchange.matching.draft import Draft, cash_fee_ratio, lock_of
from exchange.matching.state import Market, MatchingBook, VenueOrder
from exchange.rules import Refusal, check_request
from messages.market import Capabilities
from messages.money import ONE, ZERO
from messages.orders import OrderRequest, OrderType, RejectReason, Side, TimeInForce


def check_submit(book: MatchingBook, request: OrderRequest) -> Refusal | None:
    """Return why the venue refuses ``request`` whatever the account holds; None if it doesn't."""
    market = book.markets.get(request.symbol)
    if market is None:
        return Refusal(RejectReason.UNKNOWN_SYMBOL, f"-1121: no market {request.symbol}")
    if request.client_order_id in book.orders:
        return Refusal(
            RejectReason.DUPLICATE_ID, f"-2010: {request.client_order_id} was sent before"
        )
    return (
        _check_capabilities(request, book.capabilities)
        or check_request(request, market.rules, _market_price(market, request.side))
        or _check_stop(market, request)
        or _check_post_only(market, request)
    )


def check_funds(draft: Draft, order: VenueOrder) -> Refusal | None:
    """Return why the account can't pay for ``order``; None if it can."""
    rules = draft.market(order).rules
    request = order.request
    if request.side is Side.SELL:
        free = draft.balance(rules.base).free
        if request.quantity > free:
            return Refusal(
                RejectReason.INSUFFICIENT_FUNDS,
                f"30005: Oversold: {request.quantity} {rules.base} to sell, {free} free",
            )
        return None
    needed = outlay(draft, order) if request.type is OrderType.MARKET else lock_of(order, rules)
    free = draft.balance(rules.quote).free
    if needed > free:
        return Refusal(
            RejectReason.INSUFFICIENT_FUNDS,
            f"-2010: insufficient balance: {needed} {rules.quote} needed, {free} free",
        )
    return None


def outlay(draft: Draft, order: VenueOrder) -> Decimal:
    """Return what the rest of a market buy costs now, its fee in quote included."""
    offer = draft.offer(order.request.symbol, Side.BUY)
    cost = sum((price * part for price, part in offer.look(None, order.remaining)), ZERO)
    return cost * (ONE + cash_fee_ratio(draft.market(order).rules))


def _market_price(market: Market, side: Side) -> Decimal | None:
    if market.moved is None:
        return None
    return market.price(market.moved.ask if side is Side.BUY else market.moved.bid)


def _check_capabilities(request: OrderRequest, able: Capabilities) -> Refusal | None:
    needs_stop_limit = request.type is OrderType.STOP_LIMIT
    wants = {
        "market orders": (request.type is OrderType.MARKET, able.market),
        "stop orders": (request.type is OrderType.STOP, able.native_stop),
        "stop-limit orders": (needs_stop_limit, able.native_stop_limit),
        "oco orders": (request.type is OrderType.OCO, able.oco),
        "post-only orders": (request.post_only, able.post_only),
        "ioc orders": (request.time_in_force is TimeInForce.IOC, able.ioc),
    }
    for name, (is_wanted, is_able) in wants.items():
        if is_wanted and not is_able:
            return Refusal(RejectReason.NOT_SUPPORTED, f"this venue has no {name}")
    return None


def _check_stop(market: Market, request: OrderRequest) -> Refusal | None:
    trigger, rules = request.trigger_price, market.rules
    if trigger is None:
        return None
    if market.stops() >= rules.max_stops:
        return Refusal(
            RejectReason.TOO_MANY_STOPS,
            f"-2010: MAX_NUM_ALGO_ORDERS: {rules.max_stops} stops work on {rules.symbol}",
        )
    if market.moved is None:
        return None
    last = market.price(market.moved.last)
    sign = 1 if request.side is Side.SELL else -1
    if sign * trigger >= sign * last:
        return Refusal(
            RejectReason.WOULD_TRIGGER_AT_ONCE,
            f"-2010: Stop price would trigger immediately: {trigger}, last {last}",
        )
    if request.type is OrderType.OCO and request.price is not None:
        return _check_oco(request.price, trigger, last, sign)
    return None


def _check_oco(price: Decimal, trigger: Decimal, last: Decimal, sign: int) -> Refusal | None:
    if sign * price > sign * last > sign * trigger:
        return None
    return Refusal(
        RejectReason.PRICE_OUT_OF_RANGE,
        f"-2010: the relationship of the prices is not correct: "
        f"limit {price}, last {last}, trigger {trigger}",
    )


def _check_post_only(market: Market, request: OrderRequest) -> Refusal | None:
    # The limit leg of an OCO may only make, too: Binance's LIMIT_MAKER.
    is_maker_only = request.post_only or request.type is OrderType.OCO
    best = _market_price(market, request.side)
    if not is_maker_only or best is None or request.price is None:
        return None
    takes = request.price >= best if request.side is Side.BUY else request.price <= best
    if not takes:
        return None
    return Refusal(
        RejectReason.WOULD_TAKE,
        f"-2010: would immediately match and take: limit {request.price}, market {best}",
    )
