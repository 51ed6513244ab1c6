"""What the engine does with market and limit orders, cancels and look-ups."""

from decimal import Decimal

from exchange.matching.engine import KEEP_FINISHED_MS, step
from exchange.matching.state import Balance
from messages.base import Timestamp
from messages.gateway import (
    FetchOpenOrders,
    FetchTrades,
    SubmitOrder,
)
from messages.market import FeeCurrency
from messages.market_data import NextLevel
from messages.money import Money
from messages.order_router import FailureKind
from messages.orders import (
    OrderStatus,
    OrderType,
    Priority,
    RejectReason,
    Side,
    StopStatus,
    TimeInForce,
)
from messages.portfolio import BalancesReported
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.exchange.venue import (
    BNB,
    BTC,
    SYMBOL,
    USDT,
    Venue,
    a_request,
    changed_rules,
    holding,
    pairs,
)


def test_a_market_buy_fills_at_the_ask_as_taker(venue: Venue) -> None:
    venue.buy("a", "2")
    facts = venue.facts("a")
    assert facts.status is OrderStatus.FILLED
    assert (facts.filled, facts.cost) == (Decimal(2), Decimal(200))
    assert facts.fees == (Money(USDT, Decimal("0.4")),)
    assert facts.stop is StopStatus.NONE
    assert venue.total(BTC) == Decimal(12)
    assert venue.total(USDT) == Decimal("9799.6")


def test_a_market_sell_fills_at_the_bid_as_taker(venue: Venue) -> None:
    venue.sell("a", "2")
    assert venue.facts("a").cost == Decimal("199.8")
    assert venue.total(BTC) == Decimal(8)
    assert venue.total(USDT) == Decimal("10199.4004")


def test_a_market_order_before_the_first_price_expires_for_want_of_liquidity() -> None:
    venue = Venue()
    venue.buy("a", "1")
    facts = venue.facts("a")
    assert facts.status is OrderStatus.EXPIRED
    assert facts.reason is RejectReason.NO_LIQUIDITY
    assert facts.text == "no liquidity for 1 of 1"


def test_a_limit_that_crosses_fills_at_the_market_s_better_price(venue: Venue) -> None:
    venue.buy("a", "1", 101)
    assert venue.fills("a") == pairs((100, 1))
    assert venue.locked(USDT) == 0


def test_a_resting_buy_locks_its_cash_with_fee_and_fills_at_its_price_as_maker(
    venue: Venue,
) -> None:
    venue.buy("a", "1", 99)
    assert venue.facts("a").status is OrderStatus.OPEN
    assert venue.locked(USDT) == Decimal("99.198")  # the higher of both fees
    venue.move(98.9, 99.1)
    assert venue.facts("a").filled == 0
    venue.move(97.0, 97.5)
    assert venue.fills("a") == pairs((99, 1))
    assert venue.facts("a").fees == (Money(USDT, Decimal("0.099")),)
    assert venue.locked(USDT) == 0


def test_a_resting_sell_locks_its_coins_and_fills_when_the_bid_touches_it(venue: Venue) -> None:
    venue.sell("a", "10", 105)
    assert venue.locked(BTC) == Decimal(10)
    venue.move(104.9, 105.0)
    assert venue.facts("a").status is OrderStatus.OPEN
    venue.move(105.0, 105.1)
    assert venue.fills("a") == pairs((105, 10))
    assert venue.balance(BTC) == Balance(currency=BTC)


def test_a_quote_with_float_noise_touches_the_price_it_means(venue: Venue) -> None:
    venue.sell("a", "1", 105)
    venue.buy("b", "1", 95)
    venue.submit("c", Side.SELL, OrderType.STOP, "1", trigger_price=96)
    venue.submit("d", Side.BUY, OrderType.STOP, "1", trigger_price=104)
    for noisy in (103.99999999999999, 104.99999999999999, 96.00000000000001, 95.00000000000001):
        venue.move(noisy)
    order = [fill.client_order_id for fill in venue.exchange.ledger().fills]
    assert order == ["d", "a", "c", "b"]


def test_a_gap_fills_at_the_open(venue: Venue) -> None:
    venue.sell("a", "1", 105)
    venue.move(107.0, gap=True)
    assert venue.fills("a") == pairs((107, 1))
    venue.buy("b", "1", 95)
    venue.move(90.0, gap=True)
    assert venue.fills("b") == pairs((90, 1))
    assert venue.facts("b").fees == (Money(USDT, Decimal("0.09")),)


