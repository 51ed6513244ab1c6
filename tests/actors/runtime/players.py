"""Messages and actors that the runtime's tests play with."""

import threading
from collections.abc import Callable
from typing import TypeVar

import msgspec

from actors.journal.memory import MemoryJournal
from actors.runtime.actor import Actor, CoreActor
from actors.runtime.clock import VirtualClock
from actors.runtime.dispatcher import Dispatcher
from actors.runtime.mailbox import Queue
from actors.runtime.system import System
from messages.base import Address, Message, Timestamp
from messages.envelope import NOTHING, Send, Step, Wake
from messages.observers import Alarm, MessageSkipped

A = TypeVar("A", bound=Actor)

LISTENER = Address("listener")
COUNTER = Address("counter")
WAIT_SECONDS = 20.0


class Note(Message, frozen=True, kw_only=True):
    """Something to remember."""

    text: str


class Add(Message, frozen=True, kw_only=True):
    """Add to the counter, and tell the listener."""

    amount: int
    wake_at: Timestamp | None = None


class HowMany(Message, frozen=True, kw_only=True):
    """Ask the counter."""


class Poison(Message, frozen=True, kw_only=True):
    """Make the actor raise."""

    error: str = "ValueError"


class Hold(Message, frozen=True, kw_only=True):
    """Block until the gate opens."""


ERRORS: dict[str, type[BaseException]] = {
    "ValueError": ValueError,
    "SystemExit": SystemExit,
    "GeneratorExit": GeneratorExit,
}


class Listener(Actor):
    """Remembers what it hears; raises on poison; blocks on a hold, until its gate opens."""

    def __init__(
        self, system: System, address: Address, gate: threading.Event | None = None
    ) -> None:
        super().__init__(system, address)
        self.heard: list[Message] = []
        self.gate = gate or threading.Event()
        self.at_gate = threading.Event()

    def handle(self, message: Message) -> object:
        if isinstance(message, Poison):
            raise ERRORS[message.error](message.error)
        if isinstance(message, Hold):
            self.at_gate.set()
            self.gate.wait(WAIT_SECONDS)
        self.heard.append(message)
        return len(self.heard)

    def texts(self) -> list[str]:
        return [message.text for message in self.heard if isinstance(message, Note)]


class Count(msgspec.Struct, frozen=True, tag=True):
    """The counter's one entity."""

    total: int
    wake_at: Timestamp | None = None


class Counter(CoreActor):
    """Counts, recorded."""

    def __init__(self, system: System, address: Address) -> None:
        super().__init__(system, address)
        self.count = Count(0)

    def step(self, message: Message, now: Timestamp) -> Step:
        match message:
            case Add():
                count = Count(self.count.total + message.amount, message.wake_at)
                heard = Note(text=f"{count.total} at {now}")
                return Step((count,), (Send(LISTENER, heard),))
            case Wake():
                return Step((), (Send(LISTENER, Note(text=f"woken at {now}")),))
            case Poison():
                raise ERRORS[message.error](message.error)
            case _:
                return NOTHING

    def apply(self, change: msgspec.Struct) -> None:
        assert isinstance(change, Count)
        self.count = change

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:
        assert isinstance(change, Count)
        return "count", change.wake_at

    def answer(self, message: Message) -> object:
        return self.count.total if isinstance(message, HowMany) else NotImplemented

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        return (Send(LISTENER, Note(text=f"skipped {type(message).__name__}: {error}")),)


class Observer(Actor):
    """Takes what the runtime says of skipped messages."""

    def __init__(self, system: System, address: Address) -> None:
        super().__init__(system, address)
        self.skipped: list[MessageSkipped] = []
        self.alarms: list[Alarm] = []

    def handle(self, message: Message) -> None:
        match message:
            case MessageSkipped():
                self.skipped.append(message)
            case Alarm():
                self.alarms.append(message)
            case _:
                raise TypeError(type(message).__name__)


class Stage:
    """A system, and the parts of it that a test moves."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.clock = VirtualClock()
        self.journal = MemoryJournal()
        self.system = System(dispatcher, self.clock, self.journal)

    def tell(self, to: Address, *messages: Message) -> None:
        for message in messages:
            self.system.tell(to, message)

    def settle(self) -> None:
        assert self.dispatcher.wait_idle(WAIT_SECONDS)

    def play(
        self,
        factory: Callable[..., A],
        address: Address,
        *args: object,
        pinned: bool = False,
        queue: Queue | None = None,
    ) -> A:
        """Spawn an actor and return it, not its ref."""
        self.system.spawn(factory, address, *args, pinned=pinned, queue=queue)
        actor: A = self.system.mailboxes[address].actor  # type: ignore[assignment]  # spawned above
        return actor

    def listener(
        self, address: Address = LISTENER, *, pinned: bool = False, queue: Queue | None = None
    ) -> Listener:
        return self.play(Listener, address, pinned=pinned, queue=queue)


def notes(*texts: str) -> list[Note]:
    return [Note(text=text) for text in texts]


def wait_for(event: threading.Event) -> None:
    assert event.wait(WAIT_SECONDS)
