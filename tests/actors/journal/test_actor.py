"""Nothing leaves before it is durable; one commit is for all; a failing disk is told and heals."""

import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest

from actors.gateway.actor import Gateway
from actors.journal.actor import JournalActor
from actors.journal.files import DISK, Files
from actors.journal.hash_chain import Batch
from actors.journal.inspection import find
from actors.journal.segment import SegmentWriter, read_segment, segment_numbers
from actors.journal.store import FileJournal, JournalLimits
from actors.runtime.actor import CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.simulated import SimulatedDispatcher
from actors.runtime.system import System
from config.settings import JournalFailure, JournalSettings
from exchange.port import Sink
from messages.addresses import GATEWAY, GUARDIAN, JOURNAL, OBSERVERS, ORDER_ROUTER, PORTFOLIO
from messages.base import Address, ClientOrderId, Message, Milliseconds, Timestamp
from messages.envelope import Send, Step, Wake
from messages.gateway import CancelAtVenue, LookUpOrder, SubmitOrder
from messages.guardian import JournalFailed, JournalHealed
from messages.order_router import CancelOrder, FailureKind, PlaceOrder, ReleaseOrders, SubmitFailed
from messages.orders import Priority, Purpose
from tests.actors.journal.history import LIMITS, NOW, journal_in, records
from tests.actors.listener import Listener

SETTINGS = JournalSettings(
    linger_ms=Milliseconds(5),
    failure=JournalFailure.EXIT_UNJOURNALED,
    exit_after_ms=Milliseconds(1_000),
)


class Router(CoreActor):
    """Asks the venue for whatever it is told to, as its core would."""

    def __init__(self, system: System, address: Address) -> None:
        super().__init__(system, address)
        self.heard: list[Message] = []

    def step(self, message: Message, now: Timestamp) -> Step:  # noqa: ARG002 - the shell's
        self.heard.append(message)
        match message:
            case PlaceOrder(request=request):
                entry = request.purpose is Purpose.ENTRY
                priority = Priority.ENTRY if entry else Priority.EXIT
                submit = SubmitOrder(request=request, priority=priority, is_traceable=True)
                return Step(outbox=(Send(GATEWAY, submit),))
            case CancelOrder(client_order_id=order_id):
                cancel = CancelAtVenue(
                    client_order_id=order_id,
                    exchange_order_id=None,
                    symbol=ORDER.symbol,
                    priority=Priority.EXIT,
                )
                return Step(outbox=(Send(GATEWAY, cancel),))
            case ReleaseOrders():
                return Step(outbox=(Send(PORTFOLIO, message),))
            case _:
                return Step()


class Venue:
    """Notes what left, and what was durable when it did."""

    def __init__(self, journal: FileJournal) -> None:
        self.journal = journal
        self.left: list[tuple[str, int]] = []
        self.raises = False

    def connect(self, _emit: Sink) -> "Venue":
        return self

    def submit(self, order: SubmitOrder, _now: Timestamp) -> None:
        if self.raises:
            raise ConnectionError("gone")
        self.left.append((order.request.client_order_id, self.journal.durable))

    def cancel(self, order: CancelAtVenue, _now: Timestamp) -> None:
        self.left.append((f"cancel {order.client_order_id}", self.journal.durable))

    def look_up(self, order: LookUpOrder, _now: Timestamp) -> None:
        self.left.append((f"look up {order.client_order_id}", self.journal.durable))


ORDER = next(
    record.message.request for record in records() if isinstance(record.message, PlaceOrder)
)


def place(number: int, purpose: Purpose = Purpose.ENTRY) -> PlaceOrder:
    order_id = ClientOrderId(f"he1p{number}b1")
    return PlaceOrder(
        request=msgspec.structs.replace(ORDER, client_order_id=order_id, purpose=purpose)
    )


