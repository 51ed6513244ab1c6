"""``tree``, ``top``, ``ps`` and ``state``: who lives, who works, and what each actor keeps."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

import msgspec
from rich.text import Text

from inspection.arguments import Typed, id_of, is_position, nearest
from inspection.command import Command, Context
from inspection.differences import flat
from inspection.errors import InspectError
from inspection.source import Source
from inspection.view import (
    ALARM,
    DIM,
    WARN,
    Cell,
    View,
    builtins,
    fields,
    pairs,
    right,
    stack,
    table,
    title,
)
from messages.addresses import SUPERVISOR, position_address
from messages.base import Address, Milliseconds
from messages.inspection import ActorStatus, ThreadStatus, TreeRead
from terminal.words import count, date_and_time, time_of_day

CHILDREN_SHOWN = 12
"""Of one parent, in ``tree`` without a pattern."""
_LONG_MS = 100
"""A message that is in hand for longer is worth a word."""
_TOP = 20
_UNRECORDED = "as recorded: what waited, threads, and actors without records are not known"
_SAMPLE_MS = Milliseconds(1_000)


def tree(context: Context, words: list[str]) -> View:
    """Show who lives under whom."""
    typed = Typed(TREE.usage, words)
    pattern = typed.word_or("*")
    typed.end()
    read = context.source.tree()
    shown = [one for one in read.actors if fnmatchcase(one.address, pattern)]
    rows = list(_tree_rows(shown, limit=CHILDREN_SHOWN if pattern == "*" else len(shown)))
    columns = ("actor", "state", right("waits"), right("handled"), right("skipped"),
               right("restarts"), "thread")  # fmt: skip
    data = {**fields(read), "actors": [builtins(one) for one in shown]}
    last = _in_hand(read.threads) if context.source.is_live else Text(_UNRECORDED, style=DIM)
    return View(stack(_head(read), table(columns, rows, "nobody"), last), data)


def top(context: Context, words: list[str]) -> View:
    """Show who has most to do: by what waits, by messages a second, or by time."""
    typed = Typed(TOP.usage, words, ("--limit",))
    by = typed.word_or("mailbox")
    limit = typed.number("--limit", _TOP)
    typed.end()
    if by not in _TOPS:
        raise typed.wrong(f"top {by} is not known{nearest(by, _TOPS)}")
    return _TOPS[by](context, limit)


def ps(context: Context, words: list[str]) -> View:
    """Show every actor in a line."""
    typed = Typed(PS.usage, words)
    pattern = typed.word_or("*")
    typed.end()
    read = context.source.tree()
    found = [one for one in read.actors if fnmatchcase(one.address, pattern)]
    rows = [
        (one.address, one.kind, _state(one), str(one.depth), f"{one.processed:,}", one.thread)
        for one in found
    ]
    columns = ("actor", "class", "state", right("waits"), right("handled"), "thread")
    shown = table(columns, rows, f"nobody lives at {pattern}")
    return View(shown, [builtins(one) for one in found])


def state(context: Context, words: list[str]) -> View:
    """Show all that an actor keeps, field by field."""
    typed = Typed(STATE.usage, words, ("--limit",))
    address = address_of(context.source, typed.word("ACTOR"))
    limit = typed.number("--limit", 50)
    typed.end()
    kept = context.source.entities(actors=(address,), limit=limit)
    entities = list(kept.every(msgspec.Struct))
    parts = [
        part for entity in entities for part in (title(type(entity).__name__), pairs(_kept(entity)))
    ]
    head = f"{address} at {time_of_day(kept.at)}, record {kept.sequence:,}"
    more = count(kept.left_out, "entity", "entities") + " more: --limit" if kept.left_out else ""
    none = "" if entities else _nothing_kept(context.source, address)
    data = {
        "actor": address,
        "at": kept.at,
        "sequence": kept.sequence,
        "left_out": kept.left_out,
        "entities": [{"kind": type(e).__name__} | fields(e) for e in entities],
    }
    return View(stack(Text(head, style=DIM), *parts, Text(none or more, style=DIM)), data)


def _nothing_kept(source: Source, address: Address) -> str:
    """Return why there is nothing to be seen of an actor."""
    status = next((one for one in source.tree().actors if one.address == address), None)
    if status is not None and status.is_recorded:
        return "it is as it began: none of its steps has changed anything yet"
    return "it keeps nothing on record: see log, ps, market"


def address_of(source: Source, typed: str) -> Address:
    """Return an actor's address; a position may be typed by its id. Raises ``InspectError``."""
    known = [one.address for one in source.tree().actors]
    for address in (typed, position_address(id_of(typed))):
        if address in known:
            return Address(address)
    if is_position(typed):
        position_id = id_of(typed)
        over = f"of one that is over: position {position_id}, history {position_id}"
        raise InspectError(f"no position {position_id} lives now; {over}")
    raise InspectError(f"nobody lives at {typed}{nearest(typed, known)}")


def addresses(context: Context, words: list[str]) -> Iterable[str]:
    """Return who lives, for completion of a first word."""
    return () if words else [one.address for one in context.source.tree().actors]


