"""Money is exact, and rounds only where a name says which way."""

from decimal import Decimal, DivisionByZero, FloatOperation, Inexact

import pytest

from messages.base import Currency
from messages.money import (
    Money,
    add_money,
    amount_in,
    amount_text,
    ceil_to_step,
    divide_down,
    divide_up,
    floor_to_step,
    from_float,
    plain,
)

D = Decimal
BTC, USDT = Currency("BTC"), Currency("USDT")


def test_a_quotient_that_would_be_rounded_raises() -> None:
    with pytest.raises(Inexact):
        D(1) / D(3)


def test_money_does_not_mix_with_floats() -> None:
    with pytest.raises(FloatOperation):
        _ = D(1) < 0.5


@pytest.mark.parametrize(
    ("value", "step", "down", "up"),
    [
        ("100.19", "0.1", "100.1", "100.2"),
        ("100.1", "0.1", "100.1", "100.1"),
        ("-0.05", "0.1", "-0.1", "0"),
        ("7", "2.5", "5", "7.5"),
        ("0.999", "0.005", "0.995", "1"),
    ],
)
def test_a_step_is_met_from_the_side_that_the_name_says(
    value: str, step: str, down: str, up: str
) -> None:
    assert floor_to_step(D(value), D(step)) == D(down)
    assert ceil_to_step(D(value), D(step)) == D(up)


def test_a_quotient_is_rounded_the_way_that_the_name_says() -> None:
    assert divide_down(D(2), D(3), D("0.01")) == D("0.66")
    assert divide_up(D(2), D(3), D("0.01")) == D("0.67")
    assert divide_down(D(-2), D(3), D("0.01")) == D("-0.67")
    with pytest.raises(DivisionByZero):
        divide_down(D(1), D(0))


def test_a_quote_becomes_the_multiple_of_the_tick_that_it_means() -> None:
    assert from_float(0.1 + 0.2, D("0.1")) == D("0.3")
    assert from_float(5.1e-05, D("1e-8")) == D("0.000051")


def test_sums_are_kept_per_currency_and_what_is_zero_is_left_out() -> None:
    fees = add_money([Money(USDT, D("0.2")), Money(BTC, D(1))], [Money(BTC, D(-1))])
    assert fees == (Money(USDT, D("0.2")),)
    assert amount_in(fees, USDT) == D("0.2")
    assert amount_in(fees, BTC) == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("0.10", "0.1"), ("5.00", "5"), ("100", "100"), ("0E-8", "0")],
)
def test_people_see_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    assert plain(D(value)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("13.369904807", "USDT", "13.37"),
        ("13.365", "USDT", "13.36"),
        ("13.375", "EUR", "13.38"),
        ("-0.5", "USDT", "-0.50"),
        ("0", "USDT", "0.00"),
        ("-0.00", "USDC", "0.00"),
        ("0.0042", "USDT", "0.0042"),
        ("-0.00426", "USDT", "-0.0043"),
        ("0.005", "USDT", "0.005"),
        ("0.0050001", "USDT", "0.01"),
        ("1234567.5", "USDT", "1234567.50"),
        ("12.5", "JPY", "12"),
        ("0.123456785", "BTC", "0.12345678"),
        ("2", "BTC", "2.00000000"),
        ("0.000000000012", "PEPE", "0.000000000012"),
        ("1e-40", "BTC", f"0.{'0' * 39}1"),
        ("1e30", "USDT", f"1{'0' * 30}.00"),
    ],
)
def test_money_for_people_has_the_digits_of_its_currency(
    amount: str, currency: str, text: str
) -> None:
    assert amount_text(D(amount), currency) == text
