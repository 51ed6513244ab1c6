"""What happened, in events that people and logs are told: read from the recorded steps. Pure.

Owns the names of events and their texts. An event is a reading of a record, never more than it
says: the record's id, cause and sequence lead back to the journal.
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

import msgspec

from actors.guardian.core import Guard
from actors.journal.port import Record
from actors.observers.report import Report
from actors.observers.trades import profit
from actors.order_router.order import RoutedOrder
from actors.position.position import Charter, Life, Position, find_order
from actors.position.price_levels import stop
from actors.position.states import State
from messages.addresses import ORDER_ROUTER
from messages.base import ClientOrderId, Message, MessageId, PositionId, Symbol, Timestamp
from messages.envelope import Removed
from messages.money import amount_in, amount_text, divide_even, money_text
from messages.observers import Alarm, AlarmOver, EntryRefused, MessageSkipped
from messages.order_router import CancelOrder, PlaceOrder
from messages.orders import OrderFacts, OrderRequest, OrderStatus, Side
from messages.portfolio import TradingState
from messages.position import Begin, OrderUpdated, TriggerFired

DEBUG, INFO, WARNING, ERROR, ALARM = "debug", "info", "warning", "error", "alarm"

_HUNDREDTH = Decimal("0.01")
_TROUBLE = frozenset({OrderStatus.REJECTED, OrderStatus.UNKNOWN, OrderStatus.EXPIRED})
_NEWS = _TROUBLE | {OrderStatus.CANCELED}
"""What is told of an order beside its fills."""


REPEATED, RETURNED, FORGOTTEN = "order.repeated", "order.returned", "order.forgotten"
"""An order that was asked for again under its id, and sent once; one that its position had let go
of, and is told of again; one that the router remembers no more."""
COUNTED = frozenset({REPEATED, RETURNED, FORGOTTEN})
"""Events that a session's summary counts."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    name: str
    """``position.open``, ``order.filled``, …: the same for all of a kind."""
    level: str = INFO
    """debug, info, warning, error or alarm."""
    text: str
    """For people."""
    at: Timestamp
    """The market's time."""
    position: PositionId | None = None
    symbol: Symbol | None = None
    order: ClientOrderId | None = None
    decision: str | None = None
    """Id of the message that asked for the position."""
    id: str | None = None
    """Of the message that was in hand."""
    cause: str | None = None
    """Id of the message that caused that one."""
    sequence: int | None = None
    """Of the record in the journal."""


def id_text(message_id: MessageId) -> str:
    """Return a message's id as it is written: ``12.0``."""
    return f"{message_id[0]}.{message_id[1]}"


def heard(message: Alarm | AlarmOver | EntryRefused | MessageSkipped, at: Timestamp) -> Event:
    """Return what a message to the observers says."""
    match message:
        case Alarm():
            return Event(
                name=f"alarm.{message.kind.value}",
                level=ALARM,
                text=message.text,
                at=at,
                position=message.position_id,
                symbol=message.symbol,
            )
        case AlarmOver():
            words = message.kind.value.replace("_", " ")
            return Event(
                name=f"alarm.over.{message.kind.value}",
                text=f"over: {words}: {message.text}",
                at=at,
                position=message.position_id,
                symbol=message.symbol,
            )
        case EntryRefused():
            text = f"no entry in {message.symbol}: {message.guard}: {message.text}"
            return Event(name="entry.refused", level=DEBUG, text=text, at=at, symbol=message.symbol)
        case MessageSkipped():
            text = f"{message.actor} skipped {message.message_type}: {message.error}"
            return Event(name="message.skipped", level=ERROR, text=text, at=at)


def recorded(record: Record, report: Report) -> list[Event]:
    """Return what a step did; ``report`` has not heard of it yet."""
    cause = None if record.cause is None else id_text(record.cause)
    return [
        msgspec.structs.replace(event, id=id_text(record.id), cause=cause, sequence=record.sequence)
        for event in _found(record, report)
    ]


