"""A failed run told to people: the choices by name, and a sequence diagram of its causal slice.

The slice holds what concerns the position that the broken rule names: its own mail, what it and its
orders were told and asked for, and by which choices; quotes and other positions are left out. Of
that it keeps what the end can have come from: a message to somebody who has sent nothing since that
mattered is left out.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from inspection.sequence import arrow, mermaid, plain_line
from messages.addresses import GATEWAY, position_address
from messages.base import Address, PositionId
from messages.envelope import Envelope
from messages.market_data import QuoteReceived
from verification.simulation.choices import Choices
from verification.simulation.runs import finish
from verification.simulation.world import World

_POSITION = re.compile(r"\bp\d+|(?<=e1)p\d+")
_FIRST, _LAST = 80, 60
"""Lines of a diagram, at most: what is between them repeats itself."""


class Line(NamedTuple):
    """One line of the diagram: a message, or a note."""

    text: str
    of: frozenset[str]
    """Positions it concerns; empty: all."""
    sender: Address | None = None
    to: Address | None = None
    """Of a message."""


class Story:
    """Runs a schedule and notes what happens."""

    def __init__(self, schedule: Iterable[int]) -> None:
        self.lines: list[Line] = []
        self._world = World(Choices(schedule))
        self._at = self._world.now
        venue = self._world.venue
        self._world.on_act = venue.on_fate = venue.way.on_arrival = self._note
        self._world.listeners.append(self._hear)
        self.outcome = finish(self._world)

    def diagram(self) -> str:
        """Return the causal slice as a Mermaid sequence diagram."""
        names = frozenset(_POSITION.findall(self.outcome.error or ""))
        lines = [line for line in self.lines if not (line.of and names) or line.of & names]
        if self.outcome.error is not None:
            lines = causes(lines, {position_address(PositionId(name)) for name in names})
        texts = [line.text for line in lines]
        return diagram_of(texts, self.outcome.error or "all rules hold")

    def _note(self, text: str) -> None:
        self._tell_time()
        self.lines.append(Line(f"Note over venue: {plain_line(text)}", _named(text)))

    def _tell_time(self) -> None:
        now = self._world.now
        if now != self._at:
            passed = f"Note over venue: {(now - self._at) / 1000:g} s later"
            self.lines.append(Line(passed, frozenset()))
            self._at = now

    def _hear(self, address: Address, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, QuoteReceived):
            return
        self._tell_time()
        of = _named(f"{address} {envelope.sender} {message!r}")
        text = arrow(envelope.sender, address, message)
        self.lines.append(Line(text, of, envelope.sender, address))


def causes(lines: list[Line], named: set[Address]) -> list[Line]:
    """Return what can have led to the end of these lines, and the notes."""
    kept: list[Line] = []
    matters = named | {GATEWAY}
    for line in reversed(lines):
        if line.to is None or line.to in matters or not kept:
            kept.append(line)
            matters |= {a for a in (line.sender, line.to) if a is not None}
    return kept[::-1]


def diagram_of(lines: list[str], error: str) -> str:
    """Return a Mermaid sequence diagram that ends with what broke; a long one has no middle."""
    more = len(lines) - _FIRST - _LAST
    if more > 0:
        lines = [*lines[:_FIRST], f"Note over venue: {more} lines more", *lines[-_LAST:]]
    last = f"Note over venue: {plain_line(error.partition(chr(10))[0])}"
    return mermaid([*lines, last])


def _named(text: str) -> frozenset[str]:
    return frozenset(_POSITION.findall(text))
