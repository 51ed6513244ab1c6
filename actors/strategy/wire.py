"""What passes between the program and a strategy's own process: JSON, with its length before it.

The program asks, the strategy's process answers; one question is under way at a time. What comes
back is data from outside: ``Frames`` bounds its size, ``answer_of`` its values. Pure.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec

from actors.strategy.answer import ERROR_MOST, StrategyError, checked
from config.settings import Settings
from messages.border import one_line
from messages.strategy import Enter, MarketView

FRAME_MOST = 65_536
"""Bytes of an answer."""
DETAILS_MOST = 20_000
"""Characters of a traceback."""
_LENGTH_BYTES = 4

T = TypeVar("T")


class WireError(Exception):
    """What came is no answer; the text says why."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Import the class and make the strategy. Answered with ``Ready``."""

    use: str
    folders: tuple[str, ...]
    settings: Settings


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What does the strategy say to this market? Answered with ``Answer``."""

    number: int
    view: MarketView


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The strategy is made, or why it can't be."""

    error: str | None = None
    details: str = ""
    """The traceback."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What the strategy said, or how it failed."""

    number: int
    enter: Enter | None = None
    error: str | None = None
    details: str = ""
    took_ms: float = 0.0


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_ANSWERS = msgspec.json.Decoder(Ready | Answer, float_hook=Decimal)


def frame(message: msgspec.Struct) -> bytes:
    """Return a message as it travels."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def answer_of(body: bytes) -> Ready | Answer:
    """Return what the strategy's process said, checked. Raises ``WireError``."""
    try:
        said: Ready | Answer = _ANSWERS.decode(body)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise WireError(f"what it answered can't be read: {error}") from None
    replaced: dict[str, object] = {"details": _lines(said.details)}
    if said.error is not None:
        replaced["error"] = one_line(said.error, ERROR_MOST)
    if isinstance(said, Answer):
        try:
            replaced["enter"] = checked(said.enter)
        except StrategyError as error:
            replaced |= {"enter": None, "error": str(error)}
    return msgspec.structs.replace(said, **replaced)


class Frames:
    """Puts the frames of a stream of bytes together again."""

    def __init__(self, most: int = FRAME_MOST) -> None:
        """Begin with nothing."""
        self._most = most
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the bodies that are whole now. Raises ``WireError`` for one that is too long."""
        self._buffer += chunk
        bodies = []
        while len(self._buffer) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")
            if end - _LENGTH_BYTES > self._most:
                raise WireError(f"it answered with more than {self._most:,} bytes")
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[_LENGTH_BYTES:end]))
            del self._buffer[:end]
        return bodies


def _lines(text: str) -> str:
    """Return a traceback, safe in a log."""
    return "\n".join(one_line(line) for line in text[:DETAILS_MOST].split("\n"))
