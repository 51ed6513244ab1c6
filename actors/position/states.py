"""The life of a position: the whole of it, as one table.

Rule 1: a state changes only through ``advance``, and the table is total: each cell says what
happens.
Rule 2: this file knows states and inputs, never prices, orders or clocks.

Inputs are of two kinds: what was *heard* (one per message), and what the core *judged* from the
facts after it (the last group): covered, cover lost, entry over, exit begun, stranded, freed, flat.
"""

from enum import StrEnum

from actors.tables import STAY, Fault, Goto, Ignore, IllegalInputError, Outcome


class State(StrEnum):
    """Where in its life a position is."""

    NEW = "new"
    """Asked for; waiting for its budget."""
    OPENING = "opening"
    """The entry is placed, working, partly filled or unknown."""
    OPEN = "open"
    """Holds coins and is not covered: short, measured, alarmed."""
    PROTECTING = "protecting"
    """Covered, or exchanging one protection for the other."""
    CLOSING = "closing"
    """The exit ladder is at work."""
    STRANDED = "stranded"
    """Holds coins that can't be sold: the market's rules changed, it is halted, or it is gone.
    Alarmed, never closed by itself; left when price, rules or a person allow a sale."""
    CLOSED = "closed"
    """Booked, budget released. A late fill does not reopen it."""


AT_REST = frozenset({State.NEW, State.CLOSED})
"""It has no order that could do anything, and wants none."""


class Input(StrEnum):
    """What can happen to a position."""

    # Heard, commands and answers:
    BEGUN = "begun"
    BUDGET_GRANTED = "budget_granted"
    BUDGET_DENIED = "budget_denied"
    CLOSE_ASKED = "close_asked"
    STOP_ENTERING_ASKED = "stop_entering_asked"
    PROTECTION_CHANGED = "protection_changed"
    SWITCH_ASKED = "switch_asked"
    ADD_ASKED = "add_asked"
    SESSION_ENDING = "session_ending"
    BOOKING_ASKED = "booking_asked"
    RESYNC_ASKED = "resync_asked"
    """It raised on a message; what it may have missed is asked for again."""
    DEADLINE_PASSED = "deadline_passed"
    # Heard, facts of the venue and the market:
    ORDER_UPDATED = "order_updated"
    ORDERS_RELEASED = "orders_released"
    LOOKED_BACK = "looked_back"
    LISTS_COMPARED = "lists_compared"
    OWNERSHIP_CHANGED = "ownership_changed"
    BALANCE_TOLD = "balance_told"
    MARKET_REPORTED = "market_reported"
    VENUE_REACHABILITY = "venue_reachability"
    TRIGGERS_ARMED = "triggers_armed"
    TRIGGER_FIRED = "trigger_fired"
    MARKET_FRESHNESS = "market_freshness"
    QUOTE_TOLD = "quote_told"
    # Judged from the facts:
    ENTRY_FILLED = "entry_filled"
    """The entry is over, and it bought something."""
    ENTRY_EMPTY = "entry_empty"
    """The entry is over, and it bought nothing."""
    COVERED = "covered"
    COVER_LOST = "cover_lost"
    EXIT_BEGUN = "exit_begun"
    STRANDED = "stranded"
    """Nothing of what is held can be sold: by the rules, or as the market takes no order."""
    FREED = "freed"
    """It can be sold again."""
    FLAT = "flat"
    """Nothing is held but dust, and every order, the entry's too, is terminal."""


HEARD_FROM_THE_VENUE = frozenset(
    {
        Input.ORDER_UPDATED,
        Input.ORDERS_RELEASED,
        Input.LOOKED_BACK,
        Input.LISTS_COMPARED,
        Input.OWNERSHIP_CHANGED,
        Input.BALANCE_TOLD,
        Input.MARKET_REPORTED,
        Input.VENUE_REACHABILITY,
        Input.TRIGGERS_ARMED,
        Input.TRIGGER_FIRED,
        Input.MARKET_FRESHNESS,
        Input.QUOTE_TOLD,
    }
)
"""Facts: no cell of these is a Fault."""

_BEGUN = Ignore("it has begun already")
_GRANTED = Ignore("the budget was granted before")
_DENIED_LATE = Ignore("the answer to an older request: the budget was granted")
_GIVEN_BACK = Ignore("the budget was given back with the last booking")
_NO_MARKET_YET = Ignore("nothing is held yet")
_OVER = Ignore("the position is closed")
_NO_ADDING = Fault("a position is entered once: open another one")
_NOT_ENTERING = Ignore("the entry is over")
_JUDGED_NOWHERE = "the core judges this only where it can be"

