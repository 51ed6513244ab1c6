"""What a venue demands of an order, what it charges, and how much a budget buys.

Owns the arithmetic of tick, step, minimum and fee. Knows no balance, no market and no other order:
see ``exchange.matching.checks`` for those.
"""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from exchange.price_grid import is_on_grid, tick_at
from messages.base import Currency
from messages.market import FeeCurrency, MarketRules
from messages.money import (
    ONE,
    ZERO,
    Money,
    divide_down,
    divide_up,
    floor_to_step,
)
from messages.orders import OrderRequest, OrderType, RejectReason, Side, TimeInForce


class Refusal(msgspec.Struct, frozen=True):
    """Why a venue says no, for the machine and for people."""

    reason: RejectReason
    text: str


def check_request(
    request: OrderRequest, rules: MarketRules, market_price: Decimal | None
) -> Refusal | None:
    """Return why ``request`` can't be taken under ``rules``; None if it can.

    ``market_price`` stands in for the price of a market order; None: its notional is not checked.
    """
    return (
        _check_shape(request)
        or _check_quantity(request, rules)
        or _check_prices(request, rules)
        or _check_notional(request, rules, market_price)
        or _check_most(request, rules, market_price)
        or _check_distance(request, rules, market_price)
    )


def most_in_one_order(
    rules: MarketRules, type_: OrderType, price: Decimal | None, *, sells_at_market: bool = False
) -> Decimal | None:
    """Return the largest quantity of one order, in whole steps; None: no limit is known.

    ``price`` is the highest that it may trade at, quote per base; None: its notional is not
    limited. ``sells_at_market``: a market order comes of it, as of a stop without a limit.
    """
    becomes_market = sells_at_market or type_ in (OrderType.MARKET, OrderType.STOP)
    limits = [rules.max_quantity, rules.max_market_quantity if becomes_market else None]
    if rules.max_notional is not None and price is not None and price > ZERO:
        limits.append(divide_down(rules.max_notional, price, rules.step_size))
    known = [limit for limit in limits if limit is not None]
    return floor_to_step(min(known), rules.step_size) if known else None


def is_tradable(quantity: Decimal, price: Decimal, rules: MarketRules) -> bool:
    """Return whether a venue takes ``quantity`` at ``price``: less is dust."""
    least = max(rules.min_quantity, rules.step_size)
    return quantity >= least and quantity * price >= rules.min_notional


def are_stricter(rules: MarketRules, before: MarketRules) -> bool:
    """Return whether ``rules`` refuse an order that ``before`` take: coarser, larger, nearer."""
    return (
        bool(before.tick_size % rules.tick_size)
        or bool(before.step_size % rules.step_size)
        or rules.min_quantity > before.min_quantity
        or rules.min_notional > before.min_notional
        or _falls(rules.price_digits, before.price_digits)
        or (before.whole_prices and not rules.whole_prices and rules.price_digits is not None)
        or any(_falls(getattr(rules, name), getattr(before, name)) for name in _MAXIMA)
        or any(_rises(getattr(rules, name), getattr(before, name)) for name in _MINIMA)
    )


def _falls(after: Decimal | int | None, before: Decimal | int | None) -> bool:
    """Return whether a limit from above came or fell; None is none."""
    return after is not None and (before is None or after < before)


def _rises(after: Decimal | None, before: Decimal | None) -> bool:
    """Return whether a limit from below came or rose; None is none."""
    return after is not None and (before is None or after > before)


_MAXIMA = ("max_quantity", "max_market_quantity", "max_notional", "sell_to_ratio", "buy_to_ratio")
_MINIMA = ("sell_from_ratio", "buy_from_ratio")


def fee_of_fill(
    rules: MarketRules, side: Side, price: Decimal, quantity: Decimal, *, is_maker: bool
) -> Money:
    """Return the fee of one fill, in the currency the venue takes it in; negative is a rebate."""
    ratio = rules.maker_fee_ratio if is_maker else rules.taker_fee_ratio
    if rules.fee_currency is FeeCurrency.THIRD:
        currency, rate = third_currency(rules)
        return Money(currency, divide_up(price * quantity * ratio, rate))
    if rules.fee_currency is FeeCurrency.RECEIVED and side is Side.BUY:
        return Money(rules.base, quantity * ratio)
    return Money(rules.quote, price * quantity * ratio)


def third_currency(rules: MarketRules) -> tuple[Currency, Decimal]:
    """Return the third currency fees are taken in and its rate, quote per unit.

    Raises ``ValueError`` where the rules name none.
    """
    if rules.fee_third_currency is None or rules.fee_third_rate is None:
        raise ValueError(
            f"{rules.symbol}: fee_currency = third needs fee_third_currency and fee_third_rate"
        )
    return rules.fee_third_currency, rules.fee_third_rate


