"""How a command is done: why, what will happen, and under an id that makes it happen once.

Owns the way from a message to the operator's actor, the plan of a position opened by hand, and the
warning before an actor is suspended.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec
from rich.text import Text

from actors.operator.core import SENDABLE, CommandError, message_of
from actors.position.coverage import is_covered_by_trigger, is_stopped_at_venue
from actors.positions.roster import ListedMarket
from config.plan_changes import PlanError, changed_plan
from inspection.arguments import ratio
from inspection.command import Context, Operating
from inspection.errors import InspectError, NotLiveError, RefusedError
from inspection.source import Source
from inspection.view import WARN, View, fields, number, pairs, some
from messages.addresses import (
    GATEWAY,
    JOURNAL,
    MARKET_DATA,
    ORDER_ROUTER,
    POSITIONS,
)
from messages.base import Address, Message, Milliseconds, Symbol
from messages.inspection import Operate
from messages.operator import Operation, OperatorCommand
from messages.plan import Plan
from session.folders import SESSION_NAME
from terminal.words import count

SUSPEND_SECONDS = 60
RATIOS = ("take_profit", "stop_loss")

_NOT_DONE = View(Text("not done"), {"done": False})
_COVERS = frozenset({GATEWAY, JOURNAL, MARKET_DATA, ORDER_ROUTER})
"""Without one of these no stop is seen or sold."""


class _Settings(msgspec.Struct):
    plan: Plan


class _Session(msgspec.Struct):
    settings: _Settings


def reason_of(context: Context) -> str:
    """Return why; raises ``InspectError`` where a person only looks."""
    return _operating(context).reason


def send_message(
    context: Context,
    to: Address,
    message: Message,
    what: str,
    note: str = "",
    affected: msgspec.Struct | None = None,
) -> View:
    """Have a message sent, once a person has seen what will happen.

    ``affected`` is what the preview sums, as data.
    """
    command = _sending(context, to, message)
    return _confirmed(context, Operate(command=command), what, note, affected)


def send_each(
    context: Context,
    to: Sequence[Address],
    message: Message,
    what: str,
    note: str,
    affected: msgspec.Struct,
) -> View:
    """Have each address sent the message, once a person has seen what will happen to them all.

    One that is refused keeps no other from being sent.

    Raises:
        InspectError: some were refused; says which, why, and which were sent.
    """
    commands = [_sending(context, address, message) for address in to]
    operating = _operating(context)
    if not operating.confirm(_preview(operating, what, note, affected)):
        return _NOT_DONE
    source, sent, refused = context.live("this"), [], []
    for command in commands:
        name = command.to.partition("/")[2] or command.to
        try:
            operating.do(source, Operate(command=command))
        except RefusedError as error:
            refused.append(f"{name}: {error}")
        else:
            sent.append(name)
    if refused:
        done = f"sent to {', '.join(sent)}" if sent else "none was sent"
        raise InspectError(f"refused: {'; '.join(refused)}; {done}")
    text = f"sent to {', '.join(sent)}; what becomes of them: book, why {sent[0]}"
    ids = [command.command_id for command in commands]
    return View(Text(text), {"done": True, "text": text, "ids": ids})


def send_fields(context: Context, to: Address, name: str, text: str) -> View:
    """Have a message sent that was typed field by field. Raises ``InspectError``."""
    kind, _ = SENDABLE[name]
    reason = reason_of(context)
    try:
        given = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InspectError(f"{text}: not a JSON object: {error}") from None
    if isinstance(given, dict) and "reason" in kind.__struct_fields__:
        text = msgspec.json.encode({"reason": reason} | given).decode()
    command = _command(context, Operation.SEND, to, name, text)
    try:
        message = message_of(command)
    except CommandError as error:
        raise InspectError(str(error)) from None
    return _confirmed(context, Operate(command=command), f"{to} is sent {message}")


def do(
    context: Context,
    operation: Operation,
    to: Address,
    what: str,
    note: str = "",
    for_ms: Milliseconds = Milliseconds(SUSPEND_SECONDS * 1000),  # noqa: B008 - an int
) -> View:
    """Have an actor suspended or released, once a person has seen what will happen."""
    command = _command(context, operation, to)
    return _confirmed(context, Operate(command=command, for_ms=for_ms), what, note)


def plan_with(context: Context, symbol: Symbol, typed: dict[str, str]) -> Plan:
    """Return the session's plan, with what was typed in its place. Raises ``InspectError``."""
    path = context.source.folder / SESSION_NAME
    try:
        configured = msgspec.json.decode(path.read_bytes(), type=_Session).settings.plan
    except (OSError, msgspec.MsgspecError) as error:
        raise InspectError(f"the session's plan can't be read from {path}: {error}") from None
    named = {
        f"{name}_ratio" if name in RATIOS else name: ratio(text) if name in RATIOS else _value(text)
        for name, text in typed.items()
    }
    market = _listed(context.source, symbol)
    try:
        return changed_plan(configured, named, market.capabilities)
    except PlanError as error:
        raise InspectError(f"the plan can't be used: {error}") from None


