"""Whether a request may be trusted: key, signature and age. Pure."""

import hmac
from hashlib import sha256

from messages.base import Milliseconds, Timestamp

AHEAD_MS = Milliseconds(1_000)
"""How far a client's clock may be ahead (both venues' docs)."""
DEFAULT_WINDOW_MS = Milliseconds(5_000)
LONGEST_WINDOW_MS = Milliseconds(60_000)


def is_signed(text: str, secret: str, signature: str) -> bool:
    """Return whether ``signature`` is the HMAC-SHA256 of ``text``, in hex."""
    expected = hmac.new(secret.encode(), text.encode(), sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def without_signature(text: str) -> tuple[str, str]:
    """Split what was signed from its signature, which stands last; empty: none."""
    signed, _, signature = text.rpartition("signature=")
    return (signed.removesuffix("&"), signature) if signed else (text, "")


def is_fresh(timestamp: int, window_ms: int, now: Timestamp) -> bool:
    """Return whether a request is neither too old nor from the future."""
    return timestamp < now + AHEAD_MS and now - timestamp <= window_ms
