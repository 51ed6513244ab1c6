"""How much the outside market gives: levels, what was taken, and who stood there first."""

from decimal import Decimal

from exchange.matching.state import Depth
from messages.orders import OrderStatus
from tests.exchange.venue import Venue, holding, pairs

LEVELS = Depth(levels=3, ticks_apart=2)


def a_venue(quantity: float | None) -> Venue:
    venue = Venue(depth=LEVELS)
    venue.move(99.9, 100.0, quantity=quantity)
    return venue


def test_without_a_quantity_any_amount_fills_at_the_best_price() -> None:
    venue = a_venue(None)
    venue.buy("a", "90")
    assert venue.fills("a") == pairs((100, 90))


def test_with_a_quantity_a_taker_walks_the_levels() -> None:
    venue = a_venue(2.0)
    venue.buy("a", "5")
    assert venue.fills("a") == pairs((100, 2), ("100.2", 2), ("100.4", 1))
    venue.sell("b", "3")
    assert venue.fills("b") == pairs(("99.9", 2), ("99.7", 1))


def test_what_was_taken_is_gone_until_the_market_moves_again() -> None:
    venue = a_venue(2.0)
    venue.buy("a", "3")
    venue.buy("b", "2")
    assert venue.fills("b") == pairs(("100.2", 1), ("100.4", 1))
    venue.buy("c", "9", 100.4)
    assert venue.fills("c") == pairs(("100.4", 1))
    assert venue.facts("c").status is OrderStatus.PARTIALLY_FILLED
    venue.buy("d", "1")
    assert venue.facts("d").status is OrderStatus.EXPIRED
    venue.cancel("c")
    venue.move(99.9, 100.0, quantity=2.0)
    venue.buy("e", "1")
    assert venue.fills("e") == pairs((100, 1))


def test_an_outside_quantity_is_cut_to_the_market_s_step() -> None:
    venue = a_venue(0.129)
    venue.buy("a", "0.12")
    venue.buy("b", "0.10")
    assert venue.fills("b") == pairs(("100.2", "0.10"))


def test_a_resting_order_gets_no_more_than_trades_at_its_price_or_better() -> None:
    venue = a_venue(2.0)
    venue.sell("a", "9", 101)
    venue.move(101.2, quantity=2.0)  # at 101.2 and 101.0; the third level is under its limit
    assert venue.fills("a") == pairs((101, 2), (101, 2))
    assert venue.facts("a").status is OrderStatus.PARTIALLY_FILLED


def test_orders_at_one_price_share_what_trades_by_arrival() -> None:
    venue = a_venue(None)
    venue.sell("first", "2", 101)
    venue.sell("second", "2", 101)
    venue.move(101.0, quantity=3.0)
    assert venue.facts("first").status is OrderStatus.FILLED
    assert venue.facts("second").filled == Decimal(1)


def test_the_outside_that_stood_at_a_price_first_is_served_first() -> None:
    venue = a_venue(2.0)
    venue.buy("a", "1", 99.9)
    venue.buy("b", "1", 99.9)
    venue.move(99.8, 99.9, quantity=1.5)
    assert venue.facts("a").filled == 0
    venue.move(99.8, 99.9, quantity=1.0)
    assert venue.fills("a") == pairs(("99.9", "0.5"))
    assert venue.facts("b").filled == 0
    venue.move(99.8, 99.9, quantity=1.0)
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.fills("b") == pairs(("99.9", "0.5"))


def test_an_order_does_not_overtake_our_earlier_one_where_the_outside_has_left() -> None:
    venue = a_venue(2.0)
    venue.buy("a", "1", 99.9)
    venue.move(99.9, 100.0)  # nothing known stands at 99.9 now
    venue.buy("b", "1", 99.9)
    venue.move(99.8, 99.9, quantity=2.0)
    assert venue.facts("b").filled == 0
    venue.move(99.8, 99.9, quantity=1.5)
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.fills("b") == pairs(("99.9", "0.5"))


def test_a_market_without_any_quantity_fills_nothing() -> None:
    venue = a_venue(2.0)
    venue.sell("a", "1", 101)
    venue.move(101.0, quantity=0.0)
    assert venue.facts("a").status is OrderStatus.OPEN
    assert venue.fills("a") == []
    venue.sell("b", "1")
    assert venue.facts("b").status is OrderStatus.EXPIRED
    assert venue.fills("b") == []


def test_nothing_trades_at_a_price_of_zero() -> None:
    venue = Venue(depth=LEVELS, balances=holding(btc="90"))
    venue.move(0.2, quantity=40.0)
    venue.sell("a", "90")
    assert venue.fills("a") == pairs(("0.2", 40))


def test_a_market_that_goes_through_a_price_leaves_nobody_before_us() -> None:
    venue = a_venue(2.0)
    venue.buy("a", "1", 99.9)
    venue.move(99.7, 99.8, quantity=1.0)
    assert venue.fills("a") == pairs(("99.9", 1))


def test_inside_the_spread_nobody_stands_before_us() -> None:
    venue = Venue(depth=LEVELS)
    venue.move(99.5, 100.0, quantity=2.0)
    venue.buy("a", "1", 99.8)
    venue.move(99.5, 99.8, quantity=1.0)
    assert venue.facts("a").status is OrderStatus.FILLED
