"""How a session is told to stop: the first signal asks, the second one insists.

Owns the process's handlers of signals between ``with`` and its end.
"""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

from terminal.errors import StopAtOnceError

_ASKS = (signal.SIGINT, signal.SIGTERM)
"""They work also where the parent ignores them, as a script's shell does for background jobs."""
_STOPS_A_TERMINAL = (signal.SIGTSTP, signal.SIGTTOU, signal.SIGTTIN)
"""Ctrl-Z, and output or input of a background job: a stopped process sells nothing at its stop."""

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "the terminal closed"}


class Stopping(AbstractContextManager["Stopping"]):
    """Waits for a request to stop the session."""

    def __init__(
        self, *, is_headless: bool = False, on_dump: Callable[[], None] | None = None
    ) -> None:
        """Change nothing yet.

        ``is_headless``: a closed terminal is no request. ``on_dump`` runs on the main thread when
        SIGUSR1 asks where all threads stand.
        """
        # A queue that a signal's handler may put into whatever the main thread is doing.
        self._asked: SimpleQueue[str] = SimpleQueue()
        self._was_asked = False
        self._is_headless, self._on_dump = is_headless, on_dump
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take the signals over; a hang-up that is ignored (nohup) stays ignored."""
        for number in _ASKS:
            self._take(number, self._on_signal)
        for number in _STOPS_A_TERMINAL:
            self._take(number, signal.SIG_IGN)
        if self._is_headless:
            self._take(signal.SIGHUP, signal.SIG_IGN)
        elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._take(signal.SIGHUP, self._on_signal)
        self._take(signal.SIGUSR1, self._dump)
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

    @property
    def is_asked(self) -> bool:
        """Whether a request waits to be read."""
        return not self._asked.empty()

    def wait(self, seconds: float | None) -> str | None:
        """Return why to stop, once there is a request; None: there was none within ``seconds``."""
        try:
            return self._asked.get(timeout=seconds)
        except Empty:
            return None

    def _take(self, number: signal.Signals, handler: Any) -> None:  # noqa: ANN401 - as signal's
        self._before[number] = signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Ask; the second time end the main thread's work where it stands.

        A terminal that closes sends SIGHUP more than once, by its kernel and by its shell: it never
        counts as a second request.
        """
        if number != signal.SIGHUP:
            if self._was_asked:
                raise StopAtOnceError(number)
            self._was_asked = True
        self._asked.put(NAMES[signal.Signals(number)])

    def _dump(self, _number: int, _frame: FrameType | None) -> None:
        if self._on_dump is not None:
            self._on_dump()
