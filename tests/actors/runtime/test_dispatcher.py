"""Real threads: nothing lost, nothing run twice at a time, no actor in another's way."""

import sys
import threading

import pytest
from pykka import ActorDeadError, Timeout

from actors.runtime.dispatcher import ProductionDispatcher
from actors.runtime.mailbox import ConflatingQueue
from actors.runtime.system import System
from messages.addresses import OBSERVERS
from messages.base import Address, Message
from tests.actors.runtime.players import (
    LISTENER,
    WAIT_SECONDS,
    Hold,
    Listener,
    Note,
    Observer,
    Stage,
    notes,
    wait_for,
)

OTHER = Address("other")


class Exclusive(Listener):
    """Notices when two threads are in it at a time."""

    def __init__(self, system: System, address: Address) -> None:
        super().__init__(system, address)
        self.lock = threading.Lock()
        self.collisions = 0

    def handle(self, message: Message) -> object:
        if not self.lock.acquire(blocking=False):
            self.collisions += 1
            return None
        try:
            return super().handle(message)
        finally:
            self.lock.release()


class Chain(Listener):
    """Passes on to its partner until the count is down."""

    def handle(self, message: Message) -> object:
        assert isinstance(message, Note)
        if message.text != "0":
            partner = OTHER if self.address == LISTENER else LISTENER
            self.send(partner, Note(text=str(int(message.text) - 1)))
        return super().handle(message)


def shared_actor_of(stage: Stage) -> Listener:
    return stage.listener(OTHER)


def test_nothing_is_lost_or_reordered_between_many_senders(production: Stage) -> None:
    actor = production.play(Exclusive, LISTENER)

    def send(sender: int) -> None:
        for number in range(2_000):
            production.system.tell(LISTENER, Note(text=f"{sender}:{number}"))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    production.settle()
    assert actor.collisions == 0
    for sender in range(4):
        own = [text for text in actor.texts() if text.startswith(f"{sender}:")]
        assert own == [f"{sender}:{number}" for number in range(2_000)]


def test_a_conflating_queue_fed_from_another_thread_ends_with_the_newest(production: Stage) -> None:
    actor = production.listener(pinned=True, queue=ConflatingQueue(lambda _: "quote"))
    production.tell(LISTENER, *notes(*(str(number) for number in range(5_000))))
    production.settle()
    heard = [int(text) for text in actor.texts()]
    assert heard == sorted(heard)
    assert heard[-1] == 4_999


def test_a_busy_actor_does_not_keep_another_from_its_turn(production: Stage) -> None:
    gate = threading.Event()
    busy = production.play(Listener, LISTENER, gate)
    order: list[str] = []

    class Orderly(Listener):
        def handle(self, message: Message) -> object:
            order.append(f"{self.address} after {len(busy.heard)}")
            return super().handle(message)

    production.play(Orderly, OTHER)
    production.tell(LISTENER, Hold(), *notes(*(str(number) for number in range(500))))
    wait_for(busy.at_gate)
    production.tell(OTHER, Note(text="me too"))
    gate.set()
    production.settle()
    assert order == ["other after 64"]
    assert len(busy.heard) == 501


def test_a_pinned_actor_that_blocks_holds_up_nobody(production: Stage) -> None:
    pinned = production.listener(pinned=True)
    production.tell(LISTENER, Hold())
    wait_for(pinned.at_gate)
    shared_actor_of(production)
    assert production.system.ask(OTHER, Note(text="free"), WAIT_SECONDS) == 1
    pinned.gate.set()


def test_waiting_for_idle_includes_pinned_actors(production: Stage) -> None:
    pinned = production.listener(pinned=True)
    production.tell(LISTENER, Hold())
    wait_for(pinned.at_gate)
    assert not production.dispatcher.wait_idle(0)
    pinned.gate.set()
    production.settle()
    assert pinned.heard == [Hold()]


@pytest.mark.parametrize("pinned", [False, True])
def test_idle_means_that_no_message_is_under_way(production: Stage, pinned: bool) -> None:  # noqa: FBT001 - a parameter of the grid
    first = production.play(Chain, LISTENER, pinned=pinned)
    second = production.play(Chain, OTHER)
    for number in range(1, 101):
        production.tell(LISTENER, Note(text="19"))
        production.settle()
        assert len(first.heard) + len(second.heard) == number * 20


