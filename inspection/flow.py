"""``log``, ``tap``, ``deadletters`` and ``timers``: what was said, what was lost, who wakes."""

from collections.abc import Iterator
from itertools import islice

import msgspec
from rich.text import Text

from actors.inspector.reading import is_pattern
from actors.journal.port import Record
from inspection.actors import address_of, addresses
from inspection.arguments import Typed, address_typed, nearest
from inspection.command import Command, Context
from inspection.differences import leaf
from inspection.errors import InspectError
from inspection.journal import readable
from inspection.sequence import actor as short
from inspection.sequence import detail
from inspection.source import LiveSource, message_in, message_types
from inspection.view import ALARM, DIM, View, builtins, plain, right, stack, table
from messages.inspection import Tapped, TappedMessage
from terminal.words import count, date_and_time, duration, time_of_day

_LAST = 20
_TAPPED = 50
_PER_SECOND = 50
_TAP_SECONDS = 0.5
_TEXT_CELLS = 400
"""Of one message."""


def log(context: Context, words: list[str]) -> View:
    """Show the last steps of an actor: what it heard, what changed, whom it told."""
    typed = Typed(LOG.usage, words, ("-n",))
    actor = typed.word("ACTOR")
    limit = typed.number("-n", _LAST)
    typed.end()
    address = address_typed(actor)
    records, note = _last(context, address, limit)
    drawn = [part for record in records for part in _step(record)]
    if not drawn:
        living = addresses(context, [])
        near = "" if is_pattern(actor) or address in living else nearest(address, living)
        drawn = [Text(f"no step concerns {actor}{near}", style=DIM)]
    return View(stack(*drawn, note), [builtins(record) for record in records])


def tap(context: Context, words: list[str]) -> Iterator[View]:
    """Show messages as they are handled, until there were enough or somebody stops it."""
    typed = Typed(TAP.usage, words, ("--limit", "--rate"))
    actor, _, message_type = typed.word_or("*").partition(":")
    limit = typed.number("--limit", _TAPPED)
    per_second = typed.number("--rate", _PER_SECOND)
    typed.end()
    source = context.live("tap")
    if actor and not is_pattern(actor):
        actor = address_of(source, actor)
    known = message_types()
    if message_type and message_type not in known and not is_pattern(message_type):
        raise InspectError(f"there is no message {message_type}{nearest(message_type, known)}")
    number = source.tap(actor or "*", message_type or "*", per_second)
    return _tapped(source, number, limit)


def dead_letters(context: Context, words: list[str]) -> View:
    """Show what reached nobody."""
    Typed(DEAD_LETTERS.usage, words).end()
    read = context.source.dead_letters()
    rows = []
    for one in read.last:
        message = message_in(one.message)
        rows.append((one.to, one.sender, type(message).__name__, _text(message)))
    lost = f"{count(read.count, 'message')} reached nobody; the last ones:"
    head = Text(lost, style=DIM) if rows else None
    columns = ("to", "from", "message", "fields")
    shown = table(columns, rows, "every message reached somebody")
    data = {
        "count": read.count,
        "last": [_dead(one.to, one.sender, one.message) for one in read.last],
    }
    return View(stack(head, shown), data)


def timers(context: Context, words: list[str]) -> View:
    """Show who is woken when, the earliest first."""
    typed = Typed(TIMERS.usage, words, ("--limit",))
    actor = typed.word_or("*")
    limit = typed.number("--limit", 40)
    typed.end()
    read = context.source.timers(actor, limit)
    rows = [
        (one.actor, one.key, date_and_time(one.at), _in(one.at - read.at)) for one in read.timers
    ]
    columns = ("actor", "key", "at", right("in"))
    head = Text(f"{count(read.total, 'timer')} set, {time_of_day(read.at)} now", style=DIM)
    return View(stack(head, table(columns, rows, "none")), builtins(read))


def _tapped(source: LiveSource, number: int, limit: int) -> Iterator[View]:
    left = limit
    dropped = 0
    try:
        while left > 0:
            came = source.tapped(_TAP_SECONDS)
            if came is None:
                continue
            shown = came.messages[:left]
            left -= len(shown)
            yield _tapped_view(shown, came, dropped)
            dropped = came.dropped
    finally:
        source.untap(number)


