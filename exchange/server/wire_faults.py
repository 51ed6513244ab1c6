"""What goes wrong on the wire, as data: a list of faults, each with its turn.

Owns the plan and the counting: the same plan and the same calls give the same faults. What each
does to a connection is in ``exchange.server.server`` (requests) and ``hub`` (events).
"""

from enum import StrEnum

import msgspec

from exchange.server.wire import EVENTS, Call

FOR_EVER = 1_000_000_000
"""As ``times``: from then on."""


class WireFaultKind(StrEnum):
    """What goes wrong."""

    STALL = "stall"
    """No answer until the plan is released; the answer then comes, if anyone still waits."""
    RESET = "reset"
    """The connection is reset; no answer."""
    CLOSED = "closed"
    """The connection is closed in order; no answer."""
    ANSWERED = "answered"
    """The answer is ``text``, with ``status``, ``content_type`` and ``headers``: a redirect, a
    challenge, a page in HTML, JSON of another shape."""
    TRUNCATED = "truncated"
    """The answer breaks off in its middle."""
    BAD_GATEWAY = "bad_gateway"
    """502 with a page in HTML."""
    UNAVAILABLE = "unavailable"
    """503."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """429 with Retry-After."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """Nobody knows whether it was done, says the venue: Binance -1007, MEXC 504."""
    REFUSED = "refused"
    """The venue says ``code`` and ``text``."""
    LOST = "lost"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    """It comes after the next event of its kind."""
    DROPPED = "dropped"
    """The sockets that would have heard it are reset instead."""
    HALF_OPEN = "half_open"
    """From it on nothing comes on these sockets, no pong either; they stay open."""


_ON_SOCKETS = frozenset(
    {
        WireFaultKind.LOST,
        WireFaultKind.DUPLICATED,
        WireFaultKind.REORDERED,
        WireFaultKind.DROPPED,
        WireFaultKind.HALF_OPEN,
    }
)


class WireFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong, and when."""

    on: Call
    kind: WireFaultKind
    acted: bool = False
    """Whether the venue did what was asked before the wire failed."""
    nth: int = 1
    """From which one on, counted from 1 among those that contain ``containing``."""
    times: int = 1
    """For how many in a row."""
    containing: str = ""
    """Count only requests and events whose text has this, such as ``side=SELL``."""
    retry_after_seconds: int | None = None
    code: int = -1000
    text: str = "An unknown error occurred while processing the request."
    status: int = 400
    """Of REFUSED and ANSWERED."""
    content_type: str = "application/json"
    """Of ANSWERED."""
    headers: dict[str, str] = {}
    """Of ANSWERED, besides."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for what can't happen."""
        if (self.on in EVENTS) is not (self.kind in _ON_SOCKETS):
            raise ValueError(f"a fault on {self.on} can't be {self.kind}")
        if self.nth < 1 or self.times < 1:
            raise ValueError(f"nth and times count from 1, not {self.nth} and {self.times}")


class WireFaults:
    """A plan under way. Where two faults meet, the first in the plan is the one."""

    def __init__(self, plan: tuple[WireFault, ...] = ()) -> None:
        """Begin with nothing counted."""
        self._plan = plan
        self._counts = [0] * len(plan)

    @property
    def to_come(self) -> tuple[WireFault, ...]:
        """Return what has not happened yet."""
        pairs = zip(self._plan, self._counts, strict=True)
        return tuple(fault for fault, count in pairs if count < fault.nth)

    def next(self, call: Call, text: str | bytes) -> WireFault | None:
        """Count one occasion; return what goes wrong with it."""
        content = text.encode() if isinstance(text, str) else text
        found = None
        for place, fault in enumerate(self._plan):
            if fault.on is call and fault.containing.encode() in content:
                self._counts[place] += 1
                is_now = fault.nth <= self._counts[place] < fault.nth + fault.times
                found = fault if is_now and found is None else found
        return found
