"""The portfolio's steps: reservations, cumulative bookings, closes, unmatched fills."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.portfolio.accounts import FORGET_AFTER_MS, Account, Booking, Posting
from actors.portfolio.budget_rules import Denial
from actors.portfolio.core import wake_at
from messages.base import ClientOrderId, PositionId, Symbol, Timestamp
from messages.envelope import NOTHING, Removed, Wake
from messages.gateway import FetchBalances
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.order_router import ConflictCleared
from messages.portfolio import (
    AllotCapital,
    ClearConflict,
    Limits,
    SymbolConflict,
)
from messages.position import BudgetDenied, BudgetGranted
from tests.actors.portfolio.ledger import (
    BNB,
    BTC,
    BTC_USDT,
    ETH,
    ETH_BTC,
    P1,
    P2,
    USDT,
    Ledger,
    booked,
    both,
)


def test_capital_is_free_and_the_venue_is_asked_what_it_holds() -> None:
    ledger = Ledger(1000)
    assert ledger.account() == Account(currency=USDT, capital=Decimal(1000), free=Decimal(1000))
    assert ledger.said(FetchBalances)


def test_the_same_capital_told_twice_is_there_once() -> None:
    ledger = Ledger(1000)
    ledger.tell(AllotCapital(capital=(Money(USDT, Decimal(1000)),)))
    assert ledger.account().total == 1000


def test_a_grant_moves_the_budget_from_free_to_reserved() -> None:
    ledger = Ledger(1000)
    assert ledger.reserve(200) == BudgetGranted(budget=Decimal(200))
    assert both(ledger.account().free, ledger.account().reserved) == (800, 200)


def test_a_budget_asked_for_twice_is_reserved_once_and_granted_again() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    assert ledger.reserve(200) == BudgetGranted(budget=Decimal(200))
    assert ledger.account().reserved == 200


def test_a_denial_asked_for_twice_stays_a_denial_even_when_money_came_free() -> None:
    ledger = Ledger(100)
    ledger.reserve(100, P2)
    denied = ledger.reserve(50, P1, ETH_BTC)
    ledger.tell(booked(position=P2, closed=True))
    assert isinstance(denied, BudgetDenied)
    assert ledger.reserve(50, P1, ETH_BTC) == denied


def test_a_buy_moves_its_cost_from_reserved_to_invested_and_holds_the_coins() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(reserve=80, bought=3, cost=120))
    account = ledger.account()
    assert both(account.free, account.reserved, account.invested) == (800, 80, 120)
    assert both(ledger.account(BTC).held, account.total) == (3, 1000)


def test_a_fee_in_quote_is_realised_at_once() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(reserve=79, bought=3, cost=120, fees=[(USDT, 1)]))
    account = ledger.account()
    assert both(account.free, account.reserved, account.total) == (800, 79, 999)


def test_a_fee_in_base_takes_coins_and_leaves_their_cost() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=120, fees=[(BTC, "0.003")]))
    assert ledger.account(BTC).held == Decimal("2.997")
    assert both(ledger.account().invested, ledger.account().total) == (120, 1000)


def test_a_fee_in_a_third_currency_is_paid_from_its_own_cash() -> None:
    ledger = Ledger(1000)
    ledger.tell(AllotCapital(capital=(Money(BNB, Decimal(1)),)))
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=120, fees=[(BNB, "0.01")]))
    assert both(ledger.account(BNB).free, ledger.account(BNB).total) == (
        Decimal("0.99"),
        Decimal("0.99"),
    )


def test_a_rebate_is_a_gain() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=120, fees=[(USDT, "-0.5")]))
    assert ledger.account().total == Decimal("1000.5")


def test_a_partial_sale_realises_against_its_share_of_the_cost_rounded_down() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=100, sold=1, proceeds=40))
    assert ledger.account().invested == Decimal("66.6666666667")
    assert ledger.account().realised == Decimal("6.6666666667")


def test_the_last_sale_takes_all_the_rest() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=100, sold=1, proceeds=40))
    ledger.tell(booked(bought=3, cost=100, sold=3, proceeds=110))
    assert both(ledger.account().invested, ledger.account().realised) == (0, 10)


def test_the_last_sale_leaves_nothing_of_a_cost_finer_than_the_step() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost="100.000000000001", sold=3, proceeds=110))
    assert both(ledger.account().invested, ledger.booking().invested) == (0, 0)


def test_a_position_keeps_no_more_than_its_budget_leaves() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(reserve=200, bought=3, cost=120))
    assert both(ledger.account().free, ledger.account().reserved) == (800, 80)


def test_a_close_gives_the_reserve_back_once_whatever_is_told_again() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(closed=True))
    assert both(ledger.account().free, ledger.account().reserved) == (1000, 0)
    assert ledger.tell(booked(closed=True)) == NOTHING
    assert ledger.tell(booked(reserve=200)) == NOTHING


def test_what_may_still_be_spent_only_shrinks() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(reserve=50))
    ledger.tell(booked(reserve=150))
    assert both(ledger.account().free, ledger.account().reserved) == (950, 50)


def test_a_late_booking_changes_nothing() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(reserve=20, bought=3, cost=180))
    assert ledger.tell(booked(reserve=140, bought=1, cost=60)) == NOTHING


def test_a_booking_told_twice_changes_nothing() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    told = booked(reserve=20, bought=3, cost=180, fees=[(USDT, "0.18")])
    ledger.tell(told)
    assert ledger.tell(told) == NOTHING


def test_slippage_beyond_the_budget_comes_from_free() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=210))
    assert both(ledger.account().free, ledger.account().invested) == (790, 210)
    assert ledger.sent == []


def test_free_below_zero_is_alarmed_once() -> None:
    ledger = Ledger(200)
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=210))
    assert [alarm.kind for alarm in ledger.said(Alarm)] == [AlarmKind.SHORTAGE]
    assert "10 USDT" in ledger.said(Alarm)[0].text
    ledger.tell(booked(bought=4, cost=220))
    assert both(ledger.account().free, ledger.said(Alarm)) == (-20, [])


def test_dust_is_written_off_and_its_coins_are_kept() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=10, cost=100, sold=9, proceeds=99, closed=True))
    assert both(ledger.account().invested, ledger.account().total) == (0, 999)
    assert both(ledger.account(BTC).held, ledger.account(BTC).dust) == (1, 1)
    assert ledger.booking().realised == (Money(USDT, Decimal(-1)),)


def test_a_fill_told_after_the_close_is_realised_at_once() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=10, cost=100, sold=9, proceeds=99, closed=True))
    ledger.tell(booked(bought=10, cost=100, sold=10, proceeds=110, closed=True))
    assert both(ledger.account().total, ledger.account(BTC).held) == (1010, 0)


def test_more_sold_than_held_leaves_the_difference_as_negative_dust() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=10, cost=100, sold=11, proceeds=121, closed=True))
    assert both(ledger.account(BTC).held, ledger.account(BTC).dust) == (-1, -1)
    assert ledger.account().total == 1021


def test_coins_held_as_base_do_not_mix_with_cash_of_the_same_currency() -> None:
    ledger = Ledger(1000)
    ledger.tell(AllotCapital(capital=(Money(BTC, Decimal(2)),)))
    ledger.reserve(200, P1, BTC_USDT)
    ledger.reserve(1, P2, ETH_BTC)
    ledger.tell(booked(position=P1, bought=3, cost=120, fees=[(BTC, "0.1")]))
    ledger.tell(booked(position=P2, symbol=ETH_BTC, bought=10, cost="0.5", fees=[(BTC, "0.01")]))
    account = ledger.account(BTC)
    assert both(account.free, account.invested) == (Decimal("1.49"), Decimal("0.5"))
    assert both(account.held, account.total) == (Decimal("2.9"), Decimal("1.99"))
    assert ledger.account(ETH).held == 10


def test_trades_and_wins_are_counted_and_entries_that_failed_are_not() -> None:
    ledger = Ledger(1000, Limits(positions_per_symbol=3))
    ledger.reserve(100, P1)
    ledger.reserve(100, P2)
    ledger.tell(booked(position=P1, bought=1, cost=100, sold=1, proceeds=101, closed=True))
    ledger.tell(booked(position=P2, closed=True))
    totals = ledger.books.totals
    assert both(totals.open_positions, totals.trades, totals.wins) == (0, 1, 1)


def test_a_closed_booking_is_forgotten_when_its_time_has_come_and_not_before() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    done = ledger.tell(booked(closed=True))
    booking = next(change for change in done.changes if isinstance(change, Booking))
    key, at = wake_at(booking)
    assert at == ledger.now + FORGET_AFTER_MS
    assert ledger.tell(Wake(key=key)) == NOTHING
    ledger.wait(FORGET_AFTER_MS)
    assert ledger.tell(Wake(key=key)).changes == (Removed(kind="Booking", key=P1),)
    assert ledger.tell(Wake(key=key)) == NOTHING
    assert ledger.tell(booked(bought=1, cost=1, closed=True)) == NOTHING


def test_a_denial_is_forgotten_too() -> None:
    ledger = Ledger(0)
    ledger.reserve(200)
    (denial,) = ledger.books.denials.values()
    key, _ = wake_at(denial)
    assert ledger.tell(Wake(key=key)) == NOTHING
    ledger.wait(FORGET_AFTER_MS)
    assert ledger.tell(Wake(key=key)).changes == (Removed(kind="Denial", key=P1),)
    assert isinstance(denial, Denial)


def test_an_open_position_that_was_never_granted_is_booked_all_the_same() -> None:
    ledger = Ledger(1000)
    ledger.tell(booked(reserve=50, bought=1, cost=30))
    account = ledger.account()
    assert both(account.free, account.reserved, account.invested) == (970, 0, 30)


def test_a_position_that_was_denied_and_says_so_changes_nothing() -> None:
    ledger = Ledger(1000)
    assert ledger.tell(booked(closed=True)) == NOTHING
    assert ledger.tell(booked(reserve=5)) == NOTHING


def test_a_posting_that_does_not_balance_is_refused() -> None:
    with pytest.raises(ValueError, match="moves 1"):
        Account(currency=USDT).posted(Posting(currency=USDT, free=Decimal(1)), Timestamp(0))


def test_a_booking_writes_as_much_with_a_hundred_positions_as_with_one() -> None:
    def written(others: int) -> list[str]:
        ledger = Ledger(100_000, Limits(positions_per_symbol=999))
        for number in range(others):
            ledger.reserve(10, PositionId(f"p{number + 10}"))
        ledger.reserve(200)
        done = ledger.tell(booked(reserve=80, bought=3, cost=120, fees=[(USDT, 1)]))
        return [type(change).__name__ for change in done.changes]

    assert written(100) == written(0) == ["Booking", "Account", "Account"]


# An order under our id that is not ours

TAKEN = ClientOrderId("he1p9x1")
CONFLICT = SymbolConflict(symbol=BTC_USDT, client_order_id=TAKEN, text="side buy, not sell")


def test_a_symbol_in_conflict_takes_no_entries_and_others_do() -> None:
    ledger = Ledger(1000)
    ledger.tell(CONFLICT)
    ledger.tell(CONFLICT)
    denied = ledger.reserve(100)
    assert isinstance(denied, BudgetDenied)
    assert "side buy, not sell" in denied.text
    other = ledger.reserve(100, P2, Symbol("ETH/USDT"))
    assert isinstance(other, BudgetGranted)


def test_a_conflict_that_is_over_lets_entries_in_and_nobody_needs_a_word() -> None:
    ledger = Ledger(1000)
    ledger.tell(CONFLICT)
    ledger.tell(replace(CONFLICT, text=""))
    assert not ledger.sent
    assert isinstance(ledger.reserve(100), BudgetGranted)


def test_a_persons_word_ends_all_conflicts_of_a_symbol_and_the_router_hears_of_each() -> None:
    ledger = Ledger(1000)
    second = ClientOrderId("he1p9x2")
    ledger.tell(CONFLICT)
    ledger.tell(replace(CONFLICT, client_order_id=second))
    ledger.tell(replace(CONFLICT, symbol=ETH_BTC, client_order_id=ClientOrderId("he1p8x1")))
    ledger.tell(ClearConflict(symbol=BTC_USDT, reason="I looked"))
    cleared = [ConflictCleared(client_order_id=one) for one in (TAKEN, second)]
    assert ledger.said(ConflictCleared) == cleared
    assert list(ledger.books.conflicts) == ["he1p8x1"]
    assert isinstance(ledger.reserve(100), BudgetGranted)
