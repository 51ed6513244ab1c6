"""``at``, ``diff`` and ``history``: a session as it was, what changed between, and step by step.

Owns how a moment is typed. The past itself is ``past``'s.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from rich.text import Text

from actors.inspector.reading import is_pattern
from actors.journal.entities import EntityKey, key_of
from actors.journal.port import Record
from inspection.arguments import Typed, address_typed, nearest
from inspection.command import Command, Context
from inspection.differences import changed
from inspection.errors import InspectError
from inspection.journal import readable, take_in
from inspection.recorded import Recorded, check_sequence
from inspection.recorded_source import Past
from inspection.sequence import detail
from inspection.view import ALARM, DIM, HEAD, View, builtins, plain, stack
from messages.base import Address, Timestamp
from terminal.words import count, date_and_time, time_of_day

_NOW = "now"
_LAST = 20
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,3})?)?")
_MS_LEAST = 10**11
"""A whole number from here on is a time; smaller ones are records."""


def at(context: Context, words: list[str]) -> View:
    """Go to a record or a time, and answer as of then; ``at now`` comes back."""
    typed = Typed(AT.usage, words)
    where = typed.word_or("")
    more = typed.word_or("")
    typed.end()
    if where == _NOW:
        if context.now is not None:
            context.source, context.now = context.now, None
    elif where:
        found = context.recorded()
        sequence = moment(context, found, f"{where} {more}".strip())
        past = Past(context.recorded(at_least=sequence), sequence)
        context.now = context.now or context.source
        context.source = past
    return _here(context)


def diff(context: Context, words: list[str]) -> View:
    """Show what is otherwise after one record than after another."""
    typed = Typed(DIFF.usage, words)
    found = context.recorded()
    first = moment(context, found, typed.word("SEQ"))
    second = moment(context, found, typed.word("SEQ"))
    typed.end()
    before, after = Past(found, first), Past(found, second)
    said: list[Text] = []
    data: list[dict[str, str]] = []
    for address in dict.fromkeys((*before.cut.addresses(), *after.cut.addresses())):
        old, new = _kept(before, address), _kept(after, address)
        for key in dict.fromkeys((*old, *new)):
            found_here = list(changed(old.get(key), new.get(key)))
            if found_here:
                said.append(Text(f"{address} {_name(key)}", style=HEAD))
                said += map(_difference, found_here)
            for field, was, now in found_here:
                one = {"field": field, "was": was, "is": now}
                data.append({"actor": address, "entity": _name(key), **one})
    spoken = f"from record {first:,} ({time_of_day(before.cut.at)}) to {second:,} "
    head = f"{spoken}({time_of_day(after.cut.at)}): {count(len(data), 'difference')}"
    return View(stack(Text(head, style=DIM), *said), data)


def history(context: Context, words: list[str]) -> View:
    """Show an actor's own steps, each with the fields that it changed."""
    typed = Typed(HISTORY.usage, words, ("-n",))
    name = typed.word("ACTOR")
    limit = typed.number("-n", _LAST)
    typed.end()
    if is_pattern(name):
        raise typed.wrong(f"{name} is a pattern: one actor is wanted")
    address = address_typed(name)
    found = context.recorded()
    journal, up_to = found.journal, context.up_to(found)
    steps = list(journal.steps_of(address, up_to))
    shown = list(reversed(steps[:limit]))
    if not shown:
        known = sorted(journal.addresses(up_to))
        near = nearest(address, known)
        raise InspectError(f"no step of {address} is recorded up to {up_to:,}{near}")
    said: list[Text] = []
    data: list[dict[str, object]] = []
    with readable():
        kept = journal.kept_before(address, shown[0])
        for record in journal.records(shown):
            changes = list(_changes(record, kept))
            said += [_step(record), *map(_difference, changes)]
            data.append(_plain(record, changes))
    more = f", the last {len(shown)}; -n {len(steps)} shows all" if len(steps) > limit else ""
    head = Text(f"{address}: {count(len(steps), 'step')}{more}", style=DIM)
    return View(stack(head, *said), data)


def moment(context: Context, found: Recorded, typed: str) -> int:
    """Return the record that is meant: ``1234``, ``#1234``, ``10:02:11.5`` or a date with it.

    Of a time, the last record then or before. Raises ``InspectError``.
    """
    plain = typed.removeprefix("#").replace(",", "")
    if plain.isdigit() and int(plain) < _MS_LEAST:
        sequence = int(plain)
        if sequence > found.last:
            found = context.recorded(at_least=sequence)
        return check_sequence(found, sequence)
    when = Timestamp(int(plain)) if plain.isdigit() else _time(typed, context.source.about().at)
    sequence_then = found.journal.sequence_at(when, found.last)
    if sequence_then is None:
        raise InspectError(f"{date_and_time(when)} is before the first record that is kept")
    return sequence_then


