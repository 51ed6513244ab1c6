"""The base of every actor: what happens between a mailbox and a handler.

Owns the skipping of a message that raises, and for recorded actors the order of step, journal,
state, timers and sends.

Refs, tell, ask, proxies and the registry are pykka's. Where this departs from pykka:

- Actors share threads (a lane); the URN is the address, and stable.
- A handler that raises, under a tell or an ask, whatever it raises, has that message skipped, and
  the actor goes on; pykka stops the actor, or all of them for a ``BaseException``. ``on_failure``
  is therefore never called; ``on_skipped`` is. Only ``KeyboardInterrupt`` passes: it is the
  process's, not the message's.
- An exception in ``on_start`` is reported like one in a handler; then the actor is stopped.
- A stop overtakes the backlog. What still waits, or comes later, is a dead letter; its askers get
  ``ActorDeadError``, also when they raced the stop.
- A restarted actor keeps its ref and its mailbox.
"""

from collections.abc import Iterable
from typing import Any, cast

import msgspec
from pykka._envelope import Envelope as PykkaEnvelope  # its own door, and not public

from actors.journal.port import HungError, Record
from actors.runtime.hooks import LaneActor
from actors.runtime.mailbox import Delivery
from messages.addresses import OBSERVERS
from messages.base import Address, Message, Milliseconds, Timestamp
from messages.envelope import (
    NO_TIMER,
    Envelope,
    HungEnvelope,
    ReturnedEnvelope,
    Send,
    Step,
    Wake,
)
from messages.observers import Alarm, AlarmKind

WAKE_AGAIN_MS = Milliseconds(1_000)
"""After a deadline that an actor raised on."""


class AbandonedError(Exception):
    """This actor hung and was replaced: nobody hears what it still wants to say."""


