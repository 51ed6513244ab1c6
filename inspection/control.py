"""``halt``, ``resume``, ``suspend``, ``restart``, ``send``: trading as a whole, and single actors.

Owns how each becomes a message, and what a person is shown before it is sent.
"""

from collections.abc import Iterable

import msgspec

from actors.operator.core import SENDABLE
from inspection.actors import address_of, addresses
from inspection.arguments import Typed, nearest
from inspection.command import Command, Context
from inspection.errors import InspectError
from inspection.operator_action import (
    SUSPEND_SECONDS,
    do,
    reason_of,
    send_fields,
    send_message,
    unprotected_if_suspended,
)
from inspection.view import View
from messages.addresses import GUARDIAN, STRATEGY_RUNNER, SUPERVISOR
from messages.base import Message, Milliseconds
from messages.guardian import EnterReducing, Halt, Resume
from messages.operator import Operation
from messages.supervisor import ResourceLost


def halt(context: Context, words: list[str]) -> View:
    """Take no new risk, and cancel working entries; ``halt reducing`` leaves those."""
    typed = Typed(HALT.usage, words)
    reason = reason_of(context)
    how = typed.word_or("all")
    typed.end()
    if how == "reducing":
        what = "no new positions; entries that work go on"
        return send_message(context, GUARDIAN, EnterReducing(reason=reason), what)
    if how != "all":
        raise typed.wrong(f"{how} is not known{nearest(how, ['reducing'])}")
    what = "no new positions; working entries are canceled; what is held stays protected"
    return send_message(context, GUARDIAN, Halt(reason=reason), what)


def resume(context: Context, words: list[str]) -> View:
    """Trade again; or hand a suspended actor its messages again."""
    typed = Typed(RESUME.usage, words)
    reason = reason_of(context)
    actor = typed.word_or("")
    typed.end()
    if not actor:
        what = "trading goes on, unless something else holds it"
        return send_message(context, GUARDIAN, Resume(reason=reason), what)
    address = address_of(context.source, actor)
    return do(context, Operation.RELEASE, address, f"{address} is handed what waits for it")


def suspend(context: Context, words: list[str]) -> View:
    """Hand an actor no message for a while; it goes on by itself."""
    typed = Typed(SUSPEND.usage, words, ("--for",))
    reason_of(context)
    address = address_of(context.source, typed.word("ACTOR"))
    seconds = typed.number("--for", SUSPEND_SECONDS)
    typed.end()
    what = f"{address} is handed no message; it goes on by itself in {seconds} s of real time"
    warning = unprotected_if_suspended(context.source, address)
    for_ms = Milliseconds(seconds * 1000)
    return do(context, Operation.SUSPEND, address, what, warning, for_ms)


def restart(context: Context, words: list[str]) -> View:
    """Have the supervisor get back what an actor leans on: its own thread or process."""
    typed = Typed(RESTART.usage, words)
    reason = reason_of(context)
    address = address_of(context.source, typed.word("ACTOR"))
    typed.end()
    if address != STRATEGY_RUNNER:
        raise InspectError(
            f"{address} shares the dispatcher's thread: it leans on nothing that could be got back;"
            f" only {STRATEGY_RUNNER} has a thread or process of its own"
        )
    message = ResourceLost(name=address, error=f"by hand: {reason}")
    what = f"{address} gets a new thread or process; the call that it has in hand is lost"
    return send_message(context, SUPERVISOR, message, what, "too many restarts halt trading")


def send(context: Context, words: list[str]) -> View:
    """Send an actor one of the messages that may be sent by hand."""
    typed = Typed(SEND.usage, words)
    reason_of(context)
    to = typed.word("ACTOR")
    name = typed.word("MESSAGE")
    fields = typed.word_or("{}")
    typed.end()
    if name not in SENDABLE:
        near = nearest(name, SENDABLE)
        raise InspectError(
            f"{name} can't be sent by hand: a fact is told by its source only{near}; "
            f"what can: {', '.join(sorted(SENDABLE))}"
        )
    return send_fields(context, address_of(context.source, to), name, fields)


def _messages(context: Context, words: list[str]) -> Iterable[str]:
    """Return addresses, then the names of what may be sent, then its fields to be filled in."""
    if len(words) == 2 and words[1] in SENDABLE:  # noqa: PLR2004 - the actor, the message
        return (template(SENDABLE[words[1]][0]),)
    return sorted(SENDABLE) if len(words) == 1 else addresses(context, words)


def template(kind: type[Message]) -> str:
    """Return a message's fields as they are typed: those that must be given, to be filled in."""
    needed = (f'"{field.name}": ""' for field in msgspec.structs.fields(kind) if field.required)
    return f"{{{', '.join(needed)}}}"


HALT = Command(
    name="halt",
    usage="halt [reducing]",
    help="Take no new risk and cancel working entries; reducing: leave those.",
    examples=("halt", "halt reducing"),
    run=halt,
    complete=lambda _, words: () if words else ("reducing",),
    operates=True,
)
RESUME = Command(
    name="resume",
    usage="resume [ACTOR]",
    help="Trade again; with an actor: hand it messages again.",
    examples=("resume", "resume position/p3"),
    run=resume,
    complete=addresses,
    operates=True,
)
SUSPEND = Command(
    name="suspend",
    usage="suspend ACTOR [--for SECONDS]",
    help="Hand an actor no message for a while; it goes on by itself.",
    examples=("suspend strategy --for 30",),
    run=suspend,
    complete=addresses,
    operates=True,
)
RESTART = Command(
    name="restart",
    usage="restart ACTOR",
    help="Get back what an actor leans on: its own thread or process.",
    examples=("restart strategy_runner",),
    run=restart,
    complete=lambda _, words: () if words else (STRATEGY_RUNNER,),
    operates=True,
)
SEND = Command(
    name="send",
    usage="send ACTOR MESSAGE {FIELDS}",
    help="Send a message that may be sent by hand; its fields are a JSON object.",
    examples=(
        'send p3 ClosePosition {"cause": "by_hand", "reason": "news"}',
        "send p3 ResendBooking",
    ),
    run=send,
    complete=_messages,
    operates=True,
)
COMMANDS = (HALT, RESUME, SUSPEND, RESTART, SEND)