def _tree_rows(actors: Sequence[ActorStatus], limit: int) -> Iterator[tuple[Cell, ...]]:
    """Yield a row for each actor, children under their parents."""
    by_parent: dict[Address | None, list[ActorStatus]] = {}
    known = {one.address for one in actors}
    for one in actors:
        parent = one.parent if one.parent in known else None
        by_parent.setdefault(parent, []).append(one)

    def rows(parent: Address | None, indent: str) -> Iterator[tuple[Cell, ...]]:
        children = by_parent.get(parent, [])
        cut = children if parent == SUPERVISOR or parent is None else children[-limit:]
        hidden = len(children) - len(cut)
        if hidden:
            yield (Text(f"{indent}… {hidden:,} older: tree {cut[0].address[:9]}*", style=DIM),)
        for child in cut:
            yield _tree_row(child, indent)
            yield from rows(child.address, indent + "  ")

    return rows(None, "")


def _tree_row(one: ActorStatus, indent: str) -> tuple[Cell, ...]:
    return (
        indent + one.address,
        _state(one),
        _marked(one.depth, WARN),
        f"{one.processed:,}",
        _marked(one.skipped, ALARM),
        _marked(one.restarts, WARN),
        one.thread,
    )


def _state(one: ActorStatus) -> Cell:
    if one.is_suspended:
        return Text("suspended", style=ALARM)
    return one.state


def _marked(value: int, style: str) -> Cell:
    return Text(f"{value:,}", style=style if value else DIM)


def _head(read: TreeRead) -> Text:
    said = f"{time_of_day(read.at)}  {count(len(read.actors), 'actor')}, record {read.sequence:,}"
    waiting = read.sequence - read.durable
    said += f" ({waiting:,} not durable yet)" if waiting > 0 else ""
    said += f", {count(read.dead_letters, 'dead letter')}" if read.dead_letters else ""
    return Text(said, style=DIM)


def _in_hand(threads: Sequence[ThreadStatus]) -> Text:
    """Say what threads have had in hand for long, and where they are in the code."""
    said = Text()
    for one in threads:
        if not one.is_alive:
            said.append(f"\nthe thread {one.name} is dead", style=ALARM)
        if one.actor is None or one.for_ms < _LONG_MS:
            continue
        text = f"\n{one.actor} has had {one.message_type} in hand for {one.for_ms:,} ms"
        said.append(f"{text} (thread {one.name})", style=ALARM)
        for line in one.stack:
            said.append(f"\n    {line}", style=DIM)
    return said


def _by_mailbox(context: Context, limit: int) -> View:
    read = context.source.tree()
    found = sorted(read.actors, key=lambda one: -one.depth)[:limit]
    rows = [(one.address, f"{one.depth:,}", f"{one.processed:,}") for one in found]
    shown = table(("actor", right("waits"), right("handled")), rows, "nobody")
    return View(shown, [builtins(one) for one in found])


def _by_rate(context: Context, limit: int) -> View:
    source = context.live("top rate")
    before = {one.address: one.processed for one in source.tree().actors}
    begun = time.monotonic()
    time.sleep(_SAMPLE_MS / 1000)
    after = source.tree().actors
    seconds = time.monotonic() - begun
    rates = [(one, (one.processed - before.get(one.address, 0)) / seconds) for one in after]
    found = sorted(rates, key=lambda pair: -pair[1])[:limit]
    rows = [(one.address, f"{rate:,.0f}", f"{one.depth:,}") for one, rate in found]
    shown = table(("actor", right("messages/s"), right("waits")), rows, "nobody")
    return View(shown, [{"actor": one.address, "per_second": rate} for one, rate in found])


def _by_time(context: Context, limit: int) -> View:
    read = context.live("top time").sample(_SAMPLE_MS)
    shares = read.shares[:limit]
    rows: list[tuple[Cell, ...]] = [
        (one.actor, one.message_type, f"{one.samples / max(1, read.samples):.1%}") for one in shares
    ]
    at_rest = read.samples - sum(one.samples for one in read.shares)
    rows.append((Text("at rest", style=DIM), "", f"{at_rest / max(1, read.samples):.1%}"))
    columns = ("actor", "message", right("of the threads' time"))
    return View(table(columns, rows, ""), builtins(read))


_TOPS: dict[str, Callable[[Context, int], View]] = {
    "mailbox": _by_mailbox,
    "rate": _by_rate,
    "time": _by_time,
}


def _kept(entity: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Return every field with its value, nested ones by dotted names; times with their date."""
    named = {name: value for name, value in fields(entity).items() if name != "type"}
    return flat(named, moment=lambda at: f"{date_and_time(at)}.{at % 1000:03}")


TREE = Command(
    name="tree",
    usage="tree [PATTERN]",
    help="The actors, with state, mailbox and restarts; what a thread has had in hand for long.",
    examples=("tree", "tree position/*"),
    run=tree,
    complete=addresses,
)
TOP = Command(
    name="top",
    usage="top [mailbox|rate|time] [--limit N]",
    help="Who has most waiting, handles most a second, or takes most time (looks for a second).",
    examples=("top", "top rate", "top time"),
    run=top,
    complete=lambda _, words: () if words else tuple(_TOPS),
)
PS = Command(
    name="ps",
    usage="ps [PATTERN]",
    help="Every actor in one line.",
    examples=("ps", "ps position/*"),
    run=ps,
    complete=addresses,
)
STATE = Command(
    name="state",
    usage="state ACTOR [--limit N]",
    help="All that a recorded actor keeps, field by field.",
    examples=("state position/p3", "state p3", "state guardian", "state portfolio --json"),
    run=state,
    complete=addresses,
)
COMMANDS = (TREE, TOP, PS, STATE)
