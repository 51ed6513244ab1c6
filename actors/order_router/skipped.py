"""What the router says after a message that it could not take: refused, or asked for again.

Owns the way on after a skipped message. Nothing changed by it; nothing went to the venue for it.
"""

from actors.order_router.notifications import refused, tell
from actors.order_router.order_store import Orders
from messages.addresses import OBSERVERS, ORDER_ROUTER, position_address
from messages.base import Message
from messages.envelope import Send
from messages.ids import position_of
from messages.observers import Alarm, AlarmKind
from messages.order_router import (
    CancelFailed,
    CancelOrder,
    ConflictCleared,
    LookBack,
    LookUpFailed,
    OrderNotFound,
    OrderReported,
    ReleaseOrders,
    RequestTimingMeasured,
    ResendConflicts,
    ResendOrders,
    StreamChanged,
    SubmitFailed,
)
from messages.orders import OrderRequest
from messages.position import Resync
from messages.reconciler import IdentityChanged

LATEST = (StreamChanged, RequestTimingMeasured, IdentityChanged)
"""Each is sent once, and holds until the next one of its kind."""


def refusal(orders: Orders, request: OrderRequest, error: str) -> Send:
    """Return the refusal of a wish to place; the position may wish again, under another id."""
    known = orders.by_id.get(request.client_order_id)
    if known is not None:
        return tell(request.position_id, known.facts)
    text = f"the order router could not take it: {error}"
    return refused(request.position_id, request.client_order_id, text)


def after_skip(message: Message) -> tuple[Send, ...]:
    """Return what to send after ``message`` was skipped for the first time.

    It is heard once more: a command, an answer, or a fact, which is cumulative.
    """
    match message:
        case (
            CancelOrder()
            | ReleaseOrders()
            | ResendOrders()
            | LookBack()
            | StreamChanged()
            | RequestTimingMeasured()
            | IdentityChanged()
            | ConflictCleared()
            | ResendConflicts()
        ):
            return (Send(ORDER_ROUTER, message),)
        case SubmitFailed() | CancelFailed() | OrderNotFound() | LookUpFailed():
            # Said once, and only while its request is under way does it mean anything. Skipped
            # again, that request counts as unanswered from its deadline on.
            return (Send(ORDER_ROUTER, message),)
        case OrderReported():
            # It says all there is; a look-up may fail, and of an order that is over there would be
            # no second one.
            return (Send(ORDER_ROUTER, message),)
        case _:
            return ()


def after_second_skip(message: Message, error: str) -> tuple[Send, ...]:
    """Return what to send when ``message`` was skipped again: now a person must look.

    A position asks anew for what it wanted, with pauses.
    """
    skipped = type(message).__name__
    text = f"the order router can't take {skipped}, heard twice: {error}"
    alarm = Send(OBSERVERS, Alarm(kind=AlarmKind.STEP_SKIPPED, text=text))
    match message:
        case CancelOrder():
            position_id = position_of(message.client_order_id)
        case ReleaseOrders() | ResendOrders() | LookBack():
            position_id = message.position_id
        case _:
            position_id = None
    if position_id is None:
        return (alarm,)
    return alarm, Send(position_address(position_id), Resync(skipped=skipped, error=error))


def source_of(message: Message) -> tuple[str, str]:
    """Return what a message is of and whose: a second skip of the same is recognized by it."""
    match message:
        case OrderReported():
            key = message.facts.client_order_id
        case CancelOrder() | SubmitFailed() | CancelFailed() | OrderNotFound() | LookUpFailed():
            key = message.client_order_id
        case _:
            return type(message).__name__, getattr(message, "position_id", "")
    return type(message).__name__, key
