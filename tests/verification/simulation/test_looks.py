"""Each part of a venue's whole look lags on its own; its cancel may lie; the stream's gaps show."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from exchange.port import Event
from messages.base import ClientOrderId, Milliseconds, PositionId, Timestamp
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.order_router import (
    CancelFailed,
    FailureKind,
    LookPart,
    OrderNotFound,
    OrderReported,
    WholeLook,
)
from messages.orders import OrderRequest, OrderStatus, OrderType, Priority, Purpose, Side
from tests.verification.simulation import test_deadlines
from verification.simulation.choices import Kind
from verification.simulation.deadlines import CLOCK_ERROR_MS, SKEW_MS
from verification.simulation.faults import EventFate, LookUpFate, SubmitFate
from verification.simulation.plans import SYMBOL, TERMS
from verification.simulation.venue import Edge

T0 = Timestamp(1_000_000)
ORDER, OTHER = ClientOrderId("order1"), ClientOrderId("order2")
ALL = frozenset(LookPart) - {LookPart.CANCEL}
SETTLE_MS = TERMS.settle_ms or 0


class Scene(test_deadlines.Scene):
    """One venue with coins, an order that is looked for, and what the venue said."""

    def place(
        self,
        *event_fates: EventFate,
        order_id: ClientOrderId = ORDER,
        fate: SubmitFate = SubmitFate.ARRIVES,
        at: int = T0,
        **more: object,
    ) -> None:
        """Send a sale that rests, unless it is told otherwise."""
        given = {"type": OrderType.LIMIT, "price": Decimal(120), "quantity": Decimal(1)} | more
        request = OrderRequest(
            client_order_id=order_id,
            position_id=PositionId("p1"),
            symbol=SYMBOL,
            side=Side.SELL,
            purpose=Purpose.CLOSE,
            **given,  # type: ignore[arg-type]  # fields by name
        )
        self.choices.give(Kind.REQUEST, fate)
        for one in event_fates:
            self.choices.give(Kind.EVENT, one)
        order = SubmitOrder(request=request, priority=Priority.EXIT, window_ms=Milliseconds(3_000))
        self.venue.submit(order, Timestamp(at))

    def look(self, at: int, fate: LookUpFate = LookUpFate.CACHED) -> Event:
        """Look for the order; return the answer."""
        self.choices.give(Kind.REQUEST, fate)
        question = LookUpOrder(
            client_order_id=ORDER,
            exchange_order_id=None,
            symbol=SYMBOL,
            wants_time=True,
            whole_after=Timestamp(T0 + SKEW_MS),
        )
        self.venue.look_up(question, Timestamp(at))
        return self.heard[-1]

    def whole_look(self, at: int) -> WholeLook:
        answer = self.look(at)
        assert isinstance(answer, OrderNotFound), answer
        assert answer.look is not None
        return answer.look


def test_a_look_before_the_time_that_it_is_wanted_for_is_at_the_id_alone() -> None:
    scene = Scene()
    scene.place(EventFate.LOST)
    answer = scene.look(T0)
    assert isinstance(answer, OrderNotFound)
    assert answer.look is None


@pytest.mark.parametrize("fresh", sorted(ALL - {LookPart.BALANCE, LookPart.FILLS}))
def test_an_order_that_its_id_does_not_find_is_found_by_a_part_that_is_not_stale(
    fresh: LookPart,
) -> None:
    scene = Scene()
    scene.place(EventFate.LOST)
    scene.venue.cached |= ALL - {fresh}
    answer = scene.look(T0 + 1_000)
    assert isinstance(answer, OrderReported)
    assert answer.facts.status is OrderStatus.OPEN


def test_a_fill_that_the_list_of_fills_shows_is_the_order_s() -> None:
    scene = Scene()
    scene.place(EventFate.LOST, type=OrderType.MARKET, price=None)
    scene.venue.cached |= ALL - {LookPart.FILLS}
    answer = scene.look(T0 + 1_000)
    assert isinstance(answer, OrderReported)
    assert answer.facts.filled == 1


def test_with_all_parts_stale_the_cancel_finds_what_works_in_the_engine() -> None:
    scene = Scene()
    scene.place(EventFate.LOST)
    scene.venue.cached |= ALL
    answer = scene.look(T0 + 1_000)
    assert isinstance(answer, OrderReported)
    assert answer.facts.status is OrderStatus.CANCELED


def test_the_cancel_may_find_nothing_though_the_order_works_and_all_looks_as_before() -> None:
    scene = Scene()
    scene.place(EventFate.LOST)
    scene.venue.cached |= ALL
    scene.venue.denies_cancels = True
    looks = [scene.whole_look(T0 + 1_000), scene.whole_look(T0 + 1_500)]
    assert looks[0] == looks[1]
    assert (looks[0].total, looks[0].free, looks[0].missing) == (Decimal(10), Decimal(10), ())
    assert not scene.venue.book.orders[ORDER].facts.is_terminal


def test_an_order_that_filled_is_in_no_part_while_all_are_stale() -> None:
    scene = Scene()
    scene.place(EventFate.LOST, type=OrderType.MARKET, price=None)
    scene.venue.cached |= ALL
    assert scene.whole_look(T0 + 1_000).fills == ()
    assert isinstance(scene.look(T0 + 1_000 + TERMS.read_lag_ms), OrderReported)


def test_a_submit_may_arrive_after_the_engine_answered_the_cancel_that_came_later() -> None:
    scene = Scene()
    scene.place(fate=SubmitFate.HELD_AND_UNKNOWN)
    cancel = CancelAtVenue(
        client_order_id=ORDER, exchange_order_id=None, symbol=SYMBOL, priority=Priority.EXIT
    )
    scene.venue.cancel(cancel, Timestamp(T0 + 4_000))
    refused = scene.heard[-1]
    assert isinstance(refused, CancelFailed)
    assert refused.kind is FailureKind.REJECTED
    scene.venue.way.let_in_due(Timestamp(T0 + CLOCK_ERROR_MS + 3_000 + SETTLE_MS))
    assert ORDER in scene.venue.book.orders


@pytest.mark.parametrize(
    ("fate", "has_gap"),
    [
        (EventFate.ARRIVES, False),
        (EventFate.TWICE, False),
        (EventFate.SOON, False),
        (EventFate.LATE, True),
        (EventFate.LOST, True),
        (EventFate.CACHED, True),
    ],
)
def test_an_event_that_is_lost_or_too_late_leaves_a_gap(fate: EventFate, *, has_gap: bool) -> None:
    scene = Scene()
    scene.place(fate)
    before, after = scene.venue._signed_on[ORDER], scene.venue.stream
    assert (before != after) is has_gap


def test_what_comes_soon_comes_within_the_stream_s_lag() -> None:
    scene = Scene()
    scene.place(EventFate.SOON)
    assert ORDER not in scene.venue.heard
    scene.venue.way.let_in_due(Timestamp(T0 + scene.venue.stream_lag_ms))
    assert ORDER in scene.venue.heard
    assert isinstance(scene.look(T0 + 2_000), OrderReported)


@pytest.mark.parametrize("act", [Edge.lose_events, lambda venue: venue.hang_up(T0)])
def test_a_gap_and_a_process_that_died_show(act: Callable[[Edge], None]) -> None:
    scene = Scene()
    scene.place(fate=SubmitFate.NEVER_ARRIVED)
    act(scene.venue)
    scene.venue.connect(scene.heard.append, T0)
    look = scene.whole_look(T0 + 1_000)
    assert look.stream != look.signed_on


@pytest.mark.parametrize(("kind", "free"), [(0, Decimal(9)), (1, Decimal(10))])
def test_the_balance_shows_a_stop_where_stops_lock_their_coins(kind: int, free: Decimal) -> None:
    scene = Scene(kind)
    scene.place(EventFate.LOST, at=T0, type=OrderType.STOP, price=None, trigger_price=Decimal(90))
    scene.venue.cached |= {LookPart.OPEN_ORDERS}
    scene.venue.denies_cancels = True
    look = scene.whole_look(T0 + 1_000)
    assert (look.free, look.total_before, look.free_before) == (free, Decimal(10), Decimal(10))
    assert look.unexplained == Decimal(10) - free


def test_a_balance_that_changed_of_late_is_certain_of_nothing_before_a_signing() -> None:
    scene = Scene()
    scene.place(order_id=OTHER)
    scene.place(at=T0 + TERMS.read_lag_ms, fate=SubmitFate.NEVER_ARRIVED)
    look = scene.whole_look(T0 + TERMS.read_lag_ms + 1_000)
    assert look.total_before is None
    assert look.open_orders == (OTHER,)
    assert look.unexplained == 0