def _tapped_view(shown: tuple[TappedMessage, ...], came: Tapped, dropped: int) -> View:
    lines = [_tapped_line(one) for one in shown]
    if came.dropped > dropped:
        more = count(came.dropped - dropped, "message") + " not shown"
        lines.append(Text(f"  … {more}: more than --rate", style=DIM))
    data = {
        "dropped": came.dropped,
        "messages": [
            {
                "at": one.at,
                "to": one.to,
                "sender": one.sender,
                "id": one.id,
                "cause": one.cause,
                "message_type": one.message_type,
                "message": _message(one.message),
            }
            for one in shown
        ],
    }
    return View(stack(*lines), data)


def _tapped_line(one: TappedMessage) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{time_of_day(one.at)} ", style=DIM)
    line.append_text(plain(f"{one.sender} → {one.to} "))
    line.append(one.message_type, style="bold")
    message = _message(one.message)
    line.append_text(plain(f" {_fields(message)}"[:_TEXT_CELLS]))
    return line


def _message(raw: msgspec.Raw) -> object:
    """Return a message as data; also one of a kind that this code does not know."""
    return msgspec.msgpack.decode(raw)


def _dead(to: str, sender: str, raw: msgspec.Raw) -> dict[str, object]:
    return {"to": to, "sender": sender, "message": _message(raw)}


def _last(context: Context, address: str, limit: int) -> tuple[list[Record], Text | None]:
    """Return the last steps, from memory and what is missing from the journal; or why not."""
    steps = context.source.records(address, limit)
    missing = limit - len(steps.records)
    if not missing or not context.source.is_live:
        return list(steps.records), None
    try:
        journal = context.recorded(at_least=steps.kept_from - 1).journal
        with readable():
            before = islice(journal.concerning(address, steps.kept_from - 1), missing)
            earlier = list(journal.records(before))
    except InspectError as error:
        note = f"the steps since record {steps.kept_from:,} are kept; before it: {error}"
        return list(steps.records), Text(note, style=DIM)
    return [*reversed(earlier), *steps.records], None


def _step(record: Record) -> Iterator[Text]:
    """Yield what was heard, and then what became of it."""
    head = Text(f"#{record.sequence} {time_of_day(record.now)} ", style=DIM, no_wrap=True)
    head.append(f"{short(record.sender)} → {short(record.actor)} ", style="not dim")
    head.append(type(record.message).__name__, style="not dim bold")
    head.append_text(plain(detail(record.message)))
    head.overflow = "ellipsis"
    yield head
    if record.error is not None:
        yield Text(f"    SKIPPED: {record.error}", style=ALARM)
    said = [f"changed {', '.join(type(change).__name__ for change in record.changes)}"]
    said += [f"{type(send.message).__name__} → {short(send.to)}" for send in record.outbox]
    if len(said) > 1 or record.changes:
        yield Text(f"    {'; '.join(said if record.changes else said[1:])}", style=DIM)


def _text(message: msgspec.Struct | None) -> str:
    return "" if message is None else _fields(builtins(message))


def _fields(data: object) -> str:
    if not isinstance(data, dict):
        return "" if data is None else str(data)
    # When it was comes last: a line that is too long loses that first.
    told = sorted(data, key=lambda name: name == "at")
    return " ".join(f"{name}={_short(data[name])}" for name in told if name != "type")


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "{" + _fields(value) + "}"
    if isinstance(value, list | tuple):
        return "[" + " ".join(_short(one) for one in value) + "]"
    return leaf(value)


def _in(ms: int) -> str:
    return "due" if ms <= 0 else duration(ms)


LOG = Command(
    name="log",
    usage="log ACTOR [-n N]",
    help="The last steps that an actor took, caused or was told by; a pattern such as position/*.",
    examples=("log position/p3 -n 40", "log p3", "log portfolio"),
    run=log,
    complete=addresses,
)
TAP = Command(
    name="tap",
    usage="tap [ACTOR][:MESSAGE] [--limit N] [--rate PER_SECOND]",
    help="Messages as they are handled: so many in all, so many a second; the rest is counted.",
    examples=("tap position/*", "tap order_router --limit 20", "tap *:OrderUpdated"),
    run=tap,
    complete=lambda context, words: (
        () if words else (*addresses(context, words), *(f"*:{name}" for name in message_types()))
    ),
)
DEAD_LETTERS = Command(
    name="deadletters",
    usage="deadletters",
    help="Messages that reached nobody.",
    examples=("deadletters",),
    run=dead_letters,
)
TIMERS = Command(
    name="timers",
    usage="timers [ACTOR] [--limit N]",
    help="Who is woken when, the earliest first.",
    examples=("timers", "timers position/*"),
    run=timers,
    complete=addresses,
)
COMMANDS = (LOG, TAP, DEAD_LETTERS, TIMERS)
