"""The actors of one process by address: spawn, stop, send, ask, look.

Owns the directory, the ids of messages from edges, dead letters, and the reports of skipped
messages. Knows no actor by name but the observers, who hear of trouble.
"""

import itertools
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from loguru import logger
from pykka import ActorDeadError, ActorRef, ActorRegistry, Timeout
from pykka._envelope import Envelope as PykkaEnvelope  # its own door, and not public
from pykka.messages import ProxyCall, _ActorStop  # likewise: a stop that nobody waits for

from actors.journal.port import Journal, Record
from actors.runtime.actor import AbandonedError, Actor, CoreActor, describe
from actors.runtime.clock import Clock
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.dispatcher import Dispatcher
from actors.runtime.hooks import LaneActor
from actors.runtime.mailbox import Mailbox, Queue
from messages.addresses import CLOCK, OBSERVERS
from messages.base import Address, Message, MessageId
from messages.envelope import Envelope, Wake
from messages.observers import MessageSkipped

A = TypeVar("A", bound=Actor)

OUTSIDE = Address("outside")
"""The sender of what main, a tool or a test sends."""


class MailboxStatus(msgspec.Struct, frozen=True):
    """How an actor's mailbox stands."""

    address: Address
    depth: int
    """Messages that wait."""
    processed: int
    skipped: int
    restarts: int


