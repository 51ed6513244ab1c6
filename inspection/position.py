"""``position``: everything about one position on one screen."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec
from rich.console import RenderableType
from rich.text import Text

from actors.observers.rows import position_row
from actors.order_router.order import RoutedOrder
from actors.position.forced_close import Salvage
from actors.position.position import Charter, Life, Position
from actors.position.protective_orders import wanted_resting
from actors.position.states import State
from inspection.arguments import Typed, id_of
from inspection.command import Command, Context
from inspection.errors import InspectError, NoJournalError
from inspection.market import row_of
from inspection.outcome import ending
from inspection.own_orders import Requests, orders_table
from inspection.recorded_source import Past
from inspection.source import Source
from inspection.view import (
    ALARM,
    GOOD,
    NOTHING,
    Cell,
    View,
    builtins,
    fields,
    number,
    pairs,
    some,
    stack,
    title,
)
from messages.addresses import ORDER_ROUTER, position_address
from messages.base import PositionId, Symbol, Timestamp
from messages.money import money_text
from messages.orders import Purpose
from messages.session import PositionRow
from terminal.bar import price_bar
from terminal.words import date_and_time, duration, percent

_BAR_WIDTH = 60
_NOTHING_SET = (None, (), False)


class Seen(msgspec.Struct, frozen=True):
    """A position, and the moment it is looked at."""

    life: Life
    at: Timestamp
    sequence: int
    last: float | None
    salvage: Salvage | None
    requests: Requests = {}
    is_over: bool = False
    """It lives no more; this is what its last step left."""


def show(context: Context, words: list[str]) -> View:
    """Show facts, desired, slot, plan, prices, orders and money of one position."""
    typed = Typed(POSITION.usage, words)
    position_id = id_of(typed.word("ID"))
    typed.end()
    one = _living(context.source, position_id, with_requests=True)
    return view_of(one) if one is not None else view_of(_ended(context, position_id))


def seen(source: Source, position_id: PositionId) -> Seen:
    """Return a living position. Raises ``InspectError``."""
    one = _living(source, position_id)
    if one is None:
        raise InspectError(
            f"no position {position_id} lives now; living: {some(list(ids(source)))}; "
            f"of one that is over: why {position_id}"
        )
    return one


def _ended(context: Context, position_id: PositionId) -> Seen:
    """Return a position as its last step left it, from the journal. Raises ``InspectError``."""
    source = context.source
    nobody = f"no position {position_id} lives now; living: {some(list(ids(source)))}"
    now = source.sequence if isinstance(source, Past) else source.tree().sequence
    try:
        found = context.recorded(at_least=now)
    except NoJournalError as error:
        raise InspectError(f"{nobody}; of one that is over: {error}") from None
    last = next(found.journal.steps_of(position_address(position_id), min(now, found.last)), None)
    one = None if last is None else _living(Past(found, last), position_id, with_requests=True)
    if one is None:
        raise InspectError(f"{nobody}; no record tells of it up to here")
    return msgspec.structs.replace(one, is_over=True)


def _living(source: Source, position_id: PositionId, *, with_requests: bool = False) -> Seen | None:
    """Return a position that lives; None: none does."""
    kept = source.entities(actors=(position_address(position_id),))
    life = next(kept.lives(), None)
    if life is None:
        return None
    last = last_price(source, life.charter.symbol)
    requests = _requests(source, position_id) if with_requests else {}
    return Seen(life, kept.at, kept.sequence, last, next(kept.every(Salvage), None), requests)


def _requests(source: Source, position_id: PositionId) -> Requests:
    kept = source.entities(actors=(ORDER_ROUTER,), kinds=(RoutedOrder.__name__,))
    return {
        one.request.client_order_id: one.request
        for one in kept.every(RoutedOrder)
        if one.request.position_id == position_id
    }


def last_price(source: Source, symbol: Symbol) -> float | None:
    """Return the last price that is known; None where market data is silent."""
    try:
        row = row_of(source, symbol)
    except InspectError:
        return None
    return None if row is None or row.quote is None else row.quote.last


def ids(source: Source) -> Iterator[str]:
    """Yield the ids of living positions."""
    for one in source.tree().actors:
        kind, _, name = one.address.partition("/")
        if kind == "position" and name:
            yield name


def complete_ids(context: Context, words: list[str]) -> Iterable[str]:
    """Return the ids of living positions, for completion of a first word."""
    return () if words else list(ids(context.source))


def view_of(one: Seen) -> View:
    """Return the screen of a position."""
    row = position_row(one.life, one.last, one.at)
    parts: list[RenderableType] = [
        _head(one, row),
        _bar(row),
        title("facts"),
        pairs(_facts(one, row)),
        title("desired and exit slot"),
        pairs(_desired(one)),
        title("orders"),
        orders_table(one.life.position.orders, one.requests),
        title("plan"),
        pairs(_plan(one.life.charter)),
    ]
    data = {
        "at": one.at,
        "sequence": one.sequence,
        "is_over": one.is_over,
        "row": builtins(row),
        "charter": builtins(one.life.charter),
        "position": builtins(one.life.position),
    }
    return View(stack(*parts), data)


def _head(one: Seen, row: PositionRow) -> Text:
    head = Text(f"{row.position_id} {row.symbol} ", style="bold")
    head.append(row.state.upper(), style="bold")
    if one.is_over:
        head.append("  is over; as its last step left it")
    else:
        covered = "covered" if row.is_covered else "NOT COVERED"
        head.append(f"  {covered}", style=GOOD if row.is_covered or not row.held else ALARM)
    if row.is_stuck:
        head.append("  STUCK", style=ALARM)
    if one.salvage is not None:
        head.append("  closed without its core", style=ALARM)
    head.append(f"   {date_and_time(one.at)}, record {one.sequence:,}", style="dim")
    return head


def _bar(row: PositionRow) -> Text:
    line = Text()
    for segment in price_bar(row, _BAR_WIDTH):
        line.append(segment.text, style=segment.style or "")
    prices = f"  stop {number(row.stop)}  entry {_rounded(row.average_entry)}"
    line.append(f"\n{prices}  price {number(row.last)}  target {number(row.target)}", style="dim")
    return line


def _facts(one: Seen, row: PositionRow) -> Iterator[tuple[str, Cell]]:
    position, booked = one.life.position, one.life.position.booked
    base, quote = one.life.charter.rules.base, one.life.charter.rules.quote
    yield "held", f"{number(row.held)} {base}"
    yield "bought", f"{number(booked.bought)} {base} for {number(booked.bought_cost)} {quote}"
    if booked.unpriced_bought:
        yield "bought, cost not known yet", f"{number(booked.unpriced_bought)} {base}"
    yield "sold", f"{number(booked.sold)} {base} for {number(booked.sold_proceeds)} {quote}"
    if booked.unpriced_sold:
        yield "sold, proceeds not known yet", f"{number(booked.unpriced_sold)} {base}"
    fees = ", ".join(f"{number(fee.amount)} {fee.currency}" for fee in booked.fees)
    yield "fees", fees or "0"
    if position.state is State.CLOSED:
        yield "result", ending(one.life)[0]
    else:
        pnl = NOTHING if row.pnl is None else money_text(row.pnl, quote, signed=True)
        yield "PnL at this price", f"{pnl} ({percent(row.return_ratio, signed=True)})"
    yield "age", duration((position.closed_at or one.at) - position.began_at)
    yield "in this state for", duration(one.at - position.changed_at)
    market = "fresh" if position.market_is_fresh else "STALE"
    yield "market, venue", f"{market}, {_reached(position)}"
    for uncovered in position.unprotected:
        yield "not covered", f"{duration(uncovered.total_ms)} while {uncovered.cause.value}"
    if position.faulted is not None:
        raised = f"raised at {date_and_time(position.faulted.since)}; asks again"
        yield "FAULTED", Text(raised, style=ALARM)


def _reached(position: Position) -> str:
    return "reachable" if position.venue_is_reachable else "NOT reachable"


def _desired(one: Seen) -> Iterator[tuple[str, Cell]]:
    position, slot = one.life.position, one.life.position.slot
    if position.closing is not None:
        closing = position.closing
        since = duration(one.at - closing.since)
        said = f"closed: {closing.cause.value} ({closing.reason}), for {since}, rung {closing.rung}"
        yield "desired", said
        if closing.refusals:
            yield "refused in a row", Text(str(closing.refusals), style=ALARM)
    else:
        want = wanted_resting(one.life, one.at)
        yield (
            "desired",
            "nothing rests"
            if want is None
            else _order_text(want.purpose, want.quantity, want.price, want.trigger_price),
        )
    if slot.order_id is None:
        yield "exit slot", slot.state.value
    else:
        what = _order_text(slot.purpose, slot.quantity, slot.price, slot.trigger_price)
        yield "exit slot", f"{slot.state.value}: {what}, {slot.order_id}"
        yield "for", duration(one.at - slot.since)
    armed = ", ".join(
        f"{level.name.value.replace('_', ' ')} {'≥' if level.is_above else '≤'} {level.price:,.10g}"
        for level in position.protection.armed
    )
    source = one.life.charter.plan.trigger_source.value
    yield "armed triggers", f"{armed} (by {source})" if armed else "none"


def _order_text(
    purpose: Purpose, quantity: Decimal, price: Decimal | None, trigger: Decimal | None
) -> str:
    name, asked = purpose.value.replace("_", " "), number(quantity)
    if purpose is Purpose.TAKE_PROFIT and price is not None and trigger is not None:
        return f"{name} {asked} at {number(price)}, or stop loss at {number(trigger)}"
    at = " / ".join(number(p) for p in (price, trigger) if p is not None) or "the market"
    return f"{name} {asked} at {at}"


def _plan(charter: Charter) -> Iterator[tuple[str, Cell]]:
    default = fields(type(charter.plan)())
    yield "budget", f"{number(charter.budget)} {charter.rules.quote}"
    yield "why", charter.decision
    for name, value in fields(charter.plan).items():
        if value != default[name] or name == "protection_mode":
            yield name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list):
        return " · ".join(_text(one) for one in value)
    return str(value)


def _rounded(value: Decimal | None) -> str:
    """Return a price for the eye: an average may have more digits than anyone reads."""
    return number(None if value is None else float(value))


POSITION = Command(
    name="position",
    usage="position ID",
    help="One position: facts, what is desired, exit slot, plan, prices, orders, fees and PnL.",
    examples=("position p3", "position 3"),
    run=show,
    complete=complete_ids,
)
COMMANDS = (POSITION,)
