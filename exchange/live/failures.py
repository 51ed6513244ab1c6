"""Failures as the router hears them: what is known, why, and how long the venue wants to rest."""

from exchange.live.client import RETRY_AFTER_MS
from exchange.live.errors import LiveError, NotFoundError, RejectedError, RetryableError
from messages.base import ClientOrderId, Milliseconds, Timestamp
from messages.order_router import CancelFailed, FailureKind, LookUpFailed, SubmitFailed
from messages.orders import RejectReason

LONGEST_TOLD_MS = 600_000
"""Told of a longer pause: a probe may end it before its time, so it is looked at again."""


def submit_failed(
    order_id: ClientOrderId, failure: LiveError, signed_at: Timestamp | None = None
) -> SubmitFailed:
    """Return how a submit of the running task failed; ``signed_at`` is its own timestamp."""
    return SubmitFailed(
        client_order_id=order_id,
        kind=kind_of(failure),
        reason=failure.reason if isinstance(failure, RejectedError) else RejectReason.OTHER,
        text=str(failure),
        retry_after_ms=_retry_after(failure),
        was_late=isinstance(failure, RetryableError) and failure.is_late,
        signed_at=signed_at,
    )


def cancel_failed(order_id: ClientOrderId, failure: LiveError) -> CancelFailed:
    """Return how a cancel of the running task failed."""
    return CancelFailed(
        client_order_id=order_id,
        kind=kind_of(failure),
        text=str(failure),
        retry_after_ms=_retry_after(failure),
    )


def look_up_failed(order_id: ClientOrderId, failure: LiveError) -> LookUpFailed:
    """Return how a look-up of the running task failed."""
    return LookUpFailed(
        client_order_id=order_id, text=str(failure), retry_after_ms=_retry_after(failure)
    )


def kind_of(failure: LiveError) -> FailureKind:
    """Return what is known of a request that failed."""
    match failure:
        case RetryableError():
            return FailureKind.RETRYABLE
        case RejectedError() | NotFoundError():
            return FailureKind.REJECTED
        case _:
            return FailureKind.UNKNOWN


def _retry_after(failure: LiveError) -> Milliseconds | None:
    told = failure.retry_after_ms if isinstance(failure, RetryableError) else None
    waits = told if told is not None else RETRY_AFTER_MS.get()
    return None if waits is None else Milliseconds(min(waits, LONGEST_TOLD_MS))
