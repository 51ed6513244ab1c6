"""The words every message is made of: ids, time, and the base struct.

A message is frozen and is either a command (imperative: ``PlaceOrder``), a request, or a fact (past
tense: ``OrderUpdated``). Requests carry an id and may be sent again; facts are cumulative, never
deltas: heard twice, late or out of order, they do no harm.
"""

from typing import NewType

import msgspec

Timestamp = NewType("Timestamp", int)
"""Milliseconds since the Unix epoch, UTC. Always from a clock, as data."""

Milliseconds = NewType("Milliseconds", int)
"""A duration."""

DAY_MS = Milliseconds(86_400_000)
"""A day by the clock of UTC, which has no leap seconds here."""
CLOCKS_DIFFER_MS = Milliseconds(60_000)
"""By how much a venue's clock may be behind ours; the times of an order and its fills, too."""

Currency = NewType("Currency", str)
"""A currency's code, such as ``USDT``."""

Symbol = NewType("Symbol", str)
"""A spot market as ``BASE/QUOTE``, such as ``BTC/USDT``."""

PositionId = NewType("PositionId", str)
"""``p`` and a number, in order of opening within one journal: ``p17``."""

ClientOrderId = NewType("ClientOrderId", str)
"""Ours, deterministic: see ``messages.ids``. At most 32 characters, letters and digits."""

ExchangeOrderId = NewType("ExchangeOrderId", str)
"""The venue's own."""

Address = NewType("Address", str)
"""An actor's name in the tree: ``portfolio``, ``position/p17``."""

MessageId = tuple[int, int]
"""The sequence of the record that sent it and its place in that outbox; ``(0, n)`` from an edge."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """What travels between actors. The tag is the class's name.

    ``gc=False``, here and of the entities that are many: frozen all the way down, it is in no
    cycle, so the garbage collector need not look at it.
    """


def end_of_day(at: Timestamp) -> Timestamp:
    """Return the next 00:00 UTC after ``at``."""
    return Timestamp((at // DAY_MS + 1) * DAY_MS)


def base_currency(symbol: Symbol) -> Currency:
    """Return ``BTC`` of ``BTC/USDT``."""
    return Currency(symbol.partition("/")[0])


def quote_currency(symbol: Symbol) -> Currency:
    """Return ``USDT`` of ``BTC/USDT``."""
    return Currency(symbol.partition("/")[2])
