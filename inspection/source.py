"""Where answers come from: the protocol that every command asks through, and its live side.

A running session answers over its socket; a journal answers for a session as it was. Commands do
not know which. Entities, records and messages arrive whole.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from actors.journal.codec import MESSAGES, UnreadableError, decode, decode_entities, decode_message
from actors.journal.entities import Entities
from actors.journal.port import Record
from actors.position.position import Charter, Life, Position
from inspection.client import Connection
from inspection.errors import RefusedError
from messages.base import Address, Message, Milliseconds, Symbol, Timestamp
from messages.inspection import (
    ActorAnswered,
    AskActor,
    DeadLettersRead,
    EntitiesRead,
    Greet,
    Greeting,
    Operate,
    Operated,
    ReadDeadLetters,
    ReadEntities,
    ReadRecords,
    ReadTimers,
    ReadTree,
    ReadTriggers,
    RecordsRead,
    SampleTime,
    Tap,
    Tapped,
    Tapping,
    TimersRead,
    TimeSampled,
    TreeRead,
    TriggersRead,
    Untap,
)

_NIL = b"\xc0"
ALL = 1_000_000

EntityT = TypeVar("EntityT", bound=msgspec.Struct)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What recorded actors keep at one moment."""

    at: Timestamp
    sequence: int
    actors: tuple[Entities, ...]
    left_out: int = 0
    """Entities beyond the limit."""

    def every(self, kind: type[EntityT]) -> Iterator[EntityT]:
        """Yield what is of a kind, whoever keeps it."""
        return (e for one in self.actors for e in one.entities if isinstance(e, kind))

    def lives(self) -> Iterator[Life]:
        """Yield the positions of which both charter and facts are there."""
        for one in self.actors:
            life = life_of(one.entities)
            if life is not None:
                yield life


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """Records, oldest first."""

    records: tuple[Record, ...]
    kept_from: int
    """Before this sequence only the journal knows."""


