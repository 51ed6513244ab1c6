"""What happens between a mailbox and a handler, on both dispatchers."""

from typing import Any

import msgspec
import pytest
from pykka import ActorDeadError

from actors.journal.port import JournalError, Record
from messages.addresses import CLOCK, OBSERVERS
from messages.base import Address, Message, Timestamp
from messages.envelope import Envelope, Send, Step, Wake
from messages.observers import MessageSkipped
from tests.actors.runtime.players import (
    COUNTER,
    ERRORS,
    LISTENER,
    WAIT_SECONDS,
    Add,
    Count,
    Counter,
    HowMany,
    Listener,
    Note,
    Observer,
    Poison,
    Stage,
)

OTHER = Address("other")


class Forwarder(Listener):
    """Sends on what it hears."""

    def handle(self, message: Message) -> object:
        self.send(LISTENER, message)
        return super().handle(message)


class Timed(Listener):
    """Sets a timer on start."""

    def on_start(self) -> None:
        self.set_timer("soon", Timestamp(5))


class Stillborn(Listener):
    """Raises on start."""

    def on_start(self) -> None:
        raise SystemExit("not today")


class Sorry(Listener):
    """Says sorry for what it skips; fails at that too when it is asked to."""

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        if str(error) == "GeneratorExit":
            raise RuntimeError("no excuse")
        return (Send(LISTENER, Note(text=f"sorry for {type(message).__name__}")),)


class Unappliable(Counter):
    """Fails to take what it recorded."""

    def apply(self, change: msgspec.Struct) -> None:
        raise RuntimeError(f"no room for {change}")


def with_counter(stage: Stage) -> tuple[Counter, Listener, Observer, list[Record]]:
    records: list[Record] = []
    stage.system.observe(records.append)
    listener = stage.listener()
    observer = stage.play(Observer, OBSERVERS)
    return stage.play(Counter, COUNTER), listener, observer, records


def test_messages_of_one_sender_arrive_in_their_order(stage: Stage) -> None:
    listener = stage.listener()
    texts = [str(number) for number in range(1_000)]
    stage.tell(LISTENER, *(Note(text=text) for text in texts))
    stage.settle()
    assert listener.texts() == texts


def test_a_message_sent_from_a_handler_names_its_sender_and_its_cause(simulated: Stage) -> None:
    delivered: list[Envelope] = []
    simulated.dispatcher.on_delivered = lambda _, delivery: delivered.append(delivery)  # type: ignore[attr-defined]  # the simulated one
    simulated.listener()
    simulated.play(Forwarder, OTHER)
    simulated.tell(OTHER, Note(text="on"))
    simulated.settle()
    first, second = delivered
    assert (first.id, first.cause, first.sender) == ((0, 1), None, "outside")
    assert (second.id, second.cause, second.sender) == ((0, 2), (0, 1), "other")


def test_a_step_is_recorded_applied_and_then_sent(stage: Stage) -> None:
    counter, listener, _, records = with_counter(stage)
    stage.tell(COUNTER, Add(amount=2), Add(amount=3))
    stage.settle()
    assert counter.count == Count(5)
    assert listener.texts() == ["2 at 0", "5 at 0"]
    assert [record.sequence for record in records] == [1, 2]
    assert records[1] == Record(
        sequence=2,
        actor=COUNTER,
        now=Timestamp(0),
        id=(0, 2),
        cause=None,
        sender=Address("outside"),
        message=Add(amount=3),
        changes=(Count(5),),
        outbox=(Send(LISTENER, Note(text="5 at 0")),),
    )
    assert stage.journal.next_sequence == 3


def test_a_recorded_message_travels_under_its_sequence_and_place(simulated: Stage) -> None:
    delivered: list[Any] = []
    simulated.dispatcher.on_delivered = lambda _, delivery: delivered.append(delivery)  # type: ignore[attr-defined]  # the simulated one
    with_counter(simulated)
    simulated.tell(COUNTER, Add(amount=2))
    simulated.settle()
    assert (delivered[1].id, delivered[1].cause) == ((1, 0), (0, 1))


