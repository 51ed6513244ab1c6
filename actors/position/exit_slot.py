"""The exit slot: the only place where an order that reduces a position can live, as one table.

Rule 1: the slot changes only through ``slot_after``, and the table is total.
Rule 2: the slot is free again only when the venue has confirmed that its order is over, and with
what filled; a canceled *request* frees nothing. So a position can't sell the same coins twice.
A native OCO order counts as one.
"""

from decimal import Decimal
from enum import StrEnum

import msgspec

from actors.tables import STAY, Fault, Goto, Ignore, IllegalInputError, Outcome
from messages.base import ClientOrderId, Timestamp
from messages.money import ZERO
from messages.orders import OrderType, Purpose


class SlotState(StrEnum):
    """What is in the slot."""

    EMPTY = "empty"
    PLACING = "placing"
    """Asked for, not confirmed."""
    WORKING = "working"
    """The venue has it in its book."""
    CANCELING = "canceling"
    """We asked to cancel it; it may still fill."""
    UNKNOWN = "unknown"
    """Sent, and nobody can say yet what became of it."""


class SlotInput(StrEnum):
    """What can happen to the slot."""

    PLACED = "placed"
    """We ask for an order."""
    CANCEL_ASKED = "cancel_asked"
    """We ask to cancel it."""
    LIVE = "live"
    """The venue says: working or partly filled."""
    LOST = "lost"
    """The router says: unknown."""
    ENDED = "ended"
    """The venue says: terminal, with its final fills."""
    WRITTEN_OFF = "written_off"
    """It stayed unknown longer than a request can live; it is listed as lost."""


SLOT_TRANSITIONS: dict[SlotState, dict[SlotInput, Outcome[SlotState]]] = {
    SlotState.EMPTY: {
        SlotInput.PLACED: Goto(SlotState.PLACING),
        SlotInput.CANCEL_ASKED: Fault("there is nothing to cancel"),
        SlotInput.LIVE: Ignore("about an earlier order"),
        SlotInput.LOST: Ignore("about an earlier order"),
        SlotInput.ENDED: Ignore("about an earlier order"),
        SlotInput.WRITTEN_OFF: Fault("there is nothing to write off"),
    },
    SlotState.PLACING: {
        SlotInput.PLACED: Fault("the slot is taken: a second exit could sell the coins twice"),
        SlotInput.CANCEL_ASKED: Goto(SlotState.CANCELING),
        SlotInput.LIVE: Goto(SlotState.WORKING),
        SlotInput.LOST: Goto(SlotState.UNKNOWN),
        SlotInput.ENDED: Goto(SlotState.EMPTY),
        SlotInput.WRITTEN_OFF: Fault("its outcome is not unknown"),
    },
    SlotState.WORKING: {
        SlotInput.PLACED: Fault("the slot is taken: a second exit could sell the coins twice"),
        SlotInput.CANCEL_ASKED: Goto(SlotState.CANCELING),
        SlotInput.LIVE: STAY,
        # The venue stopped answering about an order that it had confirmed.
        SlotInput.LOST: Goto(SlotState.UNKNOWN),
        SlotInput.ENDED: Goto(SlotState.EMPTY),
        SlotInput.WRITTEN_OFF: Fault("its outcome is not unknown"),
    },
    SlotState.CANCELING: {
        SlotInput.PLACED: Fault("the slot is taken until the venue confirms the cancel"),
        SlotInput.CANCEL_ASKED: STAY,
        # The cancel is under way, or was refused: the router looks and tries again.
        SlotInput.LIVE: STAY,
        SlotInput.LOST: Goto(SlotState.UNKNOWN),
        SlotInput.ENDED: Goto(SlotState.EMPTY),
        SlotInput.WRITTEN_OFF: Fault("its outcome is not unknown"),
    },
    SlotState.UNKNOWN: {
        SlotInput.PLACED: Fault("the slot is taken: the unknown order may be live"),
        SlotInput.CANCEL_ASKED: STAY,
        SlotInput.LIVE: Goto(SlotState.WORKING),
        SlotInput.LOST: STAY,
        SlotInput.ENDED: Goto(SlotState.EMPTY),
        SlotInput.WRITTEN_OFF: Goto(SlotState.EMPTY),
    },
}


class ExitSlot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The slot of one position, and the order in it."""

    state: SlotState = SlotState.EMPTY
    order_id: ClientOrderId | None = None
    """None when EMPTY."""
    purpose: Purpose = Purpose.CLOSE
    quantity: Decimal = ZERO
    """Base, as asked for."""
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    type: OrderType = OrderType.MARKET
    since: Timestamp = Timestamp(0)
    """When the state was entered."""


EMPTY_SLOT = ExitSlot()


def slot_after(slot: ExitSlot, input_: SlotInput, now: Timestamp) -> ExitSlot:
    """Return the slot after ``input_``; it forgets its order when it is empty again.

    Raises:
        IllegalInputError: the cell says Fault: our own planner is wrong.

    """
    outcome = SLOT_TRANSITIONS[slot.state][input_]
    match outcome:
        case Fault():
            raise IllegalInputError(f"{input_} in {slot.state.name}: {outcome.reason}")
        case Goto(state=SlotState.EMPTY):
            return EMPTY_SLOT
        case Goto():
            return msgspec.structs.replace(slot, state=outcome.state, since=now)
        case _:
            return slot
