"""The directory, dead letters, and what waits at the end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pykka import ActorDeadError, ActorRegistry

from actors.runtime.dead_letters import DeadLetter
from actors.runtime.simulated import SimulatedDispatcher
from messages.addresses import CLOCK
from messages.base import Address, Message, Timestamp
from messages.envelope import Wake
from tests.actors.runtime.players import (
    COUNTER,
    LISTENER,
    WAIT_SECONDS,
    Counter,
    Hold,
    Listener,
    Note,
    Stage,
    notes,
    wait_for,
)

OUTSIDE = Address("outside")


class Broken(Listener):
    """Can't be made."""

    def __init__(self, *_args: object) -> None:
        raise OSError("no such device")


def test_an_address_is_taken_once(stage: Stage) -> None:
    stage.listener()
    with pytest.raises(ValueError, match="lives at listener already"):
        stage.listener()
    assert len(ActorRegistry.get_all()) == 1


def test_an_address_is_free_again_after_a_stop(stage: Stage) -> None:
    stage.listener()
    assert stage.system.stop(LISTENER, WAIT_SECONDS)
    again = stage.listener()
    stage.tell(LISTENER, Note(text="hello"))
    stage.settle()
    assert again.texts() == ["hello"]


def test_an_actor_that_can_not_be_made_leaves_no_trace(stage: Stage) -> None:
    with pytest.raises(OSError, match="no such device"):
        stage.play(Broken, LISTENER)
    assert stage.system.mailboxes == {}
    assert stage.listener().texts() == []


def test_a_recorded_actor_can_not_be_pinned(stage: Stage) -> None:
    with pytest.raises(ValueError, match="counter is recorded"):
        stage.play(Counter, COUNTER, pinned=True)


def test_a_message_to_nobody_is_a_dead_letter(stage: Stage) -> None:
    seen: list[DeadLetter] = []
    stage.system.dead_letters.observe(seen.append)
    stage.tell(LISTENER, Note(text="anybody"))
    letter = DeadLetter(LISTENER, Note(text="anybody"), OUTSIDE)
    assert seen == [letter]
    assert stage.system.dead_letters.last == (letter,)
    assert stage.system.dead_letters.count == 1


def test_only_the_last_dead_letters_are_kept(stage: Stage) -> None:
    stage.tell(LISTENER, *notes(*(str(number) for number in range(150))))
    letters = stage.system.dead_letters
    assert letters.count == 150
    assert len(letters.last) == 100
    assert letters.last[-1].message == Note(text="149")


def test_a_timer_that_outlives_its_actor_is_no_dead_letter(stage: Stage) -> None:
    stage.clock.set_timer(LISTENER, "late", Timestamp(1))
    stage.clock.advance_to(Timestamp(2), stage.settle)
    stage.system.tell(LISTENER, Wake(key="late"), CLOCK)
    assert stage.system.dead_letters.count == 0


def test_a_stop_overtakes_the_backlog_which_becomes_dead_letters(stage: Stage) -> None:
    listener = stage.listener()
    stage.tell(LISTENER, Hold())
    ref = listener.actor_ref
    if not isinstance(stage.dispatcher, SimulatedDispatcher):
        wait_for(listener.at_gate)
    else:
        listener.gate.set()
        stage.dispatcher.step()
    stage.tell(LISTENER, *notes("one", "two"))
    asked = ref.ask(Note(text="three"), block=False)
    stage.system.stop(LISTENER)
    listener.gate.set()
    stage.settle()
    assert listener.texts() == []
    assert [letter.message for letter in stage.system.dead_letters.last] == notes("one", "two")
    with pytest.raises(ActorDeadError):
        asked.get(timeout=WAIT_SECONDS)


def test_a_message_put_into_a_closed_mailbox_is_a_dead_letter(stage: Stage) -> None:
    stage.listener()
    mailbox = stage.system.mailboxes[LISTENER]
    stage.system.stop(LISTENER, WAIT_SECONDS)
    mailbox.push(stage.system.envelope(Note(text="raced the stop")))
    assert stage.system.dead_letters.count == 1
    assert mailbox.empty()


def test_stopping_nobody_is_done_at_once(stage: Stage) -> None:
    assert stage.system.stop(LISTENER)
    assert stage.system.stop(LISTENER, WAIT_SECONDS)


def test_the_status_of_nobody_is_none(stage: Stage) -> None:
    assert stage.system.status(LISTENER) is None


def test_a_shutdown_lets_what_waits_be_handled_and_stops_the_last_first(stage: Stage) -> None:
    stopped: list[Address] = []

    class Stopping(Listener):
        def on_stop(self) -> None:
            stopped.append(self.address)

    first = stage.play(Stopping, Address("first"))
    stage.play(Stopping, Address("second"))
    stage.tell(Address("first"), *notes("one", "two"))
    assert stage.system.shutdown(WAIT_SECONDS)
    assert first.texts() == ["one", "two"]
    assert stopped == ["second", "first"]
    assert ActorRegistry.get_all() == []


class Relay(Listener):
    """Passes a number on to the next of three, one less each time."""

    def handle(self, message: Message) -> object:
        assert isinstance(message, Note)
        left = int(message.text)
        if left:
            self.send(Address(f"relay/{(left * 7) % 3}"), Note(text=str(left - 1)))
        return super().handle(message)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 5), max_size=40))
def test_whatever_the_schedule_every_message_is_handled_once(schedule: list[int]) -> None:
    stage = Stage(SimulatedDispatcher(schedule))
    relays = [stage.play(Relay, Address(f"relay/{number}")) for number in range(3)]
    for relay in relays:
        stage.tell(relay.address, Note(text="5"))
    stage.settle()
    assert sum(len(relay.heard) for relay in relays) == 18
    stage.system.shutdown(0)