def test_a_step_that_does_nothing_is_not_recorded(stage: Stage) -> None:
    _, _, _, records = with_counter(stage)
    stage.tell(COUNTER, Note(text="not for a counter"))
    stage.settle()
    assert records == []
    assert stage.journal.next_sequence == 1


@pytest.mark.parametrize("error", ERRORS)
def test_a_step_that_raises_is_skipped_told_and_recorded_and_changes_nothing(
    stage: Stage, error: str
) -> None:
    counter, listener, observer, records = with_counter(stage)
    stage.tell(COUNTER, Add(amount=1), Poison(error=error), Add(amount=1))
    stage.settle()
    assert counter.count == Count(2)
    assert listener.texts() == ["1 at 0", f"skipped Poison: {error}", "2 at 0"]
    assert observer.skipped == [
        MessageSkipped(actor=COUNTER, message_type="Poison", error=f"{error}: {error}")
    ]
    skip = records[1]
    assert (skip.changes, skip.error, skip.id) == ((), f"{error}: {error}", (0, 2))
    assert skip.outbox == (Send(LISTENER, Note(text=f"skipped Poison: {error}")),)


@pytest.mark.parametrize("error", ERRORS)
def test_a_handler_that_raises_skips_that_message_and_goes_on(stage: Stage, error: str) -> None:
    listener = stage.listener()
    observer = stage.play(Observer, OBSERVERS)
    stage.tell(LISTENER, Poison(error=error), Note(text="on"))
    stage.settle()
    assert listener.texts() == ["on"]
    assert [skipped.message_type for skipped in observer.skipped] == ["Poison"]
    status = stage.system.status(LISTENER)
    assert status is not None
    assert (status.depth, status.processed, status.skipped) == (0, 2, 1)


def test_an_edge_says_what_it_skipped(stage: Stage) -> None:
    listener = stage.listener()
    stage.play(Sorry, OTHER)
    stage.tell(OTHER, Poison())
    stage.settle()
    assert listener.texts() == ["sorry for Poison"]


def test_a_failure_in_on_skipped_is_told_too(stage: Stage) -> None:
    observer = stage.play(Observer, OBSERVERS)
    stage.play(Sorry, OTHER)
    stage.tell(OTHER, Poison(error="GeneratorExit"))
    stage.settle()
    assert [skipped.message_type for skipped in observer.skipped] == ["on_skipped", "Poison"]


def test_observers_that_raise_on_a_report_do_not_report_that(stage: Stage) -> None:
    stage.play(Sorry, OBSERVERS)
    stage.tell(OBSERVERS, Poison())
    stage.settle()
    assert stage.system.status(OBSERVERS).skipped == 1  # type: ignore[union-attr]  # it lives


def test_ctrl_c_is_the_processs_and_not_the_messages(simulated: Stage) -> None:
    class Interrupted(Listener):
        def handle(self, message: Message) -> object:
            raise KeyboardInterrupt(message)

    simulated.play(Interrupted, OTHER)
    simulated.tell(OTHER, Note(text="x"))
    with pytest.raises(KeyboardInterrupt):
        simulated.settle()


def test_a_journal_that_fails_leaves_the_state_and_sends_nothing(stage: Stage) -> None:
    counter, listener, observer, _ = with_counter(stage)

    def full(record: Record) -> None:
        raise JournalError(f"disk full at {record.sequence}")

    stage.journal.append = full  # type: ignore[method-assign]  # the fault
    stage.tell(COUNTER, Add(amount=1))
    stage.settle()
    assert counter.count == Count(0)
    assert listener.heard == []
    assert {skipped.message_type for skipped in observer.skipped} == {"journal", "Add"}