def test_a_move_without_a_gap_fills_at_the_limit_however_far_it_goes(venue: Venue) -> None:
    venue.sell("a", "1", 105)
    venue.move(107.0)
    assert venue.fills("a") == pairs((105, 1))


def test_equal_prices_fill_by_arrival_and_better_prices_first(venue: Venue) -> None:
    venue.sell("late", "1", 106)
    venue.sell("first", "1", 105)
    venue.sell("second", "1", 105)
    venue.move(106.0)
    order = [fill.client_order_id for fill in venue.exchange.ledger().fills]
    assert order == ["first", "second", "late"]


def test_an_ioc_takes_what_it_gets_and_the_rest_expires() -> None:
    venue = Venue()
    venue.move(100.0, quantity=0.4)
    venue.buy("a", "3", 100.1, time_in_force=TimeInForce.IOC)
    facts = venue.facts("a")
    assert facts.status is OrderStatus.EXPIRED
    assert facts.reason is RejectReason.NO_LIQUIDITY
    assert facts.text == "no liquidity for 2.20 of 3"
    assert venue.fills("a") == pairs((100, "0.4"), ("100.1", "0.4"))
    assert venue.locked(USDT) == 0


def test_an_ioc_that_meets_nothing_expires_untouched(venue: Venue) -> None:
    venue.sell("a", "1", 101, time_in_force=TimeInForce.IOC)
    assert venue.facts("a").status is OrderStatus.EXPIRED
    assert venue.facts("a").filled == 0
    assert venue.locked(BTC) == 0


def test_a_post_only_order_that_would_take_is_refused(venue: Venue) -> None:
    venue.buy("a", "1", 100, post_only=True)
    assert venue.refusal("a").reason is RejectReason.WOULD_TAKE
    venue.sell("b", "1", 99.9, post_only=True)
    assert venue.refusal("b").reason is RejectReason.WOULD_TAKE
    venue.buy("c", "1", 99.9, post_only=True)
    assert venue.facts("c").status is OrderStatus.OPEN


def test_a_canceled_order_frees_what_it_locked(venue: Venue) -> None:
    venue.buy("a", "1", 95)
    venue.sell("b", "1", 105)
    venue.cancel("a")
    venue.cancel("b")
    assert venue.facts("a").status is OrderStatus.CANCELED
    assert venue.locked(USDT) == venue.locked(BTC) == 0
    venue.move(90.0)
    venue.move(110.0)
    assert venue.fills("a") == venue.fills("b") == []


def test_a_cancel_of_what_is_over_or_never_was_is_refused(venue: Venue) -> None:
    venue.buy("a", "1")
    venue.cancel("a")
    failure = venue.cancel_failure("a")
    assert failure.kind is FailureKind.REJECTED
    assert failure.text == "-2011: Unknown order sent: a is filled"
    venue.cancel("b")
    assert venue.cancel_failure("b").text == "-2011: Unknown order sent: b never came"


def test_a_partly_filled_order_that_is_canceled_keeps_what_it_filled() -> None:
    venue = Venue()
    venue.move(100.0)
    venue.sell("a", "3", 105)
    venue.move(105.0, quantity=1.0)
    assert venue.facts("a").status is OrderStatus.PARTIALLY_FILLED
    assert venue.locked(BTC) == Decimal(2)
    venue.cancel("a")
    facts = venue.facts("a")
    assert (facts.status, facts.filled) == (OrderStatus.CANCELED, Decimal(1))
    assert venue.locked(BTC) == 0


def test_a_look_up_tells_how_an_order_stands(venue: Venue) -> None:
    venue.buy("a", "1", 95)
    first = venue.facts("a")
    venue.events.clear()
    venue.look_up("a")
    assert venue.facts("a") == first


def test_fees_in_what_is_received_make_the_holding_smaller_than_the_order() -> None:
    venue = Venue(
        markets=[changed_rules(fee_currency=FeeCurrency.RECEIVED)], balances=holding(btc="0")
    )
    venue.move(100.0)
    venue.buy("a", "1")
    assert venue.total(BTC) == Decimal("0.998")
    assert venue.total(USDT) == Decimal(9900)
    venue.sell("b", "1")
    assert venue.refusal("b").reason is RejectReason.INSUFFICIENT_FUNDS


