"""Which resting orders are looked up because the market trades through their price, and when."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from msgspec.structs import replace

from exchange.live import due_fills
from exchange.live.due_fills import GRACE_MS, LONGEST_PAUSE_MS, DueFills, is_traded_through
from exchange.live.order import LiveOrder
from exchange.live.parsing import Leg
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import FOR_EVER, WireFault, WireFaultKind
from messages.base import ClientOrderId, ExchangeOrderId, Symbol, Timestamp
from messages.gateway import SubmitOrder
from messages.market import Quote
from messages.money import ZERO
from messages.order_router import OrderReported
from messages.orders import OrderStatus, OrderType, Priority, Side, TimeInForce
from tests.exchange.live.wire import WireVenue
from tests.exchange.venue import RULES, SYMBOL, a_request, holding

ORDER = ClientOrderId("h0e1p1x1")


def at(milliseconds: int) -> Timestamp:
    return Timestamp(milliseconds)


def quote(bid: float, ask: float | None = None, symbol: Symbol = SYMBOL) -> Quote:
    return Quote(symbol=symbol, at=at(0), bid=bid, ask=bid if ask is None else ask, last=bid)


def leg(**words: object) -> Leg:
    plain = Leg(
        exchange_order_id=ExchangeOrderId("1"),
        client_order_id=ORDER,
        is_stop=False,
        is_triggered=False,
        status=OrderStatus.OPEN,
        filled=ZERO,
        cost=None,
        list_id=None,
        at=at(0),
    )
    return replace(plain, **words)


def order(side: Side, order_type: OrderType, **words: object) -> LiveOrder:
    request = a_request(ORDER, side, order_type, "1", **words)
    return LiveOrder(client_order_id=ORDER, symbol=SYMBOL, request=request, legs=(leg(),))


def earlier(*legs: Leg) -> LiveOrder:
    """An order that an earlier process sent."""
    return LiveOrder(client_order_id=ORDER, symbol=SYMBOL, legs=legs)


PROFIT = order(Side.SELL, OrderType.LIMIT, price="103")
STOP = order(Side.SELL, OrderType.STOP, trigger_price="98")
STOP_LIMIT = order(Side.SELL, OrderType.STOP_LIMIT, trigger_price="98", price="97")
OCO = order(Side.SELL, OrderType.OCO, price="103", trigger_price="98")
ENTRY = order(Side.BUY, OrderType.LIMIT, price="99")
_STOP_LEG = leg(side=Side.SELL, is_stop=True, trigger_price=98.0, price=97.0)


@pytest.mark.parametrize(
    ("resting", "low", "is_low_met", "high", "is_high_met"),
    [
        (PROFIT, 98.0, False, 103.0, True),
        (STOP, 98.0, True, 103.0, False),
        (STOP_LIMIT, 98.0, True, 103.0, False),
        (OCO, 98.0, True, 103.0, True),
        (ENTRY, 98.0, True, 103.0, False),
        (earlier(leg(side=Side.SELL, price=103.0)), 98.0, False, 103.0, True),
        (earlier(_STOP_LEG), 98.0, True, 103.0, False),
        (earlier(replace(_STOP_LEG, is_triggered=True)), 96.0, False, 97.0, True),
        (earlier(leg(side=Side.SELL, price=103.0), _STOP_LEG), 98.0, True, 103.0, True),
        (earlier(leg(price=103.0)), 98.0, False, 103.0, False),
        (replace(PROFIT, legs=()), 98.0, False, 103.0, False),
        (order(Side.SELL, OrderType.MARKET), 98.0, False, 103.0, False),
        (
            order(Side.SELL, OrderType.LIMIT, price="99", time_in_force=TimeInForce.IOC),
            *(98.0, False, 103.0, False),
        ),
    ],
)
def test_the_market_trades_through_a_price(
    resting: LiveOrder, low: float, is_low_met: object, high: float, is_high_met: object
) -> None:
    assert not is_traded_through(resting, quote(100.0)) or resting.legs[0].is_triggered
    assert is_traded_through(resting, quote(low)) is is_low_met
    assert is_traded_through(resting, quote(high)) is is_high_met


def test_a_buy_is_met_by_the_ask_and_a_sell_by_the_bid() -> None:
    assert not is_traded_through(ENTRY, quote(98.5, 99.5))
    assert not is_traded_through(PROFIT, quote(102.5, 103.5))


def test_it_is_looked_up_after_a_moment_though_the_price_came_back() -> None:
    due = DueFills()
    assert not due.quoted(quote(102.9), [PROFIT], at(0))
    assert due.quoted(quote(103.0), [PROFIT], at(0))
    assert not due.quoted(quote(103.5), [PROFIT], at(10)), "it is known"
    due.quoted(quote(100.0), [PROFIT], at(20))
    assert due.next_at() == GRACE_MS
    assert due.take([PROFIT], at(GRACE_MS - 1)) == []
    assert due.take([PROFIT], at(GRACE_MS)) == [PROFIT]
    assert due.next_at() is None


def test_what_filled_meanwhile_is_not_looked_up() -> None:
    due = DueFills()
    due.quoted(quote(103.0), [PROFIT], at(0))
    assert due.take([], at(GRACE_MS)) == []
    assert due.next_at() is None


def test_quotes_of_another_symbol_say_nothing() -> None:
    assert not DueFills().quoted(quote(103.0, symbol=Symbol("ETH/USDT")), [PROFIT], at(0))


def test_an_order_s_prices_become_floats_once_and_again_when_it_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[LiveOrder] = []
    real = due_fills._levels

    def reading(one: LiveOrder) -> Iterator[due_fills._Level]:
        read.append(one)
        return real(one)

    monkeypatch.setattr(due_fills, "_levels", reading)
    due = DueFills()
    for bid in (100.0, 101.0, 102.0):
        due.quoted(quote(bid), [PROFIT], at(0))
    assert read == [PROFIT]
    nearer = order(Side.SELL, OrderType.LIMIT, price="101")
    assert due.quoted(quote(102.0), [nearer], at(0)), "the order is another one now"
    assert read == [PROFIT, nearer]


def test_a_price_that_stays_beyond_costs_fewer_and_fewer_looks() -> None:
    due, looks = DueFills(), []
    for now in range(0, 600_000, 100):
        due.quoted(quote(103.0), [PROFIT], at(now))
        looks += [now for _ in due.take([PROFIT], at(now))]
    gaps = [after - before for before, after in pairwise(looks)]
    assert looks[0] == GRACE_MS
    assert gaps[:4] == [GRACE_MS + 100, 2_000, 4_000, 8_000]
    assert all(gap >= LONGEST_PAUSE_MS for gap in gaps[6:])
    assert len(looks) < 20


@pytest.fixture(params=("binance", "mexc"))
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with ServerThread(request.param, [RULES], holding()) as server:
        one = WireVenue(server, request.param)
        one.exchange.subscribe(SYMBOL, one.now)
        one.move(100.0)
        yield one
        one.close()


def test_a_fill_whose_event_is_lost_is_found_soon_after_the_market_traded_there(
    venue: WireVenue,
) -> None:
    request = a_request(ORDER, Side.SELL, OrderType.LIMIT, "1", price="103")
    venue.exchange.submit(SubmitOrder(request=request, priority=Priority.PROTECTION), venue.now)
    venue.wait(0)
    lost = WireFaultKind.LOST
    venue.server.plan(
        *(
            WireFault(on=call, kind=lost, times=FOR_EVER)
            for call in (Call.ORDER_EVENT, Call.TRADE_EVENT)
        )
    )
    venue.server.move(SYMBOL, 103.5)
    venue.wait_until(
        lambda: any(
            isinstance(event, OrderReported) and event.facts.status is OrderStatus.FILLED
            for event in venue.events
        )
    )