class Source(Protocol):
    """What a session can be asked, whether it runs or not. Each raises ``InspectError``."""

    @property
    def is_live(self) -> bool:
        """Whether it runs; then it is also a ``LiveSource``."""
        ...

    @property
    def folder(self) -> Path:
        """The session's folder."""
        ...

    def about(self) -> Greeting:
        """Return which session it is, and what time it is there."""
        ...

    def tree(self) -> TreeRead:
        """Return the actors, and what each thread has in hand."""
        ...

    def entities(
        self, actors: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = ALL
    ) -> Kept:
        """Return what recorded actors keep; ``actors`` are addresses or patterns, empty: all."""
        ...

    def records(self, actor: str, limit: int) -> Steps:
        """Return the last steps that concern an actor."""
        ...

    def timers(self, actor: str, limit: int) -> TimersRead:
        """Return who is woken when."""
        ...

    def triggers(self, symbol: Symbol) -> TriggersRead:
        """Return which prices positions wait for."""
        ...

    def dead_letters(self) -> DeadLettersRead:
        """Return what reached nobody."""
        ...

    def ask(self, to: Address, message: Message) -> Message | None:
        """Put a reading question to an actor; None: it knows nothing.

        The questions are ``ReadMarket``, ``ReadVerdict``, ``ReadSession``, ``DescribeAccounts``.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class LiveSource:
    """A running session, over its socket."""

    is_live = True

    def __init__(self, connection: Connection) -> None:
        """Greet it. Raises ``InspectError``."""
        self._connection = connection
        try:
            self._greeting = self.about()
        except BaseException:
            connection.close()
            raise

    @property
    def folder(self) -> Path:
        """The session's folder."""
        return Path(self._greeting.folder)

    def about(self) -> Greeting:
        """Return which session it is, and what time it is there."""
        return self._connection.ask(Greet(), Greeting)

    def tree(self) -> TreeRead:
        """Return the actors, and what each thread has in hand."""
        return self._connection.ask(ReadTree(), TreeRead)

    def entities(
        self, actors: tuple[str, ...] = (), kinds: tuple[str, ...] = (), limit: int = ALL
    ) -> Kept:
        """Return what recorded actors keep."""
        question = ReadEntities(actors=actors, kinds=kinds, limit=limit)
        read = self._connection.ask(question, EntitiesRead)
        try:
            kept = tuple(Entities(one.actor, decode_entities(one.entities)) for one in read.actors)
        except UnreadableError as error:
            raise _other_code(error) from None
        return Kept(at=read.at, sequence=read.sequence, actors=kept, left_out=read.left_out)

    def records(self, actor: str, limit: int) -> Steps:
        """Return the last steps that concern an actor."""
        read = self._connection.ask(ReadRecords(actor=actor, limit=limit), RecordsRead)
        try:
            records = tuple(decode(data) for data in read.records)
        except UnreadableError as error:
            raise _other_code(error) from None
        return Steps(records=records, kept_from=read.kept_from)

    def timers(self, actor: str, limit: int) -> TimersRead:
        """Return who is woken when."""
        return self._connection.ask(ReadTimers(actor=actor, limit=limit), TimersRead)

    def triggers(self, symbol: Symbol) -> TriggersRead:
        """Return which prices positions wait for."""
        return self._connection.ask(ReadTriggers(symbol=symbol), TriggersRead)

    def dead_letters(self) -> DeadLettersRead:
        """Return what reached nobody."""
        return self._connection.ask(ReadDeadLetters(), DeadLettersRead)

    def ask(self, to: Address, message: Message) -> Message | None:
        """Put a reading question to an actor."""
        question = AskActor(to=to, message=msgspec.Raw(msgspec.msgpack.encode(message)))
        return message_in(self._connection.ask(question, ActorAnswered).message)

    # What only a running session can do.

    def sample(self, for_ms: Milliseconds) -> TimeSampled:
        """Return on what the threads spend their time; takes so long."""
        return self._connection.ask(SampleTime(for_ms=for_ms), TimeSampled, for_ms / 1000)

    def tap(self, actor: str, message_type: str, per_second: int) -> int:
        """Begin to be shown messages; return the tap's number."""
        number = self._connection.send(
            Tap(actor=actor, message_type=message_type, per_second=per_second)
        )
        self._connection.answer_to(number, Tapping)
        return number

    def tapped(self, seconds: float) -> Tapped | None:
        """Return what a tap brought; None: nothing within so much time."""
        came = self._connection.tapped(seconds)
        return None if came is None else came[1]

    def untap(self, number: int) -> int:
        """End a tap; return how many messages were not shown."""
        return self._connection.ask(Untap(number=number), Tapping).dropped

    def operate(self, question: Operate) -> Operated:
        """Have done what a person wants. The same id again does nothing a second time."""
        return self._connection.ask(question, Operated)

    def close(self) -> None:
        """End the connection, and its taps."""
        self._connection.close()


def life_of(entities: Iterable[msgspec.Struct]) -> Life | None:
    """Return the position that an actor keeps; None: it keeps none, or not all of it."""
    by_kind = {type(entity): entity for entity in entities}
    charter, position = by_kind.get(Charter), by_kind.get(Position)
    if isinstance(charter, Charter) and isinstance(position, Position):
        return Life(charter, position)
    return None


def message_in(raw: msgspec.Raw) -> Message | None:
    """Return a message that arrived as bytes; None for nil. Raises ``InspectError``."""
    if bytes(raw) == _NIL:
        return None
    try:
        return decode_message(raw)
    except UnreadableError as error:
        raise _other_code(error) from None


def message_types() -> list[str]:
    """Return the names of all messages, for completion."""
    return sorted(MESSAGES)


def _other_code(error: UnreadableError) -> RefusedError:
    return RefusedError(f"the session runs other code than this: {error}")
