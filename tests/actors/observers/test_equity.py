"""Equity from the ledger's entities: session and account, drawdown from the peak, restarts."""

from decimal import Decimal

import pytest

from actors.observers.equity import Drawdown, EquityPoint
from actors.observers.report import Report
from actors.portfolio.accounts import Account, Booking
from actors.portfolio.valuation import Rate
from messages.base import Currency, Symbol, Timestamp
from messages.envelope import Removed
from messages.money import ONE, ZERO, divide_even

USDT, BNB = Currency("USDT"), Currency("BNB")
BTC = Symbol("BTC/USDT")
NOW = Timestamp(1_800_000_000_000)


def d(text: str) -> Decimal:
    return Decimal(text)


def books(realised: str, invested: str = "0", capital: str = "1000") -> Account:
    total = d(capital) + d(realised)
    return Account(
        currency=USDT,
        capital=d(capital),
        realised=d(realised),
        free=total - d(invested),
        invested=d(invested),
    )


def held(quantity: str, invested: str) -> Booking:
    return Booking(key="p1", symbol=BTC, is_position=True, held=d(quantity), invested=d(invested))


def of(report: Report, currency: Currency = USDT) -> EquityPoint:
    return next(point for point in report.valued(NOW) if point.currency == currency)


def looked(report: Report, price: float | None = None) -> EquityPoint:
    """Sample, as a session does; the last kept point of USDT."""
    if price is not None:
        report.prices[BTC] = price
    report.sample(NOW, keep=True)
    return [point for point in report.equity if point.currency == USDT][-1]


def test_equity_is_capital_and_what_the_ledger_realised_and_what_is_held() -> None:
    report = Report({USDT: d("1000")})
    report.take_in((books("-0.5", "200"), held("2", "200")))
    point = looked(report, 90.0)
    assert (point.realised, point.unrealised, point.equity) == (d("-0.5"), d("-20"), d("979.5"))
    assert (point.session_realised, point.session_change) == (d("-0.5"), d("-20.5"))
    report.take_in((books("-30.5"), held("0", "0")))
    assert looked(report).equity == d("969.5")


def test_a_fee_in_a_third_currency_is_a_row_of_that_currency() -> None:
    report = Report({USDT: d("1000")})
    report.take_in((Account(currency=BNB, realised=d("-0.0012"), free=d("-0.0012")),))
    point = of(report, BNB)
    assert (point.capital, point.realised, point.equity) == (ZERO, d("-0.0012"), d("-0.0012"))
    report.sample(NOW, keep=True)
    assert report.drawdown(BNB) == Drawdown(amount=d("0.0012"))


def test_after_a_restart_the_account_goes_on_and_the_session_begins_at_nothing() -> None:
    report = Report({USDT: d("1000")})
    report.take_in((books("-100"),))
    report.begin_session()
    first = looked(report)
    assert (first.equity, first.realised) == (d("900"), d("-100"))
    assert (first.session_realised, first.session_change, first.drawdown) == (ZERO, ZERO, ZERO)
    report.take_in((books("-95"),))
    second = looked(report)
    assert (second.session_realised, second.session_change) == (d("5"), d("5"))
    report.take_in((books("-99"),))
    assert looked(report).drawdown == d("4")
    worst = report.drawdown(USDT)
    assert (worst.amount, worst.ratio_of_peak) == (d("4"), (d("4"), d("905")))


def test_what_is_held_over_a_restart_is_valued_once_its_price_is_known() -> None:
    report = Report({USDT: d("1000")})
    report.take_in((books("0", "200"), held("2", "200"), Rate(symbol=BTC, rate=120.0)))
    report.begin_session()
    report.sample(NOW, keep=True)
    assert report.equity == []
    assert of(report).equity == d("1040")  # for a view, at the last price that was known
    point = looked(report, 80.0)
    assert (point.equity, point.session_change, point.drawdown) == (d("960"), ZERO, ZERO)
    point = looked(report, 70.0)
    assert (point.session_change, point.drawdown) == (d("-20"), d("20"))


def test_what_was_booked_before_the_first_price_is_part_of_the_session() -> None:
    """A fill that a start found: it lowers what is held, and realises."""
    report = Report({USDT: d("1000")})
    report.take_in((books("0", "200"), held("2", "200")))
    report.begin_session()
    report.take_in((books("-10", "100"), held("1", "100")))
    point = looked(report, 100.0)
    assert (point.equity, point.session_change) == (d("990"), d("-10"))
    assert point.drawdown == d("10")


def test_a_session_that_ends_before_a_price_is_known_says_what_was_known() -> None:
    report = Report({USDT: d("1000")})
    report.take_in((books("0", "200"), held("2", "200"), Rate(symbol=BTC, rate=120.0)))
    report.begin_session()
    report.sample(NOW, keep=True, is_last=True)
    (point,) = report.equity
    assert (point.equity, point.session_change, point.drawdown) == (d("1040"), ZERO, ZERO)


@pytest.mark.parametrize("capital", ["1500", "600"])
def test_capital_that_is_allotted_anew_is_neither_profit_nor_drawdown(capital: str) -> None:
    report = Report({USDT: d(capital)})
    report.take_in((books("-100"),))
    report.begin_session()
    report.take_in((books("-100", capital=capital),))
    point = looked(report)
    assert point.equity == d(capital) - 100
    assert (point.session_change, point.drawdown) == (ZERO, ZERO)
    report.take_in((books("-90", capital=capital),))
    assert looked(report).session_change == 10


def test_a_booking_that_is_forgotten_holds_nothing() -> None:
    report = Report({USDT: d("1000")})
    report.take_in((held("2", "200"),))
    report.take_in((Removed(kind="Booking", key="p1"),))
    assert looked(report).equity == d("1000")


def test_the_deepest_ratio_need_not_be_the_largest_fall() -> None:
    worst = Drawdown().after(d("50"), d("100")).after(d("60"), d("1000"))
    assert worst == Drawdown(amount=d("60"), ratio_of_peak=(d("50"), d("100")))


@pytest.mark.parametrize(
    ("part", "whole", "rounded"),
    [
        ("45.954", "10000", "0.0046"),
        ("-45.954", "10000", "-0.0046"),
        ("1", "3", "0.3333"),
        ("2", "3", "0.6667"),
        ("-2", "3", "-0.6667"),
        ("0.00005", "1", "0.0000"),
        ("0.00015", "1", "0.0002"),
        ("-0.00005", "1", "0.0000"),
        ("0.000050000000000000000000000000000000000000000000000000000000000001", "1", "0.0001"),
    ],
)
def test_a_ratio_is_rounded_to_the_nearest_a_tie_to_the_even(
    part: str, whole: str, rounded: str
) -> None:
    assert divide_even(d(part), d(whole), d("0.0001")) == d(rounded)
    assert divide_even(ONE, ONE) == 1
