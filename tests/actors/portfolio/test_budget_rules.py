"""Each rule of granting, at its edge; a refusal names the numbers."""

from decimal import Decimal

import pytest

from actors.portfolio.budget_rules import RULES
from messages.base import PositionId
from messages.portfolio import Limits
from messages.position import BudgetDenied, BudgetGranted, DenialReason
from tests.actors.portfolio.ledger import COOLDOWN, ETH_BTC, P1, P2, Ledger, booked, both

P3 = PositionId("p3")


def test_every_reason_but_failing_has_its_rule() -> None:
    assert set(RULES) == set(DenialReason) - {DenialReason.FAILED}


@pytest.mark.parametrize(
    ("limits", "reason", "numbers"),
    [
        (Limits(max_positions=1, positions_per_symbol=9), DenialReason.MAX_POSITIONS, "1"),
        (Limits(), DenialReason.POSITIONS_PER_SYMBOL, "BTC/USDT"),
        (
            Limits(positions_per_symbol=9, symbol_cap=Decimal(399)),
            DenialReason.SYMBOL_CAP,
            "399",
        ),
        (
            Limits(positions_per_symbol=9, max_budget=Decimal(199)),
            DenialReason.MAX_BUDGET,
            "199",
        ),
        (Limits(positions_per_symbol=9), DenialReason.NOT_ENOUGH_FREE, "100"),
    ],
)
def test_a_budget_over_a_limit_is_denied_with_the_numbers(
    limits: Limits, reason: DenialReason, numbers: str
) -> None:
    ledger = Ledger(299)
    ledger.reserve(199, P1)
    ledger.tell(booked(position=P1, reserve=199))
    ledger.books.apply(limits)
    denied = ledger.reserve(201, P2)
    assert isinstance(denied, BudgetDenied)
    assert both(denied.reason, numbers in denied.text) == (reason, True)
    assert ledger.account().reserved == 199


def test_a_budget_just_within_every_limit_is_granted() -> None:
    ledger = Ledger(
        400,
        Limits(
            max_positions=2,
            positions_per_symbol=2,
            max_budget=Decimal(200),
            symbol_cap=Decimal(400),
        ),
    )
    ledger.reserve(200, P1)
    assert isinstance(ledger.reserve(200, P2), BudgetGranted)
    assert ledger.account().free == 0


@pytest.mark.parametrize("budget", [0, -5])
def test_a_budget_that_is_not_positive_is_denied(budget: int) -> None:
    denied = Ledger(400).reserve(budget)
    assert isinstance(denied, BudgetDenied)
    assert f"a budget of {budget} USDT" in denied.text


def test_a_budget_in_a_currency_without_capital_is_denied() -> None:
    denied = Ledger(400).reserve(1, P1, ETH_BTC)
    assert isinstance(denied, BudgetDenied)
    assert denied.text == "0 BTC free, 1 asked"


def test_a_symbol_rests_after_a_trade_and_not_longer() -> None:
    ledger = Ledger(400, Limits(cooldown_ms=COOLDOWN))
    ledger.reserve(200, P1)
    ledger.tell(booked(bought=1, cost=100, sold=1, proceeds=101, closed=True))
    ledger.wait(COOLDOWN - 1)
    denied = ledger.reserve(200, P2)
    assert isinstance(denied, BudgetDenied)
    assert both(denied.reason, "1 of 60000 ms" in denied.text) == (DenialReason.COOLDOWN, True)
    ledger.wait(1)
    assert isinstance(ledger.reserve(200, P3), BudgetGranted)


def test_a_symbol_does_not_rest_after_an_entry_that_bought_nothing() -> None:
    ledger = Ledger(400, Limits(cooldown_ms=COOLDOWN))
    ledger.reserve(200, P1)
    ledger.tell(booked(closed=True))
    assert isinstance(ledger.reserve(200, P2), BudgetGranted)
