"""The venue with deadlines takes what comes in time, and its caches are as old as it admits."""

from decimal import Decimal

import pytest

from exchange.port import Event
from messages.base import ClientOrderId, Milliseconds, PositionId, Timestamp
from messages.gateway import CancelAtVenue, FetchOpenOrders, LookUpOrder, MarketMoved, SubmitOrder
from messages.money import Money
from messages.order_router import (
    FailureKind,
    OrderNotFound,
    OrderReported,
    RequestTimingMeasured,
    SubmitFailed,
)
from messages.orders import OrderRequest, OrderStatus, OrderType, Priority, Purpose, Side
from messages.reconciler import OpenOrdersReported
from verification.simulation.choices import Kind, Scripted
from verification.simulation.deadlines import CLOCK_ERROR_MS, FORGETS_MS, SKEW_MS
from verification.simulation.faults import EventFate, LookUpFate, SubmitFate
from verification.simulation.plans import BTC, PUNCTUAL, SYMBOL, TERMS, USDT, capabilities, rules
from verification.simulation.venue import Edge

T0 = Timestamp(1_000_000)
ORDER = ClientOrderId("order1")


class Scene:
    """One venue with coins, and what it said."""

    def __init__(self, kind: int = 0) -> None:
        self.heard: list[Event] = []
        self.choices = Scripted()
        chosen = PUNCTUAL[kind]
        wallet = [Money(USDT, Decimal(10_000)), Money(BTC, Decimal(10))]
        able = capabilities(chosen.oco_remainder)
        venue = Edge(self.heard.append, rules(chosen.fee_currency), wallet, able, self.choices)
        venue.begin_market()
        venue.begin_terms(chosen)
        venue.begin_looks()
        venue.subscribe(SYMBOL, T0)
        self.venue = venue
        moved = MarketMoved(symbol=SYMBOL, at=T0, bid=100.0, ask=100.0, last=100.0)
        venue.market_moved(moved, T0)

    def submit(
        self, fate: SubmitFate = SubmitFate.ARRIVES, sign_by: int | None = None, **more: object
    ) -> list[Event]:
        """Send a sale that rests; return what is heard of it at once."""
        given = {"type": OrderType.LIMIT, "price": Decimal(120)} | more
        request = OrderRequest(
            client_order_id=ORDER,
            position_id=PositionId("p1"),
            symbol=SYMBOL,
            side=Side.SELL,
            purpose=Purpose.CLOSE,
            quantity=Decimal(1),
            **given,  # type: ignore[arg-type]  # fields by name
        )
        self.choices.give(Kind.REQUEST, fate)
        order = SubmitOrder(
            request=request,
            priority=Priority.EXIT,
            sign_by=None if sign_by is None else Timestamp(sign_by),
            window_ms=Milliseconds(3_000),
        )
        return self._after(lambda: self.venue.submit(order, T0))

    def look_up(self, at: int, fate: LookUpFate = LookUpFate.ANSWERED) -> Event:
        """Look the order up; return the answer."""
        self.choices.give(Kind.REQUEST, fate)
        question = LookUpOrder(
            client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL, wants_time=True
        )
        (answer,) = self._after(lambda: self.venue.look_up(question, Timestamp(at)))
        return answer

    def pass_time(self, to: int) -> list[Event]:
        return self._after(lambda: self.venue.way.let_in_due(Timestamp(to)))

    def _after(self, act: object) -> list[Event]:
        count = len(self.heard)
        act()  # type: ignore[operator]  # called without arguments
        return self.heard[count:]


def test_the_clock_is_told_a_little_wrong_and_within_the_error_that_is_told() -> None:
    (timing,) = [one for one in Scene().heard if isinstance(one, RequestTimingMeasured)]
    assert 0 < abs(timing.offset_ms - SKEW_MS) <= timing.error_ms
    assert timing.terms == TERMS


def test_what_comes_after_its_window_is_refused_for_its_time() -> None:
    scene = Scene()
    assert scene.submit(SubmitFate.LATE) == []
    (answer,) = scene.pass_time(T0 + 4_000)
    assert isinstance(answer, SubmitFailed)
    assert answer.kind is FailureKind.RETRYABLE
    assert answer.was_late
    assert answer.signed_at == T0 + SKEW_MS + CLOCK_ERROR_MS
    assert ORDER not in scene.venue.book.orders


def test_what_passed_the_check_reaches_the_engine_up_to_the_settle_time_later() -> None:
    scene = Scene()
    assert scene.submit(SubmitFate.HELD_BEHIND_THE_DOOR) == []
    assert TERMS.settle_ms is not None
    last = T0 + CLOCK_ERROR_MS + 3_000 + TERMS.settle_ms
    assert scene.pass_time(last - 2) == []
    (answer,) = scene.pass_time(last)
    assert isinstance(answer, OrderReported)
    assert answer.facts.status is OrderStatus.OPEN


