"""What the accounts are worth in one currency, at quoted rates. For people: nothing is booked."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from actors.portfolio.accounts import Account
from messages.base import Currency, Symbol
from messages.money import ZERO, divide_down, from_float

RATE_STEP = Decimal("1e-18")
"""Finer than any venue's price; the inverse of a rate is rounded down to it."""


class Rate(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The last rate heard of a symbol, quote per base."""

    symbol: Symbol
    rate: float


def equity(
    accounts: Iterable[Account], currency: Currency, rates: Mapping[Symbol, float]
) -> Decimal | None:
    """Return cash and coins at ``rates``; None, unknown, when one of them is missing."""
    worth = ZERO
    for account in accounts:
        if not account.at_venue:
            continue
        rate = _rate(account.currency, currency, rates)
        if rate is None:
            return None
        worth += account.at_venue * rate
    return worth


def _rate(of: Currency, to: Currency, rates: Mapping[Symbol, float]) -> Decimal | None:
    if of == to:
        return Decimal(1)
    direct = rates.get(Symbol(f"{of}/{to}"))
    if direct:
        return from_float(direct, RATE_STEP)
    inverse = rates.get(Symbol(f"{to}/{of}"))
    return divide_down(Decimal(1), from_float(inverse, RATE_STEP), RATE_STEP) if inverse else None
