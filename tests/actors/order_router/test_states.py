"""The table of order statuses."""

from itertools import product

import pytest

from actors.order_router.states import (
    OWN_INPUTS,
    REPORTS,
    TRANSITIONS,
    Input,
    advance,
    is_back_from_the_dead,
)
from actors.tables import Fault, Goto, IllegalInputError, missing_cells
from messages.orders import TERMINAL_STATUSES, OrderStatus

VENUE_INPUTS = [input_ for input_ in Input if input_ not in OWN_INPUTS]


def test_the_table_is_total() -> None:
    assert missing_cells(TRANSITIONS, OrderStatus, Input) == []
    assert set(TRANSITIONS) == set(OrderStatus)
    assert set(REPORTS) == set(OrderStatus)


@pytest.mark.parametrize(("status", "input_"), list(product(OrderStatus, VENUE_INPUTS)))
def test_what_a_venue_did_is_never_a_fault(status: OrderStatus, input_: Input) -> None:
    assert not isinstance(TRANSITIONS[status][input_], Fault)


@pytest.mark.parametrize("status", [s for s in OrderStatus if s is not OrderStatus.NEW])
def test_only_a_new_order_is_sent(status: OrderStatus) -> None:
    with pytest.raises(IllegalInputError, match=f"sent in {status.name}"):
        advance(status, Input.SENT)


@pytest.mark.parametrize(
    "status", [s for s in OrderStatus if s not in {OrderStatus.NEW, OrderStatus.SUBMITTED}]
)
def test_nothing_leads_back_to_an_order_that_may_be_sent(status: OrderStatus) -> None:
    ends = {o.state for o in TRANSITIONS[status].values() if isinstance(o, Goto)}
    assert not ends & {OrderStatus.NEW, OrderStatus.SUBMITTED}


@pytest.mark.parametrize("status", list(TERMINAL_STATUSES))
def test_an_order_that_is_over_comes_back_only_from_a_refusal(status: OrderStatus) -> None:
    ends = {o.state for o in TRANSITIONS[status].values() if isinstance(o, Goto)}
    comes_back = any(is_back_from_the_dead(status, end) for end in ends)
    assert comes_back == (status is OrderStatus.REJECTED)


@pytest.mark.parametrize(
    ("status", "input_", "end"),
    [
        (OrderStatus.CANCELED, Input.FILLED, OrderStatus.FILLED),
        (OrderStatus.EXPIRED, Input.FILLED, OrderStatus.FILLED),
        (OrderStatus.REJECTED, Input.FILLED, OrderStatus.FILLED),
        (OrderStatus.REJECTED, Input.OPEN, OrderStatus.OPEN),
        (OrderStatus.NEW, Input.FILLED, OrderStatus.FILLED),
        (OrderStatus.SUBMITTED, Input.FILLED, OrderStatus.FILLED),
        (OrderStatus.OPEN, Input.REJECTED, OrderStatus.REJECTED),
        (OrderStatus.OPEN, Input.NOT_AT_VENUE, OrderStatus.UNKNOWN),
        (OrderStatus.UNKNOWN, Input.NOT_AT_VENUE, OrderStatus.REJECTED),
    ],
)
def test_real_world_rows(status: OrderStatus, input_: Input, end: OrderStatus) -> None:
    assert advance(status, input_) is end


@pytest.mark.parametrize("input_", list(Input))
def test_a_filled_order_stays_filled(input_: Input) -> None:
    outcome = TRANSITIONS[OrderStatus.FILLED][input_]
    assert not isinstance(outcome, Goto)


SHOWN = [
    s for s in OrderStatus if s not in {OrderStatus.NEW, OrderStatus.SUBMITTED, OrderStatus.UNKNOWN}
]


@pytest.mark.parametrize("status", SHOWN)
@pytest.mark.parametrize(
    "failure", [Input.SUBMIT_UNKNOWN, Input.SUBMIT_REJECTED, Input.SUBMIT_RETRYABLE]
)
def test_a_submit_that_fails_behind_the_venues_own_word_changes_nothing(
    status: OrderStatus, failure: Input
) -> None:
    assert advance(status, failure) is status


@pytest.mark.parametrize("status", SHOWN)
def test_a_submit_that_surely_failed_and_was_placed_all_the_same_is_what_the_venue_says(
    status: OrderStatus,
) -> None:
    assert advance(OrderStatus.NEW, REPORTS[status]) is status


def test_a_submit_that_surely_failed_and_then_may_not_have_is_unknown() -> None:
    assert advance(OrderStatus.NEW, Input.SUBMIT_UNKNOWN) is OrderStatus.UNKNOWN
