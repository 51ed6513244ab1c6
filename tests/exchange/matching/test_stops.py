"""What the engine does with stops, stop-limits and OCO."""

from decimal import Decimal

import pytest

from exchange.matching.state import Balance, ExecutionRules
from messages.market import Capabilities, OcoRemainder
from messages.orders import OrderStatus, OrderType, RejectReason, Side, StopStatus
from tests.exchange.venue import BTC, RULES, SYMBOL, USDT, Venue, holding, pairs

SELL, BUY = Side.SELL, Side.BUY
STOP, STOP_LIMIT, OCO = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.OCO


@pytest.fixture
def venue() -> Venue:
    """A market at 100."""
    venue = Venue()
    venue.move(100.0)
    return venue


def test_a_stop_waits_with_its_coins_locked_and_sells_at_the_market_when_touched(
    venue: Venue,
) -> None:
    venue.submit("a", SELL, STOP, "2", trigger_price=95)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.OPEN, StopStatus.WORKING)
    assert venue.locked(BTC) == Decimal(2)
    venue.move(95.1)
    assert venue.fills("a") == []
    venue.move(94.0)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.TRIGGERED)
    assert venue.fills("a") == pairs((94, 2))
    assert venue.locked(BTC) == 0


def test_a_stop_that_locks_nothing_is_refused_at_its_trigger_where_its_coins_are_taken(
    venue: Venue,
) -> None:
    venue.exchange.book.markets[SYMBOL].execution = ExecutionRules(stops_lock=False)
    held = venue.total(BTC)
    venue.submit("a", SELL, STOP, "2", trigger_price=95)
    assert venue.locked(BTC) == 0
    venue.submit("b", SELL, OrderType.LIMIT, str(held - 1), price=120)
    assert venue.locked(BTC) == held - 1
    venue.move(94.0)
    facts = venue.facts("a")
    assert (facts.status, facts.reason) == (OrderStatus.EXPIRED, RejectReason.INSUFFICIENT_FUNDS)
    assert venue.total(BTC) == held


def test_a_stop_that_locks_nothing_sells_the_coins_that_are_there(venue: Venue) -> None:
    venue.exchange.book.markets[SYMBOL].execution = ExecutionRules(stops_lock=False)
    venue.submit("a", SELL, STOP, "2", trigger_price=95)
    venue.move(94.0)
    assert venue.fills("a") == pairs((94, 2))
    assert venue.locked(BTC) == 0


def test_a_stop_looks_at_the_last_price_and_sells_at_the_bid(venue: Venue) -> None:
    venue.submit("a", SELL, STOP, "1", trigger_price=95)
    venue.move(94.0, 96.0, last=95.5)
    assert venue.fills("a") == []
    venue.move(94.0, 96.0, last=95.0)
    assert venue.fills("a") == pairs((94, 1))


def test_a_buy_stop_waits_above_the_market(venue: Venue) -> None:
    venue.submit("a", BUY, STOP, "1", trigger_price=105)
    assert venue.locked(USDT) == Decimal("105.21")
    venue.move(105.0)
    assert venue.fills("a") == pairs((105, 1))
    assert venue.locked(USDT) == 0


def test_a_buy_stop_pays_with_what_it_locked() -> None:
    venue = Venue(balances=holding(usdt="105.21"))
    venue.move(100.0)
    venue.submit("a", BUY, STOP, "1", trigger_price=105)
    venue.move(105.0)
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.balance(USDT) == Balance(currency=USDT)


def test_a_buy_stop_that_finds_a_market_it_can_not_pay_expires() -> None:
    venue = Venue(balances=holding(usdt="106"))
    venue.move(100.0)
    venue.submit("a", BUY, STOP, "1", trigger_price=105)
    venue.move(110.0)
    facts = venue.facts("a")
    assert facts.status is OrderStatus.EXPIRED
    assert facts.reason is RejectReason.INSUFFICIENT_FUNDS
    assert facts.stop is StopStatus.TRIGGERED
    assert venue.balance(USDT) == Balance(currency=USDT, total=Decimal(106))


