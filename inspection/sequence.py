"""Messages drawn as arrows: the text of a sequence diagram, as Mermaid reads it.

Owns the words of an arrow. Which messages are drawn is the caller's business.
"""

from collections.abc import Iterable

import msgspec

from messages.base import Address, Message
from messages.envelope import Wake
from messages.observers import Alarm, MessageSkipped
from messages.operator import OperatorCommand
from messages.order_router import CompareOrders
from messages.orders import OrderFacts, OrderRequest
from messages.portfolio import BookPosition
from messages.positions import StrayFound
from messages.reconciler import OpenOrdersReported, TradesReported

_FIELDS = ("client_order_id", "kind", "generation", "levels", "up", "reachable", "fresh", "free")


def arrow(sender: Address, to: Address, message: Message) -> str:
    """Return a diagram's line for a message."""
    said = f"{type(message).__name__}{detail(message)}"
    return f"{actor(sender)}->>{actor(to)}: {plain_line(said)}"


def note(over: Address, text: str) -> str:
    """Return a diagram's line for what is said of an actor."""
    return f"Note over {actor(over)}: {plain_line(text)}"


def mermaid(lines: Iterable[str]) -> str:
    """Return lines as a Mermaid sequence diagram."""
    return "\n    ".join(["sequenceDiagram", *lines])


def plain_line(text: str) -> str:
    """Return a text that a diagram can show: a semicolon would end its line."""
    return text.replace(";", ",").replace("#", "no. ")


def actor(address: Address) -> str:
    """Return how an actor is named in a diagram."""
    return address.removeprefix("position/")


def detail(message: Message) -> str:
    """Return what matters of a message, in a few words."""
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
            told = ""
        case Alarm():
            told = f" {message.kind}"
        case MessageSkipped():
            told = f" {message.message_type}: {message.error}"
        case OperatorCommand():
            told = f" {_command(message)}"
        case CompareOrders():
            told = "".join(f" {one.client_order_id}" for one in message.orders)
        case TradesReported() | OpenOrdersReported() | StrayFound():
            told = f" {message.symbol}"
        case _:
            told = _fields(message)
    return told


def _command(command: OperatorCommand) -> str:
    """Return what a person wanted, and why: ``send ClosePosition cause=by_hand to p1: news``."""
    given = msgspec.json.decode(command.fields or "{}", type=dict[str, object])
    told = [
        f"{name}={'{…}' if isinstance(value, dict | list) else value}"
        for name, value in given.items()
        if value not in (None, command.reason)
    ]
    what = [command.operation.value, command.message_type, *told]
    return f"{' '.join(filter(None, what))} to {actor(command.to)}: {command.reason}"


def _fields(message: Message) -> str:
    values = [(name, getattr(message, name, None)) for name in _FIELDS]
    return "".join(f" {name} {_value(value)}" for name, value in values if value is not None)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return "+".join(str(getattr(v, "name", v)) for v in value) or "none"
    return str(value)
