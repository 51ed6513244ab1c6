"""The inspector's other end: questions go out, answers come back, taps come in between.

Owns the connection. What an answer means is the source's.
"""

import socket
import time
from collections import deque
from itertools import count
from pathlib import Path
from typing import TypeVar

import msgspec

from actors.inspector.frames import ANSWER_BYTES_MAX, FrameError, frame, take_frame
from actors.inspector.place import short_path
from inspection.errors import NoSessionError, RefusedError
from messages.inspection import Answer, Question, Refused, Response, Tapped

ANSWER_SECONDS = 15.0
_CHUNK = 1 << 18

AnswerT = TypeVar("AnswerT", bound=Answer)

_read = msgspec.msgpack.Decoder(Response).decode
_write = msgspec.msgpack.Encoder().encode


class Connection:
    """A connection to one running session."""

    def __init__(self, path: Path) -> None:
        """Connect. Raises ``NoSessionError``."""
        self._numbers = count(1)
        self._in = bytearray()
        self._tapped: deque[tuple[int, Tapped]] = deque()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with short_path(path) as address:
                self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            why = error.strerror or str(error)
            raise NoSessionError(f"no session listens at {path}: {why}") from None

    def ask(self, question: Question, kind: type[AnswerT], seconds: float = 0.0) -> AnswerT:
        """Return the answer, which may take ``seconds`` more than an answer takes.

        Raises:
            RefusedError: the session says no.
            NoSessionError: it has gone, or says nothing.
        """
        return self.answer_to(self.send(question), kind, seconds)

    def answer_to(self, number: int, kind: type[AnswerT], seconds: float = 0.0) -> AnswerT:
        """Return the answer to a question that was sent. Raises as ``ask`` does."""
        deadline = time.monotonic() + ANSWER_SECONDS + seconds
        while True:
            response = self._next(deadline)
            if response is None:
                raise NoSessionError("the session does not answer")
            answer = response.answer
            if isinstance(answer, Tapped):
                self._tapped.append((response.number, answer))
                continue
            if isinstance(answer, Refused) and response.number in (0, number):
                raise RefusedError(answer.text, may_be_done=answer.may_be_done)
            if response.number == number and isinstance(answer, kind):
                return answer

    def send(self, question: Question) -> int:
        """Put a question; return its number. Raises ``NoSessionError``, ``RefusedError``."""
        number = next(self._numbers)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.sendall(frame(_write({"number": number, "question": question})))
        except OSError:
            self._say_last_word()
            raise NoSessionError("the session has gone") from None
        return number

    def tapped(self, seconds: float) -> tuple[int, Tapped] | None:
        """Return what a tap brought, with the tap's number; None: nothing within the time.

        Raises ``NoSessionError`` when the session has gone.
        """
        if self._tapped:
            return self._tapped.popleft()
        response = self._next(time.monotonic() + seconds)
        if response is None or not isinstance(response.answer, Tapped):
            return None
        return response.number, response.answer

    def close(self) -> None:
        """End the connection, and with it its taps."""
        self._socket.close()

    def _next(self, deadline: float) -> Response | None:
        """Return the next frame; None: none came in time."""
        while True:
            try:
                data = take_frame(self._in, ANSWER_BYTES_MAX)
                if data is not None:
                    return _read(data)
            except (FrameError, msgspec.DecodeError) as error:
                raise NoSessionError(f"what answers there is no session of ours: {error}") from None
            left = deadline - time.monotonic()
            if left <= 0 or not self._receive(left):
                return None

    def _receive(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            return False
        except OSError:
            data = b""
        if not data:
            raise NoSessionError("the session has gone")
        self._in += data
        return True

    def _say_last_word(self) -> None:
        """Raise ``RefusedError`` with what was said before the other end was closed."""
        response = self._next(time.monotonic() + 1)
        if response is not None and isinstance(response.answer, Refused):
            raise RefusedError(response.answer.text)
