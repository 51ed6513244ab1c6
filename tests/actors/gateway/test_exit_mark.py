"""What the gateway notes in memory that outlives the process, and when."""

from collections.abc import Callable
from typing import cast

from actors.gateway.live import LiveGateway, LivePort
from actors.journal.memory import MemoryJournal
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from exchange.port import Sink
from messages.addresses import GATEWAY, ORDER_ROUTER
from messages.base import Message, Timestamp
from messages.envelope import Envelope
from messages.gateway import ForgetUnrecorded, SubmitOrder
from messages.journal import Persisted
from messages.orders import OrderType, Priority, Side
from tests.exchange.venue import a_request

SEQUENCE = 7


class Journal(MemoryJournal):
    """One whose durable end a test sets."""

    durable = 0


class Port:
    """Stands for the connected exchange."""

    def __init__(self, emit: Sink, noted: list[object]) -> None:
        del emit
        self._noted = noted

    def restored(self) -> None:
        pass  # what that is for is the exchange's

    def submit(self, order: SubmitOrder, now: Timestamp) -> None:
        del now
        self._noted.append(order.request.client_order_id)


class Stage:
    """A gateway, what it notes and what it sends, in order."""

    def __init__(self) -> None:
        self.noted: list[object] = []
        self.journal = Journal()
        self.system = System(SimulatedDispatcher(), VirtualClock(), self.journal)
        connect = cast("Callable[[Sink], LivePort]", lambda emit: Port(emit, self.noted))
        self.system.spawn(LiveGateway, GATEWAY, connect, self)

    def hear(self, message: Message, sequence: int = SEQUENCE) -> None:
        self.system.deliver(GATEWAY, Envelope(message, ORDER_ROUTER, (sequence, 0), None))
        self.system.dispatcher.wait_idle(1)

    # The mark.

    def leaves_unrecorded(self) -> None:
        self.noted.append("unrecorded")

    def all_recorded(self) -> None:
        self.noted.append("all recorded")

    def looked_for(self) -> None:
        self.noted.append("looked for")

    def is_durable(self, sequence: int) -> None:
        self.noted.append(sequence)


def test_before_an_order_leaves_it_notes_how_far_the_journal_is_durable() -> None:
    stage = Stage()
    stage.journal.durable = 9
    request = a_request("h0e1p1x1", Side.SELL, OrderType.MARKET, "1")
    stage.hear(SubmitOrder(request=request, priority=Priority.EXIT))
    assert stage.noted == [9, "h0e1p1x1"]


def test_that_all_was_looked_for_is_noted_once_it_is_durable() -> None:
    stage = Stage()
    stage.hear(ForgetUnrecorded())
    assert stage.noted == []
    stage.journal.durable = SEQUENCE - 1
    stage.hear(Persisted(sequence=SEQUENCE - 1))
    assert "looked for" not in stage.noted
    stage.journal.durable = SEQUENCE
    stage.hear(Persisted(sequence=SEQUENCE))
    assert stage.noted[-1] == "looked for"


def test_where_it_is_durable_already_it_is_noted_at_once() -> None:
    stage = Stage()
    stage.journal.durable = SEQUENCE
    stage.hear(ForgetUnrecorded())
    assert stage.noted == ["looked for"]