@pytest.mark.parametrize(("side", "trigger"), [(SELL, 100), (SELL, 101), (BUY, 100), (BUY, 99)])
def test_a_stop_beyond_the_market_would_trigger_at_once(
    venue: Venue, side: Side, trigger: float
) -> None:
    venue.submit("a", side, STOP, "1", trigger_price=trigger)
    refusal = venue.refusal("a")
    assert refusal.reason is RejectReason.WOULD_TRIGGER_AT_ONCE
    assert refusal.text.startswith("-2010: Stop price would trigger immediately")


def test_a_triggered_stop_limit_takes_what_is_within_its_limit_and_rests_with_the_rest(
    venue: Venue,
) -> None:
    venue.submit("a", SELL, STOP_LIMIT, "2", trigger_price=95, price=94.9)
    venue.move(95.0, quantity=0.5)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.PARTIALLY_FILLED, StopStatus.TRIGGERED)
    assert venue.fills("a") == pairs((95, "0.5"), ("94.9", "0.5"))
    assert venue.locked(BTC) == Decimal(1)
    venue.move(94.9)
    assert venue.fills("a")[2:] == pairs(("94.9", 1))


def test_a_stop_limit_the_market_jumps_over_rests_unfilled_above_it(venue: Venue) -> None:
    venue.submit("a", SELL, STOP_LIMIT, "1", trigger_price=95, price=94)
    venue.move(90.0, gap=True)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.OPEN, StopStatus.TRIGGERED)
    venue.move(93.9)
    assert venue.fills("a") == []
    venue.move(94.0)
    assert venue.fills("a") == pairs((94, 1))


def test_a_triggered_stop_without_liquidity_expires_with_what_it_sold(venue: Venue) -> None:
    venue.submit("a", SELL, STOP, "9", trigger_price=95)
    venue.move(95.0, quantity=1.0)
    facts = venue.facts("a")
    assert (facts.status, facts.filled) == (OrderStatus.EXPIRED, Decimal(5))
    assert facts.reason is RejectReason.NO_LIQUIDITY
    assert venue.locked(BTC) == 0


def test_a_canceled_stop_protects_nothing_any_more(venue: Venue) -> None:
    venue.submit("a", SELL, STOP, "1", trigger_price=95)
    venue.cancel("a")
    assert venue.facts("a").stop is StopStatus.GONE
    venue.move(90.0)
    assert venue.fills("a") == []


def test_a_symbol_has_room_for_so_many_stops_and_a_canceled_one_makes_room(venue: Venue) -> None:
    for number in range(RULES.max_stops - 1):
        venue.submit(f"s{number}", SELL, STOP, "1", trigger_price=95)
    venue.submit("oco", SELL, OCO, "1", price=105, trigger_price=95)
    venue.submit("a", SELL, STOP, "1", trigger_price=94)
    assert venue.refusal("a").reason is RejectReason.TOO_MANY_STOPS
    venue.cancel("oco")
    venue.submit("b", SELL, STOP, "1", trigger_price=94)
    assert venue.facts("b").status is OrderStatus.OPEN


def test_an_oco_locks_its_coins_once_and_its_limit_leg_ends_the_stop(venue: Venue) -> None:
    venue.submit("a", SELL, OCO, "2", price=105, trigger_price=95)
    assert venue.locked(BTC) == Decimal(2)
    assert venue.facts("a").stop is StopStatus.WORKING
    venue.move(105.0)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.GONE)
    venue.move(90.0)
    assert venue.fills("a") == pairs((105, 2))
    assert venue.total(BTC) == Decimal(8)


def test_an_oco_s_stop_leg_ends_the_limit_leg(venue: Venue) -> None:
    venue.submit("a", SELL, OCO, "2", price=105, trigger_price=95)
    venue.move(95.0)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.TRIGGERED)
    venue.move(110.0)
    assert venue.fills("a") == pairs((95, 2))


