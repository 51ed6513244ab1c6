"""One client: bytes in and out, its taps, and how long it may stall.

Owns no answer. What it does not read is bounded: while an answer waits for it, no further question
is read, and its taps drop and count.
"""

import socket

import msgspec

from actors.inspector.frames import ANSWER_BYTES_MAX, REQUEST_BYTES_MAX, frame, take_frame
from actors.inspector.reading import raw
from actors.inspector.taps import Seen, TapLine
from actors.runtime.mailbox import Delivery
from messages.envelope import Envelope
from messages.inspection import Answer, Refused, Request, Tapped, TappedMessage

STALL_SECONDS = 30.0
"""A client that takes nothing of what waits for it, or sends half a question, is let go of."""
_CHUNK = 65_536

_read_request = msgspec.msgpack.Decoder(Request).decode
_write = msgspec.msgpack.Encoder().encode


class GoneError(Exception):
    """The client has gone."""


class Peer:
    """One client that is connected."""

    def __init__(self, connection: socket.socket, now: float) -> None:
        """Begin with nothing said."""
        self.connection = connection
        self.taps: dict[int, TapLine] = {}
        """By the number of the request that opened each."""
        self.is_closing = False
        """Nothing more is read; it ends once it has been told why."""
        self._in = bytearray()
        self._out = bytearray()
        self._moved_at = now

    @property
    def has_output(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._out)

    @property
    def has_input(self) -> bool:
        """Whether something came that is not answered yet."""
        return bool(self._in)

    @property
    def wants_input(self) -> bool:
        """Whether a further question would be read: one answer at a time."""
        return not self._out and not self.is_closing

    def is_stalled(self, now: float) -> bool:
        """Whether it has been half-way through something for too long."""
        return bool(self._in or self._out) and now - self._moved_at > STALL_SECONDS

    def receive(self, now: float) -> None:
        """Take in what came. Raises ``GoneError``."""
        try:
            data = self.connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise GoneError from error
        if not data:
            raise GoneError
        self._moved_at = now
        self._in += data

    def next_request(self) -> Request | None:
        """Return the next question, once the answer to the one before was sent.

        Raises ``FrameError`` or ``msgspec.DecodeError`` for what is no question.
        """
        if not self.wants_input:
            return None
        data = take_frame(self._in, REQUEST_BYTES_MAX)
        return None if data is None else _read_request(data)

    def say(self, number: int, answer: Answer) -> None:
        """Put an answer into what waits to be sent."""
        data = _write({"number": number, "answer": answer})
        if len(data) > ANSWER_BYTES_MAX:
            data = _write({"number": number, "answer": Refused(text="too much: ask for less")})
        self._out += frame(data)

    def send(self, now: float) -> None:
        """Send as much as the client takes. Raises ``GoneError``."""
        try:
            sent = self.connection.send(self._out)
        except BlockingIOError:
            return
        except OSError as error:
            raise GoneError from error
        if sent:
            self._moved_at = now
            del self._out[:sent]
        if self.is_closing and not self._out:
            raise GoneError

    def say_tapped(self) -> None:
        """Say what the taps have seen, unless the client still reads what came before."""
        for number, line in self.taps.items():
            if not self._out and line.waiting:
                seen = tuple(_shown(one) for one in line.take_waiting())
                self.say(number, Tapped(messages=seen, dropped=line.dropped))


def _shown(seen: Seen) -> TappedMessage:
    delivery: Delivery = seen.delivery
    # What came through an ask is wrapped once more.
    envelope = delivery if isinstance(delivery, Envelope) else delivery.message
    is_ours = isinstance(envelope, Envelope)
    message = envelope.message if is_ours else envelope
    return TappedMessage(
        at=seen.at,
        to=seen.to,
        sender=envelope.sender if is_ours else seen.to,
        id=envelope.id if is_ours else None,
        cause=envelope.cause if is_ours else None,
        message_type=type(message).__name__,
        message=raw(message),
    )