def _found(record: Record, report: Report) -> Iterator[Event]:
    for send in record.outbox:
        if isinstance(send.message, Begin):
            yield _asked(send.message, record)
    if record.actor == ORDER_ROUTER:
        yield from _of_router(record)
    charters = {c.position_id: c for c in record.changes if isinstance(c, Charter)}
    for change in record.changes:
        if isinstance(change, Guard):
            yield _trading(change, record)
        elif isinstance(change, Position):
            position_id = change.position_id
            charter = charters.get(position_id) or report.charter(position_id)
            if charter is not None:  # else it was told as closed already
                yield from _of_position(record, report.position(position_id), Life(charter, change))


def _of_router(record: Record) -> Iterator[Event]:
    """Tell of an order that was asked for twice, and of those that are forgotten."""
    if isinstance(record.message, PlaceOrder) and not record.changes:
        request = record.message.request
        yield Event(
            name=REPEATED,
            text=f"{request.position_id} {request.symbol} {_words(request.purpose)} "
            f"{request.client_order_id} was asked for again: it is sent once",
            at=record.now,
            position=request.position_id,
            symbol=request.symbol,
            order=request.client_order_id,
        )
    for change in record.changes:
        if isinstance(change, Removed) and change.kind == RoutedOrder.__name__:
            yield Event(
                name=FORGOTTEN,
                level=DEBUG,
                text=f"order {change.key} is over for long, and forgotten",
                at=record.now,
                order=ClientOrderId(change.key),
            )


def _asked(begin: Begin, record: Record) -> Event:
    budget = money_text(begin.budget, begin.rules.quote)
    return Event(
        name="position.asked",
        text=f"{begin.position_id} {begin.symbol} asked for, {budget}: {begin.decision}",
        at=record.now,
        position=begin.position_id,
        symbol=begin.symbol,
    )


def _trading(guard: Guard, record: Record) -> Event:
    level = INFO if guard.state is TradingState.ACTIVE else WARNING
    text = f"trading is {guard.state.value}: {guard.reason}"
    return Event(name=f"trading.{guard.state.value}", level=level, text=text, at=record.now)


def _of_position(record: Record, before: Position | None, life: Life) -> Iterator[Event]:
    if isinstance(record.message, TriggerFired):
        yield _triggered(record.message, life, record.now)
    if isinstance(record.message, OrderUpdated) and before is not None:
        yield from _order_news(before, record.message.facts, life, record.now)
    for send in record.outbox:
        yield from _sent(send.message, life, record.now)
    yield from _stop_news(before, life, record.now)
    yield from _state_news(before, life, record.now)


def _triggered(fired: TriggerFired, life: Life, at: Timestamp) -> Event:
    levels = ", ".join(map(_words, fired.levels))
    text = f"{levels} touched at bid {fired.quote.bid:g}"
    return _event("trigger.fired", text, life, at)


def _sent(message: Message, life: Life, at: Timestamp) -> Iterator[Event]:
    match message:
        case PlaceOrder(request=request):
            yield _placed(request, life, at)
        case CancelOrder(client_order_id=order_id):
            yield _event("order.cancel_asked", "cancel asked", life, at, order_id, DEBUG)
        case _:
            pass


def _placed(request: OrderRequest, life: Life, at: Timestamp) -> Event:
    prices = [
        f"{name} {price:f}"
        for name, price in (("at", request.price), ("triggered at", request.trigger_price))
        if price is not None
    ]
    how = " ".join([request.type.value.replace("_", "-"), *prices])
    purpose = _words(request.purpose)
    text = f"{purpose}: {request.side.value} {request.quantity:f} {life.charter.rules.base}, {how}"
    return _event("order.placed", text, life, at, request.client_order_id)


