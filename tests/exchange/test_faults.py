"""Faults on demand: each kind, at the moment the plan names."""

from decimal import Decimal

import pytest

from exchange.fault_plan import Fault, FaultKind, FaultPlan, On
from exchange.faults import FaultyExchange
from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.order_router import (
    FailureKind,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    SubmitFailed,
)
from messages.orders import OrderStatus, Purpose, RejectReason
from tests.exchange.venue import BTC, RULES, Venue, holding, pairs

LATER_MS = Milliseconds(500)


def a_venue(*faults: Fault) -> Venue:
    """A market at 100 that goes wrong as planned."""
    plan = FaultPlan(faults=faults)
    venue = Venue(lambda emit: FaultyExchange(emit, [RULES], holding(), plan))
    venue.move(100.0)
    return venue


def statuses(venue: Venue) -> list[str]:
    return [
        f"{event.facts.client_order_id} {event.facts.status}"
        for event in venue.events
        if isinstance(event, OrderReported)
    ]


def test_a_lost_ack_leaves_the_order_live_and_its_outcome_unknown() -> None:
    venue = a_venue(Fault(on=On.SUBMIT, kind=FaultKind.LOST_ACK))
    venue.sell("a", "1", 105)
    assert venue.refusal("a").kind is FailureKind.UNKNOWN
    assert len(venue.events) == 1
    venue.look_up("a")
    assert venue.facts("a").status is OrderStatus.OPEN


def test_a_lost_ack_hides_a_refusal_too() -> None:
    venue = a_venue(Fault(on=On.SUBMIT, kind=FaultKind.LOST_ACK))
    venue.sell("a", "11", 105)
    assert venue.refusal("a").kind is FailureKind.UNKNOWN
    venue.look_up("a")
    assert venue.events[-1] == OrderNotFound(client_order_id=ClientOrderId("a"))


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        (FaultKind.NEVER_ARRIVED, FailureKind.UNKNOWN),
        (FaultKind.RETRYABLE, FailureKind.RETRYABLE),
        (FaultKind.REJECTED, FailureKind.REJECTED),
    ],
)
def test_a_submit_that_fails_on_its_way_makes_no_order(
    kind: FaultKind, failure: FailureKind
) -> None:
    reason = RejectReason.MARKET_HALTED
    venue = a_venue(Fault(on=On.SUBMIT, kind=kind, reason=reason))
    venue.sell("a", "1", 105)
    refusal = venue.refusal("a")
    assert refusal.kind is failure
    assert refusal.reason is (reason if failure is FailureKind.REJECTED else RejectReason.OTHER)
    venue.look_up("a")
    assert isinstance(venue.events[-1], OrderNotFound)


def test_faults_are_counted_per_purpose_and_come_so_often() -> None:
    fault = Fault(on=On.SUBMIT, kind=FaultKind.RETRYABLE, nth=2, times=2, purpose=Purpose.CLOSE)
    venue = a_venue(fault)
    for number in range(2):
        venue.buy(f"buy{number}", "1")
    for number in range(4):
        venue.sell(f"sell{number}", "1")
    failed = [event.client_order_id for event in venue.events if isinstance(event, SubmitFailed)]
    assert failed == ["sell1", "sell2"]


def test_where_two_faults_meet_the_first_is_the_one() -> None:
    venue = a_venue(
        Fault(on=On.SUBMIT, kind=FaultKind.REJECTED, nth=2),
        Fault(on=On.SUBMIT, kind=FaultKind.RETRYABLE, times=3),
    )
    for number in range(3):
        venue.sell(f"a{number}", "1")
    kinds = [event.kind for event in venue.events if isinstance(event, SubmitFailed)]
    assert kinds == [FailureKind.RETRYABLE, FailureKind.REJECTED, FailureKind.RETRYABLE]


