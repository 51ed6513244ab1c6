"""A fill that nobody has heard of is no shortage while an order explains it; all else is one."""

import pytest

from actors.portfolio.venue_balances import LOOK_AGAIN_MS
from messages.base import Milliseconds
from messages.envelope import Wake
from messages.gateway import FetchBalances
from messages.observers import Alarm, AlarmKind
from messages.order_router import ListUnfilled
from messages.portfolio import BookPosition, Limits, Unfilled, UnfilledListed
from messages.reconciler import LookSoon
from tests.actors.portfolio.ledger import BNB, BTC_USDT, Ledger, amount, booked
from tests.actors.portfolio.test_venue_balances import report

UNHEARD_MS = Milliseconds(90_000)
BOUGHT = booked(bought=3, cost=120)


def unfilled(to_buy: str | int = 0, to_sell: str | int = 0) -> UnfilledListed:
    row = Unfilled(symbol=BTC_USDT, to_buy=amount(to_buy), to_sell=amount(to_sell))
    return UnfilledListed(rows=(row,))


NONE_LIVE = UnfilledListed(rows=())


class Looks:
    """A portfolio that looks at balances again and again; the router says what may fill."""

    def __init__(self, *before: BookPosition, unheard_ms: Milliseconds | None = UNHEARD_MS) -> None:
        self.ledger = Ledger(1000, Limits(unheard_ms=unheard_ms))
        self.ledger.tell(report(USDT=1000))
        self.ledger.reserve(200)
        for booking in before:
            self.ledger.tell(booking)
        self.alarms: list[AlarmKind] = []

    def look(self, live: UnfilledListed, **at_venue: str | int) -> None:
        self.ledger.tell(report(**at_venue))
        self.alarms += [alarm.kind for alarm in self.ledger.said(Alarm)]
        if self.ledger.said(ListUnfilled):
            self.ledger.tell(live)
        self.ledger.wait(LOOK_AGAIN_MS)

    def look_for(self, ms: int, live: UnfilledListed, **at_venue: str | int) -> None:
        for _ in range(ms // LOOK_AGAIN_MS):
            self.look(live, **at_venue)


def test_a_buy_that_is_unheard_is_no_shortage_where_its_reservation_explains_it() -> None:
    looks = Looks()
    looks.look_for(UNHEARD_MS, unfilled(to_buy=5), USDT=880, BTC=3)
    assert looks.alarms == []
    looks.ledger.tell(booked(bought=3, cost=120, reserve=80))
    looks.look_for(UNHEARD_MS, unfilled(to_buy=2), USDT=880, BTC=3)
    assert looks.alarms == []
    assert all(row.suspected is None for row in looks.ledger.books.balances.values())


def test_a_sale_that_is_unheard_is_no_shortage_where_a_working_order_explains_it() -> None:
    looks = Looks(BOUGHT)
    looks.look_for(UNHEARD_MS, unfilled(to_sell=3), USDT=1010, BTC=0)
    assert looks.alarms == []
    looks.ledger.tell(booked(bought=3, cost=120, sold=3, proceeds=130, closed=True))
    looks.look_for(UNHEARD_MS, NONE_LIVE, USDT=1010)
    assert looks.alarms == []


def test_a_fee_in_a_third_currency_of_an_unheard_fill_is_no_shortage() -> None:
    looks = Looks()
    looks.look(NONE_LIVE, USDT=1000, BNB=1)
    assert looks.ledger.books.balances[BNB].not_ours == 1
    looks.look_for(UNHEARD_MS, unfilled(to_buy=5), USDT=880, BTC=3, BNB="0.9")
    assert looks.alarms == []
    looks.look_for(10_000, NONE_LIVE, USDT=1000, BNB="0.9")
    assert looks.alarms == [AlarmKind.SHORTAGE], "no fill explains it any more"


def test_what_an_order_explains_for_longer_than_a_fill_can_be_unheard_is_short_after_all() -> None:
    looks = Looks()
    looks.look_for(UNHEARD_MS + LOOK_AGAIN_MS, unfilled(to_buy=5), USDT=880, BTC=3)
    assert AlarmKind.SHORTAGE in looks.alarms


@pytest.mark.parametrize(
    ("before", "live", "at_venue"),
    [
        ((), NONE_LIVE, {"USDT": 880, "BTC": 3}),  # no order can have bought
        ((), unfilled(to_buy=2), {"USDT": 880, "BTC": 3}),  # none can have bought so much
        ((), unfilled(to_buy=3), {"USDT": 799, "BTC": 3}),  # more than is reserved
        ((), unfilled(to_buy=3), {"USDT": 880}),  # money went, and no coins came
        ((), unfilled(to_sell=3), {"USDT": 880, "BTC": 3}),  # only a sale can fill
        ((BOUGHT,), NONE_LIVE, {"USDT": 1010}),  # sold by hand
        ((BOUGHT,), unfilled(to_sell=2), {"USDT": 1010}),  # more than the exit sells
        ((BOUGHT,), unfilled(to_sell=3), {"USDT": 880}),  # coins went, and no money came
        ((BOUGHT,), unfilled(to_sell=3), {"USDT": 870, "BTC": 2}),  # both went
        ((BOUGHT,), unfilled(to_buy=3), {"USDT": 1010}),  # only a buy can fill
    ],
)
def test_what_no_order_explains_is_named_after_two_looks(
    before: tuple[BookPosition, ...], live: UnfilledListed, at_venue: dict[str, int]
) -> None:
    looks = Looks(*before)
    looks.look(live, **at_venue)
    assert looks.alarms == []
    looks.look(live, **at_venue)
    assert AlarmKind.SHORTAGE in looks.alarms


def test_an_order_that_ended_unfilled_explains_nothing_any_more() -> None:
    looks = Looks()
    looks.look_for(20_000, unfilled(to_buy=5), USDT=880, BTC=3)
    looks.look_for(10_000, NONE_LIVE, USDT=880, BTC=3)
    assert AlarmKind.SHORTAGE in looks.alarms


def test_what_the_router_said_before_the_difference_was_there_explains_nothing() -> None:
    looks = Looks()
    looks.ledger.tell(unfilled(to_buy=5))
    looks.ledger.wait(1)
    looks.ledger.tell(report(USDT=880, BTC=3))
    looks.ledger.wait(LOOK_AGAIN_MS)
    looks.ledger.tell(report(USDT=880, BTC=3))
    assert AlarmKind.SHORTAGE in [alarm.kind for alarm in looks.ledger.said(Alarm)]


def test_where_nothing_finds_an_unheard_fill_nobody_waits_for_it() -> None:
    looks = Looks(unheard_ms=None)
    looks.look(NONE_LIVE, USDT=880, BTC=3)
    assert looks.ledger.said(ListUnfilled) == []
    looks.look(NONE_LIVE, USDT=880, BTC=3)
    assert AlarmKind.SHORTAGE in looks.alarms


def test_while_balances_differ_from_the_books_the_lists_are_looked_at_and_no_look_is_routine() -> (
    None
):
    ledger = Ledger(1000, Limits(unheard_ms=UNHEARD_MS, look_every_ms=Milliseconds(60_000)))
    ledger.tell(report(USDT=1000))
    assert ledger.said(LookSoon) == []
    ledger.wait(60_000)
    ledger.tell(Wake(key="look"))
    assert ledger.said(FetchBalances) == [FetchBalances(is_routine=True)]
    ledger.tell(report(USDT=900))
    assert ledger.said(LookSoon) == [LookSoon()]
    ledger.wait(LOOK_AGAIN_MS)
    ledger.tell(Wake(key="look"))
    assert ledger.said(FetchBalances) == [FetchBalances(is_routine=False)]
