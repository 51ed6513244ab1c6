"""Equity: cash and coins at quoted rates, or unknown."""

from decimal import Decimal

from actors.portfolio.accounts import Account
from actors.portfolio.valuation import equity
from tests.actors.portfolio.ledger import BTC, BTC_USDT, ETH, USDT

CASH = Account(currency=USDT, free=Decimal(100), reserved=Decimal(20), invested=Decimal(5))
COINS = Account(currency=BTC, held=Decimal(2))


def test_cash_counts_at_its_own_value_and_what_is_invested_at_the_coins() -> None:
    assert equity([CASH, COINS], USDT, {BTC_USDT: 0.1}) == Decimal("120.2")


def test_a_rate_may_be_the_inverse_of_a_quoted_one() -> None:
    assert equity([CASH], BTC, {BTC_USDT: 8.0}) == Decimal(15)


def test_a_missing_rate_makes_it_unknown_unless_there_is_nothing_to_value() -> None:
    assert equity([CASH, COINS], USDT, {}) is None
    assert equity([CASH, Account(currency=ETH)], USDT, {}) == 120