def test_an_over_filled_order_is_told_full_and_then_more_than_full() -> None:
    venue = a_venue(Fault(on=On.SUBMIT, kind=FaultKind.OVERFILLED, quantity=Decimal("0.5")))
    venue.buy("a", "2")
    assert venue.facts("a").filled == Decimal(2)
    assert venue.exchange.next_wake() == venue.now
    venue.wait(0)
    facts = venue.facts("a")
    assert (facts.status, facts.filled) == (OrderStatus.FILLED, Decimal("2.5"))
    assert facts.cost == Decimal(250)
    assert venue.total(BTC) == Decimal("12.5")


def test_an_over_filled_sell_sells_no_more_than_there_is() -> None:
    venue = a_venue(Fault(on=On.SUBMIT, kind=FaultKind.OVERFILLED, quantity=Decimal(9)))
    venue.sell("a", "8")
    venue.wait(0)
    assert venue.facts("a").filled == Decimal(10)
    assert venue.total(BTC) == 0


def test_a_cancel_whose_answer_is_lost_was_done() -> None:
    venue = a_venue(Fault(on=On.CANCEL, kind=FaultKind.LOST_ACK))
    venue.sell("a", "1", 105)
    venue.cancel("a")
    assert venue.cancel_failure("a").kind is FailureKind.UNKNOWN
    assert venue.facts("a").status is OrderStatus.OPEN
    venue.look_up("a")
    assert venue.facts("a").status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        (FaultKind.NEVER_ARRIVED, FailureKind.UNKNOWN),
        (FaultKind.RETRYABLE, FailureKind.RETRYABLE),
        (FaultKind.REJECTED, FailureKind.REJECTED),
    ],
)
def test_a_cancel_that_fails_leaves_the_order_working(
    kind: FaultKind, failure: FailureKind
) -> None:
    venue = a_venue(Fault(on=On.CANCEL, kind=kind))
    venue.sell("a", "1", 105)
    venue.cancel("a")
    assert venue.cancel_failure("a").kind is failure
    venue.move(105.0)
    assert venue.facts("a").status is OrderStatus.FILLED


def test_a_fill_can_race_a_cancel_and_win() -> None:
    venue = a_venue(Fault(on=On.CANCEL, kind=FaultKind.FILLS_FIRST))
    venue.sell("a", "1", 105)
    venue.cancel("a")
    assert statuses(venue) == ["a open", "a filled"]
    assert venue.cancel_failure("a").text == "-2011: Unknown order sent: a is filled"


def test_a_fill_that_races_a_cancel_uses_what_the_order_locked() -> None:
    fault = Fault(on=On.CANCEL, kind=FaultKind.FILLS_FIRST, times=2)
    venue = a_venue(fault)
    venue.sell("a", "10", 105)
    venue.cancel("a")
    assert venue.facts("a").status is OrderStatus.FILLED
    assert venue.total(BTC) == 0
    venue.buy("b", "110", 99)  # locks 10911.78 of 10998
    venue.cancel("b")
    assert venue.facts("b").filled == Decimal("109.76")  # what 10998 pays for at 100


def test_a_fill_can_race_a_cancel_in_part() -> None:
    fault = Fault(on=On.CANCEL, kind=FaultKind.FILLS_FIRST, quantity=Decimal("0.4"))
    venue = a_venue(fault)
    venue.sell("a", "1", 105)
    venue.cancel("a")
    assert statuses(venue) == ["a open", "a partially_filled", "a canceled"]
    assert venue.facts("a").filled == Decimal("0.4")


@pytest.mark.parametrize(
    ("quantity", "status"), [(None, OrderStatus.FILLED), (Decimal("0.4"), OrderStatus.CANCELED)]
)
def test_a_canceled_order_can_fill_later(quantity: Decimal | None, status: OrderStatus) -> None:
    fault = Fault(on=On.CANCEL, kind=FaultKind.FILLS_LATER, delay_ms=LATER_MS, quantity=quantity)
    venue = a_venue(fault)
    venue.sell("a", "1", 105)
    venue.cancel("a")
    assert venue.facts("a").status is OrderStatus.CANCELED
    assert venue.locked(BTC) == 0
    venue.wait(LATER_MS - 1)
    assert venue.total(BTC) == Decimal(10)
    venue.wait(1)
    facts = venue.facts("a")
    assert (facts.status, facts.filled) == (status, quantity or Decimal(1))


