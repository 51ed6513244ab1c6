"""What of a currency a position may sell: the venue's word, less what is not the position's.

Owns who asked and has no answer yet. The venue tells one balance for all: a sibling's coins, cash
of ours in that currency, and coins that are not ours lie among those it would sell.
"""

from collections.abc import Iterable
from decimal import Decimal

from actors.portfolio.balances import Asker
from actors.portfolio.books import Books
from actors.portfolio.looking import ask_balances
from messages.addresses import position_address
from messages.base import Timestamp
from messages.envelope import Removed, Send, Step
from messages.money import ZERO, amount_in
from messages.portfolio import BalancesReported, RequestBalance
from messages.position import BalanceAnswered


def ask(message: RequestBalance, now: Timestamp) -> Step:
    """Ask the venue for the position; asked again, it is asked again."""
    looked = ask_balances(now)
    asker = Asker(
        position_id=message.position_id,
        currency=message.currency,
        may_be_locked=message.may_be_locked,
        wants_total=message.wants_total,
    )
    return Step((asker, *looked.changes), looked.outbox)


def answers(books: Books, message: BalancesReported) -> Iterable[tuple[Removed, Send]]:
    """Yield the answer to each who asked; with it, it is forgotten."""
    for asker in books.askers.values():
        is_known = asker.currency not in message.unknown
        free = _sellable(books, asker, message) if is_known else None
        is_told = is_known and asker.wants_total
        total = amount_in(message.total, asker.currency) if is_told else None
        answer = BalanceAnswered(currency=asker.currency, free=free, total=total)
        removed = Removed(kind=Asker.__name__, key=asker.position_id)
        yield removed, Send(position_address(asker.position_id), answer)


def _sellable(books: Books, asker: Asker, message: BalancesReported) -> Decimal:
    """Return what is free and the asker's own.

    What is locked may be locked by exits of its own that are lost: then what is free is others'.
    """
    total, free = (amount_in(part, asker.currency) for part in (message.total, message.free))
    booking = books.bookings.get(asker.position_id)
    own = ZERO if booking is None else booking.held
    others = books.account(asker.currency).at_venue - own + _not_ours(books, asker)
    locked = min(asker.may_be_locked, total - free)
    return max(min(free, total - others - locked), ZERO)


def _not_ours(books: Books, asker: Asker) -> Decimal:
    balance = books.balances.get(asker.currency)
    if balance is None:
        return ZERO
    if balance.not_ours is None:  # seen once: believed at once, as here it is the safe way
        return max(balance.suspected or ZERO, ZERO)
    return balance.not_ours
