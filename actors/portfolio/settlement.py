"""From a booking and its postings to all entities they change, and what is told of it.

The counters are kept as differences: what a booking counts now less what it counted before.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from actors.portfolio.accounts import Account, Booking, Posting, SymbolRow, Totals
from actors.portfolio.store import Books
from messages.addresses import GUARDIAN, OBSERVERS
from messages.base import Timestamp, end_of_day
from messages.envelope import Send, Step
from messages.guardian import DailyLossReached
from messages.money import ZERO, Money, add_money
from messages.observers import Alarm, AlarmKind

Pair = tuple[Booking | None, Booking]
"""A booking before (None: it is new) and after."""


def settled(
    books: Books,
    bookings: Sequence[Pair],
    postings: Iterable[Posting],
    now: Timestamp,
) -> Step:
    """Return the accounts, row and counts after bookings on one symbol, and the alarms they cause.

    ``postings``: one for each currency that moves.
    """
    accounts = tuple(books.account(p.currency).posted(p, now) for p in postings)
    row, totals = books.row(bookings[0][1].symbol), books.totals
    for before, after in bookings:
        row, totals = _row(row, before, after, now), _totals(totals, before, after)
    counters = [row] if row != books.rows.get(row.symbol) else []
    counts = [totals] if totals != books.totals else []
    told = [send for account in accounts for send in _told(books, account, now)]
    changed = (after for _, after in bookings)
    return Step((*changed, *accounts, *counters, *counts), tuple(told))


def allotted(books: Books, capital: Iterable[Money], now: Timestamp) -> tuple[Account, ...]:
    """Return the accounts with this capital; the same capital again changes nothing."""
    accounts = []
    for money in add_money(capital, ()):
        account = books.account(money.currency)
        more = money.amount - account.capital
        if more:
            move = Posting(currency=money.currency, capital=more, free=more)
            accounts.append(account.posted(move, now))
    return tuple(accounts)


def _row(row: SymbolRow, before: Booking | None, after: Booking, now: Timestamp) -> SymbolRow:
    was_open, committed = (before.is_open, before.committed) if before else (False, ZERO)
    closed_now = after.is_trade and not (before and before.is_trade)
    return SymbolRow(
        symbol=row.symbol,
        open_positions=row.open_positions + after.is_open - was_open,
        committed=row.committed + after.committed - committed,
        last_trade_at=now if closed_now else row.last_trade_at,
    )


def _totals(totals: Totals, before: Booking | None, after: Booking) -> Totals:
    def change(count: str) -> int:
        return int(getattr(after, count)) - int(before is not None and getattr(before, count))

    return Totals(
        open_positions=totals.open_positions + change("is_open"),
        trades=totals.trades + change("is_trade"),
        wins=totals.wins + change("is_win"),
    )


def _told(books: Books, after: Account, now: Timestamp) -> Iterable[Send]:
    """Tell once when an account crosses a line: below zero free, or over the day's loss."""
    before = books.account(after.currency)
    if after.free < 0 <= before.free:
        yield Send(OBSERVERS, _overdrawn(after))
    limit = books.limits.daily_loss_limit
    if limit is not None and before.loss_on(now) < limit <= after.loss_on(now):
        loss = after.loss_on(now)
        fact = DailyLossReached(
            currency=after.currency, loss=loss, limit=limit, ends_at=end_of_day(now)
        )
        yield Send(GUARDIAN, fact)


def _overdrawn(account: Account) -> Alarm:
    short: Decimal = -account.free
    text = (
        f"shortage of {short} {account.currency}: fills and fees took more than the "
        f"{account.capital} allotted leave free"
    )
    return Alarm(kind=AlarmKind.SHORTAGE, text=text)
