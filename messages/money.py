"""Exact money: one decimal context, in which a result that would need rounding raises ``Inexact``.

Importing this module installs the context in the importing thread and, as decimal's default, in
every thread started later. Sums and products are exact; a quotient or a price that must be rounded
goes through one of the functions below, whose name says which way, and whose argument says to what
step. Comparing or mixing with a float raises ``FloatOperation``.
"""

import decimal
from collections.abc import Iterable
from decimal import ROUND_05UP, ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec

from messages.base import Currency

MONEY_CONTEXT = decimal.Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    traps=[
        decimal.Inexact,
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.FloatOperation,
    ],
)
_ROUNDING_CONTEXTS = {
    rounding: decimal.Context(
        prec=60,
        rounding=rounding,
        traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
    )
    for rounding in (ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN, ROUND_05UP)
}
_POWERS_OF_TEN = {exponent: Decimal(1).scaleb(exponent) for exponent in range(-30, 31)}

ZERO = Decimal(0)
ONE = Decimal(1)

_COIN_DIGITS = 8
_DOLLARS = "USD USDT USDC FDUSD BUSD TUSD USDP USDD USDE USD1 DAI PYUSD RLUSD XUSD BFUSD"
_EUROS = "EUR EURI EURC EURT AEUR"
_OTHERS = "GBP CHF AUD CAD BRL TRY PLN ZAR MXN UAH RON CZK NZD SGD HKD ARS COP INR NGN"
_DIGITS = {
    **dict.fromkeys(f"{_DOLLARS} {_EUROS} {_OTHERS}".split(), 2),
    **dict.fromkeys(("JPY", "KRW", "CLP", "IDR", "VND"), 0),
}
"""Decimals of a currency that is no coin, or a coin that follows one."""

CENT_OF_SATOSHI = Decimal("1e-10")
"""The step of averages, cost shares and ratios that a division makes: finer than any venue's."""


def install_money_context() -> None:
    """Make the exact context this thread's, and the default of threads to come."""
    default = decimal.DefaultContext
    default.prec = MONEY_CONTEXT.prec
    default.rounding = MONEY_CONTEXT.rounding
    for signal in default.traps:
        default.traps[signal] = MONEY_CONTEXT.traps[signal]
    decimal.setcontext(MONEY_CONTEXT.copy())


install_money_context()


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount of one currency."""

    currency: Currency
    amount: Decimal


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of ``step`` that is at most ``value`` (any sign of ``value``)."""
    return _to_step(value, step, ROUND_FLOOR)


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """Return the smallest multiple of ``step`` that is at least ``value``."""
    return _to_step(value, step, ROUND_CEILING)


def divide_down(dividend: Decimal, divisor: Decimal, step: Decimal = CENT_OF_SATOSHI) -> Decimal:
    """Return the quotient rounded down (towards minus infinity) to a multiple of ``step``.

    Raises ``decimal.DivisionByZero`` for a zero divisor.
    """
    return floor_to_step(_ROUNDING_CONTEXTS[ROUND_FLOOR].divide(dividend, divisor), step)


def divide_up(dividend: Decimal, divisor: Decimal, step: Decimal = CENT_OF_SATOSHI) -> Decimal:
    """Return ``dividend / divisor`` rounded up to a multiple of ``step``."""
    return ceil_to_step(_ROUNDING_CONTEXTS[ROUND_CEILING].divide(dividend, divisor), step)


def divide_even(dividend: Decimal, divisor: Decimal, step: Decimal = CENT_OF_SATOSHI) -> Decimal:
    """Return the quotient rounded to the nearest multiple of ``step``, a tie to the even one.

    For ratios that people read. Raises ``decimal.DivisionByZero`` for a zero divisor.
    """
    return _to_step(_ROUNDING_CONTEXTS[ROUND_05UP].divide(dividend, divisor), step, ROUND_HALF_EVEN)


def from_float(value: float, step: Decimal) -> Decimal:
    """Return a quote as a price: the multiple of ``step`` nearest to ``value``.

    The one door from float quotes into money. ``repr`` gives the shortest decimal of the float, so
    a quote that was a multiple of the tick comes out as exactly that.
    """
    return _to_step(Decimal(repr(value)), step, ROUND_HALF_EVEN)


def add_money(total: Iterable[Money], more: Iterable[Money]) -> tuple[Money, ...]:
    """Return the sum per currency, sorted by currency, currencies with a zero sum left out."""
    sums: dict[Currency, Decimal] = {}
    for money in (*total, *more):
        sums[money.currency] = sums.get(money.currency, ZERO) + money.amount
    return tuple(Money(currency, sums[currency]) for currency in sorted(sums) if sums[currency])


def currency_digits(currency: str) -> int:
    """Return how many decimals people write of a currency: 2 of dollars and their like, 8 of coins.

    Of money as ISO 4217 has it; what is not known there counts as a coin.
    """
    return _DIGITS.get(currency, _COIN_DIGITS)


def amount_text(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """Return an amount for people, with the currency's digits, rounded half even: ``13.37``.

    Less than half of the last digit keeps two digits that are not zero: a fee of 0.0042 USDT is
    small, and not nothing. ``signed``: with a plus sign where it is positive, or nothing.
    """
    digits = currency_digits(currency)
    step = _POWERS_OF_TEN[-digits]
    shown = _to_step(amount, step, ROUND_HALF_EVEN)
    if amount and not shown:
        shown = _to_step(amount, Decimal(1).scaleb(amount.adjusted() - 1), ROUND_HALF_EVEN)
        text = plain(shown)
    else:
        text = f"{shown:f}" if shown else f"{shown.copy_abs():f}"
    return f"+{text}" if signed and not text.startswith("-") else text


def money_text(amount: Decimal, currency: str, *, signed: bool = False) -> str:
    """Return an amount for people with its currency: ``13.37 USDT``; see ``amount_text``."""
    return f"{amount_text(amount, currency, signed=signed)} {currency}"


def beyond(whole: Decimal, part: Decimal) -> Decimal:
    """Return ``whole - part``; the very ``ZERO`` for nothing: a default is not written."""
    return ZERO if whole == part else whole - part


def amount_in(monies: Iterable[Money], currency: Currency) -> Decimal:
    """Return how much of ``currency`` is among ``monies``."""
    return sum((money.amount for money in monies if money.currency == currency), ZERO)


def plain(value: Decimal) -> str:
    """Return a decimal as people write it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    # Most steps are powers of ten, where quantize does the whole of it in one call.
    context, power = _ROUNDING_CONTEXTS[rounding], _POWERS_OF_TEN.get(step.adjusted())
    if power == step and power.same_quantum(step):
        return context.quantize(value, step)
    return context.divide(value, step).to_integral_value(rounding) * step
