"""The life of an order: the whole of it, as one table.

Rule 1: a status changes only through ``advance``, and the table is total: each cell says what
happens.
Rule 2: what a venue did is never a Fault. Rows marked "real world" are what venues do although
their manuals say otherwise.
Rule 3: nothing leads from UNKNOWN back to NEW: an order that may be live is never sent again.
Rule 4: this file knows statuses and inputs, never quantities, clocks or retries.
"""

from enum import StrEnum

from actors.tables import STAY, Fault, Goto, Ignore, IllegalInputError, Outcome
from messages.orders import TERMINAL_STATUSES, OrderStatus


class Input(StrEnum):
    """What can happen to an order."""

    # What the router itself does:
    SENT = "sent"
    """The submit goes out."""
    WITHDRAWN = "withdrawn"
    """Canceled before it went out."""
    GAVE_UP = "gave_up"
    """Refused by the way to the venue, not by the venue, as often as settings allow."""
    # What became of the submit:
    SUBMIT_RETRYABLE = "submit_retryable"
    """It surely did not reach the matching engine."""
    SUBMIT_REJECTED = "submit_rejected"
    SUBMIT_UNKNOWN = "submit_unknown"
    """No answer, or one that says nothing; the order may be live."""
    # What look-ups say:
    NOT_FOUND = "not_found"
    """The venue knows no such order, it says: once is no proof."""
    NOT_AT_VENUE = "not_at_venue"
    """Not found several times, over some time, on a healthy stream."""
    # What the venue reports: an ack, an event or the answer to a look-up.
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


OWN_INPUTS = frozenset({Input.SENT, Input.WITHDRAWN, Input.GAVE_UP, Input.NOT_AT_VENUE})
"""What the router does or concludes: only these can be a Fault, a mistake of its own."""

REPORTS = {
    OrderStatus.NEW: Input.OPEN,
    OrderStatus.SUBMITTED: Input.OPEN,
    OrderStatus.OPEN: Input.OPEN,
    OrderStatus.PARTIALLY_FILLED: Input.PARTIALLY_FILLED,
    OrderStatus.UNKNOWN: Input.SUBMIT_UNKNOWN,
    OrderStatus.FILLED: Input.FILLED,
    OrderStatus.CANCELED: Input.CANCELED,
    OrderStatus.REJECTED: Input.REJECTED,
    OrderStatus.EXPIRED: Input.EXPIRED,
}
"""What a reported status means; a venue's "pending" is in its hands, which is all OPEN says."""

_NOT_SENT = Ignore("no submit is under way")
_NOTHING_TO_FIND = Ignore("nothing was sent")
_KNOWN = Ignore("the venue has shown the order since")
_LATE_RETRY = Ignore("too late to send it again: the look-ups decide")
_OLDER = Ignore("an older report, heard late")
_OVER = Ignore("the order is over")
_SAME_END = Ignore("the same end by another name")
_SENT_TWICE = Fault("it was sent: a second submit could double it")
_IS_OUT = Fault("it is out: cancel it at the venue")
_NO_RETRY = Fault("no retry is due")
_NOTHING_SOUGHT = Fault("it was not looked for")
_IS_OVER = Fault("the order is over")

_LIVE: dict[Input, Outcome[OrderStatus]] = {
    Input.SENT: _SENT_TWICE,
    Input.WITHDRAWN: _IS_OUT,
    Input.GAVE_UP: _NO_RETRY,
    Input.SUBMIT_RETRYABLE: _KNOWN,
    Input.SUBMIT_REJECTED: _KNOWN,
    Input.SUBMIT_UNKNOWN: _KNOWN,
    Input.NOT_FOUND: STAY,
    # Real world: seen, then gone from sight. It may have filled: not ours to call it canceled.
    Input.NOT_AT_VENUE: Goto(OrderStatus.UNKNOWN),
    Input.FILLED: Goto(OrderStatus.FILLED),
    Input.CANCELED: Goto(OrderStatus.CANCELED),
    # Real world: an ack, then a refusal of the matching engine.
    Input.REJECTED: Goto(OrderStatus.REJECTED),
    Input.EXPIRED: Goto(OrderStatus.EXPIRED),
}

_ENDED: dict[Input, Outcome[OrderStatus]] = {
    Input.SENT: _IS_OVER,
    Input.WITHDRAWN: _IS_OVER,
    Input.GAVE_UP: _IS_OVER,
    Input.SUBMIT_RETRYABLE: _OVER,
    Input.SUBMIT_REJECTED: _OVER,
    Input.SUBMIT_UNKNOWN: _OVER,
    Input.NOT_FOUND: _OVER,
    Input.NOT_AT_VENUE: _IS_OVER,
}