def quantity_for(
    budget: Decimal, price: Decimal, fee_ratio: Decimal, slippage_ratio: Decimal, step: Decimal
) -> Decimal:
    """Return how much ``budget`` buys, fee and slippage included, floored to ``step``."""
    return divide_down(budget, price * (ONE + fee_ratio + slippage_ratio), step)


def _check_shape(request: OrderRequest) -> Refusal | None:
    needs_price = request.type in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.OCO)
    needs_trigger = request.type in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.OCO)
    takes_stop_limit = request.type is OrderType.OCO
    kind = request.type.value
    if needs_price != (request.price is not None):
        return _refuse(f"a {kind} order {'needs a' if needs_price else 'takes no'} price")
    if needs_trigger != (request.trigger_price is not None):
        return _refuse(f"a {kind} order {'needs a' if needs_trigger else 'takes no'} trigger price")
    if request.stop_limit_price is not None and not takes_stop_limit:
        return _refuse(f"a {kind} order takes no stop_limit_price")
    if request.post_only and (
        request.type is not OrderType.LIMIT or request.time_in_force is TimeInForce.IOC
    ):
        return _refuse("post_only goes with a limit order that may rest")
    return None


def _check_quantity(request: OrderRequest, rules: MarketRules) -> Refusal | None:
    quantity = request.quantity
    if floor_to_step(quantity, rules.step_size) != quantity:
        return Refusal(
            RejectReason.PRECISION,
            f"quantity {quantity} is no multiple of the step {rules.step_size}",
        )
    if quantity <= ZERO or quantity < rules.min_quantity:
        return Refusal(
            RejectReason.BELOW_MINIMUM,
            f"quantity {quantity} is under the minimum {rules.min_quantity}",
        )
    return None


def _check_prices(request: OrderRequest, rules: MarketRules) -> Refusal | None:
    for name, price in _prices(request):
        if price <= ZERO:
            return Refusal(RejectReason.PRICE_OUT_OF_RANGE, f"{name} {price} is not above zero")
        if not is_on_grid(price, rules):
            return Refusal(
                RejectReason.PRECISION,
                f"{name} {price} is no multiple of the tick {tick_at(rules, price)}",
            )
    return None


def _check_notional(
    request: OrderRequest, rules: MarketRules, market_price: Decimal | None
) -> Refusal | None:
    # Each leg is an order of its own to the venue: the lowest price decides. A trigger beside a
    # limit price is no price that anything trades at.
    prices = [price for name, price in _prices(request) if name != "trigger_price"]
    becomes_limit = request.type is OrderType.STOP_LIMIT or request.stop_limit_price is not None
    if request.trigger_price is not None and not becomes_limit:
        prices.append(request.trigger_price)
    price = min(prices, default=market_price)
    if price is not None and price * request.quantity < rules.min_notional:
        return Refusal(
            RejectReason.BELOW_MINIMUM,
            f"notional {price * request.quantity} is under the minimum {rules.min_notional}",
        )
    return None


def _check_most(
    request: OrderRequest, rules: MarketRules, market_price: Decimal | None
) -> Refusal | None:
    price = max((price for _, price in _prices(request)), default=market_price)
    sells_at_market = request.type is OrderType.OCO and request.stop_limit_price is None
    most = most_in_one_order(rules, request.type, price, sells_at_market=sells_at_market)
    if most is None or request.quantity <= most:
        return None
    text = f"quantity {request.quantity} is over the most of one such order, {most}"
    return Refusal(RejectReason.ABOVE_MAXIMUM, text)


def _check_distance(
    request: OrderRequest, rules: MarketRules, market_price: Decimal | None
) -> Refusal | None:
    """Return why a limit price is too far from the market's."""
    if market_price is None or request.price is None:
        return None
    buys = request.side is Side.BUY
    low = rules.buy_from_ratio if buys else rules.sell_from_ratio
    high = rules.buy_to_ratio if buys else rules.sell_to_ratio
    is_low = low is not None and request.price < market_price * low
    is_high = high is not None and request.price > market_price * high
    if not is_low and not is_high:
        return None
    side = "under" if is_low else "over"
    text = (
        f"price {request.price} is {side} {low if is_low else high} of the market, {market_price}"
    )
    return Refusal(RejectReason.PRICE_OUT_OF_RANGE, text)


def _prices(request: OrderRequest) -> Iterator[tuple[str, Decimal]]:
    for name in ("price", "trigger_price", "stop_limit_price"):
        price: Decimal | None = getattr(request, name)
        if price is not None:
            yield name, price


def _refuse(text: str) -> Refusal:
    return Refusal(RejectReason.OTHER, text)
