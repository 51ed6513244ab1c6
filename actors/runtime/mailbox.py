"""Where an actor's messages wait: FIFO, stop first, and closed without losing anything.

Owns the order in which one actor gets its messages. Knows no thread: a lane, told that a mailbox
has something, decides when it delivers. A mailbox and its ref outlive the actor behind them when
that is restarted.

The order of the writes below is what makes ``push`` safe without a lock: a sender first appends and
then looks whether the lane knows; a lane first says that it no longer knows and then looks whether
something came in. One of the two sees the other.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from pykka import ActorDeadError, ActorRef
from pykka._envelope import Envelope as PykkaEnvelope  # its own door, and not public
from pykka.messages import _ActorStop

from messages.base import Address, Message
from messages.envelope import Envelope

Delivery = Envelope | PykkaEnvelope[Any]
"""What waits in a mailbox: ours, or what came through a pykka ref (an ask, a stop, a proxy)."""


class Queue(Protocol):
    """The part of a deque that a mailbox needs."""

    def append(self, delivery: Delivery, /) -> None:
        """Add at the end."""
        ...

    def appendleft(self, delivery: Delivery, /) -> None:
        """Add in front of everything."""
        ...

    def popleft(self) -> Delivery:
        """Take the first. Raises ``IndexError`` if there is none."""
        ...

    def __len__(self) -> int:
        """Count what waits."""
        ...


class Receiver(Protocol):
    """What a mailbox delivers to."""

    def process(self, delivery: Delivery, /) -> None:
        """Handle one delivery; whatever goes wrong in it stays in it."""
        ...

    def answer_ask(self, envelope: Envelope, /) -> object:
        """Handle a message and return the answer. Raises what the handling raised."""
        ...


Note = Callable[[Delivery, "Mailbox"], None]
"""Called with what is to be handled, before that begins. Must not raise."""


class Lane(Protocol):
    """What runs the actors of some mailboxes, one message at a time."""

    in_hand: Delivery | None
    """What is being handled now."""
    abandoned: bool
    """Its thread hangs and was replaced: what its actor still says is not heard."""
    note: Note | None
    """Called with each message before its step begins; None: nothing is shown."""

    def schedule(self, mailbox: "Mailbox", /) -> None:
        """Take note that the mailbox has something. From any thread."""
        ...


class Mailbox:
    """The place at an address: a queue, the actor behind it and the lane that runs it."""

    __slots__ = (
        "actor",
        "address",
        "lane",
        "processed",
        "queue",
        "ref",
        "restarts",
        "scheduled",
        "skipped",
    )

    def __init__(self, address: Address, lane: Lane, queue: Queue | None = None) -> None:
        """Open an empty mailbox that has no actor yet."""
        self.address = address
        self.lane = lane
        self.queue: Queue = deque() if queue is None else queue
        self.actor: Receiver | None = None
        self.ref: ActorRef[Any] | None = None
        self.scheduled = False
        """The lane knows that something waits."""
        self.processed = 0
        self.skipped = 0
        self.restarts = 0

    def push(self, envelope: Envelope) -> None:
        """Add a message at the end. From any thread."""
        self.queue.append(envelope)
        if not self.scheduled:
            self.lane.schedule(self)

    def put(self, envelope: PykkaEnvelope[Any]) -> None:
        """Add what came through a pykka ref; a stop goes in front of everything."""
        if isinstance(envelope.message, _ActorStop):
            self.queue.appendleft(envelope)
        else:
            self.queue.append(envelope)
        if not self.scheduled:
            self.lane.schedule(self)

    def get(self) -> PykkaEnvelope[Any]:
        """Refuse: pykka's own loop takes from an inbox, and it does not run here."""
        raise NotImplementedError("a mailbox delivers; nobody takes from it")

    def empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self.queue

    def deliver(self, limit: int) -> None:
        """Hand over up to ``limit`` messages. Only from the lane."""
        actor = self.actor
        if actor is None:
            return
        lane, queue, process = self.lane, self.queue, actor.process
        note = lane.note
        done = 0
        # The actor is another one, or none, as soon as this one stopped or was replaced.
        while queue and done < limit and self.actor is actor:
            delivery = queue.popleft()
            lane.in_hand = delivery
            if note is not None:
                note(delivery, self)
            done += 1
            process(delivery)
        self.processed += done

    def deliver_next(self) -> None:
        """Hand over one message; something waits. Only from the lane."""
        if self.actor is not None:
            delivery = self.lane.in_hand = self.queue.popleft()
            self.processed += 1
            self.actor.process(delivery)

    def move(self, lane: Lane) -> None:
        """Let the actor go, and give what waits or still comes to another lane."""
        self.actor = None
        self.lane = lane
        self.scheduled = False
        lane.schedule(self)


