"""The order router as an actor: recorded, woken, recovered, and not killed by one message."""

import msgspec
import pytest
from msgspec.structs import replace

from actors.journal.memory import MemoryJournal
from actors.order_router.actor import OrderRouter
from actors.order_router.order import RoutedOrder, VenueStream
from actors.order_router.order_store import Orders
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import RouterSettings
from messages.addresses import GATEWAY, OBSERVERS, ORDER_ROUTER, position_address
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import Removed, Step, Wake
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.ids import Identity
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    CancelOrder,
    FailureKind,
    OrderReported,
    PlaceOrder,
    ReleaseOrders,
    RequestTimingMeasured,
    ResendOrders,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderStatus
from messages.position import OrdersReleased, OrderUpdated
from messages.reconciler import IdentityChanged
from tests.actors.listener import Listener
from tests.actors.order_router.stage import ORDER, P1, SETTINGS, facts, request

START = Timestamp(1_000_000)
PLACE = PlaceOrder(request=request())
OPEN = OrderReported(facts=facts(OrderStatus.OPEN))
FILLED = OrderReported(facts=facts(OrderStatus.FILLED, "2"))


class Changes(msgspec.Struct):
    """What a record holds of entities."""

    changes: tuple[RoutedOrder | VenueStream | Removed, ...]


class Breaking(OrderRouter):
    """Raises as often as it is told to, as a defect in the core would."""

    times = 0

    def step(self, message: Message, now: Timestamp) -> Step:
        if self.times:
            self.times -= 1
            raise ZeroDivisionError("a defect")
        return super().step(message, now)


class Stage:
    def __init__(self, settings: RouterSettings = SETTINGS, orders: Orders | None = None) -> None:
        self.dispatcher = SimulatedDispatcher()
        self.clock = VirtualClock(START)
        self.journal = MemoryJournal()
        self.system = System(self.dispatcher, self.clock, self.journal)
        self.listeners = {
            address: self.listen(address) for address in (GATEWAY, OBSERVERS, position_address(P1))
        }
        ref = self.system.spawn(Breaking, ORDER_ROUTER, settings, orders)
        router = ref._actor_weakref()
        assert router is not None
        self.router = router
        self.dispatcher.run_until_idle()

    def listen(self, address: Address) -> Listener:
        listener = self.system.spawn(Listener, address)._actor_weakref()
        assert listener is not None
        return listener

    def tell(self, *messages: Message) -> None:
        for message in messages:
            self.system.tell(ORDER_ROUTER, message)
            self.dispatcher.run_until_idle()

    def tell_broken(self, message: Message, times: int = 1) -> None:
        self.router.times = times
        self.tell(message)

    def pass_time(self, milliseconds: int) -> None:
        at = Timestamp(self.clock.now() + milliseconds)
        self.clock.advance_to(at, self.dispatcher.run_until_idle)

    def heard(self, address: Address, kind: type[Message]) -> list[Message]:
        return [m for m in self.listeners[address].heard if isinstance(m, kind)]

    def status(self) -> OrderStatus:
        return self.router.orders.by_id[ORDER].facts.status


def test_a_retry_is_sent_when_its_timer_is_due() -> None:
    stage = Stage()
    stage.tell(PLACE, SubmitFailed(client_order_id=ORDER, kind=FailureKind.RETRYABLE))
    stage.pass_time(SETTINGS.retry_backoff_ms)
    assert len(stage.heard(GATEWAY, SubmitOrder)) == 2


def test_a_forgotten_order_leaves_no_timer() -> None:
    stage = Stage()
    stage.tell(PLACE, OrderReported(facts=facts(OrderStatus.CANCELED)))
    stage.pass_time(SETTINGS.terminal_ttl_ms)
    assert stage.router.orders.by_id == {}
    assert stage.clock.next_deadline() is None


def test_recovered_orders_keep_their_deadlines() -> None:
    before = Stage()
    before.tell(PLACE)
    after = Stage(orders=before.router.orders)
    after.pass_time(60_000)
    assert len(after.heard(GATEWAY, CancelAtVenue)) == 1
    assert after.heard(GATEWAY, SubmitOrder) == []


def test_the_orders_can_be_rebuilt_from_the_records() -> None:
    stage = Stage()
    stage.tell(PLACE, StreamChanged(up=False), FILLED)
    rebuilt = Orders()
    for encoded in stage.journal.encoded:
        for change in msgspec.msgpack.decode(encoded, type=Changes).changes:
            rebuilt.apply(change)
    assert rebuilt.by_id == stage.router.orders.by_id
    assert rebuilt.venue == stage.router.orders.venue


