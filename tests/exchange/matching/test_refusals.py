"""What the venue refuses, and in which words."""

from decimal import Decimal

import pytest

from messages.base import ClientOrderId, Symbol
from messages.market import Capabilities
from messages.order_router import FailureKind, OrderNotFound
from messages.orders import (
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
)
from tests.exchange.venue import (
    BTC,
    Venue,
    holding,
)


def test_a_sell_of_more_than_is_free_is_oversold(venue: Venue) -> None:
    venue.sell("resting", "9", 105)
    venue.sell("a", "1.01")
    refusal = venue.refusal("a")
    assert refusal.kind is FailureKind.REJECTED
    assert refusal.reason is RejectReason.INSUFFICIENT_FUNDS
    assert refusal.text == "30005: Oversold: 1.01 BTC to sell, 1 free"
    venue.sell("b", "1")
    assert venue.facts("b").status is OrderStatus.FILLED


@pytest.mark.parametrize(("price", "needed"), [(None, "100.2"), (101.0, "101.202")])
def test_a_buy_must_be_able_to_pay_its_fee_too(price: float | None, needed: str) -> None:
    short = str(Decimal(needed) - Decimal("0.001"))
    poor = Venue(balances=holding(usdt=short))
    poor.move(100.0)
    poor.buy("a", "1", price)
    assert poor.refusal("a").reason is RejectReason.INSUFFICIENT_FUNDS
    assert f"{short} free" in poor.refusal("a").text
    exact = Venue(balances=holding(usdt=needed))
    exact.move(100.0)
    exact.buy("a", "1", price)
    assert exact.facts("a").status is OrderStatus.FILLED


def test_a_client_order_id_is_good_once(venue: Venue) -> None:
    venue.buy("a", "1")
    venue.buy("a", "1")
    assert venue.refusal("a").reason is RejectReason.DUPLICATE_ID
    assert venue.facts("a").filled == Decimal(1)
    assert venue.total(BTC) == Decimal(11)


def test_an_unknown_symbol_is_refused(venue: Venue) -> None:
    venue.submit("a", Side.BUY, OrderType.MARKET, "1", symbol=Symbol("ETH/USDT"))
    assert venue.refusal("a").reason is RejectReason.UNKNOWN_SYMBOL
    assert "ETH/USDT" in venue.refusal("a").text


def test_what_the_filters_refuse_never_becomes_an_order(venue: Venue) -> None:
    venue.buy("a", "0.001")
    assert venue.refusal("a").reason is RejectReason.PRECISION
    venue.look_up("a")
    assert venue.events[-1] == OrderNotFound(client_order_id=ClientOrderId("a"))


@pytest.mark.parametrize(
    ("order_type", "words"),
    [
        (OrderType.MARKET, {}),
        (OrderType.STOP, {"trigger_price": "95"}),
        (OrderType.STOP_LIMIT, {"trigger_price": "95", "price": "94"}),
        (OrderType.OCO, {"trigger_price": "95", "price": "105"}),
        (OrderType.LIMIT, {"price": "105", "post_only": True}),
        (OrderType.LIMIT, {"price": "105", "time_in_force": TimeInForce.IOC}),
    ],
)
def test_a_venue_refuses_what_it_does_not_have(
    order_type: OrderType, words: dict[str, object]
) -> None:
    venue = Venue(capabilities=Capabilities(market=False, ioc=False))
    venue.move(100.0)
    venue.submit("a", Side.SELL, order_type, "1", **words)
    assert venue.refusal("a").reason is RejectReason.NOT_SUPPORTED
