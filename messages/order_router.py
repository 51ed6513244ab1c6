"""What the order router receives."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from messages.base import ClientOrderId, Message, Milliseconds, PositionId, Symbol, Timestamp
from messages.market import RequestTerms
from messages.money import ZERO
from messages.orders import OrderFacts, OrderRequest, OrderTerms, RejectReason
from messages.reconciler import ListedOrder


class PlaceOrder(Message, frozen=True, kw_only=True):
    """Place an order; asked twice, it is placed once. From a position."""

    request: OrderRequest


class CancelOrder(Message, frozen=True, kw_only=True):
    """Cancel an order; asked twice, or when it is over, it does no harm. From a position."""

    client_order_id: ClientOrderId
    urgent: bool = False
    """An exit waits for it: it goes before everything that protects or enters."""


class ReleaseOrders(Message, frozen=True, kw_only=True):
    """The position is CLOSED: fills beyond these are unmatched. From the position; answered."""

    position_id: PositionId
    booked: tuple[OrderFacts, ...] = ()
    """Its orders with fills, as it booked them; of others it booked nothing."""


class ResendOrders(Message, frozen=True, kw_only=True):
    """Tell the position how each of its orders stands. From the position, after a skipped fact."""

    position_id: PositionId
    awaited: tuple[ClientOrderId, ...] = ()
    """Orders of which it has heard nothing: those that the router never had are refused."""


class ReadLedger(Message, frozen=True, kw_only=True):
    """Answer with all orders of a position at once. From its salvage."""

    position_id: PositionId
    number: int
    """Of the question; the answer repeats it."""


class LookBack(Message, frozen=True, kw_only=True):
    """Look up the exits that may have left without a record. From a position after a restart.

    Answered with ``LookedBack``, when all its orders are looked up too.
    """

    position_id: PositionId
    symbol: Symbol
    order_prefix: str
    """What its client order ids begin with."""
    after: int
    """The last exit that is on record; 0: none."""
    at_most: Decimal
    """Base that one of them can have asked for."""
    since: Timestamp
    """Of the last record: none of them is older."""
    is_recorded: bool = False
    """No exit left without a record: only the orders that are known are looked up."""
    recovery: int = 0
    """Of the restart after which it asks; the answer names it."""
    upto: int = 0
    """An exit that was seen: all before it are looked up too."""
    is_contested: bool = False
    """Another process may hold the position: what is found live may be its own, and stays."""
    is_owned: bool = False
    """A person named this process the owner: also what a twin placed is the position's."""
    later: tuple[str, ...] = ()
    """The prefixes of earlier starts that are looked back at after this one."""


class ConflictCleared(Message, frozen=True, kw_only=True):
    """A person has looked: the order under this id is not ours, and ours is not there.

    From the portfolio.
    """

    client_order_id: ClientOrderId


class ResendConflicts(Message, frozen=True, kw_only=True):
    """Tell the portfolio again which orders of a symbol are in conflict.

    From the portfolio, after a skipped conflict, and where a person ends one that it does not have.
    """

    symbol: Symbol
    client_order_id: ClientOrderId | None = None
    """Of this one also that it is in none."""


class ListSymbols(Message, frozen=True, kw_only=True):
    """Answer with the symbols of all orders that are remembered. From the reconciler."""


class ListUnfilled(Message, frozen=True, kw_only=True):
    """Answer with what orders that may be live could still fill. From the portfolio."""


class CompareOrders(Message, frozen=True, kw_only=True):
    """Look up what the venue knows more of, and name what nobody here knows. From the reconciler.

    Answered with ``OrdersUnknown``, where there are such.
    """

    symbol: Symbol
    orders: tuple[ListedOrder, ...]
    answers: str = ""
    """Which list of a start's first look this is: it is answered also where all are known."""


class OrderReported(Message, frozen=True, kw_only=True):
    """How an order stands at the venue. From the gateway: ack, event or look-up."""

    facts: OrderFacts
    terms: OrderTerms | None = None
    """Of a look-up; None: the venue did not say."""


class FailureKind(StrEnum):
    """What is known of a request that failed."""

    RETRYABLE = "retryable"
    """It surely did not reach the matching engine."""
    REJECTED = "rejected"
    """The venue said no."""
    UNKNOWN = "unknown"
    """It may have been done."""


