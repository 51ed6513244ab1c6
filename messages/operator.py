"""What the operator's actor receives: what a person at the inspector wants done, and why."""

from enum import StrEnum

from messages.base import Address, Message


class Operation(StrEnum):
    """What is to be done."""

    SEND = "send"
    """Send a message to an actor."""
    SUSPEND = "suspend"
    """Hand an actor no message for a while; what comes waits."""
    RELEASE = "release"
    """Hand a suspended actor its messages again."""


class OperatorCommand(Message, frozen=True, kw_only=True):
    """Do this. From a person, through the inspector; heard twice, it is done once."""

    command_id: str
    """Made by who asks, before asking: an answer that got lost is asked for again under it."""
    operation: Operation
    to: Address
    message_type: str = ""
    """Of SEND: the name of the message's class."""
    fields: str = ""
    """Of SEND: the message's fields, as a JSON object."""
    reason: str
    """Why, in the person's own words."""