def test_fees_in_a_third_currency_fall_back_on_what_is_received_when_it_runs_out() -> None:
    rules = changed_rules(
        fee_currency=FeeCurrency.THIRD, fee_third_currency=BNB, fee_third_rate=Decimal(400)
    )
    venue = Venue(markets=[rules], balances=holding(BNB="0.0005"))
    venue.move(100.0)
    venue.buy("a", "1")
    assert venue.facts("a").fees == (Money(BNB, Decimal("0.0005")),)
    assert venue.total(BNB) == 0
    venue.buy("b", "1")
    assert venue.facts("b").fees == (Money(BTC, Decimal("0.002")),)


def test_balances_are_told_on_demand(venue: Venue) -> None:
    venue.sell("a", "4", 105)
    venue.fetch_balances()
    assert venue.events[-1] == BalancesReported(
        total=(Money(BTC, Decimal(10)), Money(USDT, Decimal(10000))),
        free=(Money(BTC, Decimal(6)), Money(USDT, Decimal(10000))),
    )


def test_open_orders_and_trades_are_told_on_demand(venue: Venue) -> None:
    venue.buy("filled", "1")
    venue.buy("open", "1", 95)
    venue.exchange.fetch_open_orders(FetchOpenOrders(symbol=SYMBOL), venue.now)
    assert venue.events[-1] == OpenOrdersReported(symbol=SYMBOL, orders=(venue.facts("open"),))
    venue.exchange.fetch_trades(FetchTrades(symbol=SYMBOL, since=venue.now), venue.now)
    answer = venue.events[-1]
    assert isinstance(answer, TradesReported)
    assert [trade.client_order_id for trade in answer.trades] == ["filled"]
    later = FetchTrades(symbol=SYMBOL, since=Timestamp(venue.now + 1))
    venue.exchange.fetch_trades(later, venue.now)
    last = venue.events.pop()
    assert last == TradesReported(symbol=SYMBOL, since=later.since, trades=())


def test_the_next_level_is_the_nearest_price_with_an_order_on_the_way(venue: Venue) -> None:
    venue.sell("a", "1", 105)
    venue.sell("b", "1", 103)
    venue.buy("c", "1", 95)
    venue.submit("d", Side.SELL, OrderType.STOP, "1", trigger_price="97")

    def next_level(start: float, end: float) -> float | None:
        return venue.exchange.next_level(NextLevel(symbol=SYMBOL, start=start, end=end))

    assert next_level(100.0, 110.0) == 103.0
    assert next_level(103.0, 110.0) == 105.0
    assert next_level(100.0, 103.0) == 103.0
    assert next_level(100.0, 102.9) is None
    assert next_level(100.0, 90.0) == 97.0
    assert next_level(97.0, 90.0) == 95.0
    assert next_level(100.0, 97.1) is None
    assert next_level(100.0, 100.0) is None


def test_a_step_changes_nothing_until_it_is_applied(venue: Venue) -> None:
    request = a_request("a", Side.BUY, OrderType.MARKET, "1")
    before = venue.exchange.ledger()
    command = SubmitOrder(request=request, priority=Priority.ENTRY)
    first = step(venue.exchange.book, command, venue.now)
    second = step(venue.exchange.book, command, venue.now)
    assert first == second
    assert len(first.changes) == 4  # the trade, the order, two balances
    assert venue.exchange.ledger() == before


def test_finished_orders_are_forgotten_after_a_day_and_working_ones_never(venue: Venue) -> None:
    venue.buy("done", "1")
    venue.buy("working", "1", 90)
    venue.wait(KEEP_FINISHED_MS)
    venue.buy("again", "1")
    assert "done" in venue.exchange.book.orders
    venue.wait(1)
    venue.buy("last", "1")
    assert set(venue.exchange.book.orders) == {"working", "again", "last"}
    assert [fill.client_order_id for fill in venue.exchange.ledger().fills] == ["again", "last"]


def test_a_move_that_touches_nothing_says_nothing(venue: Venue) -> None:
    venue.buy("a", "1", 95)
    venue.sell("b", "1", 105)
    count = len(venue.events)
    venue.move(95.1, 95.2)
    venue.move(104.8, 104.9)
    assert len(venue.events) == count
    assert not venue.exchange.book.markets[SYMBOL].touches(
        venue.exchange.book.markets[SYMBOL].moved  # type: ignore[arg-type] # it has moved
    )
