"""What can become of requests on their way to the venue, events on their way back, and commits.

The numbers are part of schedules: new fates go to the end.
"""

from enum import IntEnum

from msgspec.structs import replace

from messages.base import ClientOrderId
from messages.money import ZERO
from messages.order_router import CancelFailed, FailureKind, OrderReported, SubmitFailed
from messages.orders import RejectReason

NO_ANSWER = "no answer"


class SubmitFate(IntEnum):
    ARRIVES = 0
    LATE = 1
    LOST_ACK = 2
    """It is done; the answer says that nobody knows."""
    NEVER_ARRIVED = 3
    """It is not done; the answer says that nobody knows."""
    RATE_LIMITED = 4
    OVERSOLD = 5
    """30005: refused, the coins are said not to be there."""
    REFUSED = 6
    TOO_SMALL = 7
    NO_BUYERS = 8
    BEYOND_STOP = 9
    SILENT = 10
    """It is not done, and nobody answers."""
    DONE_IN_SILENCE = 11
    OVERFILLED = 12
    """A buy gets more than was asked for, a little later."""
    FAR_TOO_LATE = 13
    """Nobody answers, and a buy arrives when everybody has given it up; a sell is only late."""
    SHOWN_AND_UNKNOWN = 14
    """The stream shows it; then the answer says that nobody knows."""
    DENIED_AND_DONE = 15
    """The answer says that it surely did not arrive: true of a sell; a buy is there after all."""
    TOO_LARGE = 16
    OFF_STEP = 17
    MET_ITSELF = 18
    """Self-trade prevention: it ends as it comes."""
    TOO_LATE = 19
    """Refused for its time: definite for this copy."""
    HELD_BEHIND_THE_DOOR = 20
    """In time for the venue's check; its engine takes it later, and the answer comes then."""
    HELD_AND_UNKNOWN = 21
    """The same, and the answer says at once that nobody knows."""
    TAKEN = 22
    """Another order has the id: refused as a duplicate, and a look-up shows the other one."""
    TAKEN_AND_SHOWN = 23
    """Another order has the id: the stream shows it, and the answer says that nobody knows."""


class CancelFate(IntEnum):
    ARRIVES = 0
    LATE = 1
    LOST_ACK = 2
    NEVER_ARRIVED = 3
    RATE_LIMITED = 4
    REFUSED = 5
    """-2011, though the order works."""
    FILLS_FIRST = 6
    PART_FILLS_FIRST = 7
    FILLS_LATER = 8
    """Confirmed; then the buy fills after all."""
    SILENT = 9
    DONE_IN_SILENCE = 10
    FILLS_LATER_IN_PARTS = 11
    """Confirmed; then the buy fills after all, half now, half later."""


class LookUpFate(IntEnum):
    ANSWERED = 0
    LATE = 1
    NOT_FOUND = 2
    """Though it is there: it came a moment ago."""
    FAILS = 3
    SILENT = 4
    CACHED = 5
    """As it was a while ago."""
    ERRS = 6
    """Not found, though it is there: a single wrong answer."""


class EventFate(IntEnum):
    ARRIVES = 0
    LATE = 1
    TWICE = 2
    LOST = 3
    WITHOUT_COST = 4
    """It says how much filled, and neither what that cost nor its fees."""
    WITHOUT_FEES = 5
    """It says what the fills cost; their fees are known later."""
    CACHED = 6
    """A list as it was a while ago; an event comes late."""
    SOON = 7
    """An event comes late, and no later than the stream's lag; a list comes late."""


class DiskFate(IntEnum):
    """Of a commit, by the disk that it goes to."""

    WRITTEN = 0
    FAILS = 1
    FAILS_WRITTEN = 2
    """It is on the disk; the process is told that it failed."""
    DIES_BEFORE = 3
    """The process dies, and the batch with it."""
    DIES_AFTER = 4
    """The process dies as soon as it is written."""


SUBMIT_REFUSALS = {
    SubmitFate.OVERSOLD: (RejectReason.INSUFFICIENT_FUNDS, "30005: Oversold"),
    SubmitFate.REFUSED: (RejectReason.OTHER, "refused"),
    SubmitFate.TOO_SMALL: (RejectReason.BELOW_MINIMUM, "-1013: NOTIONAL"),
    SubmitFate.NO_BUYERS: (RejectReason.NO_LIQUIDITY, "no liquidity"),
    SubmitFate.TOO_LARGE: (RejectReason.ABOVE_MAXIMUM, "-1013: MARKET_LOT_SIZE"),
    SubmitFate.OFF_STEP: (RejectReason.PRECISION, "-1013: LOT_SIZE"),
    SubmitFate.BEYOND_STOP: (RejectReason.WOULD_TRIGGER_AT_ONCE, "-2010: would trigger"),
}

SUBMIT_FAILURES = {
    SubmitFate.RATE_LIMITED: FailureKind.RETRYABLE,
    SubmitFate.NEVER_ARRIVED: FailureKind.UNKNOWN,
    SubmitFate.DENIED_AND_DONE: FailureKind.RETRYABLE,
}


def submit_failed(
    order_id: ClientOrderId,
    kind: FailureKind,
    reason: RejectReason = RejectReason.OTHER,
    text: str = NO_ANSWER,
) -> SubmitFailed:
    return SubmitFailed(client_order_id=order_id, kind=kind, reason=reason, text=text)


def cancel_failed(order_id: ClientOrderId, kind: FailureKind) -> CancelFailed:
    text = "-2011: Unknown order sent." if kind is FailureKind.REJECTED else NO_ANSWER
    return CancelFailed(client_order_id=order_id, kind=kind, text=text)


def less_told(report: OrderReported, fate: EventFate) -> OrderReported:
    """Return the report as a venue makes it that does not know yet what its fills cost."""
    facts = replace(report.facts, fees=(), fees_missing=report.facts.filled)
    if fate is EventFate.WITHOUT_COST:
        facts = replace(facts, cost=ZERO, unpriced=facts.filled)
    return replace(report, facts=facts)