class Stage:
    """A router, a gateway and a journal on disk; the clock stands still."""

    def __init__(
        self,
        folder: Path,
        settings: JournalSettings = SETTINGS,
        limits: JournalLimits = LIMITS,
        files: Files = DISK,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.journal, self.lease = journal_in(folder, limits=limits, files=files)
        self.clock = VirtualClock(NOW)
        self.dispatcher = SimulatedDispatcher()
        self.system = System(self.dispatcher, self.clock, self.journal)
        self.venue = Venue(self.journal)
        system = self.system
        system.spawn(JournalActor, JOURNAL, self.journal, settings, seconds)
        system.spawn(Gateway, GATEWAY, self.venue.connect)
        system.spawn(Router, ORDER_ROUTER)
        system.spawn(Listener, GUARDIAN)
        system.spawn(Listener, OBSERVERS)
        self.dispatcher.run_until_idle()

    def tell(self, *some: Message) -> None:
        for message in some:
            self.system.tell(ORDER_ROUTER, message)
        self.dispatcher.run_until_idle()

    def wait(self, ms: int) -> None:
        self.clock.advance_to(Timestamp(self.clock.now() + ms), self.dispatcher.run_until_idle)

    @property
    def told(self) -> list[type[Message]]:
        return [type(message) for message in self.heard_by(GUARDIAN)]

    def heard_by(self, address: Address) -> list[Message]:
        ear = self.system.mailboxes[address].actor
        assert isinstance(ear, Listener)
        return ear.heard

    @property
    def router(self) -> Router:
        router = self.system.mailboxes[ORDER_ROUTER].actor
        assert isinstance(router, Router)
        return router


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


class Disk:
    """Fails every commit while it is full."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.is_full = True
        self.tries = 0
        append = SegmentWriter.append

        def maybe(writer: SegmentWriter, batch: Batch) -> None:
            self.tries += 1
            if self.is_full:
                raise apsw.FullError("database or disk is full")
            append(writer, batch)

        patch.setattr(SegmentWriter, "append", maybe)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_an_order_leaves_when_its_step_is_durable(stage: Stage) -> None:
    stage.tell(place(1))
    assert stage.venue.left == [("he1p1b1", 1)]


def test_one_commit_is_for_all_requests_that_wait(stage: Stage, disk: Disk) -> None:
    disk.is_full = False
    stage.tell(*(place(number) for number in range(1, 6)))
    assert [order_id for order_id, _ in stage.venue.left] == [f"he1p{n}b1" for n in range(1, 6)]
    assert all(durable >= place for place, (_, durable) in enumerate(stage.venue.left, 1))
    assert disk.tries <= 2


def test_a_step_that_nobody_waits_for_lingers_and_is_committed(stage: Stage) -> None:
    release = ReleaseOrders(position_id=ORDER.position_id)
    stage.tell(release)
    assert (stage.journal.durable, stage.journal.pending) == (0, 1)
    stage.wait(SETTINGS.linger_ms)
    assert (stage.journal.durable, stage.journal.pending) == (1, 0)


def test_a_stop_writes_what_is_left(stage: Stage) -> None:
    stage.tell(ReleaseOrders(position_id=ORDER.position_id))
    stage.system.shutdown(1)
    found = find(stage.folder)
    assert found is not None
    assert found.snapshot.sequence == 1


def test_no_entry_leaves_a_disk_that_fails_and_the_guardian_hears(stage: Stage, disk: Disk) -> None:
    stage.tell(place(1))
    assert stage.venue.left == []
    assert stage.told == [JournalFailed]
    stage.wait(SETTINGS.exit_after_ms * 3)
    assert stage.venue.left == []
    assert disk.tries > 3
    assert stage.told == [JournalFailed], "told once"


def test_an_entry_that_could_not_be_persisted_is_given_back(stage: Stage, disk: Disk) -> None:
    stage.tell(place(1))
    assert disk.is_full
    answers = [message for message in stage.router.heard if isinstance(message, SubmitFailed)]
    assert [(one.client_order_id, one.kind) for one in answers] == [
        ("he1p1b1", FailureKind.RETRYABLE)
    ]


def test_exits_leave_unpersisted_after_a_while(stage: Stage, disk: Disk) -> None:
    stage.tell(place(1, Purpose.CLOSE), CancelOrder(client_order_id=ClientOrderId("he1p2x1")))
    assert stage.venue.left == []
    stage.wait(SETTINGS.exit_after_ms - 100)
    assert stage.venue.left == []
    stage.wait(3_000)
    assert stage.venue.left == [("he1p1b1", 0), ("cancel he1p2x1", 0)]
    assert disk.is_full
    stage.tell(place(3, Purpose.CLOSE), place(4))
    assert stage.venue.left[2:] == [("he1p3b1", 0)], "at once now; and no entry with it"


def test_on_hold_nothing_leaves_unpersisted(tmp_path: Path, disk: Disk) -> None:
    settings = msgspec.structs.replace(SETTINGS, failure=JournalFailure.HOLD)
    stage = Stage(tmp_path, settings)
    stage.tell(place(1, Purpose.CLOSE))
    stage.wait(60_000)
    assert stage.venue.left == []
    disk.is_full = False
    stage.wait(3_000)
    assert stage.venue.left == [("he1p1b1", 1)]


def test_it_heals_without_a_restart(stage: Stage, disk: Disk) -> None:
    stage.tell(place(1), place(2, Purpose.CLOSE))
    disk.is_full = False
    stage.wait(1_000)
    assert stage.told == [JournalFailed, JournalHealed]
    assert stage.journal.pending == 0
    assert [order_id for order_id, _ in stage.venue.left] == ["he1p2b1"], "the entry was given back"
    stage.tell(place(3))
    assert stage.venue.left[-1][0] == "he1p3b1"


def test_a_request_that_raises_stops_no_other(stage: Stage) -> None:
    stage.venue.raises = True
    stage.tell(place(1), CancelOrder(client_order_id=ClientOrderId("he1p2x1")))
    assert [what for what, _ in stage.venue.left] == ["cancel he1p2x1"]


def test_a_segment_begins_with_what_is_under_way(tmp_path: Path) -> None:
    stage = Stage(tmp_path, limits=msgspec.structs.replace(LIMITS, segment_bytes=1))
    stage.system.spawn(Router, PORTFOLIO)
    release = ReleaseOrders(position_id=ORDER.position_id)
    stage.system.tell(ORDER_ROUTER, release)
    assert stage.dispatcher.step(), "the router has sent it on"
    stage.system.tell(PORTFOLIO, place(7))  # from an edge: in nobody's outbox
    actor = stage.system.mailboxes[JOURNAL].actor
    assert isinstance(actor, JournalActor)
    actor.handle(Wake(key="linger"))
    assert segment_numbers(tmp_path) == [1, 2]
    with read_segment(tmp_path, 2) as reader:
        under_way = reader.opening.snapshot.undelivered
    assert [(one.to, one.sender, one.id, one.message) for one in under_way] == [
        (PORTFOLIO, ORDER_ROUTER, (1, 0), release)
    ]
