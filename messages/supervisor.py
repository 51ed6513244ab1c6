"""What the supervisor receives."""

from messages.base import Address, Message


class ResourceLost(Message, frozen=True, kw_only=True):
    """A resource is gone: a pinned thread, the gateway's loop, the writer. From who noticed.

    Told twice, it is restarted once.
    """

    name: Address
    """Of the child that owns it."""
    error: str