def _time(typed: str, today: Timestamp) -> Timestamp:
    """Return a typed time, UTC; without a date, the last such time. Raises ``InspectError``."""
    now = datetime.fromtimestamp(today / 1000, UTC)
    try:
        if (clock := _CLOCK.fullmatch(typed)) is not None:
            hour, minute, second = (int(part or 0) for part in clock.groups()[:3])
            fraction = int(float(clock[4] or 0) * 1_000_000)
            then = now.replace(hour=hour, minute=minute, second=second, microsecond=fraction)
            then = then if then <= now else then - timedelta(days=1)
        else:
            then = datetime.fromisoformat(typed)
    except ValueError:
        raise InspectError(
            f"{typed}: a record (1234), a time (10:02:11.5, UTC) or now is wanted"
        ) from None
    then = then if then.tzinfo is not None else then.replace(tzinfo=UTC)
    return Timestamp(round(then.timestamp() * 1000))


def _here(context: Context) -> View:
    source = context.source
    if not isinstance(source, Past):
        return View(Text("at now: the session runs"), {"at": None, "sequence": None})
    when = f"record {source.sequence:,}, {date_and_time(source.cut.at)}"
    last = f" of {source.found.last:,}"
    note = "the session's last" if source.is_last else f"{when}{last}"
    text = f"at {note if not source.is_last else f'{when}: {note}'}"
    back = "" if context.now is None else "; every command answers as of then; back: at now"
    return View(Text(text + back), {"at": source.cut.at, "sequence": source.sequence})


def _kept(past: Past, address: Address) -> dict[EntityKey, msgspec.Struct]:
    return {key_of(entity): entity for entity in past.cut.of(address)}


def _name(key: EntityKey) -> str:
    return f"{key[0]} {key[1]}".strip()


def _changes(
    record: Record, kept: dict[EntityKey, msgspec.Struct]
) -> Iterator[tuple[str, str, str]]:
    """Yield each field that a step changed, and take the step in."""
    before = dict(kept)
    for change in record.changes:
        take_in(kept, change)
    is_one = len({*before, *kept}) == 1
    for key in dict.fromkeys((*before, *kept)):
        old, new = before.get(key), kept.get(key)
        if old is new:
            continue
        name = "" if is_one else _name(key)
        for field, was, now in changed(old, new):
            yield f"{name} {field}".strip() or _name(key), was, now


def _step(record: Record) -> Text:
    """Return a step's first line: what was heard, and whether it was skipped."""
    cause = f" ← #{record.id[0]}" if record.id[0] else ""
    line = Text(f"#{record.sequence}{cause}  {time_of_day(record.now)}  ", style=DIM)
    line.append(type(record.message).__name__, style="not dim bold")
    line.append(f" from {record.sender}")
    line.append_text(plain(detail(record.message)))
    if record.error is not None:
        line.append(f"  SKIPPED: {record.error}", style=ALARM)
    return line


def _difference(one: tuple[str, str, str]) -> Text:
    field, was, now = one
    line = Text(f"    {field}  ")
    line.append_text(plain(was)).append(" → ", style=DIM).append_text(plain(now))
    return line


def _plain(record: Record, changes: Iterable[tuple[str, str, str]]) -> dict[str, object]:
    return {
        "sequence": record.sequence,
        "at": record.now,
        "message": type(record.message).__name__,
        "heard": builtins(record.message),
        "sender": record.sender,
        "error": record.error,
        "changes": [{"field": field, "was": was, "is": now} for field, was, now in changes],
    }


def _recorded_addresses(context: Context, words: list[str]) -> Iterable[str]:
    """Return who took a step on record, for completion of a first word."""
    return () if words else sorted(context.recorded().journal.addresses())


AT = Command(
    name="at",
    usage="at [SEQ|TIME|now]",
    help="Go back to a record or a time: every command answers as of then, from the journal.",
    examples=("at 1234", "at 10:02:11.5", "at 2026-11-21T10:02", "at now"),
    run=at,
    complete=lambda _, words: () if words else (_NOW,),
)
DIFF = Command(
    name="diff",
    usage="diff SEQ SEQ",
    help="What every recorded actor keeps otherwise after one record than after another.",
    examples=("diff 120 125", "diff 10:02 10:03"),
    run=diff,
)
HISTORY = Command(
    name="history",
    usage="history ACTOR [-n N]",
    help="An actor's own steps, each with the fields that it changed: what was, what is.",
    examples=("history p3", "history portfolio -n 5"),
    run=history,
    complete=_recorded_addresses,
)
COMMANDS = (AT, DIFF, HISTORY)
