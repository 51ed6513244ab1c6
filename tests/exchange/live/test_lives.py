"""Lives of orders over the wire: pairs, stops, fees, and a process that was not there."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from exchange.server.control import FillOrder
from exchange.server.thread import ServerThread
from exchange.server.wire import Call
from exchange.server.wire_faults import WireFault, WireFaultKind
from messages.base import Milliseconds
from messages.market import FeeCurrency
from messages.money import Money
from messages.order_router import FailureKind, OrderReported
from messages.orders import OrderStatus, OrderType, RejectReason, Side, StopStatus
from messages.portfolio import BalancesReported
from tests.exchange.live.wire import DIALECTS, STILL, WireVenue, wire_venue
from tests.exchange.venue import BNB, BTC, SYMBOL, USDT, changed_rules, holding


@pytest.fixture
def binance() -> Iterator[WireVenue]:
    with wire_venue("binance") as venue:
        begun(venue)
        yield venue


@pytest.fixture(params=DIALECTS)
def venue(request: pytest.FixtureRequest) -> Iterator[WireVenue]:
    with wire_venue(request.param) as one:
        begun(one)
        yield one


@pytest.fixture
def heir(binance: WireVenue) -> Iterator[WireVenue]:
    """A later process on the same account: it knows no order."""
    another = WireVenue(binance.server, "binance")
    yield another
    another.close()


def begun(venue: WireVenue) -> None:
    venue.exchange.subscribe(SYMBOL, venue.now)
    venue.move(100.0)
    venue.wait(0)


def pair(venue: WireVenue, name: str, quantity: str = "2", **words: object) -> None:
    venue.submit(name, Side.SELL, OrderType.OCO, quantity, price=110, trigger_price=90, **words)
    venue.wait(0)


def stop(venue: WireVenue, name: str, price: float | None = None) -> None:
    kind = OrderType.STOP if price is None else OrderType.STOP_LIMIT
    venue.submit(name, Side.SELL, kind, "2", price=price, trigger_price=90)
    venue.wait(0)


def reports(venue: WireVenue, name: str) -> list[OrderReported]:
    told = [event for event in venue.events if isinstance(event, OrderReported)]
    return [event for event in told if event.facts.client_order_id == name]


def test_a_pair_is_found_by_its_id_alone_by_a_process_that_did_not_send_it(
    binance: WireVenue, heir: WireVenue
) -> None:
    pair(binance, "h0e1p1x1")
    heir.look_up("h0e1p1x1")
    assert heir.exchange.wait_idle(10)
    found = reports(heir, "h0e1p1x1")[-1]
    assert (found.facts.status, found.facts.stop) == (OrderStatus.OPEN, StopStatus.WORKING)
    assert found.terms is not None
    assert (found.terms.side, found.terms.quantity) == (Side.SELL, Decimal(2))


def test_a_pair_is_canceled_by_its_id_alone_by_a_process_that_did_not_send_it(
    binance: WireVenue, heir: WireVenue
) -> None:
    pair(binance, "h0e1p1x1")
    heir.cancel("h0e1p1x1")
    assert heir.exchange.wait_idle(10)
    assert heir.facts("h0e1p1x1").status is OrderStatus.CANCELED
    assert binance.locked(BTC) == 0


def test_a_stop_is_found_and_canceled_by_its_id_alone(binance: WireVenue, heir: WireVenue) -> None:
    stop(binance, "h0e1p1x1")
    heir.look_up("h0e1p1x1")
    assert heir.exchange.wait_idle(10)
    assert heir.facts("h0e1p1x1").stop is StopStatus.WORKING
    heir.cancel("h0e1p1x1")
    assert heir.exchange.wait_idle(10)
    assert heir.facts("h0e1p1x1").status is OrderStatus.CANCELED
    assert binance.locked(BTC) == 0


def test_an_order_that_was_over_long_ago_is_found_with_its_fills_and_fees(
    venue: WireVenue,
) -> None:
    venue.buy("h0e1p1b1", "2")
    venue.wait(0)
    another = WireVenue(venue.server, venue.dialect)
    try:
        another.look_up("h0e1p1b1")
        assert another.exchange.wait_idle(10)
        facts = another.facts("h0e1p1b1")
        assert (facts.status, facts.filled, facts.cost) == (
            OrderStatus.FILLED,
            Decimal(2),
            Decimal(200),
        )
        assert facts.fees == (Money(USDT, Decimal("0.4")),)
    finally:
        another.close()


def test_three_look_ups_of_ids_that_never_were_cost_three_requests_or_six(
    venue: WireVenue,
) -> None:
    before = venue.server.read().calls(Call.LOOK_UP)
    for attempt in range(1, 4):
        venue.look_up(f"h0e1p1x{attempt}")
    assert venue.exchange.wait_idle(10)
    asked = venue.server.read().calls(Call.LOOK_UP) - before
    assert asked == {"binance": 6, "mexc": 3}[venue.dialect]  # an order, or else a pair


def test_the_first_fill_of_a_pairs_limit_leg_ends_its_stop_and_the_rest_goes_on(
    binance: WireVenue,
) -> None:
    pair(binance, "a")
    binance.move(110.0, quantity=0.5)
    binance.wait(0)
    facts = binance.facts("a")
    assert (facts.status, facts.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.5"))
    assert facts.stop is StopStatus.GONE
    binance.cancel("a")
    binance.wait(0)
    facts = binance.facts("a")
    assert (facts.status, facts.filled) == (OrderStatus.CANCELED, Decimal("0.5"))
    assert binance.total(BTC) == Decimal("9.5")


def test_a_pairs_stop_that_triggers_sells_all_of_it(binance: WireVenue) -> None:
    pair(binance, "a")
    binance.move(89.0)
    binance.wait(0)
    facts = binance.facts("a")
    assert (facts.status, facts.filled, facts.cost) == (
        OrderStatus.FILLED,
        Decimal(2),
        Decimal(178),
    )


def test_a_stop_limit_that_triggers_and_does_not_fill_rests_triggered_and_can_be_canceled(
    binance: WireVenue,
) -> None:
    stop(binance, "a", 89.5)
    binance.move(80.0)
    binance.wait(0)
    facts = binance.facts("a")
    assert (facts.status, facts.stop) == (OrderStatus.OPEN, StopStatus.TRIGGERED)
    assert facts.filled == 0
    binance.cancel("a")
    binance.wait(0)
    assert binance.facts("a").status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("kind", "prices"),
    [
        (OrderType.STOP_LIMIT, {"price": 89.5}),
        (OrderType.OCO, {"price": 110, "stop_limit_price": 89.5}),
    ],
)
def test_a_stop_limit_that_triggers_is_heard_at_once_and_nothing_is_asked(
    kind: OrderType, prices: dict[str, float]
) -> None:
    never = replace(STILL, reconcile_again_ms=Milliseconds(600_000))
    with wire_venue("binance", never) as venue:
        begun(venue)
        venue.submit("a", Side.SELL, kind, "2", trigger_price=90, **prices)
        venue.wait(0)
        asked = len(venue.server.read().requests)
        venue.move(80.0)
        venue.wait(0)
        facts = venue.facts("a")
        assert (facts.status, facts.stop) == (OrderStatus.OPEN, StopStatus.TRIGGERED)
        assert len(venue.server.read().requests) == asked


@pytest.mark.parametrize(
    ("rules", "fee", "held"),
    [
        ({"fee_currency": FeeCurrency.RECEIVED}, Money(BTC, Decimal("0.004")), "11.996"),
        (
            {
                "fee_currency": FeeCurrency.THIRD,
                "fee_third_currency": BNB,
                "fee_third_rate": Decimal(400),
            },
            Money(BNB, Decimal("0.001")),
            "12",
        ),
    ],
)
def test_fees_in_base_and_in_a_third_currency_are_told_exactly(
    rules: dict[str, object], fee: Money, held: str
) -> None:
    with ServerThread("binance", [changed_rules(**rules)], holding(BNB="1")) as server:
        venue = WireVenue(server, "binance")
        try:
            begun(venue)
            venue.buy("a", "2")
            venue.wait(0)
            assert venue.facts("a").fees == (fee,)
            assert venue.total(BTC) == Decimal(held)
            assert [note for note in venue.notes if "not understood" in note] == []
        finally:
            venue.close()


def test_balances_are_told_with_what_is_free(venue: WireVenue) -> None:
    venue.sell("a", "1", 105)
    venue.wait(0)
    venue.fetch_balances()
    assert venue.exchange.wait_idle(10)
    told = [event for event in venue.events if isinstance(event, BalancesReported)][-1]
    assert Money(BTC, Decimal(10)) in told.total
    assert Money(BTC, Decimal(9)) in told.free
    assert Money(USDT, Decimal(10_000)) in told.free


def test_an_id_that_is_over_is_not_sent_again_though_binance_would_take_it(
    binance: WireVenue,
) -> None:
    binance.buy("a", "1")
    binance.wait(0)
    binance.buy("a", "1")
    assert binance.exchange.wait_idle(10)
    refusal = binance.refusal("a")
    assert (refusal.kind, refusal.reason) == (FailureKind.REJECTED, RejectReason.DUPLICATE_ID)
    assert binance.server.read().calls(Call.SUBMIT) == 1
    assert binance.total(BTC) == 11


@pytest.mark.parametrize("acted", [False, True])
def test_a_submit_whose_connection_is_reset_reaches_the_venue_once(
    venue: WireVenue, *, acted: bool
) -> None:
    venue.server.plan(WireFault(on=Call.SUBMIT, kind=WireFaultKind.RESET, acted=acted))
    venue.buy("a", "1")
    assert venue.exchange.wait_idle(10)
    assert venue.server.read().calls(Call.SUBMIT) == 1


def test_a_cancel_that_is_sent_twice_by_the_wire_is_told_as_done(venue: WireVenue) -> None:
    """A request on a kept connection that is reset is sent again, once, by aiohttp itself."""
    venue.sell("a", "1", 105)
    venue.wait(0)
    venue.server.plan(WireFault(on=Call.CANCEL, kind=WireFaultKind.RESET, acted=True))
    venue.cancel("a")
    venue.wait(0)
    assert venue.server.read().calls(Call.CANCEL) == 2
    assert venue.facts("a").status is OrderStatus.CANCELED


def test_what_the_venue_fills_by_mistake_after_the_end_is_heard_too(venue: WireVenue) -> None:
    venue.sell("a", "2", 105)
    venue.wait(0)
    venue.cancel("a")
    venue.wait(0)
    venue.server.send(FillOrder("a", Decimal(1)))
    venue.wait_until(lambda: venue.facts("a").filled == 1)
    assert venue.facts("a").is_terminal
