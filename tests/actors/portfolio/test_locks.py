"""Coins that are locked, and that no order of ours explains, are a reason to look at the lists."""

import pytest
from msgspec.structs import replace

from messages.base import Milliseconds
from messages.money import Money
from messages.order_router import ListUnfilled
from messages.portfolio import BalancesReported, Limits, Unfilled, UnfilledListed
from messages.reconciler import LookSoon
from tests.actors.portfolio.ledger import BNB, BTC, BTC_USDT, USDT, Ledger, amount, booked

LIMITS = Limits(look_every_ms=Milliseconds(60_000))
NONE_LIVE = UnfilledListed(rows=())


def account(coins_locked: str | int = 0, cash_locked: str | int = 0) -> BalancesReported:
    """What the venue says of an account that holds what the books say."""
    coins, cash = amount(3), amount(880)
    return BalancesReported(
        total=(Money(BTC, coins), Money(USDT, cash), Money(BNB, amount(9))),
        free=(
            Money(BTC, coins - amount(coins_locked)),
            Money(USDT, cash - amount(cash_locked)),
            Money(BNB, amount(1)),
        ),
    )


def live(to_sell: str | int = 0, to_pay: str | int | None = 0) -> UnfilledListed:
    pays = None if to_pay is None else amount(to_pay)
    row = Unfilled(symbol=BTC_USDT, to_buy=amount(1), to_sell=amount(to_sell), to_pay=pays)
    return UnfilledListed(rows=(row,))


def holding(limits: Limits = LIMITS) -> Ledger:
    """A portfolio with one position of 3 BTC for 120 USDT."""
    ledger = Ledger(1000, limits)
    ledger.reserve(120)
    ledger.tell(booked(bought=3, cost=120))
    return ledger


def looks(ledger: Ledger, told: BalancesReported, answer: UnfilledListed) -> bool:
    """Let the venue tell its balances and the router its orders; return whether lists are asked."""
    ledger.tell(told)
    assert not ledger.said(LookSoon), "the balances are as in the books"
    if not ledger.said(ListUnfilled):
        return False
    ledger.tell(answer)
    return bool(ledger.said(LookSoon))


def test_what_our_orders_lock_is_no_reason_to_look() -> None:
    ledger = holding()
    assert not looks(ledger, account(coins_locked=3), live(to_sell=3))
    assert not looks(ledger, account(cash_locked="50.4"), live(to_pay=50)), "with its fee"
    assert not looks(ledger, account(cash_locked=700), live(to_pay=None)), "a buy without a limit"
    assert not looks(ledger, account(), NONE_LIVE)


@pytest.mark.parametrize("cause", [{"coins_locked": 3}, {"cash_locked": 50}])
def test_what_no_order_of_ours_locks_is_looked_for_once(cause: dict[str, int]) -> None:
    ledger = holding()
    assert looks(ledger, account(**cause), NONE_LIVE)
    assert not looks(ledger, account(**cause), NONE_LIVE), "it was looked for"


def test_a_person_s_own_order_is_looked_for_once_whatever_ours_do() -> None:
    ledger = holding()
    assert looks(ledger, account(coins_locked=1), NONE_LIVE)
    assert not looks(ledger, account(coins_locked=2), live(to_sell=1))
    assert not looks(ledger, account(coins_locked=1), NONE_LIVE)
    assert looks(ledger, account(coins_locked=2), NONE_LIVE), "there is one more"


def test_the_same_locks_are_asked_about_once() -> None:
    ledger = holding()
    ledger.tell(account(coins_locked=1))
    ledger.tell(live(to_sell=1))
    ledger.tell(account(coins_locked=1))
    assert not ledger.said(ListUnfilled)


def test_locks_of_currencies_that_are_not_traded_say_nothing() -> None:
    ledger = holding()
    ledger.tell(account())
    assert not ledger.said(ListUnfilled)  # eight BNB are locked


def test_what_the_venue_does_not_say_is_not_compared() -> None:
    told = account(coins_locked=3)
    ledger = holding()
    assert not looks(ledger, replace(told, unknown=(BTC,)), NONE_LIVE)
    without = replace(told, free=tuple(one for one in told.free if one.currency != BTC))
    assert not looks(ledger, without, NONE_LIVE)


def test_where_balances_are_not_looked_at_locks_are_not_either() -> None:
    assert not looks(holding(Limits()), account(coins_locked=3), NONE_LIVE)


def test_a_list_that_was_asked_for_other_reasons_looks_for_nothing() -> None:
    ledger = holding()
    ledger.tell(live(to_sell=1))
    assert not ledger.said(LookSoon)
