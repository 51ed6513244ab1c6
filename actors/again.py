"""A skipped message that queues again must not undo what its sender said after it.

Owns the order in which messages of one kind were first heard. It is not recorded: what is dropped
has changed nothing.
"""

from messages.base import Message


class Again:
    """Tells whether a message that was skipped and is heard once more was overtaken meanwhile."""

    def __init__(self) -> None:
        """Begin with none heard."""
        self._heard = 0
        self._newest = 0
        """Place of the newest that was to be taken in."""
        self._last: tuple[Message, int] | None = None
        self._queued: list[tuple[Message, int]] = []

    def is_outdated(self, message: Message, *, is_again: bool) -> bool:
        """Return whether a newer one was heard before ``message``, which then is to be dropped.

        ``is_again``: it comes out of the queue, not from its sender, who may say the same twice.
        """
        place = self._queued_place(message) if is_again else None
        if place is None:
            place = self._next_place()
        self._last = (message, place)
        if place < self._newest:
            return True
        self._newest = place
        return False

    def queue(self, message: Message) -> None:
        """Take note that ``message`` was skipped and queues again, in its old place."""
        is_last = self._last is not None and self._last[0] is message
        place = self._last[1] if self._last is not None and is_last else self._next_place()
        self._newest = max(self._newest, place)
        self._queued.append((message, place))

    def _queued_place(self, message: Message) -> int | None:
        for entry in self._queued:
            if entry[0] is message:
                self._queued.remove(entry)
                return entry[1]
        return None

    def _next_place(self) -> int:
        self._heard += 1
        return self._heard
