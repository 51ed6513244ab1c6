"""Fills of ours that no position expects: rows of their own, until a position takes them over.

Owns the way of a late fill through the books. What it bought is offered to the positions actor, and
leaves its row in the very step in which a position first books it: no coin is in two bookings, and
none is in none.
"""

from decimal import Decimal

import msgspec

from actors.portfolio.accounts import (
    FORGET_AFTER_MS,
    Booking,
    Cumulative,
    Posting,
    book,
    merged,
    taken_away,
)
from actors.portfolio.settlement import Pair, settled
from actors.portfolio.store import Books
from messages.addresses import OBSERVERS, POSITIONS
from messages.base import Currency, Symbol, Timestamp, base_currency
from messages.envelope import NOTHING, Send, Step
from messages.ids import position_of
from messages.money import ZERO, Money, add_money
from messages.observers import Alarm, AlarmKind
from messages.orders import Side
from messages.portfolio import BookPosition, OfferUnmatched, UnmatchedFill, UnmatchedPolicy
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
    offer = _offer(books, after, message)
    if offer is not None:
        waiting = offer if message.waits_for else None
        after, offer = msgspec.structs.replace(after, waiting=waiting), None if waiting else offer
    rows: list[Pair] = [(known, _closed_if_empty(after, now))]
    if not is_buy:
        sold = after.booked.sold - booking.booked.sold
        taken, moves = _take_from_waiting(books, message.symbol, sold, now)
        rows, postings = [*rows, *taken], merged((*postings, *moves))
    done = settled(books, rows, postings, now)
    offers = () if offer is None else (Send(POSITIONS, offer),)
    return Step(done.changes, (*done.outbox, *offers, _alarm(books, message)))


def offer_waiting(books: Books, message: OfferUnmatched) -> Step:
    """Offer what waited until no sale of its coin was unknown any more."""
    rows = _waiting(books, message.currency)
    changes = tuple(msgspec.structs.replace(row, waiting=None) for row, _ in rows)
    return Step(changes, tuple(Send(POSITIONS, offer) for _, offer in rows))


def _waiting(books: Books, coin: Currency) -> list[tuple[Booking, AdoptFill]]:
    return [
        (row, row.waiting)
        for row in books.bookings.values()
        if row.waiting is not None and base_currency(row.symbol) == coin
    ]


def _take_from_waiting(
    books: Books, symbol: Symbol, sold: Decimal, now: Timestamp
) -> tuple[list[Pair], tuple[Posting, ...]]:
    """Take what a sale sold from rows of its market that wait for its end: these coins are gone.

    Where they wait on another market of the coin, the position that takes them over finds it out.
    """
    rows: list[Pair] = []
    postings: tuple[Posting, ...] = ()
    for row, offer in _waiting(books, base_currency(symbol)):
        quantity = min(sold, row.held)
        if row.symbol != symbol or quantity <= ZERO:
            continue
        sold -= quantity
        left, moves = taken_away(row, quantity)
        smaller = msgspec.structs.replace(
            offer,
            filled=offer.filled - quantity,
            cost=offer.cost - (row.invested - left.invested),
        )
        left = msgspec.structs.replace(left, waiting=smaller if left.held > ZERO else None)
        rows.append((row, _closed_if_empty(left, now)))
        postings += moves
    return rows, postings


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


def _offer(books: Books, row: Booking, message: UnmatchedFill) -> AdoptFill | None:
    filled = message.filled - row.gone
    if message.side is not Side.BUY or filled <= ZERO:
        return None
    return AdoptFill(
        client_order_id=message.client_order_id,
        filled=filled,
        cost=message.cost - row.gone_cost,
        fees=message.fees,
        fees_missing=min(message.facts.fees_missing, filled),
        policy=books.limits.unmatched_policy,
    )


def _alarm(books: Books, message: UnmatchedFill) -> Send:
    what_now = "nobody takes them back"
    if message.side is Side.BUY:
        what_now = _WHAT_NOW[books.limits.unmatched_policy]
    if message.waits_for:
        what_now += f", once the outcome of {', '.join(message.waits_for)} is known"
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
