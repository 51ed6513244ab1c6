"""Why nothing was bought on a symbol: trading's state, each guard's last word, the last position.

Owns how that is put together from what the strategy says, the session's log and the journal.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from rich.text import Text

from actors.guardian.core import Guard
from actors.portfolio.budget_rules import Conflict
from actors.position.position import Position
from actors.positions.roster import Living
from actors.strategy.guards import GUARDS
from inspection.command import Context
from inspection.errors import InspectError
from inspection.market import row_of, verdict_of
from inspection.narrative import tell
from inspection.view import ALARM, BAD, DIM, GOOD, Cell, View, builtins, number, stack, table
from messages.addresses import GUARDIAN, PORTFOLIO, POSITIONS, position_address
from messages.base import PositionId, Symbol, Timestamp
from messages.portfolio import TradingState
from messages.position import Begin
from messages.strategy import Verdict
from session.folders import SESSION_NAME
from terminal.words import count, date_and_time, duration

LOG_NAME = "log.jsonl"
_LOG_BYTES = 8_000_000
"""Read of the log's end."""
_BEGINNINGS_READ = 2_000
"""Of the positions actor's steps, to find the last position on a symbol."""
_MARKET_GUARDS = tuple(guard.__name__.removeprefix("_") for guard in GUARDS)


class Refusal(msgspec.Struct, frozen=True):
    """When a guard last refused, and what it said."""

    at: Timestamp
    guard: str
    text: str
    times: int = 1


class _LogLine(msgspec.Struct):
    event: str = ""
    text: str = ""
    symbol: str = ""
    at_ms: int = 0


class _Session(msgspec.Struct):
    """Of session.json."""

    beginning: tuple[str, ...] = ()


_log_line = msgspec.json.Decoder(_LogLine).decode


def why_not(context: Context, symbol: Symbol) -> View:
    """Say why nothing was bought on a symbol."""
    at = context.source.about().at
    verdict = verdict_of(context.source, symbol)
    refused = refusals(context.source.folder / LOG_NAME, symbol, at)
    living = list(_living(context, symbol))
    doubts = [*_conflicts(context, symbol), *_contested(context, symbol)]
    beginning = [(f"the session began: {text}", DIM) for text in _beginning(context)]
    said = [*_trading(context), *doubts, *living, *_market(context, symbol), *beginning]
    now = "a position lives there" if living else _headline(verdict, refused, at)
    head = f"{symbol} at {date_and_time(at)}: {now}"
    rows = [_row(name, verdict, refused, at) for name in _names(verdict, refused)]
    last = _last_position(context, symbol)
    parts = [
        Text(head, style="bold"),
        *(Text(f"  {text}", style=style) for text, style in said),
        Text("\nguards, in the order in which they are asked", style="bold"),
        table(("guard", "its last word"), rows, "none was asked yet"),
        Text(f"\nthe last position there: {last or 'none is on record'}"),
    ]
    data = {
        "symbol": symbol,
        "at": at,
        "verdict": None if verdict is None else builtins(verdict),
        "refusals": [builtins(one) for one in refused.values()],
        "said": [text for text, _ in said],
        "last_position": last,
    }
    return View(stack(*parts), data)


def refusals(log: Path, symbol: Symbol, at: Timestamp) -> dict[str, Refusal]:
    """Return each guard's last refusal on a symbol up to a moment, as the log tells it."""
    found: dict[str, Refusal] = {}
    head = f"no entry in {symbol}: "
    for told in _refused_lines(log):
        if told.symbol != symbol or told.at_ms > at or not told.text.startswith(head):
            continue
        guard, _, text = told.text.removeprefix(head).partition(": ")
        before = found.pop(guard, None)
        times = 1 if before is None else before.times + 1
        found[guard] = Refusal(Timestamp(told.at_ms), guard, text, times)
    return found


def end_of(log: Path, most: int) -> Iterator[bytes]:
    """Yield a log's last lines, so many bytes; of the first maybe its end. Raises ``OSError``."""
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - most))
        yield from file


def _refused_lines(log: Path) -> Iterator[_LogLine]:
    """Yield what the log says of refusals; nothing where none is kept: the records have to do."""
    with suppress(OSError):
        for line in end_of(log, _LOG_BYTES):
            if b"entry.refused" in line:
                with suppress(msgspec.DecodeError):  # it was rotated, or is being written
                    yield _log_line(line)


def _headline(verdict: Verdict | None, refused: dict[str, Refusal], at: Timestamp) -> str:
    last = max(refused.values(), key=lambda one: one.at, default=None)
    if verdict is not None and (last is None or verdict.at >= last.at):
        if verdict.passed:
            return f"the last wish to enter passed, {duration(at - verdict.at)} ago"
        return f"refused by {verdict.guard}, {duration(at - verdict.at)} ago: {verdict.text}"
    if last is not None:
        return f"refused by {last.guard}, {duration(at - last.at)} ago: {last.text}"
    return "the strategy did not wish to enter: no guard was asked"