@pytest.mark.parametrize(
    ("kind", "answer"),
    [(FaultKind.NEVER_ARRIVED, LookUpFailed), (FaultKind.NOT_FOUND, OrderNotFound)],
)
def test_a_look_up_can_fail_or_lie(kind: FaultKind, answer: type) -> None:
    venue = a_venue(Fault(on=On.LOOK_UP, kind=kind))
    venue.sell("a", "1", 105)
    venue.look_up("a")
    assert isinstance(venue.events[-1], answer)
    venue.look_up("a")
    assert isinstance(venue.events[-1], OrderReported)


def test_an_event_can_come_twice() -> None:
    venue = a_venue(Fault(on=On.EVENT, kind=FaultKind.DUPLICATED))
    venue.sell("a", "1", 105)
    venue.sell("b", "1", 105)
    assert statuses(venue) == ["a open", "a open", "b open"]


def test_an_event_can_be_lost() -> None:
    venue = a_venue(Fault(on=On.EVENT, kind=FaultKind.LOST, nth=2))
    venue.sell("a", "1", 105)
    venue.move(105.0)
    assert statuses(venue) == ["a open"]
    assert venue.total(BTC) == Decimal(9)


def test_an_event_can_come_after_the_next() -> None:
    venue = a_venue(Fault(on=On.EVENT, kind=FaultKind.REORDERED))
    venue.sell("a", "1", 105)
    assert statuses(venue) == []
    venue.cancel("a")
    assert statuses(venue) == ["a canceled", "a open"]
    venue.sell("b", "1", 105)
    assert statuses(venue) == ["a canceled", "a open", "b open"]


def test_what_is_late_still_comes_before_a_later_move() -> None:
    venue = a_venue(Fault(on=On.CANCEL, kind=FaultKind.FILLS_LATER, delay_ms=LATER_MS))
    venue.sell("a", "1", 105)
    venue.cancel("a")
    venue.now = Timestamp(venue.now + LATER_MS + 1)
    venue.move(90.0)
    assert venue.fills("a") == pairs((100, 1))
    assert venue.facts("a").at == venue.now - 1


def test_an_event_can_be_late_and_be_overtaken() -> None:
    venue = a_venue(Fault(on=On.EVENT, kind=FaultKind.DELAYED, delay_ms=LATER_MS))
    venue.sell("a", "1", 105)
    venue.cancel("a")
    assert statuses(venue) == ["a canceled"]
    assert venue.exchange.next_wake() == venue.now + LATER_MS
    venue.wait(LATER_MS)
    assert statuses(venue) == ["a canceled", "a open"]


def test_quotes_are_not_counted_as_events() -> None:
    venue = a_venue(Fault(on=On.EVENT, kind=FaultKind.LOST))
    venue.exchange.subscribe(RULES.symbol, venue.now)
    venue.move(101.0)
    assert len(venue.events) == 2  # the stream and the quote
    venue.sell("a", "1", 105)
    assert statuses(venue) == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"on": On.SUBMIT, "kind": FaultKind.FILLS_LATER}, "a fault on submit can't be fills_late"),
        ({"on": On.EVENT, "kind": FaultKind.LOST, "nth": 0}, "count from 1, not 0 and 1"),
        ({"on": On.SUBMIT, "kind": FaultKind.OVERFILLED}, "overfilled needs a quantity"),
    ],
)
def test_a_fault_that_can_not_be_is_refused(words: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Fault(**words)  # type: ignore[arg-type] # by name
