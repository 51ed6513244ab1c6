"""How long to wait before asking again: exponential, jittered, the same in every run.

Owns the formula. The jitter comes from the seed, the order and the number of the request, so that
orders that failed together do not come back together.
"""

from hashlib import blake2b

from actors.order_router.order import RoutedOrder
from config.settings import RouterSettings
from messages.base import Milliseconds

_DOUBLINGS_MAX = 30
"""Keeps the product small; the cap is reached long before."""


def retry_pause_ms(
    order: RoutedOrder, settings: RouterSettings, retry_after_ms: Milliseconds | None = None
) -> int:
    """Return the pause before a repetition; never shorter than the venue asked for."""
    pause = _jittered_ms(order, settings, settings.retry_backoff_ms, max(order.tries - 1, 0))
    return max(pause, retry_after_ms or 0)


def look_up_pause_ms(order: RoutedOrder, settings: RouterSettings) -> int:
    """Return the pause between two answered look-ups; it grows once the answer is clear."""
    excess = max(order.not_found - settings.unknown_not_found_needed, 0)
    return _jittered_ms(order, settings, settings.unknown_lookup_interval_ms, excess)


def _jittered_ms(order: RoutedOrder, settings: RouterSettings, base_ms: int, doublings: int) -> int:
    cap_ms = max(settings.retry_backoff_max_ms, base_ms)
    full_ms = min(base_ms << min(doublings, _DOUBLINGS_MAX), cap_ms)
    half_ms = full_ms // 2
    return half_ms + _jitter(order, settings) % (full_ms - half_ms + 1)


def _jitter(order: RoutedOrder, settings: RouterSettings) -> int:
    text = f"{settings.jitter_seed}/{order.request.client_order_id}/{order.requests}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
