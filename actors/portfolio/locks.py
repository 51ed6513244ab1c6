"""What the account's open orders lock beside what orders of ours may lock.

An order of ours that nobody here has, and whose event was lost, shows in the balances first: it
locks coins that the router's orders do not explain. Then the venue's lists are looked at, once for
each time that the unexplained part grows. What a person's own orders lock is unexplained for good,
and looked at once.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from messages.base import Currency, base_currency, quote_currency
from messages.money import ZERO, Money
from messages.portfolio import BalancesReported, Unfilled

_WITH_FEES = Decimal("1.01")
"""A venue may lock the fee of a buy too."""


class Locks(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What the venue said last that open orders lock. There is one."""

    locked: tuple[Money, ...] = ()
    """More than zero, sorted by currency."""
    unexplained: tuple[Money, ...] = ()
    """What of it orders of ours did not explain."""
    is_asked: bool = False
    """The router was asked what its orders may lock."""


def locked_by(message: BalancesReported, currencies: Iterable[Currency]) -> tuple[Money, ...]:
    """Return what open orders lock of these currencies."""
    free = {money.currency: money.amount for money in message.free}
    total = {money.currency: money.amount for money in message.total}
    return tuple(
        Money(one, total[one] - free[one])
        for one in sorted(currencies)
        if one in total and one in free and total[one] > free[one]
    )


def unexplained(locked: Iterable[Money], rows: Iterable[Unfilled]) -> tuple[Money, ...]:
    """Return what of it is more than the orders of ``rows`` can lock."""
    ours: dict[Currency, Decimal | None] = {}
    for row in rows:
        _add(ours, base_currency(row.symbol), row.to_sell)
        to_pay = None if row.to_pay is None else row.to_pay * _WITH_FEES
        _add(ours, quote_currency(row.symbol), to_pay)
    return tuple(Money(one.currency, over) for one in locked if (over := _over(one, ours)) > ZERO)


def has_grown(before: Iterable[Money], now: Iterable[Money]) -> bool:
    """Return whether more is unexplained of any currency."""
    known = {money.currency: money.amount for money in before}
    return any(money.amount > known.get(money.currency, ZERO) for money in now)


def _add(ours: dict[Currency, Decimal | None], currency: Currency, amount: Decimal | None) -> None:
    known = ours.get(currency, ZERO)
    ours[currency] = None if known is None or amount is None else known + amount


def _over(locked: Money, ours: Mapping[Currency, Decimal | None]) -> Decimal:
    """Return how much more is locked than ours can; nothing where that has no limit."""
    most = ours.get(locked.currency, ZERO)
    return ZERO if most is None else locked.amount - most
