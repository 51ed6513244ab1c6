"""What a person may send, and that it is sent once."""

import pytest

from actors.operator.core import IDS_KEPT, SENDABLE, CommandError, Operator, message_of, step
from messages.addresses import GUARDIAN
from messages.base import Address, Timestamp
from messages.envelope import NOTHING, Send
from messages.guardian import Halt
from messages.operator import Operation, OperatorCommand

NOW = Timestamp(1)


def command(
    name: str = "Halt",
    fields: str = '{"reason": "news"}',
    to: Address = GUARDIAN,
    command_id: str = "one",
    operation: Operation = Operation.SEND,
) -> OperatorCommand:
    return OperatorCommand(
        command_id=command_id,
        operation=operation,
        to=to,
        message_type=name,
        fields=fields,
        reason="because",
    )


def test_a_command_is_remembered_and_its_message_sent() -> None:
    done = step(Operator(), command(), NOW)
    assert done.changes == (Operator(command_ids=("one",)),)
    assert done.outbox == (Send(GUARDIAN, Halt(reason="news")),)


def test_a_known_command_does_nothing() -> None:
    assert step(Operator(command_ids=("one",)), command(), NOW) == NOTHING


def test_a_suspension_is_remembered_and_sends_nothing() -> None:
    assert step(Operator(), command(operation=Operation.SUSPEND), NOW).outbox == ()


def test_what_is_remembered_is_bounded() -> None:
    operator = Operator(command_ids=tuple(map(str, range(IDS_KEPT))))
    (after,) = step(operator, command(), NOW).changes
    assert isinstance(after, Operator)
    assert len(after.command_ids) == IDS_KEPT
    assert after.command_ids[-1] == "one"


@pytest.mark.parametrize("name", ["OrderUpdated", "OrderReported", "BookPosition", "Begin", "x"])
def test_a_fact_can_not_be_sent_by_hand(name: str) -> None:
    assert name not in SENDABLE
    with pytest.raises(CommandError, match="can't be sent by hand"):
        message_of(command(name, "{}"))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ('{"reason": "x", "force": true}', r"Halt has no force: Halt\(reason: str\)"),
        ("{}", r"missing required field `reason`: Halt\(reason: str\)"),
        ('{"reason": 1}', r"Expected `str`"),
        ("{", r"Halt: "),
        ("[]", r"Expected `object`"),
    ],
)
def test_wrong_fields_are_told_with_the_schema(fields: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        message_of(command(fields=fields))