TRANSITIONS: dict[OrderStatus, dict[Input, Outcome[OrderStatus]]] = {
    OrderStatus.NEW: {
        Input.SENT: Goto(OrderStatus.SUBMITTED),
        Input.WITHDRAWN: Goto(OrderStatus.CANCELED),
        Input.GAVE_UP: Goto(OrderStatus.REJECTED),
        Input.SUBMIT_RETRYABLE: _NOT_SENT,
        Input.SUBMIT_REJECTED: _NOT_SENT,
        # Told that it did not go, then that it may have: believe the worse.
        Input.SUBMIT_UNKNOWN: Goto(OrderStatus.UNKNOWN),
        Input.NOT_FOUND: _NOTHING_TO_FIND,
        Input.NOT_AT_VENUE: _NOTHING_SOUGHT,
        # Real world: a submit that "surely failed" was placed all the same.
        Input.OPEN: Goto(OrderStatus.OPEN),
        Input.PARTIALLY_FILLED: Goto(OrderStatus.PARTIALLY_FILLED),
        Input.FILLED: Goto(OrderStatus.FILLED),
        Input.CANCELED: Goto(OrderStatus.CANCELED),
        Input.REJECTED: Goto(OrderStatus.REJECTED),
        Input.EXPIRED: Goto(OrderStatus.EXPIRED),
    },
    OrderStatus.SUBMITTED: {
        Input.SENT: _SENT_TWICE,
        Input.WITHDRAWN: _IS_OUT,
        Input.GAVE_UP: _NO_RETRY,
        Input.SUBMIT_RETRYABLE: Goto(OrderStatus.NEW),
        Input.SUBMIT_REJECTED: Goto(OrderStatus.REJECTED),
        Input.SUBMIT_UNKNOWN: Goto(OrderStatus.UNKNOWN),
        Input.NOT_FOUND: Ignore("the answer to the submit decides"),
        Input.NOT_AT_VENUE: _NOTHING_SOUGHT,
        Input.OPEN: Goto(OrderStatus.OPEN),
        # Real world: the fill is heard before the ack.
        Input.PARTIALLY_FILLED: Goto(OrderStatus.PARTIALLY_FILLED),
        Input.FILLED: Goto(OrderStatus.FILLED),
        Input.CANCELED: Goto(OrderStatus.CANCELED),
        Input.REJECTED: Goto(OrderStatus.REJECTED),
        Input.EXPIRED: Goto(OrderStatus.EXPIRED),
    },
    OrderStatus.UNKNOWN: {
        Input.SENT: _SENT_TWICE,
        Input.WITHDRAWN: _IS_OUT,
        Input.GAVE_UP: _NO_RETRY,
        Input.SUBMIT_RETRYABLE: _LATE_RETRY,
        # Real world: the answer comes after we stopped waiting for it.
        Input.SUBMIT_REJECTED: Goto(OrderStatus.REJECTED),
        Input.SUBMIT_UNKNOWN: STAY,
        Input.NOT_FOUND: STAY,
        Input.NOT_AT_VENUE: Goto(OrderStatus.REJECTED),
        Input.OPEN: Goto(OrderStatus.OPEN),
        Input.PARTIALLY_FILLED: Goto(OrderStatus.PARTIALLY_FILLED),
        Input.FILLED: Goto(OrderStatus.FILLED),
        Input.CANCELED: Goto(OrderStatus.CANCELED),
        Input.REJECTED: Goto(OrderStatus.REJECTED),
        Input.EXPIRED: Goto(OrderStatus.EXPIRED),
    },
    OrderStatus.OPEN: {
        **_LIVE,
        Input.OPEN: STAY,
        Input.PARTIALLY_FILLED: Goto(OrderStatus.PARTIALLY_FILLED),
    },
    OrderStatus.PARTIALLY_FILLED: {
        **_LIVE,
        Input.OPEN: _OLDER,
        Input.PARTIALLY_FILLED: STAY,
    },
    OrderStatus.FILLED: {
        **_ENDED,
        Input.OPEN: _OLDER,
        Input.PARTIALLY_FILLED: _OLDER,
        # Real world: an over-fill, or fees that are known later.
        Input.FILLED: STAY,
        Input.CANCELED: Ignore("it filled: nothing was left to cancel"),
        Input.REJECTED: Ignore("it filled"),
        Input.EXPIRED: Ignore("it filled: nothing was left to expire"),
    },
    OrderStatus.CANCELED: {
        **_ENDED,
        Input.OPEN: _OLDER,
        # Real world: a fill that raced the cancel is told after it.
        Input.PARTIALLY_FILLED: STAY,
        # Real world: a canceled order that filled.
        Input.FILLED: Goto(OrderStatus.FILLED),
        Input.CANCELED: STAY,
        Input.REJECTED: _SAME_END,
        Input.EXPIRED: _SAME_END,
    },
    OrderStatus.REJECTED: {
        **_ENDED,
        # Real world: taken for never placed, and live after all. The router cancels it.
        Input.OPEN: Goto(OrderStatus.OPEN),
        Input.PARTIALLY_FILLED: Goto(OrderStatus.PARTIALLY_FILLED),
        Input.FILLED: Goto(OrderStatus.FILLED),
        Input.CANCELED: Goto(OrderStatus.CANCELED),
        Input.REJECTED: STAY,
        Input.EXPIRED: Goto(OrderStatus.EXPIRED),
    },
    OrderStatus.EXPIRED: {
        **_ENDED,
        Input.OPEN: _OLDER,
        # Real world: what an IOC order filled is told after its end.
        Input.PARTIALLY_FILLED: STAY,
        Input.FILLED: Goto(OrderStatus.FILLED),
        Input.CANCELED: _SAME_END,
        Input.REJECTED: _SAME_END,
        Input.EXPIRED: STAY,
    },
}


def advance(status: OrderStatus, input_: Input) -> OrderStatus:
    """Return the status after ``input_``.

    Raises:
        IllegalInputError: the cell says Fault: the router is wrong, not the venue.

    """
    outcome = TRANSITIONS[status][input_]
    match outcome:
        case Goto():
            return outcome.state
        case Fault():
            raise IllegalInputError(f"{input_} in {status.name}: {outcome.reason}")
        case _:
            return status


def is_ignored(status: OrderStatus, input_: Input) -> bool:
    """Return whether ``input_`` says nothing in ``status``."""
    return isinstance(TRANSITIONS[status][input_], Ignore)


def is_back_from_the_dead(before: OrderStatus, after: OrderStatus) -> bool:
    """Return whether an order that was taken for over turned out to be live."""
    return before in TERMINAL_STATUSES and after not in TERMINAL_STATUSES
