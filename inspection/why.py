"""``why``: how a position came to what became of it, and why nothing was bought on a symbol.

Owns which records are read for it. What is said of them is ``story``'s and ``refusals``'.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from actors.journal.port import Record
from inspection.arguments import Typed, id_of, is_position, nearest
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.journal import readable
from inspection.market import symbol_of, symbols
from inspection.narrative import Story, tell
from inspection.position import ids
from inspection.refusals import why_not
from inspection.view import DIM, View, builtins, exact_time, plain, some, stack, title
from messages.addresses import position_address
from messages.base import Address, PositionId

_RECORDS_MAX = 20_000
_LIVE_MAX = 2_000
_COMPLETED = 200


def why(context: Context, words: list[str]) -> View:
    """Say how a position came to what became of it, or why nothing was bought on a symbol."""
    typed = Typed(WHY.usage, words)
    name = typed.word("POSITION or SYMBOL")
    typed.end()
    if is_position(name):
        return story_view(story_of(context, id_of(name)))
    return why_not(context, symbol_of(context.source, name))


def story_of(context: Context, position_id: PositionId) -> Story:
    """Tell a position's life from the records. Raises ``InspectError``."""
    with readable():
        return _tell(context, position_address(position_id))


def records_of(
    context: Context, address: Address, first: int = 0, last: int | None = None
) -> dict[int, Record]:
    """Return what concerns an actor, by sequence, oldest first: as durable, and as lived since.

    None before ``first`` or after ``last``, and the newest of very many. Raises ``InspectError``.
    """
    found = context.recorded()
    lately: tuple[Record, ...] = ()
    if context.source.is_live:
        steps = context.source.records(address, _LIVE_MAX)
        lately = steps.records
        if found.last < steps.kept_from - 1:
            found = context.recorded(at_least=steps.kept_from - 1)
    journal = found.journal
    up_to = context.up_to(found) if last is None else min(last, context.up_to(found))
    concerning = takewhile(lambda one: one >= first, journal.concerning(address, up_to))
    with readable():
        records = {one.sequence: one for one in journal.records(islice(concerning, _RECORDS_MAX))}
    for one in lately:
        if first <= one.sequence and (last is None or one.sequence <= last):
            records[one.sequence] = one
    return dict(sorted(records.items()))


def _tell(context: Context, address: Address) -> Story:
    records = records_of(context, address)
    journal = context.recorded().journal
    first = next((one.sequence for one in records.values() if one.actor == address), None)
    if first is None:
        known = list(ids(context.source))
        name = address.removeprefix("position/")
        raise InspectError(
            f"no record tells of {name} up to here; living: {some(known)}{nearest(name, known)}"
        )

    def look_up(sequence: int) -> Record | None:
        return records.get(sequence) or journal.record(sequence)

    opening = journal.kept_before(address, first).values()
    return tell(records.values(), address, look_up, opening)


def story_view(story: Story) -> View:
    """Return a story's screen."""
    ends = [Text(f"  {text}") for text in story.ends]
    parts: list[RenderableType] = [
        Text(story.headline, style="bold"),
        title("how it came"),
        _lines(story),
    ]
    if ends:
        parts += [title("what it came to"), *ends]
    note = "\n#12 ← #9: record 12, of a message that record 9 sent; log, history and at show them"
    data = {
        "headline": story.headline,
        "lines": [builtins(line) for line in story.lines],
        "ends": list(story.ends),
    }
    return View(stack(*parts, Text(note, style=DIM)), data)


def _lines(story: Story) -> Table:
    """Return the sentences, each with its time and its records; long ones wrap within theirs."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    drawn.add_column(style=DIM, no_wrap=True)
    drawn.add_column()
    drawn.add_column(style=DIM, no_wrap=True, justify="right")
    for line in story.lines:
        cause = "" if line.cause is None else f" ← #{line.cause}"
        text = plain(line.text)
        text.stylize(line.tone)
        drawn.add_row(exact_time(line.at), text, f"#{line.sequence}{cause}")
    return drawn


def complete(context: Context, words: list[str]) -> Iterable[str]:
    """Return the positions on record, the latest first, and the symbols."""
    if words:
        return ()
    known = [f"p{number}" for number in sorted(_recorded_ids(context), reverse=True)]
    return (*known[:_COMPLETED], *symbols(context.source))


def _recorded_ids(context: Context) -> Iterator[int]:
    """Yield the numbers of positions that took a step up to here."""
    found = context.recorded()
    for address in found.journal.addresses(context.up_to(found)):
        kind, _, name = address.partition("/p")
        if kind == "position" and name.isdigit():
            yield int(name)


WHY = Command(
    name="why",
    usage="why POSITION|SYMBOL",
    help="How a position came to what became of it; of a symbol: why nothing was bought there.",
    examples=("why p3", "why 3", "why BTC/USDT"),
    run=why,
    complete=complete,
)
COMMANDS = (WHY,)
