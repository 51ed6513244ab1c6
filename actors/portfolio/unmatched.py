"""Fills of ours that no position expects: rows of their own, until a position takes them over.

Owns the way of a late fill through the books. What it bought is offered to the positions actor, and
leaves its row in the very step in which a position first books it: no coin is in two bookings, and
none is in none.
"""

import msgspec

from actors.portfolio.accounts import FORGET_AFTER_MS, Booking, Cumulative, book
from actors.portfolio.books import Books
from actors.portfolio.settling import settled
from messages.addresses import OBSERVERS, POSITIONS
from messages.base import Timestamp
from messages.envelope import NOTHING, Send, Step
from messages.ids import position_of
from messages.money import ZERO, Money, add_money
from messages.observers import Alarm, AlarmKind
from messages.orders import Side
from messages.portfolio import BookPosition, UnmatchedFill, UnmatchedPolicy
from messages.positions import AdoptFill

_WHAT_NOW = {
    UnmatchedPolicy.ADOPT: "a position of its own takes them over",
    UnmatchedPolicy.SELL: "a position of its own sells them at once",
}


def book_unmatched(books: Books, message: UnmatchedFill, now: Timestamp) -> Step:
    """Book the order as a row of its own; offer what it bought.

    What it bought is held there at its cost. What it sold comes from dust: coins that nobody
    claims any more; dust below zero says that coins were sold which a booking claims.
    """
    known = books.bookings.get(message.client_order_id)
    booking = known or Booking(
        key=message.client_order_id, symbol=message.symbol, is_position=False
    )
    is_buy = message.side is Side.BUY
    # A row that was emptied is closed: a further fill fills it again.
    reopened = msgspec.structs.replace(booking, closed=False, forget_at=None) if is_buy else booking
    after, postings = book(reopened, _told(message), ZERO, closed=not is_buy)
    if known is not None and after.booked == known.booked:
        return NOTHING
    done = settled(books, ((known, _closed_if_empty(after, now)),), postings, now)
    return Step(done.changes, (*done.outbox, *_offer(books, message), _alarm(books, message)))


def row_to_take_over(books: Books, message: BookPosition) -> Booking | None:
    """Return the row that the booking's coins are still in; None: it has its own, or had them."""
    if message.adopts is None:
        return None
    row = books.bookings.get(message.adopts.client_order_id)
    return None if row is None or message.position_id in row.adopted_by else row


def taken_over(row: Booking, message: BookPosition, now: Timestamp) -> tuple[Booking, Booking]:
    """Return the row without what the position adopts, and the position's booking with just that.

    Together they hold what the row held: no account changes.
    """
    if message.adopts is None:
        raise AssertionError("it adopts nothing")
    adopts = message.adopts
    fill = Cumulative(bought=adopts.quantity, cost=adopts.cost, fees=adopts.fees)
    empty = Booking(key=message.position_id, symbol=message.symbol, is_position=True)
    booking, _ = book(empty, fill, ZERO, closed=False)
    moved = (Money(money.currency, -money.amount) for money in booking.realised)
    left = msgspec.structs.replace(
        row,
        held=row.held - booking.held,
        invested=row.invested - booking.invested,
        realised=add_money(row.realised, moved),
        adopted_by=(*row.adopted_by, message.position_id),
    )
    return _closed_if_empty(left, now), booking


def _told(message: UnmatchedFill) -> Cumulative:
    if message.side is Side.BUY:
        return Cumulative(bought=message.filled, cost=message.cost, fees=message.fees)
    return Cumulative(sold=message.filled, proceeds=message.cost, fees=message.fees)


def _closed_if_empty(row: Booking, now: Timestamp) -> Booking:
    if not row.closed and (row.held or row.invested):
        return row
    return msgspec.structs.replace(row, closed=True, forget_at=Timestamp(now + FORGET_AFTER_MS))


def _offer(books: Books, message: UnmatchedFill) -> tuple[Send, ...]:
    if message.side is not Side.BUY or not message.filled:
        return ()
    offer = AdoptFill(
        client_order_id=message.client_order_id,
        filled=message.filled,
        cost=message.cost,
        fees=message.fees,
        fees_missing=min(message.facts.fees_missing, message.filled),
        policy=books.limits.unmatched_policy,
    )
    return (Send(POSITIONS, offer),)


def _alarm(books: Books, message: UnmatchedFill) -> Send:
    what_now = "nobody takes them back"
    if message.side is Side.BUY:
        what_now = _WHAT_NOW[books.limits.unmatched_policy]
    text = (
        f"{message.client_order_id}: a {message.side} of {message.filled} {message.symbol} "
        f"for {message.cost} that no position expects; booked as a row of its own: {what_now}"
    )
    alarm = Alarm(
        kind=AlarmKind.UNMATCHED_FILL,
        text=text,
        position_id=position_of(message.client_order_id),
        symbol=message.symbol,
    )
    return Send(OBSERVERS, alarm)
