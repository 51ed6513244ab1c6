"""What a venue demands of an order, and what it charges."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.rules import (
    check_request,
    fee_of_fill,
    is_tradable,
    quantity_for,
)
from messages.market import FeeCurrency
from messages.money import ONE, Money
from messages.orders import OrderType, RejectReason, Side, TimeInForce
from tests.exchange.venue import BNB, BTC, RULES, USDT, a_request, changed_rules

BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP, OCO = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.OCO
STOP_LIMIT = OrderType.STOP_LIMIT


@pytest.mark.parametrize(
    ("order_type", "words"),
    [
        (MARKET, {}),
        (LIMIT, {"price": "100.1"}),
        (LIMIT, {"price": "100.1", "time_in_force": TimeInForce.IOC}),
        (LIMIT, {"price": "100.1", "post_only": True}),
        (STOP, {"trigger_price": "95"}),
        (STOP_LIMIT, {"price": "94", "trigger_price": "95"}),
        (OCO, {"price": "105", "trigger_price": "95"}),
        (OCO, {"price": "105", "trigger_price": "95", "stop_limit_price": "94"}),
    ],
)
def test_a_well_formed_order_is_taken(order_type: OrderType, words: dict[str, object]) -> None:
    assert check_request(a_request("a", SELL, order_type, "1", **words), RULES, None) is None


@pytest.mark.parametrize(
    ("order_type", "words", "text"),
    [
        (MARKET, {"price": "100"}, "a market order takes no price"),
        (LIMIT, {}, "a limit order needs a price"),
        (STOP, {"price": "94", "trigger_price": "95"}, "a stop order takes no price"),
        (STOP, {}, "a stop order needs a trigger price"),
        (LIMIT, {"price": "100", "trigger_price": "95"}, "a limit order takes no trigger price"),
        (LIMIT, {"price": "100", "stop_limit_price": "95"}, "takes no stop_limit_price"),
        (MARKET, {"post_only": True}, "post_only goes with a limit order that may rest"),
        (
            LIMIT,
            {"price": "100", "post_only": True, "time_in_force": TimeInForce.IOC},
            "post_only goes with a limit order that may rest",
        ),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_words(
    order_type: OrderType, words: dict[str, object], text: str
) -> None:
    refusal = check_request(a_request("a", SELL, order_type, "1", **words), RULES, None)
    assert refusal is not None
    assert refusal.reason is RejectReason.OTHER
    assert text in refusal.text


@pytest.mark.parametrize(
    ("quantity", "words", "reason", "text"),
    [
        ("1.005", {"price": "100"}, RejectReason.PRECISION, "1.005 is no multiple of the step"),
        ("1", {"price": "100.05"}, RejectReason.PRECISION, "100.05 is no multiple of the tick 0.1"),
        ("0", {"price": "100"}, RejectReason.BELOW_MINIMUM, "0 is under the minimum 0.01"),
        ("-1", {"price": "100"}, RejectReason.BELOW_MINIMUM, "-1 is under the minimum"),
        ("1", {"price": "0"}, RejectReason.PRICE_OUT_OF_RANGE, "price 0 is not above zero"),
        ("1", {"price": "-3"}, RejectReason.PRICE_OUT_OF_RANGE, "price -3 is not above zero"),
        (
            "0.04",
            {"price": "100"},
            RejectReason.BELOW_MINIMUM,
            "notional 4.00 is under the minimum",
        ),
    ],
)
def test_an_order_off_the_filters_is_refused_with_the_number(
    quantity: str, words: dict[str, object], reason: RejectReason, text: str
) -> None:
    refusal = check_request(a_request("a", BUY, LIMIT, quantity, **words), RULES, None)
    assert refusal is not None
    assert refusal.reason is reason
    assert text in refusal.text


def test_a_market_order_s_notional_is_checked_at_the_market() -> None:
    request = a_request("a", BUY, MARKET, "0.05")
    assert check_request(request, RULES, Decimal(100)) is None
    assert check_request(request, RULES, None) is None
    refusal = check_request(request, RULES, Decimal(99))
    assert refusal is not None
    assert refusal.text == "notional 4.95 is under the minimum 5"


@pytest.mark.parametrize(
    ("order_type", "words"),
    [
        (STOP, {"trigger_price": "90"}),
        (STOP_LIMIT, {"trigger_price": "95", "price": "90"}),
        (OCO, {"price": "110", "trigger_price": "90"}),
        (OCO, {"price": "110", "trigger_price": "100", "stop_limit_price": "90"}),
    ],
)
def test_the_leg_with_the_lowest_price_must_reach_the_minimum_notional(
    order_type: OrderType, words: dict[str, object]
) -> None:
    small = check_request(a_request("a", SELL, order_type, "0.05", **words), RULES, None)
    assert small is not None
    assert small.text == "notional 4.50 is under the minimum 5"
    assert check_request(a_request("a", SELL, order_type, "0.06", **words), RULES, None) is None


def test_a_trigger_beside_a_limit_price_is_not_what_the_leg_trades_at() -> None:
    words = {"price": "110", "trigger_price": "95", "stop_limit_price": "100"}
    assert check_request(a_request("a", BUY, OCO, "0.05", **words), RULES, None) is None
    words = {"price": "100", "trigger_price": "95"}
    assert check_request(a_request("a", BUY, STOP_LIMIT, "0.05", **words), RULES, None) is None


def test_what_is_under_a_minimum_is_not_tradable() -> None:
    assert is_tradable(Decimal("0.05"), Decimal(100), RULES)
    assert not is_tradable(Decimal("0.04"), Decimal(100), RULES)
    assert not is_tradable(Decimal("0.009"), Decimal(100_000), RULES)


@pytest.mark.parametrize(
    ("fee_currency", "side", "fee"),
    [
        (FeeCurrency.QUOTE, BUY, Money(USDT, Decimal("0.4"))),
        (FeeCurrency.QUOTE, SELL, Money(USDT, Decimal("0.4"))),
        (FeeCurrency.RECEIVED, BUY, Money(BTC, Decimal("0.004"))),
        (FeeCurrency.RECEIVED, SELL, Money(USDT, Decimal("0.4"))),
        (FeeCurrency.THIRD, BUY, Money(BNB, Decimal("0.001"))),
        (FeeCurrency.THIRD, SELL, Money(BNB, Decimal("0.001"))),
    ],
)
def test_a_fee_is_taken_in_the_venue_s_currency(
    fee_currency: FeeCurrency, side: Side, fee: Money
) -> None:
    rules = changed_rules(
        fee_currency=fee_currency, fee_third_currency=BNB, fee_third_rate=Decimal(400)
    )
    assert fee_of_fill(rules, side, Decimal(100), Decimal(2), is_maker=False) == fee


def test_a_maker_pays_the_maker_s_fee_and_may_get_a_rebate() -> None:
    paid = fee_of_fill(RULES, BUY, Decimal(100), Decimal(2), is_maker=True)
    assert paid == Money(USDT, Decimal("0.2"))
    rules = changed_rules(maker_fee_ratio=Decimal("-0.0001"))
    rebate = fee_of_fill(rules, BUY, Decimal(100), Decimal(2), is_maker=True)
    assert rebate == Money(USDT, Decimal("-0.02"))


def test_a_third_currency_without_a_rate_is_an_error_that_says_what_is_missing() -> None:
    rules = changed_rules(fee_currency=FeeCurrency.THIRD)
    with pytest.raises(ValueError, match="fee_third_currency and fee_third_rate"):
        fee_of_fill(rules, BUY, Decimal(100), Decimal(2), is_maker=True)


@settings(deadline=None, max_examples=100)
@given(
    budget=st.decimals(1, 100_000, places=2),
    price=st.decimals("0.1", 100_000, places=1),
    fee=st.decimals(0, "0.01", places=4),
    slippage=st.decimals(0, "0.05", places=3),
)
def test_a_budget_buys_as_much_as_it_pays_for_and_not_one_step_more(
    budget: Decimal, price: Decimal, fee: Decimal, slippage: Decimal
) -> None:
    step = RULES.step_size
    quantity = quantity_for(budget, price, fee, slippage, step)
    dearest = price * (ONE + fee + slippage)
    assert quantity * dearest <= budget < (quantity + step) * dearest
