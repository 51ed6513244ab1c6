"""Messages that reached nobody.

Owns their count, the last ones, and the answer to whoever asked in vain. A closed mailbox has it as
its lane: what still comes in is buried at once, from whatever thread it came.
"""

import threading
from collections import deque
from collections.abc import Callable

import msgspec

from actors.runtime.mailbox import Delivery, Mailbox, Note, refuse
from messages.base import Address, Message
from messages.envelope import Envelope, Wake

_KEPT = 100


class DeadLetter(msgspec.Struct, frozen=True):
    """A message, and where nobody took it."""

    to: Address
    message: Message
    sender: Address


class DeadLetters:
    """Counts messages to actors that are not there, keeps the last ones, tells who wants to know.

    A wake is none: a timer may outlive its actor.
    """

    in_hand: Delivery | None = None
    abandoned = False
    note: Note | None = None

    def __init__(self, kept: int = _KEPT) -> None:
        """Begin empty; keep the last ``kept``."""
        self.count = 0
        self._last: deque[DeadLetter] = deque(maxlen=kept)
        self._observers: list[Callable[[DeadLetter], None]] = []
        self._lock = threading.Lock()

    @property
    def last(self) -> tuple[DeadLetter, ...]:
        """The last ones, oldest first."""
        with self._lock:
            return tuple(self._last)

    def observe(self, callback: Callable[[DeadLetter], None]) -> None:
        """Call ``callback`` with each from now on, on the thread that found it."""
        self._observers.append(callback)

    def schedule(self, mailbox: Mailbox) -> None:
        """Bury all that waits in a closed mailbox."""
        while True:
            try:
                delivery = mailbox.queue.popleft()
            except IndexError:
                return
            self.bury(mailbox.address, delivery)

    def bury(self, to: Address, delivery: Delivery) -> None:
        """Count one, or tell the asker that nobody is there."""
        refuse(delivery, to)
        envelope = delivery if isinstance(delivery, Envelope) else delivery.message
        if not isinstance(envelope, Envelope) or isinstance(envelope.message, Wake):
            return
        letter = DeadLetter(to, envelope.message, envelope.sender)
        with self._lock:
            self.count += 1
            self._last.append(letter)
        for observer in self._observers:
            observer(letter)
