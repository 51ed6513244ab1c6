"""When the venue's balances are asked for, and the whole of one look at them."""

from actors.portfolio.balances import ANSWER_TIMEOUT_MS, LOOK_AGAIN_MS, Balance, LookDue, compared
from actors.portfolio.books import Books
from messages.addresses import GATEWAY
from messages.base import Currency, Timestamp, base_currency, quote_currency
from messages.envelope import Send, Step
from messages.gateway import FetchBalances
from messages.money import ZERO
from messages.portfolio import BalancesReported, Limits


def ask_balances(now: Timestamp) -> Step:
    """Ask for the balances, and again when no answer comes."""
    again = LookDue(at=Timestamp(now + ANSWER_TIMEOUT_MS))
    return Step((again,), (Send(GATEWAY, FetchBalances()),))


def look_scheduled(books: Books, limits: Limits, now: Timestamp) -> tuple[LookDue, ...]:
    """Return the first look under new limits, where none is due yet."""
    if limits.look_every_ms is None or books.look.at is not None:
        return ()
    return (LookDue(at=Timestamp(now + limits.look_every_ms)),)


def compare_balances(books: Books, message: BalancesReported, now: Timestamp) -> Step:
    """Hold every currency of the venue and of the books against each other."""
    reported = {money.currency: money.amount for money in message.total}
    rows: list[Balance] = []
    alarms: list[Send] = []
    for currency in sorted({*reported, *books.accounts, *books.balances}):
        balance = books.balances.get(currency) or Balance(currency=currency)
        booked = books.account(currency).at_venue
        at_venue, is_quiet = reported.get(currency, ZERO), _is_quiet(books, currency)
        row, sends = compared(balance, at_venue, booked, now, is_quiet=is_quiet)
        rows.append(row)
        alarms.extend(sends)
    look = LookDue(at=_next_look(books, rows, now))
    changed = [row for row in rows if row != books.balances.get(row.currency)]
    if look != books.look:
        return Step((*changed, look), tuple(alarms))
    return Step(tuple(changed), tuple(alarms))


def _is_quiet(books: Books, currency: Currency) -> bool:
    """Whether no position lives on a market of the currency."""
    return not any(
        row.open_positions and currency in {base_currency(symbol), quote_currency(symbol)}
        for symbol, row in books.rows.items()
    )


def _next_look(books: Books, rows: list[Balance], now: Timestamp) -> Timestamp | None:
    if any(row.suspected is not None for row in rows):
        return Timestamp(now + LOOK_AGAIN_MS)
    every = books.limits.look_every_ms
    return None if every is None else Timestamp(now + every)