def refuse(delivery: Delivery, address: Address) -> None:
    """Answer whoever asked; a stop that came too late is as good as done."""
    if isinstance(delivery, Envelope) or delivery.reply_to is None:
        return
    if isinstance(delivery.message, _ActorStop):
        delivery.reply_to.set(None)
        return
    error = ActorDeadError(f"{address} stopped before handling the message")
    delivery.reply_to.set_exception((ActorDeadError, error, None))


def newest(_waiting: Message, message: Message) -> Message:
    """Keep only the newer of two conflated messages."""
    return message


class ConflatingQueue:
    """Messages of one key wait as one: the newest, in the place of the oldest. For quotes.

    The place is kept so that a symbol that moves all the time is not always last. A message may so
    be handed over before one that its sender sent earlier under another key. With a ``capacity`` it
    is bounded too, for observers: a further message pushes the oldest out.
    """

    def __init__(
        self,
        key: Callable[[Message], Hashable | None],
        merge: Callable[[Message, Message], Message] = newest,
        capacity: int | None = None,
    ) -> None:
        """Begin empty. ``key`` says what may be conflated (None: not); ``merge`` makes one of two.

        Both run on the sender's thread.
        """
        self.conflated = 0
        self.dropped = 0
        self._capacity = capacity
        self._key = key
        self._merge = merge
        self._slots: deque[_Slot] = deque()
        self._waiting: dict[Hashable, _Slot] = {}
        self._lock = threading.Lock()

    def append(self, delivery: Delivery) -> None:
        """Add at the end, or take the place of the one with the same key."""
        key = self._key(delivery.message) if isinstance(delivery, Envelope) else None
        with self._lock:
            waiting = None if key is None else self._waiting.get(key)
            if waiting is None:
                self._add(_Slot(delivery, key))
            else:
                self.conflated += 1
                waiting.delivery = self._merged(waiting.delivery, delivery)

    def appendleft(self, delivery: Delivery) -> None:
        """Add in front: only a stop comes this way."""
        with self._lock:
            self._slots.appendleft(_Slot(delivery, None))

    def popleft(self) -> Delivery:
        """Take the first. Raises ``IndexError`` if there is none."""
        with self._lock:
            return self._take_first()

    def __len__(self) -> int:
        """Count what waits."""
        return len(self._slots)

    def _add(self, slot: "_Slot") -> None:
        self._slots.append(slot)
        if slot.key is not None:
            self._waiting[slot.key] = slot
        if self._capacity is not None and len(self._slots) > self._capacity:
            self.dropped += 1
            refuse(self._take_first(), Address("a full mailbox"))

    def _take_first(self) -> Delivery:
        slot = self._slots.popleft()
        if slot.key is not None:
            del self._waiting[slot.key]
        return slot.delivery

    def _merged(self, waiting: Delivery, delivery: Delivery) -> Delivery:
        message = self._merge(waiting.message, delivery.message)
        if message is delivery.message or not isinstance(delivery, Envelope):
            return delivery
        return Envelope(message, delivery.sender, delivery.id, delivery.cause)


class _Slot:
    """A place in a conflating queue."""

    __slots__ = ("delivery", "key")

    def __init__(self, delivery: Delivery, key: Hashable | None) -> None:
        self.delivery = delivery
        self.key = key