def test_an_ask_that_is_not_answered_in_time_raises(production: Stage) -> None:
    pinned = production.listener(pinned=True)
    with pytest.raises(Timeout):
        production.system.ask(LISTENER, Hold(), timeout_seconds=0)
    pinned.gate.set()


def test_a_stop_that_is_not_done_in_time_says_so(production: Stage) -> None:
    pinned = production.listener(pinned=True)
    production.tell(LISTENER, Hold())
    wait_for(pinned.at_gate)
    assert not production.system.stop(LISTENER, timeout_seconds=0)
    pinned.gate.set()
    production.settle()
    assert production.system.status(LISTENER) is None


def test_the_thread_of_a_pinned_actor_ends_with_it(production: Stage) -> None:
    production.listener(pinned=True)
    dispatcher = production.dispatcher
    assert isinstance(dispatcher, ProductionDispatcher)
    thread = dispatcher.lanes[1].thread
    assert production.system.stop(LISTENER, WAIT_SECONDS)
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    assert len(dispatcher.lanes) == 1


def test_asks_that_race_a_stop_are_all_answered_or_refused(production: Stage) -> None:
    for _ in range(50):
        ref = production.listener().actor_ref
        stopper = threading.Thread(target=ref.stop, kwargs={"timeout": WAIT_SECONDS})
        stopper.start()
        for _ in range(20):
            try:
                ref.ask(Note(text="still there"), timeout=WAIT_SECONDS)
            except ActorDeadError:
                break
        stopper.join()


def test_a_hung_pinned_actor_is_replaced_and_its_ref_and_mailbox_stay(production: Stage) -> None:
    observer = production.play(Observer, OBSERVERS)
    old = production.listener(pinned=True)
    production.tell(LISTENER, Hold())
    wait_for(old.at_gate)
    production.tell(LISTENER, Note(text="waits"))
    production.system.restart(LISTENER)
    assert old.actor_ref.ask(Note(text="asked"), timeout=WAIT_SECONDS) == 2
    new = production.system.mailboxes[LISTENER].actor
    assert isinstance(new, Listener)
    assert new.texts() == ["waits", "asked"]
    production.settle()
    assert [(skip.message_type, skip.error) for skip in observer.skipped] == [
        ("Hold", "AbandonedError: hung, and was replaced")
    ]
    old.gate.set()


def test_a_replaced_actor_is_no_longer_heard(production: Stage) -> None:
    other = shared_actor_of(production)
    threads: list[threading.Thread] = []

    class Late(Listener):
        def handle(self, message: Message) -> object:
            threads.append(threading.current_thread())
            super().handle(message)
            self.send(OTHER, Note(text="too late"))
            return None

    old = production.play(Late, LISTENER, pinned=True)
    production.tell(LISTENER, Hold())
    wait_for(old.at_gate)
    production.system.restart(LISTENER)
    old.gate.set()
    threads[0].join(WAIT_SECONDS)
    production.settle()
    assert not threads[0].is_alive()
    assert other.heard == []


def test_only_a_pinned_actor_can_be_restarted(production: Stage) -> None:
    production.listener()
    with pytest.raises(KeyError):
        production.system.restart(LISTENER)


def test_the_switch_interval_is_set_on_purpose_and_given_back() -> None:
    before = sys.getswitchinterval()
    stage = Stage(ProductionDispatcher(switch_interval_seconds=0.001))
    assert sys.getswitchinterval() == pytest.approx(0.001)
    stage.system.shutdown(WAIT_SECONDS)
    assert sys.getswitchinterval() == pytest.approx(before)


def test_a_shutdown_that_runs_out_of_time_says_so() -> None:
    stage = Stage(ProductionDispatcher())
    listener = stage.listener()
    stage.tell(LISTENER, Hold())
    wait_for(listener.at_gate)
    assert not stage.system.shutdown(0)
    listener.gate.set()
    assert stage.dispatcher.shutdown(WAIT_SECONDS)