def _names(verdict: Verdict | None, refused: dict[str, Refusal]) -> list[str]:
    asked = [verdict.guard] if verdict is not None else []
    if not asked and not refused:
        return []
    return list(dict.fromkeys([*_MARKET_GUARDS, *asked, *refused]))


def _row(
    name: str, verdict: Verdict | None, refused: dict[str, Refusal], at: Timestamp
) -> tuple[Cell, ...]:
    """Return what a guard said last: the guards before the one that spoke had let it pass."""
    last = refused.get(name)
    if verdict is not None and (last is None or verdict.at > last.at):
        word = _by_verdict(name, verdict, at)
        if word is not None:
            return name, word
    if last is None:
        return name, Text("never refused", style=DIM)
    times = "" if last.times == 1 else f", {count(last.times, 'time')} in all"
    return name, Text(f"refused {duration(at - last.at)} ago{times}: {last.text}", style=BAD)


def _by_verdict(name: str, verdict: Verdict, at: Timestamp) -> Text | None:
    ago = f"{duration(at - verdict.at)} ago"
    if name == verdict.guard:
        if verdict.passed:
            return Text(f"passed {ago}: {verdict.text}", style=GOOD)
        return Text(f"REFUSED {ago}: {verdict.text}", style=BAD)
    if name not in _MARKET_GUARDS or verdict.guard not in _MARKET_GUARDS:
        return None
    if _MARKET_GUARDS.index(name) < _MARKET_GUARDS.index(verdict.guard):
        return Text(f"passed {ago}", style=GOOD)
    return None


def _trading(context: Context) -> Iterator[tuple[str, str]]:
    kept = context.source.entities(actors=(GUARDIAN,))
    for guard in kept.every(Guard):
        if guard.state is not TradingState.ACTIVE:
            state = guard.state.value.upper()
            yield f"nothing is bought anywhere: {state}: {guard.reason}", ALARM


def _conflicts(context: Context, symbol: Symbol) -> Iterator[tuple[str, str]]:
    kept = context.source.entities(actors=(PORTFOLIO,), kinds=(Conflict.__name__,))
    for one in kept.every(Conflict):
        if one.symbol == symbol:
            said = f"the exchange has an order under our id {one.client_order_id} that we did not"
            yield f"nothing is bought there: {said} ask for: {one.text}", ALARM


def _contested(context: Context, symbol: Symbol) -> Iterator[tuple[str, str]]:
    for position_id in _ids_of_living(context, symbol):
        kept = context.source.entities(actors=(position_address(position_id),))
        for one in kept.every(Position):
            if one.contested:
                text = f"another process may hold {position_id} too: {one.contested}"
                yield f"{text}; if none does: own {position_id}", ALARM


def _beginning(context: Context) -> tuple[str, ...]:
    """Return what the session's start said of its account; of an older session nothing."""
    try:
        read = (context.source.folder / SESSION_NAME).read_bytes()
        return msgspec.json.decode(read, type=_Session).beginning
    except (OSError, msgspec.MsgspecError):
        return ()


def _ids_of_living(context: Context, symbol: Symbol) -> list[PositionId]:
    kept = context.source.entities(actors=(POSITIONS,), kinds=(Living.__name__,))
    return [one.position_id for one in kept.every(Living) if one.symbol == symbol]


def _living(context: Context, symbol: Symbol) -> Iterator[tuple[str, str]]:
    living = _ids_of_living(context, symbol)
    if living:
        yield f"{', '.join(living)} lives there: see why {living[-1]}", GOOD


def _market(context: Context, symbol: Symbol) -> Iterator[tuple[str, str]]:
    row = row_of(context.source, symbol)
    if row is None or row.quote is None:
        yield "no quote of it is known", BAD
        return
    quote = row.quote
    prices = f"bid {number(quote.bid)}, ask {number(quote.ask)} at {date_and_time(quote.at)}"
    if not context.source.is_live:
        yield f"the last quote on record: {prices}", DIM
    elif row.fresh:
        yield f"the quote is fresh: {prices}", DIM
    else:
        yield f"the quote is STALE, and nothing is bought on it: {prices}", ALARM


def _last_position(context: Context, symbol: Symbol) -> str:
    """Return what became of the last position on a symbol; empty: none is on record."""
    try:
        found = context.recorded()
    except InspectError:
        return ""
    journal, up_to = found.journal, context.up_to(found)
    for place, record in enumerate(journal.records(journal.steps_of(POSITIONS, up_to))):
        if place >= _BEGINNINGS_READ:
            break
        for send in record.outbox:
            if isinstance(send.message, Begin) and send.message.symbol == symbol:
                address = position_address(send.message.position_id)
                steps = reversed(list(journal.steps_of(address, up_to)))
                return tell(journal.records(steps), address, journal.record).headline
    return ""
