from decimal import Decimal
from itertools import product

import pytest

from actors.position.exit_slot import (
    EMPTY_SLOT,
    SLOT_TRANSITIONS,
    ExitSlot,
    SlotInput,
    SlotState,
    slot_after,
)
from actors.tables import Fault, Goto, Ignore, IllegalInputError, missing_cells
from messages.base import ClientOrderId, Timestamp

NOW = Timestamp(5_000)
FROM_THE_VENUE = (SlotInput.LIVE, SlotInput.LOST, SlotInput.ENDED)
FROM_THE_VENUE_CELLS = list(product(SlotState, FROM_THE_VENUE))
CELLS = list(product(SlotState, SlotInput))


def slot(state: SlotState) -> ExitSlot:
    if state is SlotState.EMPTY:
        return EMPTY_SLOT
    return ExitSlot(state=state, order_id=ClientOrderId("x1"), quantity=Decimal(1))


def test_the_table_is_total() -> None:
    assert missing_cells(SLOT_TRANSITIONS, SlotState, SlotInput) == []


@pytest.mark.parametrize(("state", "input_"), FROM_THE_VENUE_CELLS)
def test_what_the_venue_says_is_never_a_fault(state: SlotState, input_: SlotInput) -> None:
    assert not isinstance(SLOT_TRANSITIONS[state][input_], Fault)


@pytest.mark.parametrize(("state", "input_"), CELLS)
def test_whatever_is_ignored_or_refused_has_a_reason(state: SlotState, input_: SlotInput) -> None:
    outcome = SLOT_TRANSITIONS[state][input_]
    if isinstance(outcome, Ignore | Fault):
        assert len(outcome.reason.split()) >= 3


@pytest.mark.parametrize("state", [s for s in SlotState if s is not SlotState.EMPTY])
def test_a_slot_that_is_taken_refuses_a_second_order(state: SlotState) -> None:
    with pytest.raises(IllegalInputError, match=f"placed in {state.name}"):
        slot_after(slot(state), SlotInput.PLACED, NOW)


@pytest.mark.parametrize("state", [s for s in SlotState if s is not SlotState.EMPTY])
def test_only_an_order_that_is_over_or_written_off_frees_the_slot(state: SlotState) -> None:
    freeing = {i for i, o in SLOT_TRANSITIONS[state].items() if o == Goto(SlotState.EMPTY)}
    written_off = {SlotInput.WRITTEN_OFF} if state is SlotState.UNKNOWN else set()
    assert freeing == {SlotInput.ENDED} | written_off


def test_a_request_to_cancel_keeps_the_order_and_its_quantity() -> None:
    asked = slot_after(slot(SlotState.WORKING), SlotInput.CANCEL_ASKED, NOW)
    assert asked == ExitSlot(
        state=SlotState.CANCELING, order_id=ClientOrderId("x1"), quantity=Decimal(1), since=NOW
    )


def test_a_cancel_that_the_venue_did_not_do_yet_changes_nothing() -> None:
    canceling = slot(SlotState.CANCELING)
    assert slot_after(canceling, SlotInput.LIVE, NOW) is canceling


@pytest.mark.parametrize("state", [s for s in SlotState if s is not SlotState.EMPTY])
def test_the_slot_forgets_its_order_when_it_is_over(state: SlotState) -> None:
    assert slot_after(slot(state), SlotInput.ENDED, NOW) == EMPTY_SLOT


def test_the_time_of_being_unknown_counts_from_the_first_word_of_it() -> None:
    unknown = slot_after(slot(SlotState.PLACING), SlotInput.LOST, NOW)
    assert unknown.since == NOW
    assert slot_after(unknown, SlotInput.LOST, Timestamp(9_000)).since == NOW
