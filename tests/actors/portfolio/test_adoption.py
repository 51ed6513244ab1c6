"""Coins that a late fill bought leave their row in the step in which a position books them."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.portfolio.skipped import after_skip
from messages.addresses import PORTFOLIO, POSITIONS
from messages.base import ClientOrderId, Currency, PositionId
from messages.envelope import NOTHING, Send, Wake
from messages.money import Money
from messages.observers import Alarm
from messages.orders import Side
from messages.portfolio import (
    AdoptedFill,
    BookPosition,
    Limits,
    OfferUnmatched,
    UnmatchedPolicy,
)
from messages.positions import AdoptFill
from tests.actors.portfolio.ledger import BTC, BTC_USDT, ETH, P1, USDT, Ledger, both, unmatched

ORDER = ClientOrderId("h0e1p1b1")
P7, P8 = PositionId("p7"), PositionId("p8")
ADOPT = UnmatchedPolicy.ADOPT


def adopted(
    quantity: str | int, cost: str | int, fees: tuple[Money, ...] = (), order: str = ORDER
) -> AdoptedFill:
    return AdoptedFill(
        client_order_id=ClientOrderId(order),
        quantity=Decimal(quantity),
        cost=Decimal(cost),
        fees=fees,
        policy=ADOPT,
    )


def first_booking(fill: AdoptedFill, position: PositionId = P7) -> BookPosition:
    """What a position tells that just began with the fill."""
    return BookPosition(
        position_id=position,
        symbol=BTC_USDT,
        reserve=Decimal(0),
        bought=fill.quantity,
        bought_cost=fill.cost,
        sold=Decimal(0),
        sold_proceeds=Decimal(0),
        fees=fill.fees,
        closed=False,
        adopts=fill,
    )


def late_buy(filled: str | int = 2, cost: str | int = 60) -> Ledger:
    ledger = Ledger(1000)
    ledger.tell(unmatched(Side.BUY, filled, cost, order_id=ORDER, fees=[(USDT, "0.1")]))
    return ledger


FEE = (Money(USDT, Decimal("0.1")),)


@pytest.mark.parametrize("policy", UnmatchedPolicy)
def test_what_a_late_fill_bought_is_offered_with_the_policy(policy: UnmatchedPolicy) -> None:
    ledger = Ledger(1000, Limits(unmatched_policy=policy))
    done = ledger.tell(unmatched(Side.BUY, 2, 60, order_id=ORDER, fees=[(USDT, "0.1")]))
    offer = AdoptFill(
        client_order_id=ORDER, filled=Decimal(2), cost=Decimal(60), fees=FEE, policy=policy
    )
    assert Send(POSITIONS, offer) in done.outbox
    (alarm,) = ledger.said(Alarm)
    assert alarm.text.endswith("takes them over" if policy is ADOPT else "sells them at once")


def test_what_a_late_fill_sold_is_offered_to_nobody() -> None:
    ledger = Ledger(1000)
    ledger.tell(unmatched(Side.SELL, 2, 60))
    assert ledger.said(AdoptFill) == []


def test_a_fee_that_is_known_late_is_booked_and_there_is_nothing_to_adopt() -> None:
    ledger = Ledger(1000)
    ledger.tell(unmatched(Side.BUY, 0, 0, order_id=ORDER, fees=[(USDT, "0.1")]))
    assert ledger.said(AdoptFill) == []
    assert ledger.account().total == Decimal("999.9")
    assert ledger.booking(ORDER).closed


def test_the_first_booking_takes_the_coins_out_of_the_row_and_moves_no_account() -> None:
    ledger = late_buy()
    before = dict(ledger.books.accounts)
    ledger.tell(first_booking(adopted(2, 60, FEE)))
    assert ledger.books.accounts == before
    row, booking = ledger.booking(ORDER), ledger.booking(P7)
    assert both(row.held, row.invested, row.realised) == (0, 0, ())
    assert both(booking.held, booking.invested) == (2, 60)
    assert booking.realised == (Money(USDT, Decimal("-0.1")),)
    assert ledger.books.totals.open_positions == 1
    assert ledger.books.row(BTC_USDT).committed == 60


def test_heard_twice_it_is_booked_once() -> None:
    ledger = late_buy()
    told = first_booking(adopted(2, 60, FEE))
    ledger.tell(told)
    assert ledger.tell(told) == NOTHING


def test_a_first_booking_that_has_sold_already_is_booked_to_the_end() -> None:
    ledger = late_buy()
    sold = replace(
        first_booking(adopted(2, 60, FEE)),
        sold=Decimal(2),
        sold_proceeds=Decimal(70),
        closed=True,
    )
    ledger.tell(sold)
    assert both(ledger.account().free, ledger.account().invested) == (Decimal("1009.9"), 0)
    assert both(ledger.account(BTC).held, ledger.account(BTC).dust) == (0, 0)
    assert both(ledger.books.totals.trades, ledger.books.totals.wins) == (1, 1)
    assert ledger.tell(sold) == NOTHING


def test_a_fee_in_base_is_not_among_the_coins_that_move() -> None:
    ledger = Ledger(1000)
    fees = (Money(BTC, Decimal("0.002")),)
    ledger.tell(unmatched(Side.BUY, 2, 60, order_id=ORDER, fees=[(BTC, "0.002")]))
    ledger.tell(first_booking(adopted(2, 60, fees)))
    assert both(ledger.booking(ORDER).held, ledger.booking(P7).held) == (0, Decimal("1.998"))


def test_a_further_late_fill_fills_the_row_again_and_another_position_takes_the_difference() -> (
    None
):
    ledger = late_buy()
    ledger.tell(first_booking(adopted(2, 60, FEE)))
    assert ledger.booking(ORDER).closed
    ledger.tell(unmatched(Side.BUY, 3, 95, order_id=ORDER, fees=[(USDT, "0.1")]))
    row = ledger.booking(ORDER)
    assert both(row.closed, row.forget_at, row.held, row.invested) == (False, None, 1, 35)
    ledger.tell(first_booking(adopted(1, 35), P8))
    assert both(ledger.booking(P7).held, ledger.booking(P8).held) == (2, 1)
    assert both(ledger.booking(ORDER).held, ledger.account(BTC).held) == (0, 3)
    assert ledger.account().invested == 95


def test_a_fill_between_the_offer_and_the_booking_stays_in_the_row() -> None:
    ledger = late_buy()
    ledger.tell(unmatched(Side.BUY, 3, 95, order_id=ORDER, fees=[(USDT, "0.1")]))
    ledger.tell(first_booking(adopted(2, 60, FEE)))
    assert both(ledger.booking(ORDER).held, ledger.booking(ORDER).invested) == (1, 35)
    assert not ledger.booking(ORDER).closed


def test_an_emptied_row_is_forgotten_in_its_time() -> None:
    ledger = late_buy()
    ledger.tell(first_booking(adopted(2, 60, FEE)))
    at = ledger.booking(ORDER).forget_at
    assert at is not None
    ledger.wait(at - ledger.now)
    ledger.tell(Wake(key=f"booking/{ORDER}"))
    assert list(ledger.books.bookings) == [P7]
    # Its position's booking does not bring it back.
    assert ledger.tell(first_booking(adopted(2, 60, FEE))) == NOTHING


def test_a_late_word_of_the_end_when_all_is_forgotten_is_no_step() -> None:
    ledger = Ledger(1000)
    last = replace(first_booking(adopted(2, 60)), closed=True)
    assert ledger.tell(last) == NOTHING
    assert P1 not in ledger.books.bookings
    assert Currency("BTC") not in ledger.books.accounts


# Coins that wait until no sale of them is unknown.

UNSEEN = (ClientOrderId("h0e1p1x1"),)
OFFER = OfferUnmatched(currency=BTC)


def waiting_buy(limits: Limits | None = None) -> Ledger:
    ledger = Ledger(1000, limits)
    buy = unmatched(Side.BUY, 2, 60, order_id=ORDER, fees=[(USDT, "0.1")])
    ledger.tell(replace(buy, waits_for=UNSEEN))
    return ledger


def test_a_late_fill_that_waits_is_booked_and_told_and_not_offered() -> None:
    ledger = waiting_buy()
    assert ledger.said(AdoptFill) == []
    assert ledger.booking(ORDER).held == 2
    (alarm,) = ledger.said(Alarm)
    assert alarm.text.endswith(f"once the outcome of {UNSEEN[0]} is known")


def test_it_is_offered_once_when_no_sale_of_the_coin_is_unknown_any_more() -> None:
    ledger = waiting_buy()
    assert ledger.tell(OfferUnmatched(currency=ETH)) == NOTHING
    offer = AdoptFill(
        client_order_id=ORDER, filled=Decimal(2), cost=Decimal(60), fees=FEE, policy=ADOPT
    )
    assert ledger.tell(OFFER).outbox == (Send(POSITIONS, offer),)
    assert ledger.tell(OFFER) == NOTHING


def test_a_further_fill_that_waits_no_more_is_offered_with_what_waited() -> None:
    ledger = waiting_buy()
    ledger.tell(unmatched(Side.BUY, 3, 90, order_id=ORDER, fees=[(USDT, "0.1")]))
    assert [one.filled for one in ledger.said(AdoptFill)] == [3]
    assert ledger.tell(OFFER) == NOTHING


@pytest.mark.parametrize(("sold", "left", "cost"), [(2, 0, 0), (3, 0, 0), ("0.5", "1.5", 45)])
def test_what_the_unseen_sale_sold_of_it_is_gone_and_never_offered(
    sold: str | int, left: str | int, cost: int
) -> None:
    ledger = waiting_buy()
    ledger.tell(unmatched(Side.SELL, sold, 50, order_id=UNSEEN[0]))
    row = ledger.booking(ORDER)
    assert both(row.held, row.invested) == (Decimal(left), cost)
    assert row.closed is (not Decimal(left))
    assert ledger.account(BTC).dust == min(Decimal(2) - Decimal(sold), Decimal(0))
    ledger.tell(OFFER)
    offered = [both(one.filled, one.cost) for one in ledger.said(AdoptFill)]
    assert offered == ([both(Decimal(left), cost)] if Decimal(left) else [])


def test_after_a_part_of_it_was_sold_the_rest_is_taken_over_to_the_last_digit() -> None:
    ledger = waiting_buy()
    ledger.tell(unmatched(Side.SELL, "0.5", 50, order_id=UNSEEN[0]))
    ledger.tell(OFFER)
    ledger.tell(first_booking(adopted("1.5", 45, FEE)))
    assert ledger.booking(ORDER).closed
    assert both(ledger.booking(P7).held, ledger.booking(P7).invested) == (Decimal("1.5"), 45)
    assert ledger.account(BTC).dust == 0


def test_a_further_fill_offers_nothing_of_what_was_sold() -> None:
    ledger = waiting_buy()
    ledger.tell(unmatched(Side.SELL, 2, 50, order_id=UNSEEN[0]))
    ledger.tell(unmatched(Side.BUY, 3, 90, order_id=ORDER, fees=[(USDT, "0.1")]))
    assert [both(one.filled, one.cost) for one in ledger.said(AdoptFill)] == [both(1, 30)]


def test_what_is_not_waiting_is_not_taken_by_a_sale_of_another_order() -> None:
    ledger = late_buy()
    ledger.tell(unmatched(Side.SELL, 2, 50, order_id=UNSEEN[0]))
    assert ledger.booking(ORDER).held == 2
    assert ledger.account(BTC).dust == -2


def test_a_late_fill_that_was_skipped_waits_no_more_as_the_offer_may_have_passed_by() -> None:
    buy = replace(unmatched(Side.BUY, 2, 60, order_id=ORDER), waits_for=UNSEEN)
    (again,) = after_skip(buy, "poison")
    assert again == Send(PORTFOLIO, replace(buy, waits_for=()))
    assert after_skip(OFFER, "poison") == (Send(PORTFOLIO, OFFER),)