def _order_news(
    before: Position, reported: OrderFacts, life: Life, at: Timestamp
) -> Iterator[Event]:
    """Tell what is new of an order; one that ended empty may be gone from the position already."""
    known = find_order(before, reported.client_order_id)
    order = find_order(life.position, reported.client_order_id)
    if order is None and known is not None:
        order = msgspec.structs.replace(known, facts=reported)
    if order is None:
        return
    facts = order.facts
    if known is None:
        text = f"{_words(order.purpose)} order was let go of, and is told of again"
        yield _event(RETURNED, text, life, at, facts.client_order_id, WARNING)
    if facts.filled > (known.facts.filled if known else 0):
        done = "sold" if order.side is Side.SELL else "bought"
        average = facts.average_price(life.charter.rules.tick_size)
        at_price = "at a price that is not known yet" if average is None else f"at {average:f}"
        text = f"{done} {facts.filled:f} of {order.quantity:f} {life.charter.rules.base}"
        yield _event("order.filled", f"{text} {at_price}", life, at, facts.client_order_id)
    if (known is not None and known.facts.status is facts.status) or facts.status not in _NEWS:
        return
    said = f": {facts.text}" if facts.text else ""
    level = WARNING if facts.status in _TROUBLE else DEBUG
    text = f"{_words(order.purpose)} order is {facts.status.value}{said}"
    yield _event(f"order.{facts.status.value}", text, life, at, facts.client_order_id, level)


def _stop_news(before: Position | None, life: Life, at: Timestamp) -> Iterator[Event]:
    if before is None or before.protection.highest == life.position.protection.highest:
        return
    old, new = stop(Life(life.charter, before)), stop(life)
    if new is not None and new != old:
        yield _event("stop.moved", f"{_words(new[1])} now at {new[0]:f}", life, at)


def _state_news(before: Position | None, life: Life, at: Timestamp) -> Iterator[Event]:
    position = life.position
    if position.closing is not None and (before is None or before.closing is None):
        text = f"leaves: {_words(position.closing.cause)}: {position.closing.reason}"
        yield _event("position.leaves", text, life, at)
    if before is None or before.state is position.state:
        return
    text, level = f"{before.state.value} → {position.state.value}", DEBUG
    match before.state, position.state:
        case _, State.CLOSED:
            text, level = f"{text}: {_result(life)}", INFO
        case State.OPEN, State.PROTECTING:
            level = INFO
        case State.PROTECTING, State.OPEN:
            text, level = f"{text}: nothing covers it now", WARNING
        case _, State.STRANDED:
            text, level = f"{text}: it can't be sold now", WARNING
        case State.STRANDED, _:
            text, level = f"{text}: it can be sold again", INFO
        case _:
            pass  # its orders say it better
    yield _event(f"position.{position.state.value}", text, life, at, level=level)


def _result(life: Life) -> str:
    position, booked = life.position, life.position.booked
    cause = "" if position.close_cause is None else _words(position.close_cause)
    if not booked.bought:
        return f"{cause}, nothing was bought: {position.close_reason}"
    pnl, quote = profit(life.charter, position), life.charter.rules.quote
    percent = divide_even(pnl * 100, booked.bought_cost, _HUNDREDTH)
    fees = amount_in(booked.fees, quote)
    paid = f" after {amount_text(fees, quote)} of fees" if fees else ""
    return f"{cause}, {money_text(pnl, quote, signed=True)} ({percent:+f} %){paid}"


def _words(name: StrEnum) -> str:
    return name.value.replace("_", " ")


def _event(
    name: str,
    text: str,
    life: Life,
    at: Timestamp,
    order: ClientOrderId | None = None,
    level: str = INFO,
) -> Event:
    position_id, symbol = life.position.position_id, life.charter.symbol
    return Event(
        name=name,
        level=level,
        text=f"{position_id} {symbol} {text}",
        at=at,
        position=position_id,
        symbol=symbol,
        order=order,
    )
