"""What the inspector is asked over its socket, and what it answers: typed, and never code to run.

Owns the protocol's words. Frames and limits are the socket's, entities and messages travel encoded
as in the journal: whoever asks decodes them with the journal's codec.
"""

import msgspec

from messages.base import Address, MessageId, Milliseconds, PositionId, Symbol, Timestamp
from messages.market_data import Level
from messages.operator import OperatorCommand
from messages.plan import TriggerSource

PROTOCOL = 1
"""Both sides must speak the same."""


class Question(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """The base of all that may be asked."""


class Greet(Question, frozen=True, kw_only=True):
    """Which session is this? Answered with ``Greeting``."""

    protocol: int = PROTOCOL


class ReadTree(Question, frozen=True, kw_only=True):
    """Which actors live, and what has each thread in hand? Answered with ``TreeRead``."""


class ReadEntities(Question, frozen=True, kw_only=True):
    """What do recorded actors keep? Answered with ``EntitiesRead``."""

    actors: tuple[str, ...] = ()
    """Addresses, or patterns such as ``position/*``; empty: all."""
    kinds: tuple[str, ...] = ()
    """Names of the entities' classes; empty: all."""
    limit: int = 20_000
    """Entities at most."""


class ReadRecords(Question, frozen=True, kw_only=True):
    """What did actors do lately? Answered with ``RecordsRead``."""

    actor: str = "*"
    """Address or pattern: who took the step, who caused it, or who was told by it."""
    limit: int = 20


class ReadTimers(Question, frozen=True, kw_only=True):
    """Who is woken when? Answered with ``TimersRead``."""

    actor: str = "*"
    limit: int = 1_000


class ReadTriggers(Question, frozen=True, kw_only=True):
    """Which prices do positions wait for? Answered with ``TriggersRead``."""

    symbol: Symbol
    limit: int = 5_000


class ReadDeadLetters(Question, frozen=True, kw_only=True):
    """What reached nobody? Answered with ``DeadLettersRead``."""


class AskActor(Question, frozen=True, kw_only=True):
    """Put a reading question to an actor, with a deadline. Answered with ``ActorAnswered``."""

    to: Address
    message: msgspec.Raw
    """One of the few that only read; tagged."""


class SampleTime(Question, frozen=True, kw_only=True):
    """On what do the threads spend their time? Answered with ``TimeSampled``, after that time."""

    for_ms: Milliseconds = Milliseconds(1_000)


class Tap(Question, frozen=True, kw_only=True):
    """Show messages as they are handled, until ``Untap`` or the end of the connection.

    Answered with ``Tapping``; then ``Tapped`` comes under the same number.
    """

    actor: str = "*"
    """Who receives them: address or pattern."""
    message_type: str = "*"
    """Name of the message's class, or a pattern."""
    per_second: int = 50
    """More than this are not shown, but counted."""


class Untap(Question, frozen=True, kw_only=True):
    """End a tap. Answered with ``Tapping``."""

    number: int
    """Of the ``Tap``."""


class Operate(Question, frozen=True, kw_only=True):
    """Do what a person wants. Answered with ``Operated``."""

    command: OperatorCommand
    for_ms: Milliseconds = Milliseconds(60_000)
    """Of SUSPEND: the actor is released by itself after so much real time."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One frame from who asks."""

    number: int
    """Chosen by who asks; the answer repeats it."""
    question: (
        Greet
        | ReadTree
        | ReadEntities
        | ReadRecords
        | ReadTimers
        | ReadTriggers
        | ReadDeadLetters
        | AskActor
        | SampleTime
        | Tap
        | Untap
        | Operate
    )


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of all answers."""


class Refused(Answer, frozen=True, kw_only=True):
    """It can't be answered, and why."""

    text: str
    may_be_done: bool = False
    """Of a command: no answer came in time. Sent again under its id, it is done once."""


class Greeting(Answer, frozen=True, kw_only=True):
    """Which session this is."""

    protocol: int
    pid: int
    folder: str
    """The session's."""
    account: str
    """The account's tag."""
    at: Timestamp
    """The market's time."""
    started_at: Timestamp
    """Real time."""


class ActorStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One actor."""

    address: Address
    parent: Address | None
    kind: str
    """Its class."""
    thread: str
    is_recorded: bool
    state: str
    """Of its life, where it has one; else empty."""
    depth: int
    """Messages that wait."""
    processed: int
    skipped: int
    restarts: int
    is_suspended: bool = False


class ThreadStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One thread that runs actors, and what it has in hand."""

    name: str
    is_alive: bool
    actor: Address | None
    """Whose turn it is; None: it rests."""
    message_type: str | None
    for_ms: Milliseconds
    """How long the same message has been in hand, at least; real time."""
    stack: tuple[str, ...] = ()
    """Where it is in the code, innermost last; of a message that takes long only."""


class TreeRead(Answer, frozen=True, kw_only=True):
    """Who lives."""

    at: Timestamp
    sequence: int
    """Of the last record."""
    durable: int
    """The last record that a crash would not lose."""
    actors: tuple[ActorStatus, ...]
    """In the order of starting."""
    threads: tuple[ThreadStatus, ...]
    dead_letters: int


class EntitiesOf(msgspec.Struct, frozen=True, kw_only=True):
    """What one actor keeps."""

    actor: Address
    entities: msgspec.Raw
    """Of the journal's codec."""


class EntitiesRead(Answer, frozen=True, kw_only=True):
    """What recorded actors keep."""

    at: Timestamp
    sequence: int
    """Of the last record in it; of a running session at least this."""
    actors: tuple[EntitiesOf, ...]
    left_out: int
    """Entities beyond the limit."""


class RecordsRead(Answer, frozen=True, kw_only=True):
    """The last steps, oldest first."""

    records: tuple[bytes, ...]
    """Of the journal's codec."""
    kept_from: int
    """Sequence of the oldest record that is looked at; before it only the journal knows."""


class TimerSet(msgspec.Struct, frozen=True, kw_only=True):
    """One deadline."""

    actor: Address
    key: str
    at: Timestamp


class TimersRead(Answer, frozen=True, kw_only=True):
    """Who is woken when, the earliest first."""

    at: Timestamp
    timers: tuple[TimerSet, ...]
    total: int


class Armed(msgspec.Struct, frozen=True, kw_only=True):
    """What one position waits for."""

    position_id: PositionId
    generation: int
    source: TriggerSource
    levels: tuple[Level, ...]


class TriggersRead(Answer, frozen=True, kw_only=True):
    """Which prices positions wait for on one symbol."""

    at: Timestamp
    armed: tuple[Armed, ...]
    left_out: int


class BuriedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that reached nobody."""

    to: Address
    sender: Address
    message: msgspec.Raw


class DeadLettersRead(Answer, frozen=True, kw_only=True):
    """What reached nobody."""

    count: int
    last: tuple[BuriedMessage, ...]
    """Oldest first."""


class ActorAnswered(Answer, frozen=True, kw_only=True):
    """What the actor said."""

    message: msgspec.Raw
    """Tagged; nil where it knows nothing."""


class TimeShare(msgspec.Struct, frozen=True, kw_only=True):
    """How often an actor was seen at work on one kind of message."""

    actor: Address
    message_type: str
    samples: int


class TimeSampled(Answer, frozen=True, kw_only=True):
    """On what the threads spent their time: looked at many times a second."""

    samples: int
    """Looks at one thread each; what is in no share was rest."""
    shares: tuple[TimeShare, ...]
    """The largest first."""


class Tapping(Answer, frozen=True, kw_only=True):
    """The tap is open, or (in answer to ``Untap``) closed."""

    is_open: bool
    dropped: int = 0
    """Messages in all that were not shown."""


class TappedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message that was handled."""

    at: Timestamp
    to: Address
    sender: Address
    id: MessageId | None
    """None: what came through an ask."""
    cause: MessageId | None
    message_type: str
    message: msgspec.Raw
    """Tagged; nil of what is no message."""


class Tapped(Answer, frozen=True, kw_only=True):
    """What came since the last one, under the number of the ``Tap``."""

    messages: tuple[TappedMessage, ...]
    dropped: int
    """Not shown since the tap began: more than were wanted, or than were read."""


class Operated(Answer, frozen=True, kw_only=True):
    """What became of a command."""

    is_new: bool
    """False: it was done before, and was not done again."""
    text: str


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """One frame from the inspector."""

    number: int
    """Of the request; 0 where it could not be read."""
    answer: (
        Refused
        | Greeting
        | TreeRead
        | EntitiesRead
        | RecordsRead
        | TimersRead
        | TriggersRead
        | DeadLettersRead
        | ActorAnswered
        | TimeSampled
        | Tapping
        | Tapped
        | Operated
    )