@pytest.mark.parametrize("late_by_ms", [0, 1])
def test_a_request_is_not_signed_past_its_largest_timestamp(late_by_ms: int) -> None:
    scene = Scene()
    stamp = T0 + SKEW_MS + CLOCK_ERROR_MS
    (answer,) = scene.submit(sign_by=stamp - late_by_ms)
    assert isinstance(answer, SubmitFailed if late_by_ms else OrderReported)
    assert (ORDER in scene.venue.signed_at) is not bool(late_by_ms)


def test_a_cached_look_up_says_how_it_was_and_shows_the_venue_s_time() -> None:
    scene = Scene()
    scene.submit()
    young = scene.look_up(T0 + TERMS.read_lag_ms - 1, LookUpFate.CACHED)
    assert young == OrderNotFound(
        client_order_id=ORDER, venue_time=Timestamp(T0 + TERMS.read_lag_ms - 1 + SKEW_MS)
    )
    old = scene.look_up(T0 + TERMS.read_lag_ms, LookUpFate.CACHED)
    assert isinstance(old, OrderReported)


def test_a_cached_list_lacks_a_young_order() -> None:
    scene = Scene()
    scene.submit()
    question = FetchOpenOrders(symbol=SYMBOL)
    found = []
    for fate in (EventFate.CACHED, EventFate.ARRIVES):
        scene.choices.give(Kind.EVENT, fate)
        scene.venue.fetch_open_orders(question, Timestamp(T0 + 1_000))
        listed = scene.heard[-1]
        assert isinstance(listed, OpenOrdersReported)
        found.append(len(listed.orders))
    assert found == [0, 1]


def test_an_order_that_ended_without_a_fill_is_forgotten() -> None:
    scene = Scene()
    scene.submit()
    canceled = CancelAtVenue(
        client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL, priority=Priority.EXIT
    )
    scene.venue.cancel(canceled, T0)
    assert isinstance(scene.look_up(T0 + FORGETS_MS), OrderReported)
    assert isinstance(scene.look_up(T0 + FORGETS_MS + 1), OrderNotFound)


@pytest.mark.parametrize(("kind", "locked"), [(0, Decimal(1)), (1, Decimal(0))])
def test_a_stop_locks_its_coins_by_the_kind_of_the_venue(kind: int, locked: Decimal) -> None:
    scene = Scene(kind)
    scene.submit(type=OrderType.STOP, price=None, trigger_price=Decimal(90))
    assert scene.venue.book.balances[BTC].locked == locked


def test_what_waits_at_the_check_of_its_time_is_in_the_engine_soon_after_the_clock_moved() -> None:
    scene = Scene()
    scene.submit(SubmitFate.HELD_AND_UNKNOWN)
    scene.venue.move_clock(20_000, Timestamp(T0 + 100))
    assert TERMS.settle_ms is not None
    last = T0 + 100 + TERMS.settle_ms
    assert scene.pass_time(last - 2) == []
    (answer,) = scene.pass_time(last - 1)
    assert isinstance(answer, OrderReported)


def test_a_clock_that_moves_ahead_and_a_little_back_lets_nothing_in_later() -> None:
    scene = Scene()
    scene.submit(SubmitFate.HELD_AND_UNKNOWN)
    scene.venue.move_clock(20_000, T0)
    scene.venue.move_clock(-4_000, Timestamp(T0 + 100))
    assert TERMS.settle_ms is not None
    assert len(scene.pass_time(T0 + TERMS.settle_ms - 1)) == 1


def test_what_is_only_on_its_way_is_too_late_after_the_clock_moved_ahead() -> None:
    scene = Scene()
    scene.submit(SubmitFate.LATE)
    scene.venue.move_clock(20_000, T0)
    measured, answer = scene.pass_time(T0 + 4_000)
    assert isinstance(measured, RequestTimingMeasured)
    assert isinstance(answer, SubmitFailed)
    assert answer.was_late


def test_a_clock_that_moved_back_lengthens_what_is_under_way_and_refuses_what_is_ahead() -> None:
    scene = Scene()
    scene.submit(SubmitFate.HELD_AND_UNKNOWN)
    scene.venue.move_clock(-4_000, T0)
    assert TERMS.settle_ms is not None
    last = T0 + CLOCK_ERROR_MS + 3_000 + TERMS.settle_ms + 4_000
    assert scene.pass_time(last - 2) == []
    assert len(scene.pass_time(last)) == 1
    other = Scene()
    other.venue.move_clock(-4_000, T0)
    measured, answer = other.submit()
    assert isinstance(measured, RequestTimingMeasured)
    assert isinstance(answer, SubmitFailed)


def test_a_look_shows_the_clock_that_moved_before_its_answer() -> None:
    scene = Scene()
    scene.venue.move_clock(20_000, T0)
    scene.choices.give(Kind.REQUEST, LookUpFate.ANSWERED)
    question = LookUpOrder(
        client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL, wants_time=True
    )
    measured, answer = scene._after(lambda: scene.venue.look_up(question, T0))
    assert isinstance(measured, RequestTimingMeasured)
    assert answer == OrderNotFound(
        client_order_id=ORDER, venue_time=Timestamp(T0 + SKEW_MS + 20_000)
    )