class System:
    """Everything that actors share: dispatcher, clock, journal and the directory."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock, journal: Journal) -> None:
        """Begin without actors."""
        self.dispatcher = dispatcher
        self.clock = clock
        self.journal = journal
        self.dead_letters = DeadLetters()
        self.mailboxes: dict[Address, Mailbox] = {}
        """The directory, in the order of spawning."""
        self.edge_ids = itertools.count(1)
        self.recovered: dict[Address, tuple[msgspec.Struct, ...]] = {}
        """What the journal kept, for recorded actors that are still to be spawned."""
        self._placed: dict[Address, Mailbox] = {}
        self._factories: dict[Address, Callable[[], Actor]] = {}
        self._observers: list[Callable[[Record], None]] = []
        self.on_seated: Callable[[Mailbox], None] | None = None
        """Told of each actor that takes its seat, on the thread that spawns or restarts it."""
        clock.bind(self._wake)

    # Actors.

    def spawn(
        self,
        factory: Callable[..., A],
        address: Address,
        *args: Any,  # noqa: ANN401 - what the actor's own constructor takes
        pinned: bool = False,
        queue: Queue | None = None,
        **kwargs: Any,  # noqa: ANN401 - as above
    ) -> ActorRef[A]:
        """Start ``factory(system, address, *args, **kwargs)`` and return its ref.

        ``pinned`` runs it on a thread of its own; ``queue`` replaces the plain FIFO. Raises
        ``ValueError`` where the address is taken, or a recorded actor is to be pinned.
        """
        if pinned and isinstance(factory, type) and issubclass(factory, CoreActor):
            raise ValueError(f"{address} is recorded: it can't be pinned")
        self.place(address, pinned=pinned, queue=queue)
        try:
            actor = factory(self, address, *args, **kwargs)
        except BaseException:
            self.dispatcher.release(self._placed.pop(address).lane)
            raise
        if address in self.recovered:
            actor.restore(self.recovered.pop(address))
        if pinned:
            self._factories[address] = lambda: factory(self, address, *args, **kwargs)
        ActorRegistry.register(actor.actor_ref)
        actor._start_actor_loop()  # noqa: SLF001 - as pykka's start does
        return actor.actor_ref

    def restart(self, address: Address) -> None:
        """Put a new actor and a new thread in the place of a pinned actor that hangs or died.

        Ref, mailbox and what waits in it stay. The message in the old thread's hand is lost, and
        what the old actor still sends is not heard. Raises ``KeyError`` where no pinned actor lives
        at ``address``.
        """
        factory = self._factories[address]
        mailbox = self.mailboxes[address]
        old = mailbox.lane
        mailbox.move(self.dispatcher.replace(old))
        mailbox.restarts += 1
        if mailbox.lane is not old and isinstance(old.in_hand, Envelope):
            mailbox.skipped += 1
            self.report_skipped(address, old.in_hand, AbandonedError("hung, and was replaced"))
        self._placed[address] = mailbox
        try:
            actor = factory()
        finally:
            del self._placed[address]
        self._seat(mailbox, actor)

    def stop(self, address: Address, timeout_seconds: float | None = None) -> bool:
        """Stop an actor; what waits in its mailbox becomes dead letters.

        Returns at once without a timeout. With one (never from an actor) it waits, and returns
        whether the actor is gone.
        """
        mailbox = self.mailboxes.get(address)
        if mailbox is None or mailbox.ref is None:
            return True
        if timeout_seconds is None:
            mailbox.put(PykkaEnvelope(_ActorStop()))  # as its ref's stop, without a future
            return True
        try:
            self.dispatcher.wait_for(mailbox.ref.stop(block=False), timeout_seconds)
        except Timeout:
            return False
        return True

    def shutdown(self, timeout_seconds: float) -> bool:
        """Let everything that waits be handled, stop the actors, last first, and end the threads.

        Returns False where time ran out, and something was left behind.
        """
        self.clock.close()
        is_idle = self.dispatcher.wait_idle(timeout_seconds)
        for address in reversed(tuple(self.mailboxes)):
            self.stop(address)
        return self.dispatcher.shutdown(timeout_seconds) and is_idle

    def place(
        self, address: Address, *, pinned: bool = False, queue: Queue | None = None
    ) -> Mailbox:
        """Return the mailbox that waits for an actor at ``address``, made where there is none.

        For the actor's constructor. Raises ``ValueError`` where the address is taken.
        """
        mailbox = self._placed.get(address)
        if mailbox is None:
            if address in self.mailboxes:
                raise ValueError(f"an actor lives at {address} already")
            lane = self.dispatcher.lane(address, pinned=pinned)
            mailbox = self._placed[address] = Mailbox(address, lane, queue)
        return mailbox

    def open(self, actor: LaneActor) -> None:
        """Let messages reach a new actor. For the actor, when pykka starts it."""
        mailbox = self._placed.pop(actor.address)
        self._seat(mailbox, actor)
        self.mailboxes[actor.address] = mailbox

    def close(self, actor: LaneActor) -> None:
        """Let go of an actor. For the actor, when it stops."""
        mailbox = self.mailboxes.get(actor.address)
        if mailbox is None or mailbox.actor is not actor:
            return
        del self.mailboxes[actor.address]
        self._factories.pop(actor.address, None)
        lane = mailbox.lane
        mailbox.move(self.dead_letters)
        self.dispatcher.release(lane)

    # Messages.

    def envelope(
        self, message: Message, sender: Address = OUTSIDE, cause: MessageId | None = None
    ) -> Envelope:
        """Return a message that no recorded step sent, ready to travel."""
        return Envelope(message, sender, (0, next(self.edge_ids)), cause)

    def deliver(self, to: Address, envelope: Envelope) -> None:
        """Put a message into a mailbox; to nobody, it is a dead letter. From any thread."""
        mailbox = self.mailboxes.get(to)
        if mailbox is None:
            self.dead_letters.bury(to, envelope)
        else:
            mailbox.push(envelope)

    def tell(self, to: Address, message: Message, sender: Address = OUTSIDE) -> None:
        """Send a message that no recorded step sent. From any thread."""
        envelope = Envelope(message, sender, (0, next(self.edge_ids)), None)
        mailbox = self.mailboxes.get(to)
        if mailbox is None:
            self.dead_letters.bury(to, envelope)
        else:
            mailbox.push(envelope)

    def ask(self, to: Address, message: Message, timeout_seconds: float = 5.0) -> Any:  # noqa: ANN401 - each message has an answer of its own
        """Send a message and return the answer. For main and tools, never from an actor.

        Raises what the actor raised, ``pykka.Timeout``, or ``pykka.ActorDeadError`` where nobody
        lives at ``to``.
        """
        mailbox = self.mailboxes.get(to)
        if mailbox is None:
            raise ActorDeadError(f"{to} not found")
        return self.dispatcher.ask(mailbox, self.envelope(message), timeout_seconds)

    # What can be seen.

    def observe(self, callback: Callable[[Record], None]) -> None:
        """Call ``callback`` with every record, on the dispatcher, once its step is done and sent.

        What it raises is reported and harms nobody: tests check invariants elsewhere (the simulated
        dispatcher's ``on_delivered``).
        """
        self._observers.append(callback)

    def tell_observers(self, record: Record) -> None:
        """Hand a record to those who observe. For recorded actors."""
        for callback in self._observers:
            try:
                callback(record)
            except Exception as error:  # noqa: BLE001 - an observer must not stop an actor
                self.report(record.actor, "an observer of records", error)

    def status(self, address: Address) -> MailboxStatus | None:
        """Return how an actor's mailbox stands; None where nobody lives there."""
        mailbox = self.mailboxes.get(address)
        if mailbox is None:
            return None
        return MailboxStatus(
            address,
            len(mailbox.queue),
            mailbox.processed,
            mailbox.skipped,
            mailbox.restarts,
        )

    def report_skipped(self, actor: Address, envelope: Envelope, error: BaseException) -> None:
        """Tell people that an actor raised on a message and skipped it."""
        self.report(actor, type(envelope.message).__name__, error, envelope.id)

    def report(
        self, actor: Address, what: str, error: BaseException, cause: MessageId | None = None
    ) -> None:
        """Tell people that something raised in an actor."""
        logger.opt(exception=error).error("{} skipped {}: {}", actor, what, describe(error))
        if actor == OBSERVERS:
            return  # it would hear of that, raise again, and so on
        skipped = MessageSkipped(actor=actor, message_type=what, error=describe(error))
        self.deliver(OBSERVERS, self.envelope(skipped, actor, cause))

    def _seat(self, mailbox: Mailbox, actor: LaneActor) -> None:
        """Put the actor behind the mailbox; what waits is handled after its ``on_start``."""
        mailbox.actor = actor
        if self.on_seated is not None:
            self.on_seated(mailbox)
        if type(actor).on_start is not LaneActor.on_start:
            mailbox.queue.appendleft(PykkaEnvelope(ProxyCall(("begin",), (), {})))
        if mailbox.queue:  # a turn that came before the actor found nobody
            mailbox.lane.schedule(mailbox)

    def _wake(self, address: Address, key: str) -> None:
        self.tell(address, Wake(key=key), CLOCK)
