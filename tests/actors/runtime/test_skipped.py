"""What actors do by themselves about a message that they raised on."""

from actors.runtime.actor import WAKE_AGAIN_MS
from messages.addresses import OBSERVERS
from messages.base import Address, Message, Timestamp
from messages.envelope import Send, Step
from messages.observers import AlarmKind
from tests.actors.runtime.players import (
    COUNTER,
    LISTENER,
    Add,
    Count,
    Counter,
    Listener,
    Note,
    Observer,
    Stage,
)


class Fragile:
    """Raises so many times."""

    times = 0

    def raise_so_often(self) -> None:
        if self.times:
            self.times -= 1
            raise ZeroDivisionError("a defect")


class FragileListener(Fragile, Listener):
    """An edge that tries again."""

    def handle(self, message: Message) -> object:
        self.raise_so_often()
        return super().handle(message)

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        return super().on_skipped(message, error) or self.try_again(message)


class FragileCounter(Fragile, Counter):
    """A recorded actor that hears once more."""

    def step(self, message: Message, now: Timestamp) -> Step:
        self.raise_so_often()
        return super().step(message, now)

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        return self.once_more(message, error)


class TimedListener(Fragile, Listener):
    """Sets a timer, and leaves what it skipped to the runtime."""

    def on_start(self) -> None:
        self.set_timer("soon", Timestamp(5))

    def handle(self, message: Message) -> object:
        self.raise_so_often()
        return super().handle(message)


def a_fragile_listener(stage: Stage, times: int) -> tuple[FragileListener, Observer]:
    listener = stage.play(FragileListener, LISTENER)
    listener.times = times
    return listener, stage.play(Observer, OBSERVERS)


def a_fragile_counter(stage: Stage, times: int) -> tuple[FragileCounter, Observer]:
    stage.listener()
    counter = stage.play(FragileCounter, COUNTER)
    counter.times = times
    return counter, stage.play(Observer, OBSERVERS)


def test_what_is_tried_again_keeps_its_place(stage: Stage) -> None:
    listener, observer = a_fragile_listener(stage, 1)
    stage.tell(LISTENER, Note(text="first"), Note(text="second"))
    stage.settle()
    assert listener.texts() == ["first", "second"]
    assert len(observer.skipped) == 1
    assert observer.alarms == []


def test_what_can_not_be_taken_twice_is_alarmed_and_left(stage: Stage) -> None:
    listener, observer = a_fragile_listener(stage, 2)
    stage.tell(LISTENER, Note(text="first"), Note(text="second"))
    stage.settle()
    assert listener.texts() == ["second"]
    assert [alarm.kind for alarm in observer.alarms] == [AlarmKind.STEP_SKIPPED]


def test_a_recorded_actor_hears_it_once_more_under_a_record_of_its_own(stage: Stage) -> None:
    counter, observer = a_fragile_counter(stage, 1)
    stage.tell(COUNTER, Add(amount=2))
    stage.settle()
    assert counter.count == Count(2)
    assert observer.alarms == []
    assert stage.journal.next_sequence == 3, "the skip, and then the step"


def test_a_recorded_actor_that_raises_each_time_is_alarmed_and_not_busy_for_ever(
    stage: Stage,
) -> None:
    counter, observer = a_fragile_counter(stage, 9)
    stage.tell(COUNTER, Add(amount=2))
    stage.settle()
    assert counter.times == 7
    assert [alarm.kind for alarm in observer.alarms] == [AlarmKind.STEP_SKIPPED]


def test_a_deadline_that_it_raised_on_comes_again(simulated: Stage) -> None:
    listener = simulated.play(TimedListener, LISTENER)
    simulated.settle()
    listener.times = 2
    simulated.clock.advance_to(Timestamp(5 + 2 * WAKE_AGAIN_MS), simulated.settle)
    assert len(listener.heard) == 1
    assert simulated.clock.next_deadline() is None


def test_a_message_to_itself_is_heard_for_the_last_time(simulated: Stage) -> None:
    """The sender tells a second hearing from the first."""
    counter, observer = a_fragile_counter(simulated, 1)
    envelope = simulated.system.envelope(Add(amount=2), Address(COUNTER))
    simulated.system.deliver(COUNTER, envelope)
    simulated.settle()
    assert counter.count == Count(0)
    assert len(observer.alarms) == 1
