"""``diagram``: the messages of one position as a sequence diagram, as text or for Mermaid.

Owns which messages are drawn: what its records heard, and what they sent to actors without records;
of its orders also what the router heard that told the position nothing; and what made the operator
or the reconciler ask.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from rich.table import Table
from rich.text import Text

from actors.journal.port import Record
from actors.order_router.order import RoutedOrder
from inspection.arguments import Typed, id_of, nearest
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.sequence import actor, arrow, detail, mermaid, note
from inspection.view import ALARM, DIM, View, exact_time
from inspection.why import complete, records_of
from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    MARKET_DATA,
    OBSERVERS,
    OPERATOR,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    STRATEGY,
    position_address,
)
from messages.base import Address, Message, PositionId, Timestamp
from terminal.words import duration

_EDGES = frozenset((GATEWAY, MARKET_DATA, OBSERVERS, STRATEGY))
"""They leave no record of what they heard: the arrow is drawn where it was sent."""
_ASKERS = frozenset((OPERATOR, RECONCILER))
"""They act on what they heard of others: that is drawn too."""
_LANES = (OPERATOR, STRATEGY, POSITIONS, PORTFOLIO, GUARDIAN, ORDER_ROUTER, RECONCILER, GATEWAY,
          MARKET_DATA, OBSERVERS)  # fmt: skip
_FORMS = ("text", "mermaid")
_PAUSE_MS = 1_000
"""Time that passed is told from here on."""


class Arrow(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    at: Timestamp
    sequence: int
    """Of the record that heard it, or of the one that sent it to an edge."""
    sender: Address
    to: Address
    message: Message
    error: str | None = None


def diagram(context: Context, words: list[str]) -> View:
    """Show the messages of a position, in order."""
    typed = Typed(DIAGRAM.usage, words)
    position_id = id_of(typed.word("POSITION"))
    form = typed.word_or(_FORMS[0])
    typed.end()
    if form not in _FORMS:
        raise typed.wrong(f"diagram {form} is not known{nearest(form, _FORMS)}")
    drawn = list(arrows(_records(context, position_id), position_id))
    if not drawn:
        raise InspectError(f"no record tells of {position_id} up to here")
    text = as_mermaid(drawn)
    shown = Text(text, no_wrap=True, overflow="ignore") if form == "mermaid" else as_text(drawn)
    return View(shown, {"mermaid": text})


def arrows(records: Iterable[Record], position_id: PositionId) -> Iterator[Arrow]:
    """Yield the messages that concern a position, in the order of the records."""
    address, known = position_address(position_id), tuple(records)
    about = [record for record in known if _is_about(record, position_id)]
    asked = {record.id[0] for record in about if record.sender in _ASKERS}
    heard = asked | {record.sequence for record in about}
    for record in known:
        if record.sequence not in heard:
            continue
        at, sequence = record.now, record.sequence
        yield Arrow(
            at=at,
            sequence=sequence,
            sender=record.sender,
            to=record.actor,
            message=record.message,
            error=record.error,
        )
        for send in record.outbox if record.actor in (address, ORDER_ROUTER) else ():
            if send.to in _EDGES:
                sender, message = record.actor, send.message
                yield Arrow(at=at, sequence=sequence, sender=sender, to=send.to, message=message)


def _records(context: Context, position_id: PositionId) -> list[Record]:
    """Return what concerns a position, and what the router heard meanwhile, oldest first."""
    records = records_of(context, position_address(position_id))
    if not records:
        return []
    first = min(record.id[0] or record.sequence for record in records.values())
    last = max(records)
    for other in (ORDER_ROUTER, OPERATOR, RECONCILER):
        records |= records_of(context, other, first, last)
    return [records[sequence] for sequence in sorted(records)]


def _is_about(record: Record, position_id: PositionId) -> bool:
    """Whether the position heard or sent it, was told of it, or an order of its own changed."""
    address = position_address(position_id)
    return (
        address in (record.actor, record.sender)
        or any(send.to == address for send in record.outbox)
        or any(
            isinstance(change, RoutedOrder) and change.request.position_id == position_id
            for change in record.changes
        )
    )


def as_mermaid(drawn: Sequence[Arrow]) -> str:
    """Return the messages as Mermaid reads them; time that passed is a note."""
    return mermaid(_mermaid_lines(drawn))


def as_text(drawn: Sequence[Arrow]) -> Table:
    """Return the messages, one under the other; long ones wrap within theirs."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(style=DIM, no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for one in drawn:
        said = Text(type(one.message).__name__, style="bold")
        said.append(detail(one.message), style="not bold")
        if one.error is not None:
            said.append(f"  SKIPPED: {one.error}", style=ALARM)
        when = f"{exact_time(one.at)} #{one.sequence}"
        grid.add_row(when, actor(one.sender), f"──▶ {actor(one.to)} ", said)
    return grid


def _mermaid_lines(drawn: Sequence[Arrow]) -> Iterator[str]:
    met = dict.fromkeys(name for one in drawn for name in (one.sender, one.to))
    yield from (f"participant {actor(one)}" for one in sorted(met, key=_lane))
    at = drawn[0].at
    for one in drawn:
        if one.at - at >= _PAUSE_MS:
            yield note(one.to, f"{duration(one.at - at)} later")
        at = one.at
        yield arrow(one.sender, one.to, one.message)
        if one.error is not None:
            yield note(one.to, f"skipped: {one.error}")


def _lane(address: Address) -> tuple[int, bool]:
    """Return an actor's place from the left; a position stands beside its parent."""
    name = POSITIONS if address.startswith("position/") else address
    return _LANES.index(name) if name in _LANES else len(_LANES), name != address


DIAGRAM = Command(
    name="diagram",
    usage="diagram POSITION [text|mermaid]",
    help="The messages of a position as a sequence diagram: text, or to be pasted into Mermaid.",
    examples=("diagram p3", "diagram p3 mermaid"),
    run=diagram,
    complete=lambda context, words: _FORMS if len(words) == 1 else complete(context, words),
)
COMMANDS = (DIAGRAM,)