def test_a_skipped_wish_to_place_is_refused_and_nothing_goes_out() -> None:
    stage = Stage()
    stage.tell_broken(PLACE)
    told = stage.heard(position_address(P1), OrderUpdated)
    assert isinstance(told[0], OrderUpdated)
    assert told[0].facts.status is OrderStatus.REJECTED
    assert "a defect" in told[0].facts.text
    assert stage.heard(GATEWAY, SubmitOrder) == []


def test_a_second_wish_that_is_skipped_is_answered_with_what_is_known() -> None:
    stage = Stage()
    stage.tell(PLACE, OPEN)
    stage.tell_broken(PLACE)
    assert stage.heard(position_address(P1), OrderUpdated)[-1] == OrderUpdated(facts=OPEN.facts)


def test_a_skipped_report_is_heard_once_more_and_needs_no_venue_for_it() -> None:
    stage = Stage()
    stage.tell(PLACE, OPEN)
    stage.tell_broken(FILLED)
    assert stage.status() is OrderStatus.FILLED
    assert stage.heard(GATEWAY, LookUpOrder) == []


def test_a_skipped_answer_about_nobodys_order_is_asked_of_nobody() -> None:
    stage = Stage()
    stage.tell_broken(SubmitFailed(client_order_id=ORDER, kind=FailureKind.UNKNOWN))
    assert stage.heard(GATEWAY, LookUpOrder) == []


def test_a_skipped_answer_is_heard_once_more_and_not_waited_for() -> None:
    stage = Stage()
    stage.tell(PLACE)
    refusal = SubmitFailed(client_order_id=ORDER, kind=FailureKind.REJECTED)
    stage.tell_broken(refusal)
    assert stage.status() is OrderStatus.REJECTED


@pytest.mark.parametrize(
    ("command", "effect", "hearer"),
    [
        (CancelOrder(client_order_id=ORDER), CancelAtVenue, GATEWAY),
        (StreamChanged(up=True), LookUpOrder, GATEWAY),
        (ReleaseOrders(position_id=P1), OrdersReleased, position_address(P1)),
        (ResendOrders(position_id=P1), OrderUpdated, position_address(P1)),
    ],
)
def test_a_skipped_command_is_heard_once_more(
    command: Message, effect: type[Message], hearer: Address
) -> None:
    stage = Stage()
    stage.tell(PLACE, OPEN)
    before = len(stage.heard(hearer, effect))
    stage.tell_broken(command)
    assert len(stage.heard(hearer, effect)) == before + 1


MEASURED = RequestTimingMeasured(
    offset_ms=20_000, error_ms=Milliseconds(2), latency_ms=Milliseconds(4)
)
EARLIER, LATER = Identity(account="7", epochs=("e1",)), Identity(account="7", epochs=("e1", "e2"))


def test_a_skipped_measurement_of_the_clock_is_heard_once_more() -> None:
    stage = Stage()
    stage.tell_broken(MEASURED)
    assert stage.router.orders.timing.offset_ms == 20_000


def test_skipped_news_of_our_ids_is_heard_once_more() -> None:
    stage = Stage()
    stage.tell_broken(IdentityChanged(identity=LATER))
    assert stage.router.orders.identity == LATER


@pytest.mark.parametrize(
    ("skipped", "newer"),
    [
        (MEASURED, replace(MEASURED, offset_ms=5)),
        (IdentityChanged(identity=EARLIER), IdentityChanged(identity=LATER)),
    ],
)
def test_what_was_skipped_does_not_undo_what_was_said_after_it(
    skipped: Message, newer: Message
) -> None:
    stage = Stage()
    stage.router.times = 1
    stage.system.tell(ORDER_ROUTER, skipped)
    stage.tell(newer)
    told = stage.router.orders
    if isinstance(newer, RequestTimingMeasured):
        assert told.timing.offset_ms == newer.offset_ms
    else:
        assert told.identity == LATER


def test_what_is_skipped_twice_is_alarmed_and_not_asked_for_for_ever() -> None:
    stage = Stage()
    stage.tell(PLACE, OPEN)
    stage.tell_broken(CancelOrder(client_order_id=ORDER), times=2)
    alarms = stage.heard(OBSERVERS, Alarm)
    assert [a.kind for a in alarms if isinstance(a, Alarm)] == [AlarmKind.STEP_SKIPPED]
    assert stage.heard(GATEWAY, CancelAtVenue) == []
    stage.tell(CancelOrder(client_order_id=ORDER))
    assert len(stage.heard(GATEWAY, CancelAtVenue)) == 1


def test_a_skipped_wake_comes_again() -> None:
    stage = Stage()
    stage.tell(PLACE)
    stage.tell_broken(Wake(key=ORDER))
    stage.router.times = 1
    stage.pass_time(60_000)
    assert stage.status() is OrderStatus.UNKNOWN


def test_a_skipped_wake_of_a_forgotten_order_sets_no_timer() -> None:
    stage = Stage()
    stage.tell_broken(Wake(key=ORDER))
    assert stage.clock.next_deadline() is None
