"""A failed run told to people: the choices by name, and a sequence diagram of its causal slice.

The slice holds what concerns the position that the broken rule names: its own mail, what it and its
orders were told and asked for, and by which choices; quotes and other positions are left out.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from messages.base import Address, Message
from messages.envelope import Envelope, Wake
from messages.market_data import QuoteReceived
from messages.observers import Alarm, MessageSkipped
from messages.orders import OrderFacts, OrderRequest
from messages.portfolio import BookPosition
from tests.simulation.choices import Choices
from tests.simulation.runs import finish
from tests.simulation.world import World

_POSITION = re.compile(r"\bp\d+|(?<=e1)p\d+")
_FIRST, _LAST = 80, 60
"""Lines of a diagram, at most: what is between them repeats itself."""


class Line(NamedTuple):
    """One line of the diagram: a message, or a note."""

    text: str
    of: frozenset[str]
    """Positions it concerns; empty: all."""


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
        texts = [line.text for line in self.lines if not (line.of and names) or line.of & names]
        return diagram_of(texts, self.outcome.error or "all rules hold")

    def _note(self, text: str) -> None:
        self._tell_time()
        self.lines.append(Line(f"Note over venue: {_plain(text)}", _named(text)))

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
        self.lines.append(Line(arrow(envelope.sender, address, message), of))


def arrow(sender: Address, to: Address, message: Message) -> str:
    """Return a diagram's line for a message."""
    said = f"{type(message).__name__}{_detail(message)}"
    return f"{_actor(sender)}->>{_actor(to)}: {_plain(said)}"


def diagram_of(lines: list[str], error: str) -> str:
    """Return a Mermaid sequence diagram that ends with what broke; a long one has no middle."""
    more = len(lines) - _FIRST - _LAST
    if more > 0:
        lines = [*lines[:_FIRST], f"Note over venue: {more} lines more", *lines[-_LAST:]]
    last = f"Note over venue: {_plain(error.partition(chr(10))[0])}"
    return "\n    ".join(["sequenceDiagram", *lines, last])


def _plain(text: str) -> str:
    """Return a text that a diagram can show: a semicolon would end its line."""
    return text.replace(";", ",").replace("#", "no. ")


def _actor(address: Address) -> str:
    return address.removeprefix("position/")


def _named(text: str) -> frozenset[str]:
    return frozenset(_POSITION.findall(text))


def _detail(message: Message) -> str:
    facts: OrderFacts | None = getattr(message, "facts", None)
    if facts is not None:
        return f" {facts.client_order_id} {facts.status}, filled {facts.filled}"
    request: OrderRequest | None = getattr(message, "request", None)
    if request is not None:
        price = request.price or request.trigger_price or "market"
        kind = f"{request.purpose} {request.type} {request.quantity} at {price}"
        return f" {request.client_order_id} {kind}"
    match message:
        case Wake() | BookPosition():
            return ""
        case Alarm():
            return f" {message.kind}"
        case MessageSkipped():
            return f" {message.message_type}: {message.error}"
        case _:
            return _fields(message)


def _fields(message: Message) -> str:
    names = ("client_order_id", "kind", "generation", "levels", "up", "reachable", "fresh", "free")
    values = [(name, getattr(message, name, None)) for name in names]
    return "".join(f" {name} {_value(value)}" for name, value in values if value is not None)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(str(getattr(v, "name", v)) for v in value) or "none"
    return str(value)
