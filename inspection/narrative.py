"""The life of a position in plain sentences: what it heard, what it wanted, what it did about it.

Told from its records alone, with their exact numbers; every line names its record, and the record
of the step that caused it. Owns the walk along the records. What is said of orders is ``racing``'s.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from actors.journal.port import Record
from actors.position.forced_close import Salvage
from actors.position.position import Charter, Life, Position
from actors.position.price_levels import stop
from actors.position.states import State
from inspection.exit_events import salvaging, wanted
from inspection.heard_events import (
    ALARM,
    BAD,
    GOOD,
    NEWS,
    PLAIN,
    Told,
    asked_or_answered,
    bid_ask,
    fired,
    freshness,
    reachability,
    sender_words,
    watched,
)
from inspection.order_events import canceling, heard_of, placing
from inspection.outcome import cause_words, ending
from inspection.view import number
from messages.addresses import POSITIONS
from messages.base import Address, Message, Timestamp
from messages.envelope import Wake
from messages.observers import Alarm, EntryRefused
from messages.order_router import CancelOrder, PlaceOrder
from messages.portfolio import RequestBalance
from messages.position import (
    BudgetDenied,
    BudgetGranted,
    CloseCause,
    LevelName,
    MarketFreshness,
    OrderUpdated,
    QuoteAnswered,
    TriggerFired,
    TriggersArmed,
    VenueReachability,
)
from messages.prices import extremes

Lookup = Callable[[int], Record | None]
"""Finds a record by its sequence; None: it is not kept any more."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence."""

    at: Timestamp
    sequence: int
    """Of the record."""
    cause: int | None
    """Sequence of the record whose step sent what was heard; None: it came from outside."""
    text: str
    tone: str = PLAIN


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a position, and how."""

    life: Life | None
    """As it was last; None: it never began."""
    headline: str
    lines: tuple[Line, ...]
    ends: tuple[str, ...]
    """What it came to: who sold what, and what was left uncovered for how long."""


class Teller:
    """Takes a position's records in order, and tells of each."""

    def __init__(self, look_up: Lookup) -> None:
        """Know nothing yet."""
        self._look_up = look_up
        self._charter: Charter | None = None
        self.life: Life | None = None
        self.lines: list[Line] = []
        self._ratchets = 0
        """How often in a row the stop moved up, and nothing else happened."""
        self._stop_was: tuple[Decimal, CloseCause] | None = None
        """The stop before these."""

    def take(self, record: Record) -> None:
        """Tell of one step."""
        before = self.life
        for change in record.changes:
            if isinstance(change, Charter):
                self._charter = change
            elif isinstance(change, Position) and self._charter is not None:
                self.life = Life(self._charter, change)
        if record.error is not None:
            self._say(record, f"it raised on {_kind(record.message)}: {record.error}", ALARM)
        elif before is not None and self.life is not None and self._is_ratchet(record, before):
            self._say_ratchet(record, before, self.life)
        elif self._ratchets and _is_covered_again(record.message, self.life):
            pass  # the stop is watched at its new price, as was said
        elif self.life is not None:
            self._ratchets = 0
            for text, tone in self._told(record, before, self.life):
                self._say(record, text, tone)

    def begin(self, entities: Iterable[msgspec.Struct]) -> None:
        """Begin in the middle of a life, with what is known of it there."""
        kept = tuple(entities)
        self._charter = next((e for e in kept if isinstance(e, Charter)), None)
        position = next((e for e in kept if isinstance(e, Position)), None)
        if self._charter is not None and position is not None:
            self.life = Life(self._charter, position)

    def _told(self, record: Record, before: Life | None, life: Life) -> Iterator[Told]:
        message = record.message
        if before is None:
            yield from self._begun(record, life)
        else:
            yield from self._heard(record, before, life)
        if any(isinstance(change, Salvage) for change in record.changes):
            yield from salvaging(message)
        yield from wanted(before, life, message)
        for send in record.outbox:
            yield from _did(send.message, life)
        yield from _stood(before, life)

    def _begun(self, record: Record, life: Life) -> Iterator[Told]:
        charter, quote = life.charter, life.charter.rules.quote
        if charter.adopted is not None:
            taken = charter.adopted
            text = f"{number(taken.quantity)} {charter.rules.base} for {number(taken.cost)} {quote}"
            late = f"a fill of {taken.client_order_id} that came after its position was over"
            yield f"it took over {text}: {late} (policy {taken.policy.value})", NEWS
            return
        who = self._who_asked(record)
        prices = bid_ask(charter.quote)
        budget = f"{number(charter.budget)} {quote}"
        yield f"{who} asked for it with {budget}: {charter.decision} ({prices})", NEWS

    def _who_asked(self, record: Record) -> str:
        asked = self._look_up(record.id[0]) if record.sender == POSITIONS else None
        sender = record.sender if asked is None else asked.sender
        return sender_words(sender)

    def _heard(self, record: Record, before: Life, life: Life) -> Iterator[Told]:
        message, rules = record.message, life.charter.rules
        match message:
            case BudgetGranted():
                yield f"the portfolio set {number(message.budget)} {rules.quote} aside", PLAIN
            case BudgetDenied():
                words = message.reason.value.replace("_", " ")
                yield f"the portfolio refused the budget: {words}: {message.text}", BAD
            case OrderUpdated():
                why = self._look_up(record.id[0])
                yield from heard_of(message.facts, before, None if why is None else why.message)
            case TriggerFired():
                yield from fired(message, before)
            case TriggersArmed() if life.position.protection.armed:
                if before.position.protection.armed != life.position.protection.armed:
                    yield watched(life.position.protection.armed, life), PLAIN
            case MarketFreshness():
                yield freshness(fresh=message.fresh)
            case VenueReachability():
                yield reachability(reachable=message.reachable)
            case QuoteAnswered(quote=None):
                yield "market data had no fresh quote to set a price by", BAD
            case _:
                yield from asked_or_answered(record, before)

    def _is_ratchet(self, record: Record, before: Life) -> bool:
        fired = record.message
        return (
            isinstance(fired, TriggerFired)
            and fired.levels == (LevelName.RATCHET,)
            and (before.position.closing is None)
        )

    def _say_ratchet(self, record: Record, before: Life, life: Life) -> None:
        """Tell of the stop moving up; of many such moves in a row the last, with their number."""
        if not isinstance(record.message, TriggerFired):
            return
        old, new = stop(before), stop(life)
        if new is None or new == old:
            return
        self._ratchets += 1
        if self._ratchets == 1:
            self._stop_was = old
        else:
            self.lines.pop()
        _, high = extremes(record.message.quote, life.charter.plan.trigger_source)
        text = f"the price rose to {number(high)}: the {cause_words(new[1])} "
        text += f"moved up to {number(new[0])}"
        was = "" if self._stop_was is None else f" from {number(self._stop_was[0])}"
        times = "" if self._ratchets == 1 else f" in {self._ratchets} moves"
        self._say(record, text + was + times, PLAIN)

    def _say(self, record: Record, text: str, tone: str) -> None:
        cause = record.id[0] or None
        line = Line(at=record.now, sequence=record.sequence, cause=cause, text=text, tone=tone)
        self.lines.append(line)


