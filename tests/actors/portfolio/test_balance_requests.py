"""What a position may sell is what the venue would let us sell, less what is not the position's."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.portfolio.skipped import after_skip
from actors.portfolio.venue_balances import LOOK_AGAIN_MS
from messages.addresses import GATEWAY, RECONCILER, position_address
from messages.base import Currency, PositionId, Symbol
from messages.envelope import Send
from messages.gateway import FetchBalances
from messages.money import Money
from messages.portfolio import (
    AllotCapital,
    BalancesReported,
    ForeignHolding,
    ForeignListed,
    Limits,
    RequestBalance,
)
from messages.position import BalanceAnswered
from messages.reconciler import ListForeign
from tests.actors.portfolio.ledger import BTC, ETH, ETH_BTC, P1, P2, Ledger, booked

BTC_USDT = Symbol("BTC/USDT")


def ledger_of(*positions: PositionId) -> Ledger:
    """Each position bought 1 BTC for 100 USDT."""
    ledger = Ledger(1000, Limits(positions_per_symbol=2))
    for position in positions:
        ledger.reserve(100, position)
        ledger.tell(booked(position=position, bought=1, cost=100))
    return ledger


def report(total: str | int, free: str | int, currency: Currency = BTC) -> BalancesReported:
    def of(amount: str | int) -> tuple[Money, ...]:
        return (Money(currency, Decimal(amount)),)

    return BalancesReported(total=of(total), free=of(free))


def ask(position: PositionId = P1, may_be_locked: str | int = 0) -> RequestBalance:
    return RequestBalance(position_id=position, currency=BTC, may_be_locked=Decimal(may_be_locked))


def answer_to(ledger: Ledger, asked: RequestBalance, told: BalancesReported) -> Decimal | None:
    ledger.tell(asked)
    ledger.tell(told)
    (answer,) = ledger.said(BalanceAnswered)
    assert answer.currency == BTC
    return answer.free


def test_who_asks_lets_the_venue_be_asked_and_is_answered_once() -> None:
    ledger = ledger_of(P1)
    for _ in range(2):  # asked twice, it is one who asks
        done = ledger.tell(ask())
        assert Send(GATEWAY, FetchBalances()) in done.outbox
    done = ledger.tell(report(1, 1))
    answer = BalanceAnswered(currency=BTC, free=Decimal(1))
    assert done.outbox == (Send(position_address(P1), answer),)
    assert ledger.books.askers == {}
    ledger.tell(report(1, 1))
    assert ledger.said(BalanceAnswered) == []


@pytest.mark.parametrize(
    ("total", "free", "sellable"),
    [
        (2, 2, 1),  # the sibling's one is free too, and stays its own
        (2, 1, 1),  # the sibling's is locked by its exit
        (2, 0, 0),
        ("1.5", "1.5", "0.5"),  # what is short is not taken from the sibling
        ("1.5", "0.5", "0.5"),
    ],
)
def test_a_siblings_coins_are_not_the_askers(
    total: str | int, free: str | int, sellable: str | int
) -> None:
    told = report(total, free)
    assert answer_to(ledger_of(P1, P2), ask(), told) == Decimal(sellable)


@pytest.mark.parametrize(
    ("total", "free", "sellable"),
    [
        (2, 1, 0),  # its own lost exit may be what locks: then what is free is the sibling's
        (2, 2, 1),  # nothing is locked: the lost exit is over
        (1, 0, 0),
    ],
)
def test_what_a_lost_exit_may_lock_is_not_taken_from_a_sibling(
    total: int, free: int, sellable: int
) -> None:
    told = report(total, free)
    assert answer_to(ledger_of(P1, P2), ask(may_be_locked=1), told) == Decimal(sellable)


def test_a_lost_exit_that_is_dead_locks_nothing_of_one_who_is_alone() -> None:
    assert answer_to(ledger_of(P1), ask(may_be_locked=1), report(1, 1)) == 1


def test_cash_of_ours_in_the_same_coin_is_not_the_askers() -> None:
    ledger = ledger_of(P1)
    ledger.tell(AllotCapital(capital=(Money(BTC, Decimal(5)),)))
    other = PositionId("p3")
    ledger.reserve(2, other, ETH_BTC)
    assert ledger.account(BTC).reserved == 2
    # 5 of cash, 2 of it reserved for a buy that may take them; 1 is the position's.
    assert answer_to(ledger, ask(), report(6, 6)) == 1
    assert answer_to(ledger, ask(), report("5.9", "5.9")) == Decimal("0.9")


def test_coins_of_another_symbol_with_the_same_base_are_not_the_askers() -> None:
    ledger = ledger_of(P1)
    symbol = Symbol("BTC/ETH")
    ledger.tell(AllotCapital(capital=(Money(ETH, Decimal(100)),)))
    ledger.reserve(100, P2, symbol)
    ledger.tell(booked(position=P2, symbol=symbol, bought=3, cost=90))
    assert answer_to(ledger, ask(), report(4, 4)) == 1


@pytest.mark.parametrize("looks", [1, 2])
def test_coins_of_the_wallet_are_not_the_askers_as_soon_as_they_are_seen(looks: int) -> None:
    ledger = Ledger(1000)
    for _ in range(looks):
        ledger.tell(report(7, 7))
        ledger.wait(LOOK_AGAIN_MS)
    ledger.reserve(100)
    ledger.tell(booked(bought=1, cost=100))
    assert answer_to(ledger, ask(), report("7.5", "7.5")) == Decimal("0.5")


@pytest.mark.parametrize(
    ("total", "theirs", "sellable"),
    [
        (1, {}, 1),
        (2, {"p9": (1, 0)}, 1),  # the other process's coins lie beside the position's
        (1, {"p9": (1, 0)}, 0),  # only the other's are left
        (1, {"p9": (1, 0), "p1": (0, 1)}, 0),  # it sold the position, and bought others
        (2, {"p1": (0, 1)}, 0),  # what lies there is somebody's, and the position is sold
        (2, {"p1": (0, "0.4")}, "0.6"),
        (2, {"p1": (1, 0)}, 1),  # it bought more for the position: that is its own
        (1, {"p1": (1, 1)}, 0),
        (1, {"p9": (1, 1)}, 1),  # it bought and sold
    ],
)
def test_what_another_process_bought_and_sold_is_not_the_askers(
    total: int, theirs: dict[str, tuple[int | str, int | str]], sellable: int | str
) -> None:
    ledger = Ledger(1000)
    ledger.tell(report(0, 0))  # the wallet has none of its own
    ledger.reserve(100)
    ledger.tell(booked(bought=1, cost=100))
    assert answer_of_contested(ledger, total, theirs) == Decimal(sellable)


def test_what_is_not_known_to_be_the_wallets_own_is_not_sold() -> None:
    ledger = ledger_of(P1)  # its balances were never looked at before
    assert answer_of_contested(ledger, 2, {"p9": (1, 0)}) == 0


def test_a_siblings_coins_that_another_process_sold_are_gone() -> None:
    # Of two coins of two positions one is sold, and it was the sibling's.
    assert answer_of_contested(ledger_of(P1, P2), 1, {"p2": (0, 1)}) == 1
    assert answer_of_contested(ledger_of(P1, P2), 1, {"p1": (0, 1)}) == 0


def test_coins_of_the_wallet_are_not_sold_for_those_that_are_gone() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(7, 7))
    ledger.reserve(100)
    ledger.tell(booked(bought=1, cost=100))
    assert answer_of_contested(ledger, 8, {"p1": (0, 1)}) == 0
    assert answer_of_contested(ledger, 7, {}) == 0


@pytest.mark.parametrize(
    ("locked", "theirs", "sellable"),
    [
        (0, {}, 1),
        (1, {}, 0),  # the other process's exit of this position may rest
        ("0.4", {}, "0.6"),
        (2, {"p9": (2, 0)}, 1),  # its exit of a position of its own
        (3, {"p9": (2, 0)}, 0),
        (1, {"p9": (2, 2)}, 0),  # which is sold, and locks nothing
    ],
)
def test_what_another_process_may_have_locked_of_a_position_is_not_sold_again(
    locked: int | str, theirs: dict[str, tuple[int | str, int | str]], sellable: int | str
) -> None:
    ledger = Ledger(1000)
    ledger.tell(report(5, 5))  # the wallet's
    ledger.reserve(100)
    ledger.tell(booked(bought=1, cost=100))
    total = 6 + sum(int(bought) - int(sold) for bought, sold in theirs.values())
    free = total - Decimal(locked)
    assert answer_of_contested(ledger, total, theirs, free) == Decimal(sellable)


def test_what_a_siblings_exit_locks_is_not_the_askers() -> None:
    assert answer_of_contested(ledger_of(P1, P2), 2, {}, Decimal(1)) == 1


def test_without_a_word_of_the_currency_no_list_is_asked_for() -> None:
    ledger = ledger_of(P1)
    ledger.tell(replace(ask(), contested_on=BTC_USDT))
    ledger.tell(BalancesReported(total=(), free=(), unknown=(BTC,)))
    (answer,) = ledger.said(BalanceAnswered)
    assert answer.free is None


def answer_of_contested(
    ledger: Ledger,
    total: int,
    theirs: dict[str, tuple[int | str, int | str]],
    free: Decimal | None = None,
) -> Decimal | None:
    ledger.tell(replace(ask(), contested_on=BTC_USDT))
    done = ledger.tell(report(total, str(total if free is None else free)))
    assert ledger.said(BalanceAnswered) == []
    assert Send(RECONCILER, ListForeign(symbol=BTC_USDT)) in done.outbox
    holdings = tuple(
        ForeignHolding(position_id=PositionId(name), bought=Decimal(b), sold=Decimal(s))
        for name, (b, s) in theirs.items()
    )
    ledger.tell(ForeignListed(symbol=BTC_USDT, holdings=holdings))
    (answer,) = ledger.said(BalanceAnswered)
    assert ledger.books.askers == {}
    return answer.free


def test_a_request_that_is_skipped_is_answered_with_not_known() -> None:
    unknown = BalanceAnswered(currency=BTC, free=None)
    assert after_skip(ask(), "boom") == (Send(position_address(P1), unknown),)