class Actor(LaneActor):
    """An edge: not recorded. Its messages are handled one at a time, on its lane."""

    def handle(self, message: Message) -> object:
        """Handle a message; what it returns answers an ask."""
        raise NotImplementedError(f"{self.address} does not handle {type(message).__name__}")

    def restore(self, entities: Iterable[msgspec.Struct]) -> None:
        """Take in what the journal kept of it. Runs where it is spawned, before any message."""
        raise NotImplementedError(f"nothing of {self.address} is recorded")

    def on_skipped(self, message: Message, error: BaseException) -> tuple[Send, ...]:  # noqa: ARG002 - a hook
        """Return what to send after a message was skipped: a refusal, or a request to hear again.

        Runs on the lane, with the state as it was before the message. A deadline is looked at again
        a little later.
        """
        if isinstance(message, Wake):
            self.wake_again(message.key, self.now())
        return ()

    def wake_again(self, key: str, deadline: Timestamp | None) -> None:
        """Set the timer that a skipped wake has used up: soon, but not before its deadline."""
        if deadline is not None:
            soon = Timestamp(self.now() + WAKE_AGAIN_MS)
            self.set_timer(key, max(deadline, soon))

    def try_again(self, message: Message) -> tuple[Send, ...]:
        """Handle the skipped message once more, at once; return an alarm if it raises again.

        For ``on_skipped`` of what does no harm if heard twice, and nobody would say again. At once,
        so that it keeps its place before what the same sender says next.
        """
        try:
            self.handle(message)
        except Exception as error:  # noqa: BLE001 - told, as the first time
            return (_cannot_take(self.address, message, error),)
        return ()

    def now(self) -> Timestamp:
        """Return the time."""
        return self.system.clock.now()

    def set_timer(self, key: str, at: Timestamp | None) -> None:
        """Be sent ``Wake(key)`` at ``at``, instead of when it was set before; None: never."""
        self.system.clock.set_timer(self.address, key, at)

    def send(self, to: Address, message: Message) -> None:
        """Send a message, caused by the one in hand. From a handler, or ``on_start``.

        Other threads use ``system.tell``. Raises ``AbandonedError`` where this actor was replaced.
        """
        lane = self._lane
        if lane.abandoned:
            raise AbandonedError(self.address)
        in_hand = lane.in_hand
        cause = in_hand.id if isinstance(in_hand, Envelope) else None
        system = self.system
        envelope = Envelope(message, self.address, (0, next(system.edge_ids)), cause)
        mailbox = system.mailboxes.get(to)
        if mailbox is None:
            system.dead_letters.bury(to, envelope)
        else:
            mailbox.push(envelope)

    def on_receive(self, message: Message) -> object:
        """Handle what came under an ask or through a ref."""
        return self.handle(message)

    def process(self, delivery: Delivery) -> None:
        """Handle one delivery; whatever goes wrong in it stays in it. Called by the mailbox."""
        if type(delivery) is not Envelope:
            self.process_foreign(cast("PykkaEnvelope[Any]", delivery))
            return
        try:
            self.handle(delivery.message)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: see the module's text
            self._skip(delivery, error)

    def answer_ask(self, envelope: Envelope) -> object:
        """Handle a message and return the answer. Raises what the handling raised."""
        self._lane.in_hand = envelope
        try:
            return self._respond(envelope)
        except BaseException as error:
            self._skip(envelope, error)
            raise

    def _respond(self, envelope: Envelope) -> object:
        return self.on_receive(envelope.message)

    def _skip(self, envelope: Envelope, error: BaseException) -> None:
        """Go on after a message that raised."""
        if isinstance(error, KeyboardInterrupt):
            raise error
        if self._lane.abandoned:
            return  # it was reported when this actor was replaced
        self.actor_inbox.skipped += 1
        for send in self._sends_after(envelope.message, error):
            self.send(send.to, send.message)
        self.system.report_skipped(self.address, envelope, error)

    def _sends_after(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        try:
            return self.on_skipped(message, error)
        except BaseException as second:
            if isinstance(second, KeyboardInterrupt):
                raise  # the process's, here too
            # The way out of a failure must not fail.
            self.system.report(self.address, "on_skipped", second)
            return ()


class CoreActor(Actor):
    """A recorded actor around a pure core.

    receive → step → journal → apply → set timers → send. A step that raises has changed nothing.
    Never pinned: the journal is written by one thread.
    """

    def step(self, message: Message, now: Timestamp) -> Step:
        """Call the core with the state as it is. Changes nothing."""
        raise NotImplementedError

    def apply(self, change: msgspec.Struct) -> None:
        """Take one change into the state. Must not raise: the step is recorded already."""
        raise NotImplementedError

    def restore(self, entities: Iterable[msgspec.Struct]) -> None:
        """Take in the entities that the journal kept."""
        for entity in entities:
            self.apply(entity)

    def wake_at(self, change: msgspec.Struct) -> tuple[str, Timestamp | None]:  # noqa: ARG002 - a hook
        """Return the key and the deadline of a changed entity; (key, None) cancels its timer.

        ``NO_TIMER`` for one that never has a deadline.
        """
        return NO_TIMER

    def answer(self, message: Message) -> object:  # noqa: ARG002 - a hook
        """Answer a question of main or a tool; ``NotImplemented`` for anything that is a step."""
        return NotImplemented

    def once_more(self, message: Message, error: BaseException) -> tuple[Send, ...]:
        """Return the skipped message, to be heard once more; the second time, an alarm.

        For ``on_skipped``, as ``try_again`` is; but a record holds one message, so it queues again.
        """
        if self._is_again():
            return (_cannot_take(self.address, message, error),)
        return (Send(self.address, message),)

    def _is_again(self) -> bool:
        """Whether the message in hand queued again, after it was skipped."""
        in_hand = self._lane.in_hand
        return isinstance(in_hand, Envelope) and in_hand.sender == self.address

    def process(self, delivery: Delivery) -> None:
        """Step, record, apply, send; whatever goes wrong in it stays in it."""
        if type(delivery) is HungEnvelope:
            self._skip(delivery, HungError("the process before this one hung on it"))
            return
        if not isinstance(delivery, Envelope):
            self.process_foreign(delivery)
            return
        try:
            self._take(delivery)
        except BaseException as error:  # noqa: BLE001 - as in Actor
            self._skip(delivery, error)

    def _respond(self, envelope: Envelope) -> object:
        """Answer a question, or take a step and answer with it."""
        answer = self.answer(envelope.message)
        return self._take(envelope) if answer is NotImplemented else answer

    def _take(self, envelope: Envelope) -> Step:
        now = self.system.clock.now()
        step = self.step(envelope.message, now)
        if step.changes or step.outbox or type(envelope) is ReturnedEnvelope:
            wakes = [
                wake for change in step.changes if (wake := self.wake_at(change)) is not NO_TIMER
            ]
            record = self._record(envelope, now, step)
            self._apply(step)
            for key, at in wakes:
                self.system.clock.set_timer(self.address, key, at)
            self._send_outbox(record)
        return step

    def _record(
        self, envelope: Envelope, now: Timestamp, step: Step, error: str | None = None
    ) -> Record:
        journal = self.system.journal
        record = Record(
            sequence=journal.next_sequence,
            actor=self.address,
            now=now,
            id=envelope.id,
            cause=envelope.cause,
            sender=envelope.sender,
            message=envelope.message,
            changes=step.changes,
            outbox=step.outbox,
            error=error,
        )
        journal.append(record)
        return record

    def _apply(self, step: Step) -> None:
        try:
            for change in step.changes:
                self.apply(change)
        except BaseException as error:  # noqa: BLE001 - recorded, so what it sends must leave
            self.system.report(self.address, "apply", error)

    def _send_outbox(self, record: Record) -> None:
        mailboxes = self.system.mailboxes
        for place, send in enumerate(record.outbox):
            envelope = Envelope(send.message, self.address, (record.sequence, place), record.id)
            mailbox = mailboxes.get(send.to)
            if mailbox is None:
                self.system.dead_letters.bury(send.to, envelope)
            else:
                mailbox.push(envelope)
        self.system.tell_observers(record)

    def _skip(self, envelope: Envelope, error: BaseException) -> None:
        """Record that the message was skipped, so that it is not delivered again after a crash."""
        if isinstance(error, KeyboardInterrupt):
            raise error
        self.actor_inbox.skipped += 1
        outbox = self._sends_after(envelope.message, error)
        try:
            record = self._record(envelope, self.now(), Step(outbox=outbox), describe(error))
        except BaseException as second:  # noqa: BLE001 - the journal failed: that is told instead
            self.system.report(self.address, "journal", second)
        else:
            self._send_outbox(record)
        self.system.report_skipped(self.address, envelope, error)


def _cannot_take(address: Address, message: Message, error: BaseException) -> Send:
    text = f"{address} can't take {type(message).__name__}, tried twice: {describe(error)}"
    alarm = Alarm(
        kind=AlarmKind.STEP_SKIPPED,
        text=text,
        position_id=getattr(message, "position_id", None),
        symbol=getattr(message, "symbol", None),
    )
    return Send(OBSERVERS, alarm)


def describe(error: BaseException) -> str:
    """Return an error's class and text."""
    return f"{type(error).__name__}: {error}"
