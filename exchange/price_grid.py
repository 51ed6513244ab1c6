"""The prices that a market takes: multiples of a tick, or a number of significant digits.

Owns the rounding of prices. Where an exchange counts significant digits (Bitfinex: 5), the tick
depends on the price: at 0.51 it is 0.00001, at 51,000 it is 1. Pure.
"""

from decimal import Decimal

from messages.market import MarketRules
from messages.money import ONE, ZERO, ceil_to_step, floor_to_step, from_float


def tick_at(rules: MarketRules, price: Decimal) -> Decimal:
    """Return the distance of the prices around ``price``, quote per base."""
    digits = rules.price_digits
    if digits is None or price <= ZERO:
        return rules.tick_size
    by_digits = ONE.scaleb(price.adjusted() - digits + 1)
    if rules.whole_prices:
        by_digits = min(by_digits, ONE)
    return max(by_digits, rules.tick_size)


def floor_price(price: Decimal, rules: MarketRules) -> Decimal:
    """Return the highest price of the market that is at most ``price``."""
    return floor_to_step(price, tick_at(rules, price))


def ceil_price(price: Decimal, rules: MarketRules) -> Decimal:
    """Return the lowest price of the market that is at least ``price``.

    Rounding up to the next power of ten needs no second look: every grid holds it.
    """
    return ceil_to_step(price, tick_at(rules, price))


def nearest_price(value: float, rules: MarketRules) -> Decimal:
    """Return a quote as a price of the market."""
    if rules.price_digits is None:
        return from_float(value, rules.tick_size)
    return from_float(value, tick_at(rules, Decimal(repr(value))))


def is_on_grid(price: Decimal, rules: MarketRules) -> bool:
    """Return whether the market has this price."""
    return floor_price(price, rules) == price
