"""How reports merge."""

from decimal import Decimal
from itertools import permutations

from msgspec.structs import replace

from actors.order_router.facts import fees_beyond, merge
from messages.base import ClientOrderId, Currency, ExchangeOrderId, Timestamp
from messages.money import Money
from messages.orders import OrderFacts, OrderStatus, RejectReason, StopStatus

NEW = OrderFacts(client_order_id=ClientOrderId("he1p1b1"), status=OrderStatus.SUBMITTED)


def usdt(amount: str) -> tuple[Money, ...]:
    return (Money(Currency("USDT"), Decimal(amount)),)


def told(status: OrderStatus, filled: str = "0", fees: tuple[Money, ...] = ()) -> OrderFacts:
    quantity = Decimal(filled)
    return replace(NEW, status=status, filled=quantity, cost=quantity * 100, fees=fees)


def test_an_older_report_lowers_nothing() -> None:
    known = merge(NEW, told(OrderStatus.PARTIALLY_FILLED, "1", usdt("0.1")))
    assert merge(known, told(OrderStatus.PARTIALLY_FILLED, "0.5", usdt("0.05"))) is known
    assert merge(known, told(OrderStatus.OPEN)) is known


def test_a_report_heard_twice_says_nothing_new_even_if_it_is_dated_later() -> None:
    report = told(OrderStatus.FILLED, "2", usdt("0.2"))
    known = merge(NEW, report)
    assert merge(known, replace(report, at=Timestamp(99))) is known


def test_reports_end_in_the_same_facts_in_any_order() -> None:
    reports = [
        told(OrderStatus.OPEN),
        told(OrderStatus.PARTIALLY_FILLED, "0.5", usdt("0.05")),
        told(OrderStatus.PARTIALLY_FILLED, "1", usdt("0.1")),
        told(OrderStatus.FILLED, "2", usdt("0.2")),
    ]
    ends = []
    for order in permutations(reports):
        known = NEW
        for report in order:
            known = merge(known, report)
        ends.append(known)
    assert all(end == told(OrderStatus.FILLED, "2", usdt("0.2")) for end in ends)


def test_fees_that_are_known_after_the_fill_are_taken_in() -> None:
    known = merge(NEW, told(OrderStatus.FILLED, "2"))
    later = merge(known, told(OrderStatus.FILLED, "2", usdt("0.2")))
    assert later.fees == usdt("0.2")
    assert merge(later, told(OrderStatus.FILLED, "2")).fees == usdt("0.2")


def test_fees_of_the_same_fills_join_by_currency() -> None:
    bnb = Money(Currency("BNB"), Decimal("0.01"))
    known = merge(NEW, told(OrderStatus.FILLED, "2", usdt("0.2")))
    joined = merge(known, told(OrderStatus.FILLED, "2", (bnb, *usdt("0.1"))))
    assert joined.fees == (bnb, *usdt("0.2"))


def test_more_fills_may_turn_a_rebate_into_a_smaller_one() -> None:
    known = merge(NEW, told(OrderStatus.PARTIALLY_FILLED, "1", usdt("-0.3")))
    assert merge(known, told(OrderStatus.FILLED, "2", usdt("-0.1"))).fees == usdt("-0.1")


def test_a_fill_after_a_cancel_is_booked_and_the_order_stays_canceled() -> None:
    known = merge(NEW, told(OrderStatus.CANCELED))
    late = merge(known, told(OrderStatus.PARTIALLY_FILLED, "1"))
    assert (late.status, late.filled) == (OrderStatus.CANCELED, Decimal(1))


def test_an_open_order_with_fills_is_partially_filled() -> None:
    assert merge(NEW, told(OrderStatus.OPEN, "1")).status is OrderStatus.PARTIALLY_FILLED


def test_a_stop_leg_never_goes_back() -> None:
    known = merge(NEW, replace(told(OrderStatus.OPEN), stop=StopStatus.TRIGGERED))
    assert merge(known, replace(told(OrderStatus.OPEN), stop=StopStatus.WORKING)) is known


def test_the_reason_belongs_to_the_status() -> None:
    refusal = replace(told(OrderStatus.REJECTED), reason=RejectReason.NEVER_PLACED, text="why")
    refused = merge(NEW, refusal)
    assert (refused.reason, refused.text) == (RejectReason.NEVER_PLACED, "why")
    filled = merge(refused, told(OrderStatus.FILLED, "2"))
    assert (filled.reason, filled.text) == (None, "")


def test_the_venues_id_is_kept() -> None:
    known = merge(NEW, replace(told(OrderStatus.OPEN), exchange_order_id=ExchangeOrderId("7")))
    assert merge(known, told(OrderStatus.FILLED, "2")).exchange_order_id == "7"


def test_fees_beyond_what_was_booked() -> None:
    booked = told(OrderStatus.PARTIALLY_FILLED, "1", usdt("0.1"))
    assert fees_beyond(told(OrderStatus.FILLED, "2", usdt("0.25")), booked) == usdt("0.15")
    assert fees_beyond(booked, booked) == ()
