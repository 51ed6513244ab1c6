"""Maxima, price ranges and self-trade: what the venue refuses, and what it ends by itself."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from exchange.matching.state import ExecutionRules, SelfTrade
from exchange.rules import most_in_one_order
from messages.orders import OrderStatus, OrderType, RejectReason, Side, TimeInForce
from tests.exchange.venue import RULES, SYMBOL, Venue, holding

MOST = replace(
    RULES,
    max_quantity=Decimal(5),
    max_market_quantity=Decimal(2),
    max_notional=Decimal(400),
    sell_from_ratio=Decimal("0.9"),
    sell_to_ratio=Decimal("1.5"),
    buy_from_ratio=Decimal("0.5"),
    buy_to_ratio=Decimal("1.1"),
)


@pytest.fixture
def strict() -> Venue:
    venue = Venue(balances=holding())
    venue.move(100.0)
    venue.exchange.book.markets[SYMBOL].rules = MOST
    return venue


def enforce(venue: Venue, **rules: object) -> None:
    venue.exchange.book.markets[SYMBOL].execution = replace(ExecutionRules(), **rules)


@pytest.mark.parametrize(
    ("type_", "price", "expected"),
    [
        (OrderType.MARKET, "100", "2"),
        (OrderType.STOP, "90", "2"),
        (OrderType.LIMIT, "100", "4"),
        (OrderType.LIMIT, "50", "5"),
        (OrderType.LIMIT, "133", "3"),
        (OrderType.LIMIT, None, "5"),
    ],
)
def test_the_most_of_one_order(type_: OrderType, price: str | None, expected: str) -> None:
    at = None if price is None else Decimal(price)
    assert most_in_one_order(MOST, type_, at) == Decimal(expected)
    assert most_in_one_order(RULES, type_, at) is None


def test_a_market_order_may_be_smaller_than_a_limit_order(strict: Venue) -> None:
    strict.sell("a", "2.01")
    assert strict.refusal("a").reason is RejectReason.ABOVE_MAXIMUM
    assert "2.01 is over the most of one such order, 2" in strict.refusal("a").text
    strict.sell("b", "2")
    assert strict.facts("b").status is OrderStatus.FILLED
    strict.sell("c", "2.01", 100.0)
    assert strict.facts("c").status is OrderStatus.FILLED


def test_a_limit_order_has_a_most_by_quantity_and_by_notional(strict: Venue) -> None:
    strict.sell("a", "4", 100.1)
    assert strict.refusal("a").reason is RejectReason.ABOVE_MAXIMUM
    strict.buy("b", "5.01", 60.0)
    assert strict.refusal("b").reason is RejectReason.ABOVE_MAXIMUM


@pytest.mark.parametrize(
    ("side", "price", "taken"),
    [
        (Side.SELL, 89.9, 90.0),
        (Side.SELL, 150.1, 100.0),
        (Side.BUY, 49.9, 100.0),
        (Side.BUY, 110.1, 110.0),
    ],
)
def test_a_limit_price_too_far_from_the_market_is_refused(
    strict: Venue, side: Side, price: float, taken: float
) -> None:
    strict.submit("a", side, OrderType.LIMIT, "1", price=price)
    assert strict.refusal("a").reason is RejectReason.PRICE_OUT_OF_RANGE
    strict.submit("b", side, OrderType.LIMIT, "1", price=taken)
    assert strict.facts("b").status is OrderStatus.FILLED


def test_a_taker_expires_at_the_edge_of_the_price_range_with_what_it_filled(venue: Venue) -> None:
    venue.move(100.0, quantity=1.0)
    enforce(venue, reference_price=Decimal(100), range_ratio=Decimal("0.001"))
    venue.sell("a", "5")  # the book's levels are a tick, 0.1, apart
    facts = venue.facts("a")
    assert (facts.status, facts.reason) == (OrderStatus.EXPIRED, RejectReason.PRICE_RANGE)
    assert facts.filled == Decimal(2)
    assert facts.cost == Decimal("199.9")


def test_an_order_within_the_price_range_fills_as_ever(venue: Venue) -> None:
    enforce(venue, reference_price=Decimal(100), range_ratio=Decimal("0.1"))
    venue.sell("a", "5")
    venue.buy("b", "1", 90.0)
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.facts("b").status is OrderStatus.OPEN


@pytest.mark.parametrize(
    ("mode", "taker", "maker"),
    [
        (SelfTrade.ALLOWED, OrderStatus.FILLED, OrderStatus.OPEN),
        (SelfTrade.EXPIRE_TAKER, OrderStatus.EXPIRED, OrderStatus.OPEN),
        (SelfTrade.EXPIRE_MAKER, OrderStatus.FILLED, OrderStatus.EXPIRED),
        (SelfTrade.EXPIRE_BOTH, OrderStatus.EXPIRED, OrderStatus.EXPIRED),
    ],
)
def test_self_trade_is_prevented_as_the_venue_says(
    venue: Venue, mode: SelfTrade, taker: OrderStatus, maker: OrderStatus
) -> None:
    venue.move(100.0, 100.1)
    venue.buy("resting", "1", 100.0)
    enforce(venue, self_trade=mode)
    venue.sell("a", "1")
    assert (venue.facts("a").status, venue.facts("resting").status) == (taker, maker)
    ended = [venue.facts(one) for one in ("a", "resting")]
    reasons = {facts.reason for facts in ended if facts.status is OrderStatus.EXPIRED}
    assert reasons <= {RejectReason.SELF_TRADE}


def test_an_order_that_is_not_met_is_no_self_trade(venue: Venue) -> None:
    venue.move(100.0, 100.1)
    venue.buy("far", "1", 99.0)
    enforce(venue, self_trade=SelfTrade.EXPIRE_BOTH)
    venue.sell("a", "1")
    venue.sell("b", "1", 100.1, time_in_force=TimeInForce.GTC)
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.facts("far").status is OrderStatus.OPEN
