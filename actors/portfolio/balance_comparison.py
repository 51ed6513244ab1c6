"""When the venue's balances are asked for, and the whole of one look at them."""

import msgspec

from actors.portfolio.locks import Locks, has_grown, locked_by, unexplained
from actors.portfolio.store import Books
from actors.portfolio.unreported_fills import explained
from actors.portfolio.venue_balances import (
    ANSWER_TIMEOUT_MS,
    LOOK_AGAIN_MS,
    Balance,
    LookDue,
    MayFill,
    compared,
)
from messages.addresses import GATEWAY, ORDER_ROUTER, RECONCILER
from messages.base import Currency, Milliseconds, Timestamp, base_currency, quote_currency
from messages.envelope import Send, Step
from messages.gateway import FetchBalances
from messages.money import ZERO
from messages.order_router import ListUnfilled
from messages.portfolio import BalancesReported, Limits, UnfilledListed
from messages.reconciler import LookSoon


def ask_balances(now: Timestamp, *, is_routine: bool = False) -> Step:
    """Ask for the balances, and again when no answer comes."""
    again = LookDue(at=Timestamp(now + ANSWER_TIMEOUT_MS))
    return Step((again,), (Send(GATEWAY, FetchBalances(is_routine=is_routine)),))


def look_again(books: Books, now: Timestamp) -> Step:
    """Make the look that is due; where all balances were as in the books it is routine."""
    is_doubted = any(row.suspected is not None for row in books.balances.values())
    return ask_balances(now, is_routine=not is_doubted and not books.askers)


def look_scheduled(books: Books, limits: Limits, now: Timestamp) -> tuple[LookDue, ...]:
    """Return the first look under new limits, where none is due yet."""
    if limits.look_every_ms is None or books.look.at is not None:
        return ()
    return (LookDue(at=Timestamp(now + limits.look_every_ms)),)


def compare_balances(books: Books, message: BalancesReported, now: Timestamp) -> Step:
    """Hold every currency of the venue and of the books against each other."""
    reported = {money.currency: money.amount for money in message.total}
    currencies = sorted({*reported, *books.accounts, *books.balances} - {*message.unknown})
    known = {c: books.balances.get(c) or Balance(currency=c) for c in currencies}
    at_venue = {c: reported.get(c, ZERO) for c in currencies}
    booked = {c: books.account(c).at_venue for c in currencies}
    unheard = explained(books, {c: known[c].off(at_venue[c], booked[c]) for c in currencies})
    looks = [
        compared(
            known[c],
            at_venue[c],
            booked[c],
            now,
            is_quiet=_is_quiet(books, c),
            patience_ms=_patience(books, known[c], is_explained=c in unheard),
        )
        for c in currencies
    ]
    rows = [row for row, _ in looks]
    alarms = tuple(send for _, sends in looks for send in sends)
    is_doubted = any(row.suspected is not None for row in rows)
    look = LookDue(at=_next_look(books, now, is_doubted=is_doubted))
    changed = [row for row in rows if row != books.balances.get(row.currency)]
    is_asked = is_doubted and books.limits.unheard_ms is not None
    locks = _locks(books, message)
    asked: tuple[Send, ...] = ()
    if is_asked or locks:
        asked = (Send(ORDER_ROUTER, ListUnfilled()),)
    if is_asked:  # a fill may be unheard: the lists show it
        asked += (Send(RECONCILER, LookSoon()),)
    moved = (look,) if look != books.look else ()
    return Step((*changed, *moved, *locks), (*alarms, *asked))


def _locks(books: Books, message: BalancesReported) -> tuple[Locks, ...]:
    """Return what open orders lock, where that is news; only while the balances are looked at."""
    if books.limits.look_every_ms is None:
        return ()
    traded = {of(symbol) for symbol in books.rows for of in (base_currency, quote_currency)}
    locked = locked_by(message, traded - {*message.unknown})
    if locked == books.locks.locked:
        return ()
    return (msgspec.structs.replace(books.locks, locked=locked, is_asked=True),)


def hear_unfilled(books: Books, message: UnfilledListed, now: Timestamp) -> Step:
    """Take in what may fill; look at the lists where more is locked than that explains."""
    heard = MayFill(rows=message.rows, heard_at=now)
    locks = books.locks
    if not locks.is_asked:
        return Step((heard,))
    over = unexplained(locks.locked, message.rows)
    after = msgspec.structs.replace(locks, unexplained=over, is_asked=False)
    is_new = has_grown(locks.unexplained, over)
    return Step((heard, after), (Send(RECONCILER, LookSoon()),) if is_new else ())


def _patience(books: Books, balance: Balance, *, is_explained: bool) -> Milliseconds:
    """Return how long a difference must have been seen before it is named.

    What the router said before the difference was there explains nothing.
    """
    longest, since = books.limits.unheard_ms, balance.suspected_at
    heard_at = books.may_fill.heard_at
    if not is_explained or longest is None or since is None or heard_at is None:
        return LOOK_AGAIN_MS
    return longest if heard_at >= since else LOOK_AGAIN_MS


def _is_quiet(books: Books, currency: Currency) -> bool:
    """Whether no position lives on a market of the currency."""
    return not any(
        row.open_positions and currency in {base_currency(symbol), quote_currency(symbol)}
        for symbol, row in books.rows.items()
    )


def _next_look(books: Books, now: Timestamp, *, is_doubted: bool) -> Timestamp | None:
    if is_doubted:
        return Timestamp(now + LOOK_AGAIN_MS)
    every = books.limits.look_every_ms
    return None if every is None else Timestamp(now + every)