class SubmitFailed(Message, frozen=True, kw_only=True):
    """A submit got no ack. From the gateway."""

    client_order_id: ClientOrderId
    kind: FailureKind
    reason: RejectReason = RejectReason.OTHER
    text: str = ""
    retry_after_ms: Milliseconds | None = None
    was_late: bool = False
    """Of RETRYABLE: the venue refused it as too late, or it was too late to sign it. That is
    definite for this copy."""
    signed_at: Timestamp | None = None
    """The timestamp that was written into it, on the venue's clock. None: it was not signed, or
    that is not known."""


class SubmitHeld(Message, frozen=True, kw_only=True):
    """The submit has not left: its record is not durable yet, and the disk fails. From the gateway.

    Told again and again until it leaves: nobody need wonder what became of it.
    """

    client_order_id: ClientOrderId


class CancelFailed(Message, frozen=True, kw_only=True):
    """A cancel was refused or lost. From the gateway.

    REJECTED means that the venue does not cancel it (MEXC and Binance -2011): it filled, is
    canceled already or never was. Only a look-up tells which.
    """

    client_order_id: ClientOrderId
    kind: FailureKind
    text: str = ""
    retry_after_ms: Milliseconds | None = None


class LookPart(StrEnum):
    """What a whole look asks beside the order's own id."""

    OPEN_ORDERS = "open orders"
    FILLS = "fills"
    BALANCE = "balance"
    CANCEL = "cancel"
    """By client order id, answered by the matching engine: "unknown order" means not open now."""


class WholeLook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the venue answered beside "no such order"; all asked after it had shown its time."""

    missing: tuple[LookPart, ...] = ()
    """Parts that the venue has no read for, or that had no usable answer."""
    open_orders: tuple[str, ...] = ()
    """The venue's ids of the orders that work on the symbol; none is the one looked for."""
    fills: tuple[str, ...] = ()
    """The venue's ids of the fills since the order was signed; none is the order's."""
    total: Decimal | None = None
    """Of the coin that the order spends; None: not known."""
    free: Decimal | None = None
    total_before: Decimal | None = None
    """The same just before the order was signed, where it was certain then. None: it was not."""
    free_before: Decimal | None = None
    balance_shows: Timestamp | None = None
    """On the venue's clock: the last change of the account that the balance includes."""
    unexplained: Decimal = ZERO
    """Locked coins of that kind that no listed order explains."""
    stream: int = 0
    """Number of the connection that the account's stream has had since; checked to be alive after
    all parts were answered. 0: it is down, or did not answer."""
    signed_on: int = 0
    """The number that it had before the order was signed first; equal: there was no gap. 0: not
    known, an earlier process signed it."""


class OrderNotFound(Message, frozen=True, kw_only=True):
    """The venue knows no such order, it says: one such answer is no proof. From the gateway."""

    client_order_id: ClientOrderId
    venue_time: Timestamp | None = None
    """The venue's own time, of an answer that was there before this was asked. None: it was not
    asked for."""
    look: WholeLook | None = None
    """None: only the order's id was asked for."""


class LookUpFailed(Message, frozen=True, kw_only=True):
    """A look-up got no answer; it may be asked again. From the gateway."""

    client_order_id: ClientOrderId
    text: str = ""
    retry_after_ms: Milliseconds | None = None


class StreamChanged(Message, frozen=True, kw_only=True):
    """The venue's order stream is up or down.

    From the gateway; from the recovery, down, until the venue is connected.
    """

    up: bool
    is_restart: bool = False
    """From the recovery: what the dead process asked for will not be answered any more."""


class RequestTimingMeasured(Message, frozen=True, kw_only=True):
    """The venue's clock against ours, as measured now. From the gateway."""

    offset_ms: int
    """The venue's clock less ours: midpoint of the fastest of several round trips."""
    error_ms: Milliseconds
    """By how much ``offset_ms`` may be wrong."""
    latency_ms: Milliseconds
    """Of the slowest of these round trips."""
    terms: RequestTerms | None = None
    """None: it is not known until when the venue takes a request."""