def test_a_change_that_cannot_be_applied_is_told_and_its_sends_leave(stage: Stage) -> None:
    listener = stage.listener()
    observer = stage.play(Observer, OBSERVERS)
    stage.play(Unappliable, COUNTER)
    stage.tell(COUNTER, Add(amount=1))
    stage.settle()
    assert listener.texts() == ["1 at 0"]
    assert [skipped.message_type for skipped in observer.skipped] == ["apply"]


def test_an_observer_of_records_that_raises_harms_nobody(stage: Stage) -> None:
    counter, listener, observer, _ = with_counter(stage)

    def fail(record: Record) -> None:
        raise RuntimeError(f"blind to {record.sequence}")

    stage.system.observe(fail)
    stage.tell(COUNTER, Add(amount=1))
    stage.settle()
    assert counter.count == Count(1)
    assert listener.texts() == ["1 at 0"]
    assert [skipped.error for skipped in observer.skipped] == ["RuntimeError: blind to 1"]


def test_an_ask_is_answered(stage: Stage) -> None:
    with_counter(stage)
    stage.tell(COUNTER, Add(amount=4))
    assert stage.system.ask(COUNTER, HowMany(), WAIT_SECONDS) == 4
    assert stage.journal.next_sequence == 2


def test_an_asked_step_is_taken_and_is_the_answer(stage: Stage) -> None:
    counter, *_ = with_counter(stage)
    step = stage.system.ask(COUNTER, Add(amount=4), WAIT_SECONDS)
    stage.settle()
    assert isinstance(step, Step)
    assert step.changes == (Count(4),)
    assert counter.count == Count(4)


@pytest.mark.parametrize("error", ERRORS)
def test_an_asker_gets_what_was_raised_and_it_is_told(stage: Stage, error: str) -> None:
    counter, listener, observer, _ = with_counter(stage)
    with pytest.raises(ERRORS[error]):
        stage.system.ask(COUNTER, Poison(error=error), WAIT_SECONDS)
    stage.settle()
    assert counter.count == Count(0)
    assert listener.texts() == [f"skipped Poison: {error}"]
    assert len(observer.skipped) == 1


def test_an_ask_to_nobody_is_refused(stage: Stage) -> None:
    with pytest.raises(ActorDeadError, match="nobody"):
        stage.system.ask(Address("nobody"), HowMany(), WAIT_SECONDS)


def test_a_deadline_in_the_state_wakes_the_actor(stage: Stage) -> None:
    _, listener, _, records = with_counter(stage)
    stage.tell(COUNTER, Add(amount=1, wake_at=Timestamp(50)))
    stage.settle()
    stage.clock.advance_to(Timestamp(70), stage.settle)
    assert listener.texts() == ["1 at 0", "woken at 50"]
    assert (records[-1].message, records[-1].sender) == (Wake(key="count"), CLOCK)


def test_a_deadline_that_is_gone_from_the_state_wakes_nobody(stage: Stage) -> None:
    _, listener, _, _ = with_counter(stage)
    stage.tell(COUNTER, Add(amount=1, wake_at=Timestamp(50)), Add(amount=1))
    stage.settle()
    stage.clock.advance_to(Timestamp(70), stage.settle)
    assert listener.texts() == ["1 at 0", "2 at 0"]


def test_on_start_runs_before_the_first_message(stage: Stage) -> None:
    listener = stage.play(Timed, LISTENER)
    stage.settle()
    stage.clock.advance_to(Timestamp(5), stage.settle)
    assert listener.heard == [Wake(key="soon")]


def test_an_actor_that_raises_on_start_is_told_of_and_stopped(stage: Stage) -> None:
    observer = stage.play(Observer, OBSERVERS)
    stage.play(Stillborn, LISTENER)
    stage.settle()
    assert [skipped.message_type for skipped in observer.skipped] == ["on_start"]
    assert stage.system.status(LISTENER) is None
