"""The gateway to a real exchange: whose thread is whose, and who hears what."""

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from msgspec.structs import replace

from actors.gateway.live import LiveGateway, LivePort
from actors.journal.memory import MemoryJournal
from actors.order_router.order import RoutedOrder
from actors.runtime.actor import Actor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from exchange.live.own_orders import OrderOnRecord
from exchange.port import Event, Sink
from messages.addresses import GATEWAY, MARKET_DATA, OBSERVERS, ORDER_ROUTER
from messages.base import Address, ExchangeOrderId, Message, Milliseconds, Timestamp
from messages.envelope import Envelope
from messages.gateway import WatchSymbols
from messages.market import Quote
from messages.market_data import QuoteReceived
from messages.order_router import RequestTimingMeasured, StreamChanged
from messages.orders import OrderFacts, OrderStatus, OrderType, Side
from tests.exchange.venue import SYMBOL, a_request

A = TypeVar("A", bound=Actor)
PLAN = WatchSymbols(
    held=(SYMBOL,), held_poll_ms=Milliseconds(1_500), others=(), poll_ms=Milliseconds(5_000)
)
QUOTE = QuoteReceived(quote=Quote(symbol=SYMBOL, at=Timestamp(1), bid=1.0, ask=2.0, last=1.5))


class Port:
    """Stands for the connected exchange."""

    def __init__(self, emit: Sink) -> None:
        self.emit = emit
        self.plans: list[WatchSymbols] = []
        self.known: list[OrderOnRecord] = []

    def watch(self, plan: WatchSymbols) -> None:
        self.plans.append(plan)

    def know_orders(self, orders: Iterable[OrderOnRecord], *, is_holding: bool) -> None:
        assert not is_holding
        self.known = list(orders)

    def tells_from_its_thread(self, event: Event) -> None:
        thread = threading.Thread(target=self.emit, args=(event,))
        thread.start()
        thread.join()


class Listener(Actor):
    """Keeps what it hears, and from whom."""

    def __init__(self, system: System, address: Address) -> None:
        super().__init__(system, address)
        self.heard: list[tuple[Message, Address]] = []

    def handle(self, message: Message) -> None:
        envelope = self._lane.in_hand
        assert isinstance(envelope, Envelope)
        self.heard.append((message, envelope.sender))


class Stage:
    """A gateway to such a port, and those who hear."""

    def __init__(self, *orders: RoutedOrder) -> None:
        self.system = System(SimulatedDispatcher(), VirtualClock(), MemoryJournal())
        self.ears = {
            address: self._play(Listener, address)
            for address in (ORDER_ROUTER, MARKET_DATA, OBSERVERS)
        }
        self.system.recovered = {ORDER_ROUTER: orders}
        connect = cast("Callable[[Sink], LivePort]", Port)
        self.suspended_ms = 0
        """By which the system's clock counted on while the actors' did not."""
        system_time = lambda: self.system.clock.now() + self.suspended_ms  # noqa: E731
        gateway = self._play(LiveGateway, GATEWAY, connect, None, system_time)
        self.port = cast("Port", gateway.port)

    def settle(self) -> None:
        self.system.dispatcher.wait_idle(1)

    def _play(self, factory: Callable[..., A], address: Address, *args: object) -> A:
        self.system.spawn(factory, address, *args)
        return cast(A, self.system.mailboxes[address].actor)

    def heard(self, address: Address) -> list[tuple[Message, Address]]:
        return self.ears[address].heard


def test_an_event_of_the_ports_own_thread_reaches_whose_fact_it_is_from_the_gateway() -> None:
    stage = Stage()
    stage.port.tells_from_its_thread(StreamChanged(up=True))
    stage.settle()
    assert stage.heard(ORDER_ROUTER) == [(StreamChanged(up=True), GATEWAY)]
    assert stage.heard(MARKET_DATA) == stage.heard(OBSERVERS) == []


def test_who_watches_hears_of_the_market_too() -> None:
    stage = Stage()
    stage.port.tells_from_its_thread(QUOTE)
    stage.settle()
    assert stage.heard(MARKET_DATA) == stage.heard(OBSERVERS) == [(QUOTE, GATEWAY)]


def test_what_market_data_wants_becomes_the_poll_plan() -> None:
    stage = Stage()
    stage.system.tell(GATEWAY, PLAN)
    stage.settle()
    assert stage.port.plans == [PLAN]


def test_a_fact_of_the_port_that_it_raised_on_is_told_all_the_same() -> None:
    stage = Stage()
    gateway = stage.system.mailboxes[GATEWAY].actor
    assert isinstance(gateway, LiveGateway)
    real = gateway.handle

    def raises_once(message: Message) -> object:
        gateway.handle = real  # type: ignore[method-assign]  # a defect that shows once
        raise ZeroDivisionError(type(message).__name__)

    gateway.handle = raises_once  # type: ignore[method-assign]
    stage.port.tells_from_its_thread(StreamChanged(up=True))
    stage.settle()
    assert stage.heard(ORDER_ROUTER) == [(StreamChanged(up=True), GATEWAY)]


def test_the_venue_s_clock_is_told_against_the_actors_clock_and_not_the_system_s() -> None:
    stage = Stage()
    told: list[RequestTimingMeasured] = []
    for stage.suspended_ms in (0, 3_600_000):
        measured = RequestTimingMeasured(
            offset_ms=40, error_ms=Milliseconds(5), latency_ms=Milliseconds(10)
        )
        stage.port.tells_from_its_thread(measured)
        stage.settle()
        message, _ = stage.heard(ORDER_ROUTER)[-1]
        assert isinstance(message, RequestTimingMeasured)
        told.append(message)
    assert [one.offset_ms for one in told] == [40, 3_600_040]
    assert all(one.error_ms > 5 for one in told)


def test_the_exchange_knows_the_orders_on_record_before_anything_is_asked() -> None:
    request = a_request("h0e1p1x1", Side.SELL, OrderType.MARKET, "1")
    facts = OrderFacts(
        client_order_id=request.client_order_id,
        status=OrderStatus.UNKNOWN,
        exchange_order_id=ExchangeOrderId("7"),
    )
    over = replace(facts, status=OrderStatus.FILLED)
    stage = Stage(
        RoutedOrder(request=request, facts=facts), RoutedOrder(request=request, facts=over)
    )
    known = OrderOnRecord(SYMBOL, request.client_order_id, ExchangeOrderId("7"), is_over=False)
    assert stage.port.known == [known, known._replace(is_over=True)]
