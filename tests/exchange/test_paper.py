"""The paper exchange: the port's contract, latency, the ledger."""

from decimal import Decimal

import pytest

from exchange.fault_plan import FaultPlan
from exchange.faults import FaultyExchange
from exchange.matching.state import Balance
from exchange.paper import Holding
from exchange.port import UnknownSymbolError
from messages.base import Milliseconds, Symbol
from messages.market_data import QuoteReceived
from messages.order_router import OrderReported
from messages.orders import OrderStatus, OrderType, Side
from tests.exchange.contract import PortContract
from tests.exchange.venue import BTC, RULES, SYMBOL, USDT, Venue, holding, pairs

LATENCY_MS = Milliseconds(50)


class TestPaperExchange(PortContract):
    """At once."""

    @pytest.fixture
    def venue(self) -> Venue:
        return Venue()


class TestPaperExchangeWithLatency(PortContract):
    """With 50 ms each way."""

    @pytest.fixture
    def venue(self) -> Venue:
        return Venue(latency_ms=LATENCY_MS)


class TestFaultyExchangeWithoutFaults(PortContract):
    """With an empty plan."""

    @pytest.fixture
    def venue(self) -> Venue:
        return Venue(lambda emit: FaultyExchange(emit, [RULES], holding(), FaultPlan()))


def test_with_latency_a_request_and_its_answer_take_their_time() -> None:
    venue = Venue(latency_ms=LATENCY_MS)
    venue.move(100.0)
    venue.buy("a", "1")
    assert venue.events == []
    assert venue.exchange.next_wake() == venue.now + 50
    venue.wait(49)
    assert venue.exchange.next_wake() == venue.now + 1
    venue.wait(1)
    assert venue.total(BTC) == Decimal(11)  # it is done, and nobody has heard
    assert venue.events == []
    venue.wait(50)
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.exchange.next_wake() is None


def test_with_latency_an_order_meets_the_market_as_it_is_on_arrival() -> None:
    venue = Venue(latency_ms=LATENCY_MS)
    venue.move(100.0)
    venue.buy("a", "1")
    venue.wait(20)
    venue.move(101.0)
    venue.wait(30)
    assert venue.fills("a") == pairs((101, 1))


def test_a_late_wake_lets_everything_arrive_in_its_order_and_at_its_time() -> None:
    venue = Venue(latency_ms=LATENCY_MS)
    venue.move(100.0)
    venue.sell("a", "1", 105)
    venue.wait(10)
    venue.cancel("a")
    venue.wait(10_000)
    reports = [event.facts for event in venue.events if isinstance(event, OrderReported)]
    assert [(facts.status, facts.at) for facts in reports] == [
        (OrderStatus.OPEN, 1_050),
        (OrderStatus.CANCELED, 1_060),
    ]


def test_a_move_lets_in_first_what_arrived_before_it() -> None:
    venue = Venue(latency_ms=LATENCY_MS)
    venue.move(100.0)
    venue.buy("a", "1")
    venue.now = type(venue.now)(venue.now + 60)
    venue.move(101.0)
    assert venue.fills("a") == pairs((100, 1))


def test_an_order_event_comes_before_the_quote_that_caused_it() -> None:
    venue = Venue()
    venue.exchange.subscribe(SYMBOL, venue.now)
    venue.move(100.0)
    venue.sell("a", "1", 105)
    venue.events.clear()
    venue.move(105.0)
    assert [type(event) for event in venue.events] == [OrderReported, QuoteReceived]


def test_quotes_come_only_for_what_was_subscribed() -> None:
    venue = Venue()
    venue.move(100.0)
    assert venue.events == []


def test_a_move_of_an_unknown_market_is_an_error_that_names_both() -> None:
    venue = Venue()
    with pytest.raises(UnknownSymbolError, match="no market ETH/USDT here; there are: BTC/USDT"):
        venue.move(100.0, symbol=Symbol("ETH/USDT"))


def test_the_ledger_tells_holdings_working_sells_and_fills() -> None:
    venue = Venue()
    venue.move(100.0)
    venue.buy("a", "2")
    venue.sell("b", "3", 105)
    venue.submit("c", Side.SELL, OrderType.OCO, "4", price=105, trigger_price=95)
    venue.buy("d", "1", 90)
    ledger = venue.exchange.ledger()
    assert ledger.balances == (
        Balance(currency=BTC, total=Decimal(12), locked=Decimal(7)),
        Balance(currency=USDT, total=Decimal("9799.6"), locked=Decimal("90.18")),
    )
    assert ledger.holdings == (Holding(symbol=SYMBOL, held=Decimal(12), working_sells=Decimal(7)),)
    (fill,) = ledger.fills
    assert (fill.client_order_id, fill.side, fill.price) == ("a", Side.BUY, Decimal(100))
    assert (fill.fee.currency, fill.fee.amount) == (USDT, Decimal("0.4"))
