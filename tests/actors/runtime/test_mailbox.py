"""The queues a mailbox may have."""

import pytest
from pykka import ActorDeadError, ThreadingFuture
from pykka._envelope import Envelope as PykkaEnvelope
from pykka.messages import _ActorStop

from actors.runtime.mailbox import ConflatingQueue, Queue, newest
from messages.base import Address, Message, MessageId
from messages.envelope import Envelope
from tests.actors.runtime.players import LISTENER, Add, Note, Stage, notes


def envelope(message: Message, number: int = 0) -> Envelope:
    ident: MessageId = (0, number)
    return Envelope(message, Address("outside"), ident)


def fill(queue: Queue, *messages: Message) -> None:
    for number, message in enumerate(messages):
        queue.append(envelope(message, number))


def drain(queue: Queue) -> list[Message]:
    return [queue.popleft().message for _ in range(len(queue))]


def first_letter(message: Message) -> str | None:
    return message.text[0] if isinstance(message, Note) else None


def bounded(capacity: int) -> ConflatingQueue:
    return ConflatingQueue(lambda _: None, newest, capacity)


def longer(waiting: Message, message: Message) -> Message:
    assert isinstance(waiting, Note)
    assert isinstance(message, Note)
    return Note(text=waiting.text + message.text)


def test_the_newest_of_a_key_takes_the_place_of_the_oldest() -> None:
    queue = ConflatingQueue(first_letter)
    fill(queue, *notes("a1", "b1", "a2", "b2", "a3"))
    assert queue.conflated == 3
    assert drain(queue) == notes("a3", "b2")


def test_a_message_without_a_key_is_never_conflated() -> None:
    queue = ConflatingQueue(first_letter)
    fill(queue, Add(amount=1), Note(text="a1"), Add(amount=2), Note(text="a2"))
    assert drain(queue) == [Add(amount=1), Note(text="a2"), Add(amount=2)]


def test_a_key_waits_anew_once_its_message_was_taken() -> None:
    queue = ConflatingQueue(first_letter)
    fill(queue, *notes("a1"))
    assert drain(queue) == notes("a1")
    fill(queue, *notes("a2", "a3"))
    assert drain(queue) == notes("a3")


def test_two_messages_are_made_one_by_merge_under_the_id_of_the_newer() -> None:
    queue = ConflatingQueue(first_letter, longer)
    fill(queue, *notes("a1", "a2", "a3"))
    taken = queue.popleft()
    assert isinstance(taken, Envelope)
    assert (taken.message, taken.id) == (Note(text="a1a2a3"), (0, 2))


def test_a_bounded_queue_drops_the_oldest() -> None:
    queue = bounded(2)
    fill(queue, *notes("one", "two", "three"))
    assert queue.dropped == 1
    assert drain(queue) == notes("two", "three")


def test_what_was_dropped_from_a_full_queue_waits_no_more_under_its_key() -> None:
    queue = ConflatingQueue(first_letter, newest, 2)
    fill(queue, *notes("a1", "b1", "c1", "a2"))
    assert queue.dropped == 2
    assert drain(queue) == notes("c1", "a2")


def test_an_ask_that_is_dropped_is_refused() -> None:
    queue = bounded(1)
    asked: ThreadingFuture[object] = ThreadingFuture()
    queue.append(PykkaEnvelope(Note(text="asked"), reply_to=asked))
    fill(queue, *notes("one"))
    with pytest.raises(ActorDeadError):
        asked.get(timeout=0)


@pytest.mark.parametrize("queue", [bounded(1), ConflatingQueue(lambda _: "all")])
def test_a_stop_goes_in_front_of_any_queue(queue: Queue) -> None:
    fill(queue, *notes("one"))
    queue.appendleft(PykkaEnvelope(_ActorStop()))
    assert drain(queue) == [_ActorStop(), Note(text="one")]


@pytest.mark.parametrize("queue", [bounded(1), ConflatingQueue(lambda _: "all")])
def test_an_empty_queue_says_so(queue: Queue) -> None:
    assert not queue
    with pytest.raises(IndexError):
        queue.popleft()


def test_an_actor_with_a_bounded_queue_hears_the_last(simulated: Stage) -> None:
    listener = simulated.listener(queue=bounded(2))
    simulated.tell(LISTENER, *notes("one", "two", "three"))
    simulated.settle()
    assert listener.texts() == ["two", "three"]


def test_pykkas_own_loop_does_not_run_here(simulated: Stage) -> None:
    listener = simulated.listener()
    with pytest.raises(NotImplementedError):
        listener.actor_inbox.get()
    with pytest.raises(NotImplementedError):
        listener._actor_loop()
    assert listener.actor_inbox.empty()
