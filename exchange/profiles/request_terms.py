"""What a profile promises of requests and reads, as the order router reckons with it. Pure."""

from exchange.profiles.profile import Profile
from messages.base import Milliseconds
from messages.market import RequestTerms
from messages.orders import OrderType

UNKNOWN_LIFE_MS = Milliseconds(60_000)
"""What is assumed of a request whose life no document bounds, where a figure is needed."""
SIMPLE = (OrderType.MARKET, OrderType.LIMIT)


def terms_of(profile: Profile, *, may_borrow: bool | None = None) -> RequestTerms | None:
    """Return the terms; None: nothing is known that the router could use.

    ``may_borrow``: what the account's own mode says; None: it was not asked.
    """
    deadline, lag_ms = profile.deadline, profile.reads.lag_ms
    locking = tuple(one for one in profile.locking if locks(profile, one))
    if profile.may_borrow if may_borrow is None else may_borrow:
        locking = ()  # the exchange lends what isn't there
    if deadline is None:
        if not locking:
            return None
        window = profile.request_life_ms or UNKNOWN_LIFE_MS
        return RequestTerms(
            window_ms=window,
            exit_window_ms=window,
            window_max_ms=window,
            settle_ms=None,
            read_lag_ms=lag_ms or UNKNOWN_LIFE_MS,
            locking=locking,
        )
    return RequestTerms(
        window_ms=deadline.window_ms,
        exit_window_ms=deadline.exit_window_ms,
        window_max_ms=deadline.window_max_ms,
        settle_ms=None if lag_ms is None else deadline.settle_ms,
        read_lag_ms=lag_ms or UNKNOWN_LIFE_MS,
        stream_lag_ms=None if profile.unknown_order is None else profile.stream_lag_ms,
        locking=locking,
    )


def locks(profile: Profile, kind: OrderType) -> bool | None:
    """Return whether a sale of this type keeps its coins from others; None: it is not known.

    On an account that can't borrow.
    """
    if kind not in SIMPLE and profile.stop_locks_coins is not True:
        return profile.stop_locks_coins
    return True if kind in profile.locking else None


def bound_ms(profile: Profile) -> int | None:
    """Return how long after its signing the engine takes an exit, at most; None: not known."""
    deadline = profile.deadline
    if deadline is None or deadline.settle_ms is None:
        return None
    return deadline.exit_window_ms + deadline.settle_ms


def proof_ms(profile: Profile) -> int | None:
    """Return how long after its signing an exit is proven absent, at most; None: the slow proof."""
    terms = terms_of(profile)
    if terms is None or terms.settle_ms is None:
        return None
    return terms.exit_window_ms + terms.settle_ms + terms.read_lag_ms


def early_proof_ms(profile: Profile) -> int | None:
    """Return the same where the account's stream had no gap; None: that proves nothing there."""
    terms = terms_of(profile)
    if terms is None or terms.settle_ms is None or terms.stream_lag_ms is None:
        return None
    return terms.exit_window_ms + terms.settle_ms + terms.stream_lag_ms
