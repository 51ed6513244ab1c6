"""Sends an actor the same message again and again, in real time, whatever the system's clock does.

For what must be looked at every second though no message and no deadline asks for it.
"""

import threading

from actors.runtime.system import System
from messages.base import Address, Message


class Ticker:
    """A thread of its own between ``start`` and ``stop``."""

    def __init__(self, system: System, to: Address, message: Message, seconds: float) -> None:
        """Send ``message`` to ``to``, ``seconds`` apart."""
        self._system, self._to, self._message, self._seconds = system, to, message, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"ticker of {to}", daemon=True)

    def start(self) -> None:
        """Begin; the first message comes after one pause."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            self._system.tell(self._to, self._message)
