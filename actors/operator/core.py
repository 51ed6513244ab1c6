"""What the operator does with a command. Pure: a command is remembered, and sent on once.

Owns what a person may send to whom: commands, and requests to say something again. A fact is not
among them: only its source says it, so no state can be overwritten by hand.
"""

import re
from fnmatch import fnmatchcase

import msgspec

from messages.addresses import (
    GATEWAY,
    GUARDIAN,
    ORDER_ROUTER,
    PORTFOLIO,
    POSITIONS,
    RECONCILER,
    SUPERVISOR,
)
from messages.base import Message, Timestamp
from messages.envelope import NOTHING, Send, Step
from messages.gateway import FetchBalances, SwitchKey
from messages.guardian import EnterReducing, Halt, ResendTradingState, Resume
from messages.operator import Operation, OperatorCommand
from messages.order_router import ResendOrders
from messages.portfolio import ClearConflict
from messages.position import (
    AddToPosition,
    ChangeProtection,
    ClosePosition,
    OwnershipChanged,
    ResendBooking,
    Resync,
    StopEntering,
    SwitchProtection,
)
from messages.positions import CloseAllPositions, CloseWithoutCore, OpenPosition, StopAllEntering
from messages.reconciler import AdoptEpoch
from messages.supervisor import ResourceLost

IDS_KEPT = 256
"""Of so many commands it is known that they were done."""

_EACH_POSITION = "position/*"

_RECEIVERS: dict[type[Message], str] = {
    AddToPosition: _EACH_POSITION,
    AdoptEpoch: RECONCILER,
    ClearConflict: PORTFOLIO,
    OwnershipChanged: _EACH_POSITION,
    ChangeProtection: _EACH_POSITION,
    CloseAllPositions: POSITIONS,
    ClosePosition: _EACH_POSITION,
    CloseWithoutCore: POSITIONS,
    EnterReducing: GUARDIAN,
    FetchBalances: GATEWAY,
    Halt: GUARDIAN,
    OpenPosition: POSITIONS,
    ResendBooking: _EACH_POSITION,
    ResendOrders: ORDER_ROUTER,
    ResendTradingState: GUARDIAN,
    ResourceLost: SUPERVISOR,
    Resume: GUARDIAN,
    Resync: _EACH_POSITION,
    StopAllEntering: POSITIONS,
    StopEntering: _EACH_POSITION,
    SwitchKey: GATEWAY,
    SwitchProtection: _EACH_POSITION,
}

SENDABLE: dict[str, tuple[type[Message], str]] = {
    kind.__name__: (kind, receiver) for kind, receiver in _RECEIVERS.items()
}
"""By name: what a person may send, and to whom (address or pattern)."""


class CommandError(ValueError):
    """The command can't be sent; its text says what would be right."""


class Operator(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What was asked for lately."""

    command_ids: tuple[str, ...] = ()
    """Oldest first."""


def step(operator: Operator, command: Message, now: Timestamp) -> Step:  # noqa: ARG001 - as all
    """Remember the command and send what it says; one that is known does nothing.

    To suspend and to release is the inspector's; here it is only remembered.

    Raises:
        CommandError: it can't be sent.
        TypeError: the message is none of the operator's.
    """
    if not isinstance(command, OperatorCommand):
        raise TypeError(f"the operator does not take {type(command).__name__}")
    if command.command_id in operator.command_ids:
        return NOTHING
    after = Operator(command_ids=(*operator.command_ids, command.command_id)[-IDS_KEPT:])
    if command.operation is not Operation.SEND:
        return Step((after,))
    return Step((after,), (Send(command.to, message_of(command)),))


def message_of(command: OperatorCommand) -> Message:
    """Return the message that is to be sent. Raises ``CommandError``."""
    found = SENDABLE.get(command.message_type)
    if found is None:
        raise CommandError(
            f"{command.message_type} can't be sent by hand; what can: {', '.join(sorted(SENDABLE))}"
        )
    kind, receiver = found
    if not fnmatchcase(command.to, receiver):
        raise CommandError(f"{kind.__name__} is for {receiver}, not for {command.to}")
    try:
        given = msgspec.json.decode(command.fields or "{}")
        unknown = sorted(set(given) - set(kind.__struct_fields__)) if type(given) is dict else []
        if unknown:
            raise CommandError(f"{kind.__name__} has no {', '.join(unknown)}: {schema(kind)}")
        return msgspec.convert(given, kind, strict=False)
    except msgspec.MsgspecError as error:
        raise CommandError(f"{kind.__name__}: {error}: {schema(kind)}") from None


def schema(kind: type[Message]) -> str:
    """Return a message's fields for people: ``reason: str, budget: Decimal = …``."""
    fields = [
        f"{field.name}: {_name_of(field.type)}" + ("" if field.required else " (may be left out)")
        for field in msgspec.structs.fields(kind)
    ]
    return f"{kind.__name__}({', '.join(fields)})"


def _name_of(kind: object) -> str:
    """Return a type as people write it, without the modules."""
    return re.sub(r"\w+\.", "", kind.__name__ if isinstance(kind, type) else str(kind))
