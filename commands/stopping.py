"""How a session is told to stop: the first signal asks, the second one insists.

Owns the process's handlers of SIGINT, SIGTERM and SIGHUP between ``with`` and its end.
"""

import signal
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from commands.errors import StopAtOnceError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "the terminal closed"}


class Stopping(AbstractContextManager["Stopping"]):
    """Waits for who wants the session to stop."""

    def __init__(self) -> None:
        """Change nothing yet."""
        # A queue that a signal's handler may put into whatever the main thread is doing.
        self._asked: SimpleQueue[str] = SimpleQueue()
        self._was_asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals over; one that is ignored (nohup) stays ignored."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ask(self, reason: str) -> None:
        """Ask to stop. From any thread."""
        self._asked.put(reason)

    def wait(self, seconds: float | None) -> str | None:
        """Return why to stop, once somebody asks; None if nobody did within ``seconds``."""
        try:
            return self._asked.get(timeout=seconds)
        except Empty:
            return None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Ask; the second time end the main thread's work where it stands."""
        if self._was_asked:
            raise StopAtOnceError(number)
        self._was_asked = True
        self._asked.put(NAMES[signal.Signals(number)])
