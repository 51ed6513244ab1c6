"""What of a currency a position may sell: the venue's word, less what is not the position's.

Owns who asked and has no answer yet. The venue tells one balance for all: a sibling's coins, cash
of ours in that currency, and coins that are not ours lie among those it would sell. Where another
process may sell the position too, its fills are looked at after the balance: of that process are
the coins that it bought, and what it sold of the position is gone, whatever else lies there.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from actors.portfolio.balance_comparison import ask_balances
from actors.portfolio.store import Books
from actors.portfolio.venue_balances import Asker
from messages.addresses import RECONCILER, position_address
from messages.base import PositionId, Timestamp
from messages.envelope import Removed, Send, Step
from messages.money import ZERO, amount_in
from messages.portfolio import BalancesReported, ForeignHolding, ForeignListed, RequestBalance
from messages.position import BalanceAnswered
from messages.reconciler import ListForeign


def ask(message: RequestBalance, now: Timestamp) -> Step:
    """Ask the venue for the position; asked again, it is asked again."""
    looked = ask_balances(now)
    asker = Asker(
        position_id=message.position_id,
        currency=message.currency,
        may_be_locked=message.may_be_locked,
        contested_on=message.contested_on,
        wants_total=message.wants_total,
    )
    return Step((asker, *looked.changes), looked.outbox)


def answers(books: Books, message: BalancesReported) -> Iterable[tuple[Asker | Removed, Send]]:
    """Yield the answer to each who asked, or what must be looked at before."""
    for asker in books.askers.values():
        if asker.currency in message.unknown:
            yield _answer(asker, None)
            continue
        total, free = (amount_in(part, asker.currency) for part in (message.total, message.free))
        heard = replace(asker, total=total, free=free)
        if asker.contested_on is None:
            yield _answer(heard, _sellable(books, heard, ()))
        else:
            yield heard, Send(RECONCILER, ListForeign(symbol=asker.contested_on))


def on_foreign(books: Books, message: ForeignListed) -> Step:
    """Answer those who waited to hear of other processes."""
    answered = [
        _answer(asker, _sellable(books, asker, message.holdings))
        for asker in books.askers.values()
        if asker.contested_on == message.symbol and asker.total is not None
    ]
    return Step(tuple(removed for removed, _ in answered), tuple(send for _, send in answered))


def _answer(asker: Asker, free: Decimal | None) -> tuple[Removed, Send]:
    """Return the answer; with it, who asked is forgotten."""
    total = asker.total if asker.wants_total else None
    answer = BalanceAnswered(currency=asker.currency, free=free, total=total)
    removed = Removed(kind=Asker.__name__, key=asker.position_id)
    return removed, Send(position_address(asker.position_id), answer)


def _sellable(books: Books, asker: Asker, foreign: Iterable[ForeignHolding]) -> Decimal:
    """Return what is free and the asker's own.

    What is locked may be locked by exits of its own that are lost: then what is free is others'. So
    it is where another process may sell the position too, and more is locked than the coins of our
    other positions and of that process's others: its order for this position may rest.
    """
    total, free = asker.total or ZERO, asker.free or ZERO
    own = _held(books, asker.position_id)
    # What other positions hold, here and in the other process.
    elsewhere = books.account(asker.currency).at_venue - own
    not_ours, most = _not_ours(books, asker), free
    for holding in foreign:
        held = _held(books, holding.position_id)
        theirs = max(holding.bought - max(holding.sold - held, ZERO), ZERO)
        left = max(held - holding.sold, ZERO)
        if holding.position_id == asker.position_id:
            not_ours += theirs
            most = min(free, left)
        else:
            elsewhere += theirs - (held - left)
    locked = min(asker.may_be_locked, total - free)
    if asker.contested_on is not None:
        locked = max(locked, total - free - elsewhere)
    return max(min(most, total - elsewhere - not_ours - locked), ZERO)


def _held(books: Books, position_id: PositionId) -> Decimal:
    """Return what a position of ours holds, 0 where it is none of ours."""
    booking = books.bookings.get(position_id)
    return ZERO if booking is None else max(booking.held, ZERO)


def _not_ours(books: Books, asker: Asker) -> Decimal:
    balance = books.balances.get(asker.currency)
    if balance is None:
        return ZERO
    if balance.not_ours is None:  # seen once: believed at once, as here it is the safe way
        return max(balance.suspected or ZERO, ZERO)
    return balance.not_ours
