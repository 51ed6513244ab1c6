"""The venue's balances against the books: named after two equal looks, never booked."""

from decimal import Decimal

from actors.portfolio.core import wake_at
from actors.portfolio.skipped import after_skip
from actors.portfolio.venue_balances import ANSWER_TIMEOUT_MS, LOOK_AGAIN_MS
from messages.base import Currency, Milliseconds
from messages.envelope import NOTHING, Wake
from messages.gateway import FetchBalances
from messages.money import Money
from messages.observers import Alarm, AlarmKind
from messages.portfolio import BalancesReported, Limits
from tests.actors.portfolio.ledger import BTC, USDT, Ledger, booked


def report(**amounts: str | int) -> BalancesReported:
    monies = tuple(Money(Currency(code), Decimal(value)) for code, value in amounts.items())
    return BalancesReported(total=monies, free=monies)


def look_twice(ledger: Ledger, message: BalancesReported) -> None:
    ledger.tell(message)
    ledger.wait(LOOK_AGAIN_MS)
    ledger.tell(message)


def alarms(ledger: Ledger) -> list[AlarmKind]:
    return [alarm.kind for alarm in ledger.said(Alarm)]


def test_books_that_agree_with_the_venue_ask_for_no_further_look() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    assert ledger.books.look.at is None
    assert ledger.tell(report(USDT=1000)) == NOTHING


def test_what_the_wallet_holds_beyond_the_capital_is_not_ours() -> None:
    ledger = Ledger(1000)
    look_twice(ledger, report(USDT=1500, BTC=2))
    assert ledger.books.balances[USDT].not_ours == 500
    assert ledger.books.balances[BTC].not_ours == 2
    assert alarms(ledger) == []
    ledger.reserve(200)
    ledger.tell(booked(bought=3, cost=120))
    ledger.tell(report(USDT=1380, BTC=5))
    assert ledger.books.look.at is None


def test_capital_that_the_wallet_does_not_hold_is_a_shortage() -> None:
    ledger = Ledger(1000)
    look_twice(ledger, report(USDT=900))
    (alarm,) = ledger.said(Alarm)
    assert alarm.kind is AlarmKind.SHORTAGE
    assert "shortage of 100 USDT" in alarm.text


def test_one_look_at_a_difference_alarms_nobody_and_asks_for_another() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    done = ledger.tell(report(USDT=900))
    assert ledger.sent == []
    key, at = wake_at(done.changes[-1])
    assert at == ledger.now + LOOK_AGAIN_MS
    ledger.wait(LOOK_AGAIN_MS)
    ledger.tell(Wake(key=key))
    assert ledger.said(FetchBalances)


def test_two_equal_looks_too_close_to_each_other_alarm_nobody() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    ledger.tell(report(USDT=900))
    ledger.wait(LOOK_AGAIN_MS - 1)
    ledger.tell(report(USDT=900))
    assert ledger.sent == []


def test_a_difference_that_a_late_booking_explains_is_forgotten() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    ledger.reserve(200)
    ledger.tell(report(USDT=880, BTC=3))
    ledger.tell(booked(bought=3, cost=120))
    ledger.wait(LOOK_AGAIN_MS)
    ledger.tell(report(USDT=880, BTC=3))
    assert ledger.sent == []
    assert all(row.suspected is None for row in ledger.books.balances.values())


def test_a_named_difference_is_alarmed_once_and_booked_never() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    look_twice(ledger, report(USDT=900))
    assert alarms(ledger) == [AlarmKind.SHORTAGE]
    assert ledger.books.balances[USDT].difference == -100
    assert ledger.account().free == 1000
    look_twice(ledger, report(USDT=900))
    assert ledger.sent == []


def test_a_difference_that_goes_away_is_cleared() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    look_twice(ledger, report(USDT=900))
    look_twice(ledger, report(USDT=1000))
    assert ledger.books.balances[USDT].difference == 0
    assert ledger.sent == []


def test_coins_that_came_later_are_a_surplus() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    look_twice(ledger, report(USDT=1001))
    assert alarms(ledger) == [AlarmKind.SURPLUS]


def test_a_request_that_nobody_answers_is_repeated() -> None:
    ledger = Ledger(1000)
    ledger.wait(ANSWER_TIMEOUT_MS)
    ledger.tell(Wake(key="look"))
    assert ledger.said(FetchBalances)
    assert ledger.tell(Wake(key="look")) == NOTHING


def test_balances_are_looked_at_as_often_as_the_limits_say() -> None:
    every = Milliseconds(60_000)
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    ledger.tell(report(USDT=1000))
    ledger.books.apply(Limits(look_every_ms=every))
    ledger.tell(report(USDT=1000))
    assert ledger.books.look.at == ledger.now + every


def test_a_skipped_report_is_asked_for_again() -> None:
    assert [send.message for send in after_skip(report(USDT=1), "boom")] == [FetchBalances()]


def test_a_currency_whose_amount_the_venue_did_not_say_is_no_shortage() -> None:
    ledger = Ledger(1000)
    ledger.tell(report(USDT=1000))
    silent = BalancesReported(total=(), free=(), unknown=(USDT,))
    look_twice(ledger, silent)
    assert alarms(ledger) == []
    assert ledger.books.balances[USDT].difference == 0
