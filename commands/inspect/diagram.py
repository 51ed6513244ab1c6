"""``diagram``: the messages of one position as a sequence diagram, as text or for Mermaid.

Owns which messages are drawn: what its records heard, and what they sent to actors without records.
"""

from collections.abc import Iterable, Iterator

import msgspec
from rich.text import Text

from actors.journal.port import Record
from commands.inspect.command import Command, Context
from commands.inspect.errors import InspectError
from commands.inspect.sequence import actor, arrow, detail, mermaid, note
from commands.inspect.typed import Typed, id_of, nearest
from commands.inspect.view import ALARM, DIM, View, exact_time, stack
from commands.inspect.why import complete, records_of
from commands.panels.words import duration
from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    MARKET_DATA,
    OBSERVERS,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    STRATEGY,
    position_address,
)
from messages.base import Address, Message, Timestamp

_EDGES = frozenset((GATEWAY, MARKET_DATA, OBSERVERS, STRATEGY))
"""They leave no record of what they heard: the arrow is drawn where it was sent."""
_LANES = (STRATEGY, POSITIONS, PORTFOLIO, GUARDIAN, ORDER_ROUTER, GATEWAY, MARKET_DATA, OBSERVERS)
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
    address = position_address(position_id)
    drawn = list(arrows(records_of(context, address).values(), address))
    if not drawn:
        raise InspectError(f"no record tells of {position_id} up to here")
    text = mermaid(_mermaid_lines(drawn))
    data = {"mermaid": text}
    whole = Text(text, no_wrap=True, overflow="ignore")
    return View(whole if form == "mermaid" else stack(*_text_lines(drawn)), data)


def arrows(records: Iterable[Record], address: Address) -> Iterator[Arrow]:
    """Yield the messages that concern a position, in the order of the records."""
    for record in records:
        if address in (record.actor, record.sender) or _is_about(record, address):
            yield Arrow(
                at=record.now,
                sequence=record.sequence,
                sender=record.sender,
                to=record.actor,
                message=record.message,
                error=record.error,
            )
        for send in record.outbox:
            if send.to in _EDGES and record.actor in (address, ORDER_ROUTER):
                yield Arrow(
                    at=record.now,
                    sequence=record.sequence,
                    sender=record.actor,
                    to=send.to,
                    message=send.message,
                )


def _is_about(record: Record, address: Address) -> bool:
    """Whether what an actor heard made it tell the position something."""
    return any(send.to == address for send in record.outbox)


def _mermaid_lines(drawn: list[Arrow]) -> Iterator[str]:
    met = {name: None for one in drawn for name in (one.sender, one.to)}
    order = [one for one in _LANES if one in met] + [one for one in met if one not in _LANES]
    yield from (f"participant {actor(one)}" for one in order)
    at = drawn[0].at
    for one in drawn:
        if one.at - at >= _PAUSE_MS:
            yield note(one.to, f"{duration(one.at - at)} later")
        at = one.at
        yield arrow(one.sender, one.to, one.message)
        if one.error is not None:
            yield note(one.to, f"skipped: {one.error}")


def _text_lines(drawn: list[Arrow]) -> Iterator[Text]:
    wide = max(len(actor(name)) for one in drawn for name in (one.sender, one.to))
    for one in drawn:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{exact_time(one.at)} #{one.sequence:<6} ", style=DIM)
        line.append(f"{actor(one.sender):>{wide}} ──▶ {actor(one.to):<{wide}}  ")
        line.append(type(one.message).__name__, style="bold")
        line.append(detail(one.message))
        if one.error is not None:
            line.append(f"  SKIPPED: {one.error}", style=ALARM)
        yield line


DIAGRAM = Command(
    name="diagram",
    usage="diagram POSITION [text|mermaid]",
    help="The messages of a position as a sequence diagram: text, or to be pasted into Mermaid.",
    examples=("diagram p3", "diagram p3 mermaid"),
    run=diagram,
    complete=lambda context, words: _FORMS if len(words) == 1 else complete(context, words),
)
COMMANDS = (DIAGRAM,)
