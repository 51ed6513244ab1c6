"""Sends an actor a message again and again, in real time, whatever the system's clock does.

For what must be looked at every second though no message and no deadline asks for it. The message
is made on a thread of its own, which may wait for a disk that hangs.
"""

import threading
from collections.abc import Callable

from actors.runtime.system import System
from messages.base import Address, Message


class Ticker:
    """A thread of its own between ``start`` and ``stop``."""

    def __init__(
        self, system: System, to: Address, make: Callable[[], Message], seconds: float
    ) -> None:
        """Send what ``make`` returns to ``to``, ``seconds`` apart."""
        self._system, self._to, self._make, self._seconds = system, to, make, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"ticker of {to}", daemon=True)

    def start(self) -> None:
        """Begin; the first message comes after one pause."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that waits for a disk is left behind."""
        self._ended.set()
        self._thread.join(self._seconds)

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._system.tell(self._to, self._make())
