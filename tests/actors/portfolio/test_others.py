"""What the portfolio hears from others than positions: fills, states, questions, skips."""

from decimal import Decimal

import pytest

from actors.portfolio.core import describe, step
from actors.portfolio.skipped import after_skip
from messages.addresses import GUARDIAN, MARKET_DATA, PORTFOLIO, position_address
from messages.base import Timestamp, end_of_day
from messages.envelope import NOTHING, Send
from messages.guardian import DailyLossReached, ResendTradingState, Resume
from messages.market_data import ShowMarkets
from messages.observers import Alarm, AlarmKind
from messages.orders import Side
from messages.portfolio import (
    ConversionRate,
    DescribeAccounts,
    Limits,
    ReserveBudget,
    TradingState,
    TradingStateChanged,
)
from messages.position import BudgetDenied, BudgetGranted, DenialReason, ResendBooking
from tests.actors.portfolio.ledger import (
    BTC,
    BTC_USDT,
    P1,
    P2,
    USDT,
    Ledger,
    booked,
    both,
    unmatched,
)


def test_an_unmatched_buy_is_held_at_its_cost_and_alarmed() -> None:
    ledger = Ledger(1000)
    ledger.tell(unmatched(Side.BUY, 2, 60, fees=[(USDT, "0.1")]))
    account = ledger.account()
    assert both(account.free, account.invested) == (Decimal("939.9"), 60)
    assert both(ledger.account(BTC).held, ledger.account(BTC).dust) == (2, 0)
    (alarm,) = ledger.said(Alarm)
    assert both(alarm.kind, alarm.position_id) == (AlarmKind.UNMATCHED_FILL, P1)


def test_an_unmatched_fill_told_twice_is_booked_once() -> None:
    ledger = Ledger(1000)
    ledger.tell(unmatched(Side.SELL, 2, 60))
    assert ledger.tell(unmatched(Side.SELL, 2, 60)) == NOTHING
    ledger.tell(unmatched(Side.SELL, 3, 90))
    assert ledger.account().free == 1090


def test_an_unmatched_sale_takes_the_dust_a_close_left() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=10, cost=100, sold=9, proceeds=99, closed=True))
    ledger.tell(unmatched(Side.SELL, 1, 11))
    assert both(ledger.account(BTC).held, ledger.account(BTC).dust) == (0, 0)
    assert ledger.account().total == 1010


def test_an_unmatched_row_is_no_position() -> None:
    ledger = Ledger(1000)
    ledger.tell(unmatched(Side.BUY, 2, 60))
    assert ledger.books.totals.open_positions == 0
    assert isinstance(ledger.reserve(100), BudgetGranted)


def test_the_guardian_is_told_once_when_the_loss_of_the_day_reaches_its_limit() -> None:
    ledger = Ledger(1000, Limits(daily_loss_limit=Decimal(10), positions_per_symbol=3))
    ledger.reserve(200)
    ledger.tell(booked(bought=10, cost=100, sold=5, proceeds=41))
    assert ledger.said(DailyLossReached) == []
    done = ledger.tell(booked(bought=10, cost=100, sold=6, proceeds=50))
    fact = DailyLossReached(
        currency=USDT, loss=Decimal(10), limit=Decimal(10), ends_at=end_of_day(ledger.now)
    )
    assert done.outbox == (Send(GUARDIAN, fact),)
    ledger.tell(booked(bought=10, cost=100, sold=7, proceeds=50))
    assert ledger.said(DailyLossReached) == []


def test_the_loss_of_yesterday_does_not_count_today() -> None:
    ledger = Ledger(1000, Limits(daily_loss_limit=Decimal(10), positions_per_symbol=3))
    ledger.reserve(200)
    ledger.tell(booked(bought=10, cost=100, sold=10, proceeds=50, closed=True))
    denied = ledger.reserve(50, P2)
    assert isinstance(denied, BudgetDenied)
    assert denied.reason is DenialReason.DAILY_LOSS_LIMIT
    ledger.books.denials.clear()
    ledger.wait(86_400_000)
    assert isinstance(ledger.reserve(50, P2), BudgetGranted)


def test_nothing_is_granted_while_trading_is_not_active() -> None:
    ledger = Ledger(1000)
    ledger.tell(TradingStateChanged(state=TradingState.REDUCING, reason="by hand"))
    denied = ledger.reserve(50)
    assert isinstance(denied, BudgetDenied)
    assert both(denied.reason, "by hand" in denied.text) == (DenialReason.NOT_ACTIVE, True)
    ledger.tell(TradingStateChanged(state=TradingState.ACTIVE, reason="looked at"))
    assert isinstance(ledger.reserve(50, P2), BudgetGranted)


def test_once_entries_are_let_in_again_the_strategy_is_shown_the_markets() -> None:
    ledger = Ledger(1000)
    shown = (Send(MARKET_DATA, ShowMarkets()),)
    for state, outbox in (
        (TradingState.ACTIVE, ()),
        (TradingState.REDUCING, ()),
        (TradingState.HALTED, ()),
        (TradingState.ACTIVE, shown),
    ):
        told = TradingStateChanged(state=state, reason=f"it is {state}")
        assert ledger.tell(told).outbox == outbox


def test_a_trading_state_told_twice_is_recorded_once() -> None:
    ledger = Ledger(1000)
    told = TradingStateChanged(state=TradingState.REDUCING, reason="by hand")
    ledger.tell(told)
    assert ledger.tell(told) == NOTHING


def test_the_accounts_are_described_with_their_equity() -> None:
    ledger = Ledger(1000)
    ledger.reserve(200)
    ledger.tell(booked(bought=2, cost=100))
    unknown = describe(ledger.books, DescribeAccounts(valued_in=USDT))
    assert unknown.equity is None
    rate = ConversionRate(symbol=BTC_USDT, rate=60.0)
    ledger.tell(rate)
    assert ledger.tell(rate) == NOTHING
    known = describe(ledger.books, DescribeAccounts(valued_in=USDT))
    assert both(known.equity, known.open_positions) == (1020, 1)
    assert [both(row.currency, row.held, row.invested) for row in known.rows] == [
        (BTC, 2, 0),
        (USDT, 0, 100),
    ]


def test_a_skipped_request_is_refused() -> None:
    request = ReserveBudget(position_id=P1, symbol=BTC_USDT, budget=Decimal(1))
    (send,) = after_skip(request, "boom")
    assert send.to == position_address(P1)
    assert isinstance(send.message, BudgetDenied)
    assert send.message.reason is DenialReason.FAILED


def test_a_skipped_booking_is_asked_for_again_or_tried_again_once_closed() -> None:
    assert after_skip(booked(), "boom") == (Send(position_address(P1), ResendBooking()),)
    last = booked(closed=True)
    assert after_skip(last, "boom") == (Send(PORTFOLIO, last),)


def test_a_skipped_trading_state_is_asked_for_again() -> None:
    told = TradingStateChanged(state=TradingState.HALTED, reason="x")
    assert after_skip(told, "boom") == (Send(GUARDIAN, ResendTradingState()),)


def test_a_message_for_somebody_else_raises_and_names_it() -> None:
    with pytest.raises(TypeError, match="Resume"):
        step(Ledger().books, Resume(reason="x"), Timestamp(0))