def _value(text: str) -> str | Decimal:
    """Return what was typed as a number, if it is one."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def unprotected_if_suspended(source: Source, address: Address) -> str:
    """Return which coins nothing would sell while the actor is suspended; empty: none."""
    actors = ("position/*",) if address in _COVERS else (address,)
    kept = source.entities(actors=actors, kinds=("Charter", "Position"))
    bare = [
        f"{life.position.position_id} ({number(life.held)} {life.charter.rules.base})"
        for life in kept.lives()
        if life.sellable
        and is_covered_by_trigger(life.position)
        and not is_stopped_at_venue(life.position)
    ]
    if not bare:
        return ""
    return f"meanwhile NOTHING sells {count(len(bare), 'position')} at its stop: {some(bare, 5)}"


def _listed(source: Source, symbol: Symbol) -> ListedMarket:
    kept = source.entities(actors=(POSITIONS,), kinds=(ListedMarket.__name__,))
    listed = next((one for one in kept.every(ListedMarket) if one.rules.symbol == symbol), None)
    if listed is None:
        raise InspectError(f"{symbol} is not listed here")
    return listed


def _operating(context: Context) -> Operating:
    if not context.source.is_live:
        raise NotLiveError("this session is over: nothing can be done in it")
    if context.operating is None:
        raise InspectError("this changes what is traded: start inspect with --operate")
    return context.operating


def _command(
    context: Context, operation: Operation, to: Address, name: str = "", fields: str = ""
) -> OperatorCommand:
    operating = _operating(context)
    return OperatorCommand(
        command_id=operating.new_id(),
        operation=operation,
        to=to,
        message_type=name,
        fields=fields,
        reason=operating.reason,
    )


def _sending(context: Context, to: Address, message: Message) -> OperatorCommand:
    given = {name: value for name, value in fields(message).items() if name != "type"}
    text = msgspec.json.encode(given).decode()
    return _command(context, Operation.SEND, to, type(message).__name__, text)


def _preview(
    operating: Operating, what: str, note: str, affected: msgspec.Struct | None = None
) -> View:
    """Return what a person is shown before it happens."""
    rows = [("this will happen", Text(what, style="bold")), ("why", Text(operating.reason))]
    notes = [("note", Text(note, style=WARN))] if note else []
    data = {"what": what, "note": note, "reason": operating.reason}
    sums = {} if affected is None else {"affected": fields(affected)}
    return View(pairs([*rows, *notes]), data | sums)


def _confirmed(
    context: Context,
    question: Operate,
    what: str,
    note: str = "",
    affected: msgspec.Struct | None = None,
) -> View:
    """Show what will happen, ask, have it done."""
    operating, command = _operating(context), question.command
    if not operating.confirm(_preview(operating, what, note, affected)):
        return _NOT_DONE
    done = operating.do(context.live("this"), question)
    data = {"done": True, "is_new": done.is_new, "text": done.text, "id": command.command_id}
    return View(Text(f"{done.text}{_look_after(command)}"), data)


def _look_after(command: OperatorCommand) -> str:
    """Return how to see what becomes of it: that it was sent does not mean that it was granted."""
    if command.operation is not Operation.SEND:
        return ""
    place, _, position_id = command.to.partition("/")
    look = f"why {position_id}" if position_id else f"log {place} -n 5"
    return f"; what becomes of it: {look}"
