from itertools import product

import pytest

from actors.position.inputs import INPUTS
from actors.position.states import (
    HEARD_FROM_THE_VENUE,
    TRANSITIONS,
    Input,
    State,
    advance,
    is_ignored,
)
from actors.tables import Fault, Goto, Ignore, IllegalInputError, missing_cells

CELLS = list(product(State, Input))
FACTS = list(product(State, sorted(HEARD_FROM_THE_VENUE)))


def test_the_table_is_total() -> None:
    assert missing_cells(TRANSITIONS, State, Input) == []


def test_each_message_is_an_input_of_its_own() -> None:
    assert len(set(INPUTS.values())) == len(INPUTS)


@pytest.mark.parametrize(("state", "input_"), FACTS)
def test_what_the_venue_or_the_market_did_is_never_a_fault(state: State, input_: Input) -> None:
    assert not isinstance(TRANSITIONS[state][input_], Fault)


@pytest.mark.parametrize(("state", "input_"), CELLS)
def test_whatever_is_ignored_or_refused_has_a_reason(state: State, input_: Input) -> None:
    outcome = TRANSITIONS[state][input_]
    if isinstance(outcome, Ignore | Fault):
        assert len(outcome.reason.split()) >= 3


@pytest.mark.parametrize("input_", Input)
def test_nothing_leaves_closed(input_: Input) -> None:
    assert not isinstance(TRANSITIONS[State.CLOSED][input_], Goto)


@pytest.mark.parametrize("state", State)
def test_adding_to_a_position_is_refused_by_name(state: State) -> None:
    with pytest.raises(IllegalInputError, match=f"add_asked in {state.name}: .*entered once"):
        advance(state, Input.ADD_ASKED)


@pytest.mark.parametrize(
    ("state", "next_states"),
    [
        (State.NEW, {State.OPENING, State.OPEN, State.CLOSED}),
        (State.OPENING, {State.OPEN, State.CLOSING, State.STRANDED, State.CLOSED}),
        (State.OPEN, {State.PROTECTING, State.CLOSING, State.STRANDED, State.CLOSED}),
        (State.PROTECTING, {State.OPEN, State.CLOSING, State.STRANDED, State.CLOSED}),
        (State.CLOSING, {State.STRANDED, State.CLOSED}),
        (State.STRANDED, {State.OPEN, State.CLOSED}),
        (State.CLOSED, set()),
    ],
)
def test_a_state_leads_where_the_design_says(state: State, next_states: set[State]) -> None:
    cells = TRANSITIONS[state].values()
    assert {outcome.state for outcome in cells if isinstance(outcome, Goto)} == next_states


def test_a_position_that_is_being_sold_is_not_protected_again() -> None:
    assert is_ignored(State.CLOSING, Input.COVERED)
    assert is_ignored(State.CLOSING, Input.TRIGGER_FIRED)


@pytest.mark.parametrize("input_", [Input.CLOSE_ASKED, Input.DEADLINE_PASSED, Input.ORDER_UPDATED])
def test_each_state_that_is_not_final_hears_a_close_a_deadline_and_its_orders(
    input_: Input,
) -> None:
    states = [s for s in State if s not in {State.NEW, State.CLOSED}]
    assert not any(is_ignored(state, input_) for state in states)