def tell(
    records: Iterable[Record],
    address: Address,
    look_up: Lookup,
    opening: Iterable[msgspec.Struct] = (),
) -> Story:
    """Tell a position's life from its records, oldest first; others among them are left out.

    ``opening`` is what it kept before the first of them, where that is not its beginning.
    """
    teller = Teller(look_up)
    teller.begin(opening)
    for record in records:
        if record.actor == address:
            teller.take(record)
    headline, ends = ending(teller.life)
    return Story(life=teller.life, headline=headline, lines=tuple(teller.lines), ends=tuple(ends))


def _is_covered_again(message: Message, life: Life | None) -> bool:
    """Whether a step only says that market data watches the levels it was told last."""
    is_armed = isinstance(message, TriggersArmed) and life is not None
    return is_armed and life is not None and life.position.state is State.PROTECTING


def _did(message: Message, life: Life) -> Iterator[Told]:
    """Say what it asked for."""
    match message:
        case PlaceOrder(request=request):
            yield placing(request, life), PLAIN
        case CancelOrder(client_order_id=order_id, urgent=urgent):
            yield canceling(order_id, life, urgent=urgent), PLAIN
        case Alarm():
            yield f"ALARM {message.kind.value.replace('_', ' ')}: {message.text}", ALARM
        case EntryRefused():
            yield f"nothing is bought: {message.guard.replace('_', ' ')}: {message.text}", BAD
        case RequestBalance():
            yield f"it asked what the venue would let it sell of {message.currency}", PLAIN
        case _:
            pass


def _stood(before: Life | None, life: Life) -> Iterator[Told]:
    """Say which state it came into."""
    was = None if before is None else before.position.state
    match was, life.position.state:
        case ((State.OPEN | State.OPENING | State.CLOSING), State.PROTECTING):
            yield "from here on all of it was covered", GOOD
        case State.PROTECTING, State.OPEN:
            yield "nothing covered it from here on", ALARM
        case _, State.STRANDED if was is not State.STRANDED:
            yield "it could not be sold from here on", ALARM
        case State.STRANDED, State.OPEN | State.PROTECTING | State.CLOSING:
            yield "it could be sold again", GOOD
        case _, State.CLOSED if was is not State.CLOSED:
            yield "it was closed", NEWS
        case _:
            pass
    if before is not None and before.position.is_restoring and not life.position.is_restoring:
        yield "it is restored: covered, or on its way out", GOOD


def _kind(message: Message) -> str:
    return "a deadline" if isinstance(message, Wake) else type(message).__name__
