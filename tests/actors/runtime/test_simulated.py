"""The schedule decides between mailboxes, never within one."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime.mailbox import ConflatingQueue
from actors.runtime.simulated import Choose, LivelockError, SimulatedDispatcher
from messages.base import Address, Message
from messages.envelope import Envelope
from tests.actors.runtime.players import LISTENER, Listener, Note, Stage, notes

A, B = Address("a"), Address("b")


class Trace:
    """Notes what was delivered, in order."""

    def __init__(self, schedule: Choose | list[int] | None = None) -> None:
        self.seen: list[str] = []
        self.stage = Stage(SimulatedDispatcher(schedule, on_delivered=self.note))
        self.dispatcher = self.stage.dispatcher
        self.stage.listener(A)
        self.stage.listener(B)
        for to, text in [(A, "1"), (B, "2"), (A, "3"), (B, "4")]:
            self.stage.tell(to, Note(text=text))

    def note(self, address: Address, envelope: Envelope) -> None:
        assert isinstance(envelope.message, Note)
        self.seen.append(f"{address}{envelope.message.text}")

    def run(self) -> list[str]:
        self.stage.settle()
        return self.seen


class Echo(Listener):
    """Sends to itself, for ever."""

    def handle(self, message: Message) -> object:
        self.send(self.address, message)
        return None


@pytest.mark.parametrize("schedule", [None, [], [0, 0], [2, 2, 2, 2]])
def test_without_deviations_the_globally_oldest_message_is_next(schedule: list[int] | None) -> None:
    assert Trace(schedule).run() == ["a1", "b2", "a3", "b4"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ([1], ["b2", "a1", "a3", "b4"]),
        ([1, 1], ["b2", "b4", "a1", "a3"]),
        ([0, 1], ["a1", "a3", "b2", "b4"]),
        ([3, 0, 1], ["b2", "a1", "b4", "a3"]),
    ],
)
def test_a_list_deviates_where_it_says_so(schedule: list[int], expected: list[str]) -> None:
    assert Trace(schedule).run() == expected


def test_a_callable_chooses_among_addresses_with_the_oldest_first() -> None:
    offered: list[Sequence[Address]] = []

    def newest(addresses: Sequence[Address]) -> int:
        offered.append(addresses)
        return len(addresses) - 1

    assert Trace(newest).run() == ["b2", "b4", "a1", "a3"]
    assert offered[0] == [A, B]


def test_a_schedule_can_be_replaced_on_the_way() -> None:
    trace = Trace([1])
    dispatcher = trace.dispatcher
    assert isinstance(dispatcher, SimulatedDispatcher)
    assert dispatcher.step()
    dispatcher.reschedule([1])
    assert trace.run() == ["b2", "b4", "a1", "a3"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), max_size=6))
def test_within_a_mailbox_it_is_always_first_in_first_out(schedule: list[int]) -> None:
    seen = Trace(schedule).run()
    assert [text for text in seen if text[0] == "a"] == ["a1", "a3"]
    assert [text for text in seen if text[0] == "b"] == ["b2", "b4"]


def test_the_same_seed_gives_the_same_history() -> None:
    def history(seed: int) -> list[str]:
        source = random.Random(seed)  # noqa: S311 - a test's schedule
        return Trace(lambda addresses: source.randrange(len(addresses))).run()

    assert history(3) == history(3)
    assert len({tuple(history(seed)) for seed in range(20)}) > 1


def test_step_delivers_one_message_and_says_whether_there_was_one(simulated: Stage) -> None:
    listener = simulated.listener()
    simulated.tell(LISTENER, *notes("one", "two"))
    dispatcher = simulated.dispatcher
    assert isinstance(dispatcher, SimulatedDispatcher)
    assert dispatcher.step()
    assert listener.texts() == ["one"]
    assert dispatcher.run_until_idle() == 1
    assert not dispatcher.step()


def test_what_the_hook_raises_comes_out_of_step() -> None:
    def check(address: Address, _envelope: Envelope) -> None:
        raise AssertionError(f"after {address}")

    stage = Stage(SimulatedDispatcher(on_delivered=check))
    stage.listener()
    stage.tell(LISTENER, Note(text="one"))
    with pytest.raises(AssertionError, match="after listener"):
        stage.settle()


def test_the_hook_sees_an_ask_too() -> None:
    seen: list[Address] = []
    stage = Stage(SimulatedDispatcher(on_delivered=lambda address, _: seen.append(address)))
    stage.listener()
    assert stage.system.ask(LISTENER, Note(text="one")) == 1
    assert seen == [LISTENER]


def test_an_ask_comes_after_what_was_sent_before(simulated: Stage) -> None:
    simulated.listener()
    simulated.tell(LISTENER, *notes("one", "two"))
    assert simulated.system.ask(LISTENER, Note(text="three")) == 3


def test_a_livelock_is_named(simulated: Stage) -> None:
    simulated.play(Echo, LISTENER)
    simulated.tell(LISTENER, Note(text="round"))
    dispatcher = simulated.dispatcher
    assert isinstance(dispatcher, SimulatedDispatcher)
    with pytest.raises(LivelockError, match="100 deliveries"):
        dispatcher.run_until_idle(limit=100)
    simulated.system.stop(LISTENER)


def test_conflated_messages_are_delivered_once() -> None:
    stage = Stage(SimulatedDispatcher([1, 1, 1]))
    listener = stage.listener(queue=ConflatingQueue(lambda _: "quote"))
    stage.tell(LISTENER, *notes("old", "older", "newest"))
    stage.settle()
    assert listener.texts() == ["newest"]


def test_restarting_a_pinned_actor_keeps_its_ref_and_what_waits(simulated: Stage) -> None:
    old = simulated.listener(pinned=True)
    simulated.tell(LISTENER, Note(text="waits"))
    simulated.system.restart(LISTENER)
    simulated.settle()
    new = simulated.system.mailboxes[LISTENER].actor
    assert isinstance(new, Listener)
    assert new is not old
    assert new.actor_ref is old.actor_ref
    assert (old.texts(), new.texts()) == ([], ["waits"])
