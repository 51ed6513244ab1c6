"""For every field that ccxt may leave None: None changes no book and ends no position."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from actors.position.states import State
from exchange.live import order as order_module
from exchange.live.order import LiveOrder
from messages.money import ZERO
from messages.orders import OrderFacts
from messages.portfolio import BookPosition
from tests.actors.portfolio.ledger import BTC, USDT
from tests.border.life import FEE, PRICE, LifeOfStructures, Raw, as_it_is

HOURS = 3 * 3_600_000


def _fields() -> tuple[list[str], list[str]]:
    life = LifeOfStructures()
    order = next(iter(life.venue.values()))
    return sorted(order.raw()), sorted(order.fills()[0])


ORDER, FILL = _fields()
PAIRS = [("order", name) for name in ORDER] + [("fill", name) for name in FILL]
SEVERAL = [
    ("order", "cost"), ("order", "average"), ("order", "price"), ("order", "filled"),
    ("order", "remaining"), ("fill", "fee"), ("fill", "fees"), ("fill", "price"),
]  # fmt: skip
"""What venues leave out together."""


def without(*named: tuple[str, str]) -> Any:  # noqa: ANN401 - a mangle
    def mangle(kind: str, raw: Raw) -> Raw:
        return {**raw, **{name: None for one, name in named if one == kind}}

    return mangle


def check(booked: list[BookPosition], life: LifeOfStructures) -> None:
    """Look that what is booked is true: all of a fill with its cost, or nothing of it."""
    bought = sum((o.filled for o in life.venue.values() if o.request.side == "buy"), Decimal(0))
    for message in booked:
        assert message.bought in {0, bought}
        assert message.bought_cost == message.bought * PRICE
        assert message.sold_proceeds == message.sold * PRICE
        for fee in message.fees:
            assert fee.amount in {bought * FEE, message.sold * PRICE * FEE}


@pytest.mark.parametrize("named", [[pair] for pair in PAIRS] + [SEVERAL, PAIRS])
def test_none_books_nothing_that_is_not_and_ends_no_position(named: list[tuple[str, str]]) -> None:
    life = LifeOfStructures(without(*named))
    life.stream()
    life.wait(50_000)
    assert len(life.bought) == 1, "it buys once"
    check(life.booked, life)
    life.close()
    life.stream()
    life.wait(50_000)
    assert len(life.bought) == 1
    check(life.booked, life)
    if life.position.state is State.CLOSED:
        assert life.position.booked.is_priced
    # Now the venue says all of it.
    life.mangle = as_it_is
    life.stream()
    life.wait(HOURS)
    assert life.position.state is State.CLOSED
    check(life.booked, life)
    last = life.booked[-1]
    assert last.closed
    assert not life.is_endless
    assert 0 <= last.bought * (1 - FEE) - last.sold < Decimal("0.01")  # dust
    sales = (o.filled for o in life.venue.values() if o.request.side == "sell")
    assert last.sold == sum(sales, Decimal(0))
    fees = {fee.currency: fee.amount for fee in last.fees}
    assert fees == {BTC: last.bought * FEE, USDT: last.sold * PRICE * FEE}


@pytest.mark.parametrize(
    ("forgotten", "named"),
    [
        ("unpriced", [("order", "cost"), ("fill", "price")]),
        ("fees_missing", [("fill", "fee"), ("fill", "fees")]),
    ],
)
def test_it_notices_where_what_is_not_told_counts_as_zero(
    forgotten: str, named: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = order_module.facts_of

    def counted_as_zero(order: LiveOrder) -> OrderFacts:
        return replace(real(order), **{forgotten: ZERO})

    monkeypatch.setattr("tests.border.life.facts_of", counted_as_zero)
    with pytest.raises(AssertionError):
        test_none_books_nothing_that_is_not_and_ends_no_position(named)
