"""The rules of a market, from ccxt's structure of it and the exchange's own words. Pure.

A rule that can't be read is an error that names it: what is not known is never a default.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from msgspec.structs import replace

from exchange.live.fields import Raw, exactly, mapping, symbol_of
from exchange.profiles.precision import (
    Mode,
    Precision,
    UnreadableRulesError,
    digits_of,
    step_of,
)
from messages import border
from messages.border import BadValueError
from messages.market import FeeCurrency, MarketRules
from messages.money import ONE, ZERO


@exactly
def read_rules(
    market: Raw, precision: Precision, fee_currency: FeeCurrency, max_stops: int
) -> MarketRules:
    """Return what a market demands; a minimum or maximum that the exchange does not name is none.

    Raises ``UnreadableRulesError``: the tick or the step is not known, or a number is impossible.
    """
    market = mapping(market, "market")
    given, limits = _part(market, "precision"), _part(market, "limits")
    step = step_of(_number(given.get("amount"), "precision"), precision.quantity, "quantity")
    rules = MarketRules(
        symbol=symbol_of(market, "market"),
        tick_size=step,
        step_size=step,
        min_quantity=_limit(limits, "amount", "min") or step,
        min_notional=_limit(limits, "cost", "min") or ZERO,
        maker_fee_ratio=_number(market.get("maker"), "maker fee") or ZERO,
        taker_fee_ratio=_number(market.get("taker"), "taker fee") or ZERO,
        fee_currency=fee_currency,
        max_stops=max_stops,
        max_quantity=_limit(limits, "amount", "max"),
        max_market_quantity=_limit(limits, "market", "max"),
        max_notional=_limit(limits, "cost", "max"),
    )
    rules = _with_prices(rules, _number(given.get("price"), "precision"), precision)
    return replace(rules, **dict(_price_ranges(market.get("info"))))


def _with_prices(rules: MarketRules, number: Decimal | None, precision: Precision) -> MarketRules:
    if precision.price is not Mode.SIGNIFICANT_DIGITS:
        return replace(rules, tick_size=step_of(number, precision.price, "price"))
    decimals = precision.price_decimals
    if precision.decimals_are_shared:
        decimals += rules.step_size.adjusted()
    return replace(
        rules,
        tick_size=ONE.scaleb(-decimals),
        price_digits=precision.price_digits or digits_of(number, "price"),
        whole_prices=precision.whole_prices,
    )


_RANGES: dict[str, dict[str, tuple[str, ...]]] = {
    "PERCENT_PRICE_BY_SIDE": {
        "askMultiplierDown": ("sell_from_ratio",),
        "askMultiplierUp": ("sell_to_ratio",),
        "bidMultiplierDown": ("buy_from_ratio",),
        "bidMultiplierUp": ("buy_to_ratio",),
    },
    "PERCENT_PRICE": {
        "multiplierDown": ("sell_from_ratio", "buy_from_ratio"),
        "multiplierUp": ("sell_to_ratio", "buy_to_ratio"),
    },
}
"""Ratios of the average price: https://developers.binance.com/docs/binance-spot-api-docs/filters."""


def _price_ranges(info: object) -> Iterator[tuple[str, Decimal]]:
    filters = info.get("filters") if isinstance(info, Mapping) else None
    for one in filters if isinstance(filters, list) else ():
        if not isinstance(one, Mapping):
            continue
        for name, fields in _RANGES.get(str(one.get("filterType")), {}).items():
            ratio = _number(one.get(name), name)
            yield from ((field, ratio) for field in fields if ratio)


def _limit(limits: Raw, name: str, end: str) -> Decimal | None:
    """Return a limit; 0 is how exchanges write that there is none."""
    number = _number(_part(limits, name).get(end), f"{name} {end}")
    if number is not None and number < ZERO:
        raise UnreadableRulesError(f"the limit of {name} ({end}) is {number}")
    return number or None


def _number(value: object, what: str) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return border.number(value, what)
    except BadValueError as error:
        raise UnreadableRulesError(str(error)) from None


def _part(raw: Raw, name: str) -> Raw:
    part = raw.get(name)
    return part if isinstance(part, Mapping) else {}
