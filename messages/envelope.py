"""What a core returns and what the runtime delivers: sends, steps and envelopes."""

import msgspec

from messages.base import Address, Message, MessageId, Timestamp


class Send(msgspec.Struct, frozen=True, gc=False):
    """One message of an outbox: to whom, and what."""

    to: Address
    message: Message


class Removed(msgspec.Struct, frozen=True, tag=True):
    """A change that says: the entity with this key is forgotten."""

    kind: str
    """The name of the entity's class."""
    key: str


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one message did: the entities as they are after it, and what to send, in order.

    ``changes`` holds whole entities (or ``Removed``), each replacing the one with its key. No
    change and no outbox means that the message did nothing, and it is not recorded, unless it is
    delivered once more (``ReturnedEnvelope``).
    """

    changes: tuple[msgspec.Struct, ...] = ()
    outbox: tuple[Send, ...] = ()


NOTHING = Step()

NO_TIMER: tuple[str, Timestamp | None] = ("", None)
"""Key and deadline of a changed entity that never has one: known by being this very tuple."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A message under way: who sent it, its id, and the id of the message that caused it."""

    message: Message
    sender: Address
    id: MessageId
    cause: MessageId | None = None


class HungEnvelope(Envelope, frozen=True, gc=False):
    """A message that the process before this one never came back from: it is skipped."""


class ReturnedEnvelope(Envelope, frozen=True, gc=False):
    """A message that was under way when the last process ended; it is recorded in any case.

    Where it does nothing no other record says that it was received: each start would deliver it.
    """


class Wake(Message, frozen=True, kw_only=True):
    """A deadline has come. To any actor, from the clock.

    Deadlines are part of an entity's state; a wake only makes the core look at them, so an early,
    late or second one does no harm.
    """

    key: str = ""
    """Which of the actor's entities has the deadline; empty where the actor is one entity."""