TRANSITIONS: dict[State, dict[Input, Outcome[State]]] = {
    State.NEW: {
        Input.BEGUN: STAY,
        Input.BUDGET_GRANTED: Goto(State.OPENING),
        Input.BUDGET_DENIED: Goto(State.CLOSED),
        Input.CLOSE_ASKED: STAY,
        Input.STOP_ENTERING_ASKED: STAY,
        Input.PROTECTION_CHANGED: STAY,
        Input.SWITCH_ASKED: Fault("nothing is held yet: there is no protection to switch"),
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: _NO_MARKET_YET,
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        Input.DEADLINE_PASSED: STAY,
        Input.ORDER_UPDATED: Ignore("it has placed no order yet"),
        Input.ORDERS_RELEASED: Ignore("it has placed no order yet"),
        Input.LOOKED_BACK: Ignore("it has placed no order yet"),
        Input.LISTS_COMPARED: Ignore("it has placed no order yet"),
        Input.OWNERSHIP_CHANGED: STAY,
        Input.BALANCE_TOLD: _NO_MARKET_YET,
        Input.MARKET_REPORTED: STAY,
        Input.VENUE_REACHABILITY: STAY,
        Input.TRIGGERS_ARMED: _NO_MARKET_YET,
        Input.TRIGGER_FIRED: _NO_MARKET_YET,
        Input.MARKET_FRESHNESS: STAY,
        Input.QUOTE_TOLD: STAY,
        # Adopted: its coins are there already, and it needs no budget.
        Input.ENTRY_FILLED: Goto(State.OPEN),
        Input.ENTRY_EMPTY: Fault(_JUDGED_NOWHERE),
        Input.COVERED: Fault(_JUDGED_NOWHERE),
        Input.COVER_LOST: Fault(_JUDGED_NOWHERE),
        # Withdrawn, or too late: it never asked for an order.
        Input.EXIT_BEGUN: Goto(State.CLOSED),
        Input.STRANDED: Fault(_JUDGED_NOWHERE),
        Input.FREED: Fault(_JUDGED_NOWHERE),
        Input.FLAT: Fault(_JUDGED_NOWHERE),
    },
    State.OPENING: {
        Input.BEGUN: _BEGUN,
        Input.BUDGET_GRANTED: _GRANTED,
        Input.BUDGET_DENIED: _DENIED_LATE,
        Input.CLOSE_ASKED: STAY,
        Input.STOP_ENTERING_ASKED: STAY,
        Input.PROTECTION_CHANGED: STAY,
        Input.SWITCH_ASKED: Fault("it is still being bought: switch when it is protected"),
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: STAY,
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        Input.DEADLINE_PASSED: STAY,
        Input.ORDER_UPDATED: STAY,
        Input.ORDERS_RELEASED: Ignore("it did not ask for that yet"),
        Input.LOOKED_BACK: STAY,
        Input.LISTS_COMPARED: STAY,
        Input.OWNERSHIP_CHANGED: STAY,
        Input.BALANCE_TOLD: STAY,
        Input.MARKET_REPORTED: STAY,
        Input.VENUE_REACHABILITY: STAY,
        Input.TRIGGERS_ARMED: STAY,
        Input.TRIGGER_FIRED: STAY,
        Input.MARKET_FRESHNESS: STAY,
        Input.QUOTE_TOLD: STAY,
        Input.ENTRY_FILLED: Goto(State.OPEN),
        Input.ENTRY_EMPTY: Goto(State.CLOSED),
        # Filled parts are covered by the trigger while the entry goes on.
        Input.COVERED: STAY,
        Input.COVER_LOST: STAY,
        Input.EXIT_BEGUN: Goto(State.CLOSING),
        Input.STRANDED: Goto(State.STRANDED),
        Input.FREED: Ignore("it can be sold already"),
        # What was bought so far was sold again, by a protection that rested.
        Input.FLAT: Goto(State.CLOSED),
    },
    State.OPEN: {
        Input.BEGUN: _BEGUN,
        Input.BUDGET_GRANTED: _GRANTED,
        Input.BUDGET_DENIED: _DENIED_LATE,
        Input.CLOSE_ASKED: STAY,
        Input.STOP_ENTERING_ASKED: _NOT_ENTERING,
        Input.PROTECTION_CHANGED: STAY,
        Input.SWITCH_ASKED: STAY,
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: STAY,
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        Input.DEADLINE_PASSED: STAY,
        # Also a late fill of the entry: it adds to what must be protected.
        Input.ORDER_UPDATED: STAY,
        Input.ORDERS_RELEASED: Ignore("it did not ask for that yet"),
        Input.LOOKED_BACK: STAY,
        Input.LISTS_COMPARED: STAY,
        Input.OWNERSHIP_CHANGED: STAY,
        Input.BALANCE_TOLD: STAY,
        Input.MARKET_REPORTED: STAY,
        Input.VENUE_REACHABILITY: STAY,
        Input.TRIGGERS_ARMED: STAY,
        Input.TRIGGER_FIRED: STAY,
        Input.MARKET_FRESHNESS: STAY,
        Input.QUOTE_TOLD: STAY,
        Input.ENTRY_FILLED: Ignore("the entry was over before"),
        Input.ENTRY_EMPTY: Ignore("the entry was over before"),
        Input.COVERED: Goto(State.PROTECTING),
        Input.COVER_LOST: STAY,
        Input.EXIT_BEGUN: Goto(State.CLOSING),
        Input.STRANDED: Goto(State.STRANDED),
        Input.FREED: Ignore("it can be sold already"),
        Input.FLAT: Goto(State.CLOSED),
    },
    State.PROTECTING: {
        Input.BEGUN: _BEGUN,
        Input.BUDGET_GRANTED: _GRANTED,
        Input.BUDGET_DENIED: _DENIED_LATE,
        Input.CLOSE_ASKED: STAY,
        Input.STOP_ENTERING_ASKED: _NOT_ENTERING,
        Input.PROTECTION_CHANGED: STAY,
        Input.SWITCH_ASKED: STAY,
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: STAY,
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        Input.DEADLINE_PASSED: STAY,
        Input.ORDER_UPDATED: STAY,
        Input.ORDERS_RELEASED: Ignore("it did not ask for that yet"),
        Input.LOOKED_BACK: STAY,
        Input.LISTS_COMPARED: STAY,
        Input.OWNERSHIP_CHANGED: STAY,
        Input.BALANCE_TOLD: STAY,
        Input.MARKET_REPORTED: STAY,
        Input.VENUE_REACHABILITY: STAY,
        Input.TRIGGERS_ARMED: STAY,
        Input.TRIGGER_FIRED: STAY,
        Input.MARKET_FRESHNESS: STAY,
        Input.QUOTE_TOLD: STAY,
        Input.ENTRY_FILLED: Ignore("the entry was over before"),
        Input.ENTRY_EMPTY: Ignore("the entry was over before"),
        Input.COVERED: STAY,
        Input.COVER_LOST: Goto(State.OPEN),
        Input.EXIT_BEGUN: Goto(State.CLOSING),
        Input.STRANDED: Goto(State.STRANDED),
        Input.FREED: Ignore("it can be sold already"),
        # A resting exit can fill before we hear that it triggered.
        Input.FLAT: Goto(State.CLOSED),
    },
    State.CLOSING: {
        Input.BEGUN: _BEGUN,
        Input.BUDGET_GRANTED: _GRANTED,
        Input.BUDGET_DENIED: _DENIED_LATE,
        # A second close hurries: it takes the ladder to its end.
        Input.CLOSE_ASKED: STAY,
        Input.STOP_ENTERING_ASKED: Ignore("the exit has canceled the entry"),
        Input.PROTECTION_CHANGED: Fault("it is being sold: there is nothing left to protect"),
        Input.SWITCH_ASKED: Fault("it is being sold: there is nothing left to switch"),
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: Ignore("it is being sold"),
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        Input.DEADLINE_PASSED: STAY,
        Input.ORDER_UPDATED: STAY,
        Input.ORDERS_RELEASED: Ignore("it did not ask for that yet"),
        Input.LOOKED_BACK: STAY,
        Input.LISTS_COMPARED: STAY,
        Input.OWNERSHIP_CHANGED: STAY,
        Input.BALANCE_TOLD: STAY,
        Input.MARKET_REPORTED: STAY,
        Input.VENUE_REACHABILITY: STAY,
        Input.TRIGGERS_ARMED: STAY,
        Input.TRIGGER_FIRED: Ignore("the exit is at work already"),
        Input.MARKET_FRESHNESS: STAY,
        Input.QUOTE_TOLD: STAY,
        Input.ENTRY_FILLED: Ignore("late entry fills add to what is sold"),
        Input.ENTRY_EMPTY: Ignore("late entry fills add to what is sold"),
        Input.COVERED: Ignore("it is being sold"),
        Input.COVER_LOST: Ignore("it is being sold"),
        Input.EXIT_BEGUN: STAY,
        Input.STRANDED: Goto(State.STRANDED),
        Input.FREED: Ignore("it can be sold already"),
        Input.FLAT: Goto(State.CLOSED),
    },
    State.STRANDED: {
        Input.BEGUN: _BEGUN,
        Input.BUDGET_GRANTED: _GRANTED,
        Input.BUDGET_DENIED: _DENIED_LATE,
        # Tried again at once: another round of what the venue refused.
        Input.CLOSE_ASKED: STAY,
        Input.STOP_ENTERING_ASKED: STAY,
        Input.PROTECTION_CHANGED: STAY,
        Input.SWITCH_ASKED: Fault("it can't be sold now: there is nothing to switch"),
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: Ignore("it can't be sold now"),
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        Input.DEADLINE_PASSED: STAY,
        # What worked before it stranded may fill all the same.
        Input.ORDER_UPDATED: STAY,
        Input.ORDERS_RELEASED: Ignore("it did not ask for that yet"),
        Input.LOOKED_BACK: STAY,
        Input.LISTS_COMPARED: STAY,
        Input.OWNERSHIP_CHANGED: STAY,
        Input.BALANCE_TOLD: STAY,
        Input.MARKET_REPORTED: STAY,
        Input.VENUE_REACHABILITY: STAY,
        Input.TRIGGERS_ARMED: STAY,
        Input.TRIGGER_FIRED: STAY,
        Input.MARKET_FRESHNESS: STAY,
        Input.QUOTE_TOLD: STAY,
        Input.ENTRY_FILLED: STAY,
        Input.ENTRY_EMPTY: Goto(State.CLOSED),
        Input.COVERED: Ignore("it can't be sold now"),
        Input.COVER_LOST: Ignore("it can't be sold now"),
        # The wish is kept: it is sold as soon as it is freed.
        Input.EXIT_BEGUN: STAY,
        Input.STRANDED: STAY,
        Input.FREED: Goto(State.OPEN),
        Input.FLAT: Goto(State.CLOSED),
    },
    State.CLOSED: {
        Input.BEGUN: _BEGUN,
        Input.BUDGET_GRANTED: _GIVEN_BACK,
        Input.BUDGET_DENIED: _OVER,
        Input.CLOSE_ASKED: _OVER,
        Input.STOP_ENTERING_ASKED: _OVER,
        Input.PROTECTION_CHANGED: Fault("the position is closed"),
        Input.SWITCH_ASKED: Fault("the position is closed"),
        Input.ADD_ASKED: _NO_ADDING,
        Input.SESSION_ENDING: _OVER,
        Input.BOOKING_ASKED: STAY,
        Input.RESYNC_ASKED: STAY,
        # One that raised on its release asks for it again.
        Input.DEADLINE_PASSED: STAY,
        # The router compares it with what was booked, and tells the portfolio: unmatched.
        Input.ORDER_UPDATED: _OVER,
        Input.ORDERS_RELEASED: STAY,
        Input.LOOKED_BACK: _OVER,
        Input.LISTS_COMPARED: _OVER,
        Input.OWNERSHIP_CHANGED: _OVER,
        Input.BALANCE_TOLD: _OVER,
        Input.MARKET_REPORTED: _OVER,
        Input.VENUE_REACHABILITY: _OVER,
        Input.TRIGGERS_ARMED: _OVER,
        Input.TRIGGER_FIRED: _OVER,
        Input.MARKET_FRESHNESS: _OVER,
        Input.QUOTE_TOLD: _OVER,
        Input.ENTRY_FILLED: Fault(_JUDGED_NOWHERE),
        Input.ENTRY_EMPTY: Fault(_JUDGED_NOWHERE),
        Input.COVERED: Fault(_JUDGED_NOWHERE),
        Input.COVER_LOST: Fault(_JUDGED_NOWHERE),
        Input.EXIT_BEGUN: Fault(_JUDGED_NOWHERE),
        Input.STRANDED: Fault(_JUDGED_NOWHERE),
        Input.FREED: Fault(_JUDGED_NOWHERE),
        Input.FLAT: Fault(_JUDGED_NOWHERE),
    },
}


def advance(state: State, input_: Input) -> State:
    """Return the state after ``input_``.

    Raises:
        IllegalInputError: the cell says Fault.

    """
    outcome = TRANSITIONS[state][input_]
    match outcome:
        case Goto():
            return outcome.state
        case Fault():
            raise IllegalInputError(f"{input_} in {state.name}: {outcome.reason}")
        case _:
            return state


def is_ignored(state: State, input_: Input) -> bool:
    """Return whether ``input_`` is nothing new in ``state``."""
    return isinstance(TRANSITIONS[state][input_], Ignore)