def test_an_oco_s_stop_leg_may_be_a_limit_order(venue: Venue) -> None:
    venue.submit("a", SELL, OCO, "1", price=105, trigger_price=95, stop_limit_price=94)
    venue.move(93.0)
    assert venue.facts("a").stop is StopStatus.TRIGGERED
    assert venue.fills("a") == []
    venue.move(105.0)
    assert venue.fills("a") == pairs((94, 1))


def test_a_partial_fill_of_the_limit_leg_cancels_the_stop_as_binance_does(venue: Venue) -> None:
    venue.submit("a", SELL, OCO, "2", price=105, trigger_price=95)
    venue.move(105.0, quantity=0.5)
    facts = venue.facts("a")
    assert (facts.status, facts.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.5"))
    assert facts.stop is StopStatus.GONE
    venue.move(90.0)
    assert venue.facts("a").filled == Decimal("0.5")
    assert venue.locked(BTC) == Decimal("1.5")
    venue.move(105.0)
    assert venue.facts("a").status is OrderStatus.FILLED


def test_a_venue_that_reduces_keeps_the_stop_for_what_is_left() -> None:
    reduces = Capabilities(
        native_stop=True, native_stop_limit=True, oco=True, oco_remainder=OcoRemainder.REDUCED
    )
    venue = Venue(capabilities=reduces)
    venue.move(100.0)
    venue.submit("a", SELL, OCO, "2", price=105, trigger_price=95)
    venue.move(105.0, quantity=0.5)
    assert venue.facts("a").stop is StopStatus.WORKING
    venue.move(95.0)
    facts = venue.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.TRIGGERED)
    assert venue.fills("a") == pairs((105, "0.5"), (95, "1.5"))


@pytest.mark.parametrize(
    ("price", "trigger", "reason"),
    [
        (100, 95, RejectReason.PRICE_OUT_OF_RANGE),
        (99, 95, RejectReason.PRICE_OUT_OF_RANGE),
        (105, 100, RejectReason.WOULD_TRIGGER_AT_ONCE),
        (105, 101, RejectReason.WOULD_TRIGGER_AT_ONCE),
    ],
)
def test_a_sell_oco_needs_its_limit_above_and_its_trigger_under_the_last_price(
    venue: Venue, price: float, trigger: float, reason: RejectReason
) -> None:
    venue.submit("a", SELL, OCO, "1", price=price, trigger_price=trigger)
    assert venue.refusal("a").reason is reason


def test_a_buy_oco_has_its_limit_under_and_its_trigger_above_and_locks_the_dearer_leg(
    venue: Venue,
) -> None:
    venue.submit("a", BUY, OCO, "1", price=95, trigger_price=105)
    assert venue.locked(USDT) == Decimal("105.21")
    venue.submit("b", BUY, OCO, "1", price=101, trigger_price=105)
    assert venue.refusal("b").reason is RejectReason.PRICE_OUT_OF_RANGE
    venue.move(95.0)
    assert venue.fills("a") == pairs((95, 1))
    assert venue.locked(USDT) == 0


def test_the_limit_leg_of_an_oco_may_only_make(venue: Venue) -> None:
    venue.move(100.5, 100.6, last=100.0)
    venue.submit("a", SELL, OCO, "1", price=100.2, trigger_price=95)
    assert venue.refusal("a").reason is RejectReason.WOULD_TAKE


def test_in_one_fall_what_lies_nearer_comes_first(venue: Venue) -> None:
    venue.submit("far", SELL, STOP, "1", trigger_price=95)
    venue.submit("near", SELL, STOP, "1", trigger_price=97)
    venue.buy("middle", "1", 96)
    venue.move(94.0)
    order = [fill.client_order_id for fill in venue.exchange.ledger().fills]
    assert order == ["near", "middle", "far"]
