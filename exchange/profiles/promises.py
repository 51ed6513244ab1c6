"""What an exchange promises of an order request, and of the reads that look for it: typed facts.

Owns the words; each fact names its source. What no document says, and no test with small orders
has shown, is not known, and counts as the worst.
"""

from enum import StrEnum

import msgspec

from messages.base import Milliseconds


class CheckedAt(StrEnum):
    """Where an exchange compares an order request's deadline with its clock."""

    ENGINE = "at the engine"
    """Last before, or in, the matching engine."""
    RECEIPT = "on receipt"
    """What is taken in time may wait before the engine."""
    UNKNOWN = "not said"


class DeadlineForm(StrEnum):
    """How the last moment of a request is written into it."""

    WINDOW = "window"
    """As ms after the request's timestamp, in ccxt's option ``recvWindow``."""
    HEADER = "header"
    """As the moment itself, ms, in a header of its own."""
    FIELD = "field"
    """As the moment itself, RFC 3339, in whole seconds rounded up, in a field of the order."""
    SIGNED = "signed"
    """As the moment itself, ms, in a field that the wallet signs with the order."""


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """Until when an exchange takes an order request; asserted on captured requests."""

    name: str
    """Of the parameter, as the exchange has it."""
    form: DeadlineForm
    window_ms: Milliseconds
    """What is asked for where nothing is urgent; all three lie in the exchange's range."""
    exit_window_ms: Milliseconds
    """Of what sells, until a request was too late."""
    window_max_ms: Milliseconds
    """The most that is asked for; the exchange takes more."""
    least_ms: Milliseconds | None = None
    """The exchange's range; None: no document names an end of it."""
    most_ms: Milliseconds | None = None
    unasked_ms: Milliseconds | None = None
    """What holds where nothing is asked for; None: nothing then bounds a request."""
    checked: CheckedAt = CheckedAt.UNKNOWN
    settle_ms: Milliseconds | None = None
    """How long after the exchange's last check its engine may still take the request. None: the
    check is on receipt, or no document says: its orders live unknown long."""
    bounds: str
    """What the parameter bounds, for people."""
    source: str


class ReadFrom(StrEnum):
    """Where the answer to a read comes from."""

    CACHE = "cache"
    """Memory or a database beside the engine: it may be behind."""
    UNKNOWN = "not said"


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """What reads after an order show, and for how long."""

    look_up: ReadFrom = ReadFrom.UNKNOWN
    """By its client order id, or in the lists that stand for it."""
    open_orders: ReadFrom = ReadFrom.UNKNOWN
    fills: ReadFrom = ReadFrom.UNKNOWN
    balance: ReadFrom = ReadFrom.UNKNOWN
    lag_ms: Milliseconds | None = None
    """By how much they may be behind the engine; None: not known."""
    lag_source: str = ""
    ended_kept_ms: Milliseconds | None = None
    """How long an order that ended is found; None: no document names an end."""
    unfilled_kept_ms: Milliseconds | None = None
    """The same of one that ended without a fill."""
    source: str = ""
    """Of all but the lag; empty: no document was found, and all is unknown."""
