"""What every implementation of the exchange port must do; each runs it with a factory of its own.

A subclass names itself ``Test...`` and gives the ``venue`` fixture: an exchange with 10 BTC and
10,000 USDT, RULES, and a way to move its market. What its capabilities lack it must refuse by name.
"""

from decimal import Decimal

import pytest

from exchange.port import ExchangePort, UnknownSymbolError
from messages.base import ClientOrderId, Symbol
from messages.gateway import FetchOpenOrders, FetchTrades
from messages.market_data import QuoteReceived
from messages.money import amount_in
from messages.order_router import (
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    RequestTimingMeasured,
    StreamChanged,
)
from messages.orders import OrderStatus, OrderType, RejectReason, Side, StopStatus
from messages.portfolio import BalancesReported
from messages.positions import MarketRulesReported
from messages.reconciler import OpenOrdersReported, TradesReported
from tests.exchange.venue import BTC, SYMBOL, USDT, Venue

ENOUGH_MS = 1_000
"""In which every answer arrives."""


class PortContract:
    """The suite."""

    @pytest.fixture
    def port(self, venue: Venue) -> ExchangePort:
        port: ExchangePort = venue.exchange
        port.subscribe(SYMBOL, venue.now)
        venue.move(100.0)
        venue.wait(ENOUGH_MS)
        return port

    def test_a_subscription_opens_the_stream_and_brings_quotes(
        self, venue: Venue, port: ExchangePort
    ) -> None:
        told = [one for one in venue.events if not isinstance(one, RequestTimingMeasured)]
        assert told[0] == StreamChanged(up=True)
        quotes = [event.quote for event in venue.events if isinstance(event, QuoteReceived)]
        assert [(quote.symbol, quote.last) for quote in quotes] == [(SYMBOL, 100.0)]
        port.subscribe(SYMBOL, venue.now)
        venue.wait(ENOUGH_MS)
        assert venue.events.count(StreamChanged(up=True)) == 1

    def test_the_rules_of_a_symbol_come_with_what_the_venue_can_do(
        self, venue: Venue, port: ExchangePort
    ) -> None:
        port.fetch_market_rules(SYMBOL, venue.now)
        venue.wait(ENOUGH_MS)
        expected = MarketRulesReported(rules=venue.rules, capabilities=port.capabilities)
        assert venue.events[-1] == expected

    def test_an_unknown_symbol_is_an_error_that_names_it(
        self, venue: Venue, port: ExchangePort
    ) -> None:
        unknown = Symbol("DOGE/USDT")
        with pytest.raises(UnknownSymbolError, match="DOGE/USDT"):
            port.fetch_market_rules(unknown, venue.now)
        with pytest.raises(UnknownSymbolError, match="DOGE/USDT"):
            port.subscribe(unknown, venue.now)

    @pytest.mark.usefixtures("port")
    def test_a_market_order_ends_filled_with_exact_cost_and_fee(self, venue: Venue) -> None:
        venue.buy("a", "2")
        venue.wait(ENOUGH_MS)
        facts = venue.facts("a")
        assert facts.status is OrderStatus.FILLED
        assert (facts.filled, facts.cost) == (Decimal(2), Decimal(200))
        assert amount_in(facts.fees, USDT) == Decimal("0.4")
        assert facts.exchange_order_id is not None

    @pytest.mark.usefixtures("port")
    def test_a_resting_order_is_acknowledged_then_filled_by_the_market(self, venue: Venue) -> None:
        venue.sell("a", "1", 105)
        venue.wait(ENOUGH_MS)
        assert venue.facts("a").status is OrderStatus.OPEN
        venue.move(105.0)
        venue.wait(ENOUGH_MS)
        assert venue.facts("a").status is OrderStatus.FILLED

    @pytest.mark.usefixtures("port")
    def test_a_cancel_ends_in_a_canceled_report(self, venue: Venue) -> None:
        venue.sell("a", "1", 105)
        venue.wait(ENOUGH_MS)
        venue.cancel("a")
        venue.wait(ENOUGH_MS)
        assert venue.facts("a").status is OrderStatus.CANCELED

    @pytest.mark.usefixtures("port")
    def test_a_cancel_of_a_filled_order_is_refused(self, venue: Venue) -> None:
        venue.sell("a", "1")
        venue.wait(ENOUGH_MS)
        venue.cancel("a")
        venue.wait(ENOUGH_MS)
        assert venue.cancel_failure("a").kind is FailureKind.REJECTED

    @pytest.mark.usefixtures("port")
    def test_a_look_up_finds_by_client_order_id_what_the_ack_said(self, venue: Venue) -> None:
        venue.sell("a", "1", 105)
        venue.wait(ENOUGH_MS)
        acknowledged = venue.facts("a")
        venue.events.clear()
        venue.look_up("a")
        venue.wait(ENOUGH_MS)
        assert venue.facts("a") == acknowledged

    @pytest.mark.usefixtures("port")
    def test_a_look_up_of_an_unknown_order_finds_nothing(self, venue: Venue) -> None:
        venue.look_up("a")
        venue.wait(ENOUGH_MS)
        assert venue.events[-1] == OrderNotFound(client_order_id=ClientOrderId("a"))

    @pytest.mark.usefixtures("port")
    def test_a_client_order_id_sent_twice_is_one_order(self, venue: Venue) -> None:
        venue.sell("a", "1", 105)
        venue.sell("a", "1", 105)
        venue.wait(ENOUGH_MS)
        assert venue.refusal("a").reason is RejectReason.DUPLICATE_ID
        venue.exchange.fetch_open_orders(FetchOpenOrders(symbol=SYMBOL), venue.now)
        venue.wait(ENOUGH_MS)
        listed = venue.events[-1]
        assert isinstance(listed, OpenOrdersReported)
        assert (listed.symbol, listed.orders) == (SYMBOL, (venue.facts("a"),))

    @pytest.mark.usefixtures("port")
    @pytest.mark.parametrize(
        ("quantity", "price", "reason"),
        [
            ("11", 105.0, RejectReason.INSUFFICIENT_FUNDS),
            ("0.01", 105.0, RejectReason.BELOW_MINIMUM),
            ("1.001", 105.0, RejectReason.PRECISION),
            ("1", 105.01, RejectReason.PRECISION),
        ],
    )
    def test_a_refused_order_says_why(
        self, venue: Venue, quantity: str, price: float, reason: RejectReason
    ) -> None:
        venue.sell("a", quantity, price)
        venue.wait(ENOUGH_MS)
        refusal = venue.refusal("a")
        assert (refusal.kind, refusal.reason) == (FailureKind.REJECTED, reason)
        assert refusal.text

    def test_a_stop_works_until_it_is_touched(self, venue: Venue, port: ExchangePort) -> None:
        venue.submit("a", Side.SELL, OrderType.STOP, "1", trigger_price=95)
        venue.wait(ENOUGH_MS)
        if not port.capabilities.native_stop:
            assert venue.refusal("a").reason is RejectReason.NOT_SUPPORTED
            return
        assert venue.facts("a").stop is StopStatus.WORKING
        venue.move(95.0)
        venue.wait(ENOUGH_MS)
        facts = venue.facts("a")
        assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.TRIGGERED)

    def test_an_oco_is_one_order_with_two_legs(self, venue: Venue, port: ExchangePort) -> None:
        venue.submit("a", Side.SELL, OrderType.OCO, "1", price=105, trigger_price=95)
        venue.wait(ENOUGH_MS)
        if not port.capabilities.oco:
            assert venue.refusal("a").reason is RejectReason.NOT_SUPPORTED
            return
        assert venue.facts("a").stop is StopStatus.WORKING
        venue.move(105.0)
        venue.wait(ENOUGH_MS)
        facts = venue.facts("a")
        assert (facts.status, facts.stop) == (OrderStatus.FILLED, StopStatus.GONE)

    def test_balances_tell_what_is_free_beside_what_is_there(
        self, venue: Venue, port: ExchangePort
    ) -> None:
        venue.sell("a", "4", 105)
        venue.wait(ENOUGH_MS)
        venue.fetch_balances()
        venue.wait(ENOUGH_MS)
        balances = venue.events[-1]
        assert isinstance(balances, BalancesReported)
        assert amount_in(balances.total, BTC) == Decimal(10)
        assert amount_in(balances.free, BTC) == Decimal(6)
        assert port.capabilities.market

    @pytest.mark.usefixtures("port")
    def test_the_trades_add_up_to_what_the_order_says(self, venue: Venue) -> None:
        start = venue.now
        venue.buy("a", "2")
        venue.wait(ENOUGH_MS)
        venue.exchange.fetch_trades(FetchTrades(symbol=SYMBOL, since=start), venue.now)
        venue.wait(ENOUGH_MS)
        answer = venue.events[-1]
        assert isinstance(answer, TradesReported)
        facts = venue.facts("a")
        assert sum(trade.quantity for trade in answer.trades) == facts.filled
        assert sum(trade.quantity * trade.price for trade in answer.trades) == facts.cost
        assert tuple(trade.fee for trade in answer.trades) == facts.fees

    def test_after_close_requests_fail_as_retryable_and_orders_stay(
        self, venue: Venue, port: ExchangePort
    ) -> None:
        venue.sell("a", "1", 105)
        venue.wait(ENOUGH_MS)
        port.close(venue.now)
        venue.wait(ENOUGH_MS)
        assert venue.events[-1] == StreamChanged(up=False)
        venue.sell("b", "1", 105)
        venue.cancel("a")
        venue.wait(ENOUGH_MS)
        assert venue.refusal("b").kind is FailureKind.RETRYABLE
        assert venue.cancel_failure("a").kind is FailureKind.RETRYABLE
        venue.look_up("a")
        venue.wait(ENOUGH_MS)
        assert isinstance(venue.events[-1], LookUpFailed)
        venue.move(105.0)
        assert venue.total(BTC) == Decimal(9)
