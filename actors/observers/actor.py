"""The observers' mailbox: what people should know of, told to the log, and to who asks.

In a replay nobody watches, so it only counts. In a session it keeps the book that views ask for,
from every recorded step and every quote.
"""

from collections import Counter, deque

from loguru import logger

from actors.journal.port import Record
from actors.observers.events import ALARM, COUNTED, Event, heard
from actors.observers.session import SessionBook
from actors.runtime.actor import Actor
from actors.runtime.system import MailboxStatus, System
from messages.base import Address, Message, Timestamp
from messages.envelope import Wake
from messages.market_data import CandleReceived, QuoteReceived
from messages.observers import Alarm, AlarmOver, EntryRefused, MessageSkipped
from messages.session import ActorRow, ReadSession

LAST_KEPT = 200
"""How many of the last facts are kept for tools."""

_EQUITY = "equity"
_LOG_LEVELS = {ALARM: "CRITICAL"}
"""Where the log's word is not the event's in capitals."""

_ALL_POSITIONS = Address("position/*")


class Observers(Actor):
    """Logs what people should know, counts it by kind, and answers who looks."""

    def __init__(self, system: System, address: Address, book: SessionBook | None = None) -> None:
        """Begin without a fact. With ``book``, follow every recorded step."""
        super().__init__(system, address)
        self.last: deque[Message] = deque(maxlen=LAST_KEPT)
        self.alarms: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        """Entries refused, by guard."""
        self.skipped: Counter[str] = Counter()
        """Messages that made an actor raise, by actor."""
        self.counted: Counter[str] = Counter()
        """Orders that were asked for twice, came back or were forgotten, by event; with a book."""
        self.book = book
        if book is not None:
            system.observe(self._follow)

    def on_start(self) -> None:
        """Begin the equity's curve."""
        if self.book is not None:
            self._sample(self.book)

    def handle(self, message: Message) -> object:
        """Log and count; follow the market; answer."""
        match message:
            case Alarm() | AlarmOver() | EntryRefused() | MessageSkipped():
                self._hear(message)
            case _ if self.book is not None:
                return self._keep_book(self.book, message)
            case _:
                return super().handle(message)
        return None

    def _keep_book(self, book: SessionBook, message: Message) -> object:
        match message:
            case QuoteReceived():
                self._tell(book, book.on_quote(message.quote))
            case CandleReceived():
                book.on_candle(message.symbol, message.candle)
            case Wake():
                self._sample(book)
            case ReadSession():
                return book.picture(
                    self.now(),
                    actor_rows(self.system),
                    alarms=self.alarms,
                    errors=self.skipped,
                    refusals=self.refusals,
                )
            case _:
                return super().handle(message)
        return None

    def _tell(self, book: SessionBook, ended: list[AlarmOver]) -> None:
        """Log the alarms that are over."""
        for over in ended:
            _log(book.note(heard(over, self.now())))

    def _hear(self, message: Alarm | AlarmOver | EntryRefused | MessageSkipped) -> None:
        self.last.append(message)
        if isinstance(message, AlarmOver):
            if self.book is not None:
                self._tell(self.book, self.book.alarms.over(message))
            return
        event = heard(message, self.now())
        if self.book is not None:
            event = self.book.note(event)
        match message:
            case Alarm():
                self.alarms[message.kind] += 1
                if self.book is not None:
                    self.book.alarms.raised(message)
                _log(event)
            case EntryRefused():
                self.refusals[message.guard] += 1
                _log(event)
            case MessageSkipped():  # the runtime logged it, with its traceback
                self.skipped[message.actor] += 1

    def _follow(self, record: Record) -> None:
        """Take in one recorded step. Runs on the dispatcher, as everything here."""
        if self.book is not None:
            for event in self.book.on_record(record):
                if event.name in COUNTED:
                    self.counted[event.name] += 1
                _log(event)

    def _sample(self, book: SessionBook) -> None:
        """Add a point to the equity's curve, and come back for the next."""
        now = self.now()
        book.report.sample(now, keep=True)
        self.set_timer(_EQUITY, Timestamp(now - now % book.equity_ms + book.equity_ms))


def _log(event: Event) -> None:
    """Log with the market's time: in a replay the clock on the wall says nothing."""
    level = _LOG_LEVELS.get(event.level, event.level.upper())
    logger.bind(at=event.at, event=event).log(level, "{}", event.text)


def actor_rows(system: System) -> tuple[ActorRow, ...]:
    """Return a row for each actor, in the order of starting; on the dispatcher's thread."""
    rows: dict[Address, ActorRow] = {}
    for address in system.mailboxes:
        status = system.status(address)
        if status is not None:
            name = _ALL_POSITIONS if address.startswith("position/") else address
            rows[name] = _with(rows.get(name), name, status)
    return tuple(rows.values())


def _with(row: ActorRow | None, name: Address, status: MailboxStatus) -> ActorRow:
    """Return ``row`` with one more mailbox in it."""
    return ActorRow(
        address=name,
        depth=status.depth + (row.depth if row else 0),
        processed=status.processed + (row.processed if row else 0),
        skipped=status.skipped + (row.skipped if row else 0),
        restarts=status.restarts + (row.restarts if row else 0),
    )
