"""Every exchange class of ccxt: what its precision means is known, or nothing is traded there."""

import importlib
from decimal import Decimal
from typing import Any

import pytest

from exchange.live.market_rules import read_rules
from exchange.price_grid import ceil_price, floor_price
from exchange.profiles.precision import (
    OWN_ROUNDING,
    Mode,
    Precision,
    UnreadableRulesError,
    precision_of,
)
from exchange.profiles.registry import PROFILES, profile_of
from messages.market import FeeCurrency, MarketRules

OFFLINE = importlib.import_module("ccxt.async_support")

_REFUSED = {"polymarket"}
"""Rounds quantities to significant digits; it has no spot market."""


def market(**changes: object) -> dict[str, Any]:
    """Return a market as ccxt structures it."""
    plain: dict[str, Any] = {
        "symbol": "XRP/USDT",
        "precision": {"amount": 0.1, "price": 0.0001},
        "limits": {"amount": {"min": 1, "max": None}, "cost": {"min": 5}},
        "maker": 0.001,
        "taker": 0.002,
        "info": {},
    }
    return plain | changes


def rules(mode: Precision, **changes: object) -> MarketRules:
    return read_rules(market(**changes), mode, FeeCurrency.QUOTE, 0)


@pytest.mark.parametrize("name", OFFLINE.exchanges)
def test_the_mode_of_every_class_of_ccxt_is_known_or_it_is_refused(name: str) -> None:
    client = getattr(OFFLINE, name)()
    if name in _REFUSED:
        with pytest.raises(UnreadableRulesError, match="rounds by a rule of its own"):
            precision_of(client)
        return
    precision = precision_of(client)
    if name not in OWN_ROUNDING:
        assert precision.price is precision.quantity is Mode(client.precisionMode)


@pytest.mark.parametrize("name", OWN_ROUNDING)
def test_a_rounding_of_its_own_is_listed_only_where_ccxt_has_one(name: str) -> None:
    methods = (
        getattr(OFFLINE, name).price_to_precision,
        getattr(OFFLINE, name).amount_to_precision,
    )
    assert any(".base." not in method.__module__ for method in methods)


def test_bitfinex_counts_digits_of_a_price_and_decimals_of_a_quantity() -> None:
    read = rules(precision_of(OFFLINE.bitfinex()), precision={"amount": 8, "price": 5})
    assert read.step_size == Decimal("1e-8")
    assert ceil_price(Decimal("0.515"), read) == Decimal("0.515")
    assert floor_price(Decimal("0.49"), read) == Decimal("0.49")
    assert floor_price(Decimal(98_765), read) == Decimal(98_765)
    assert floor_price(Decimal("98765.4"), read) == Decimal(98_765)


@pytest.mark.parametrize("price", [0.515, 12.3456, 98765.4321, 123_456.7, 0.000123456])
@pytest.mark.parametrize("name", ["bitfinex", "bithumb", "hyperliquid"])
def test_our_prices_are_prices_to_ccxt_too(name: str, price: float) -> None:
    client = getattr(OFFLINE, name)()
    given: dict[str, float] = (
        {"amount": 8, "price": 5} if name == "bitfinex" else {"amount": 4, "price": 4}
    )
    if name == "hyperliquid":
        given = {"amount": 0.01, "price": 0.0001}
    structure = client.safe_market_structure(
        {
            "id": "X",
            "symbol": "XRP/USDT",
            "base": "XRP",
            "quote": "USDT",
            "baseId": "XRP",
            "quoteId": "USDT",
            "type": "spot",
            "spot": True,
            "precision": given,
        }
    )
    client.set_markets([structure])
    ours = floor_price(Decimal(repr(price)), rules(precision_of(client), precision=given))
    assert Decimal(client.price_to_precision("XRP/USDT", float(ours))) == ours


@pytest.mark.parametrize("mode", [Mode.DECIMAL_PLACES, Mode.TICK_SIZE])
def test_decimal_places_and_ticks(mode: Mode) -> None:
    given = {"amount": 1, "price": 4} if mode is Mode.DECIMAL_PLACES else {}
    changes: dict[str, object] = {"precision": given} if given else {}
    read = rules(Precision(price=mode, quantity=mode), **changes)
    assert (read.tick_size, read.step_size) == (Decimal("0.0001"), Decimal("0.1"))


TICKS = Precision(price=Mode.TICK_SIZE, quantity=Mode.TICK_SIZE)
DIGITS = Precision(price=Mode.SIGNIFICANT_DIGITS, quantity=Mode.SIGNIFICANT_DIGITS)


@pytest.mark.parametrize(
    ("given", "precision", "why"),
    [
        ({}, TICKS, "names no precision of the quantity"),
        ({"amount": 0.1}, TICKS, "names no precision of the price"),
        ({"amount": None, "price": None}, TICKS, "names no precision of the quantity"),
        ({"amount": 0, "price": 0.1}, TICKS, "not above zero"),
        ({"amount": 0.1, "price": -1}, TICKS, "not above zero"),
        ({"amount": "nan", "price": 1}, TICKS, "precision is 'nan'"),
        ({"amount": float("inf"), "price": 1}, TICKS, "precision is inf"),
        ({"amount": "x", "price": 1}, TICKS, "not a number"),
        ({"amount": 5, "price": 5}, DIGITS, "no fixed step"),
    ],
)
def test_rules_that_cannot_be_read_are_refused_and_never_guessed(
    given: dict[str, Any], precision: Precision, why: str
) -> None:
    with pytest.raises(UnreadableRulesError, match=why):
        rules(precision, precision=given)


def test_limits_are_read_and_zero_is_none() -> None:
    limits = {
        "amount": {"min": None, "max": 9000},
        "market": {"min": 0, "max": 120.5},
        "cost": {"min": 5, "max": 9_000_000},
    }
    read = rules(TICKS, limits=limits)
    assert read.max_quantity == Decimal(9000)
    assert read.max_market_quantity == Decimal("120.5")
    assert read.max_notional == Decimal(9_000_000)
    assert read.min_quantity == read.step_size
    assert rules(TICKS, limits={"market": {"max": 0}}).max_market_quantity is None


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (
            {"filterType": "PERCENT_PRICE", "multiplierUp": "5", "multiplierDown": "0.2"},
            ("0.2", "5", "0.2", "5"),
        ),
        (
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "1.2",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.8",
            },
            ("0.8", "5", "0.2", "1.2"),
        ),
    ],
)
def test_price_ranges_are_read_of_the_exchanges_own_filters(
    filter_: dict[str, str], expected: tuple[str, ...]
) -> None:
    read = rules(TICKS, info={"filters": [filter_]})
    found = (read.sell_from_ratio, read.sell_to_ratio, read.buy_from_ratio, read.buy_to_ratio)
    assert found == tuple(Decimal(ratio) for ratio in expected)


def test_an_exchange_without_a_profile_takes_no_market_buy() -> None:
    assert "luno" not in PROFILES
    assert not profile_of("luno").market_buy
