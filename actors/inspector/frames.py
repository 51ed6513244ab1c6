"""Frames on a stream: four bytes of length, big-endian, then so many bytes.

Owns the limits. Knows no socket and not what is in a frame.
"""

REQUEST_BYTES_MAX = 64_000
"""Of one question: what a person types fits in a hundredth of it."""
ANSWER_BYTES_MAX = 256_000_000

_LENGTH_BYTES = 4


class FrameError(Exception):
    """These bytes are no frame."""


def frame(data: bytes) -> bytes:
    """Return the data with its length before it."""
    return len(data).to_bytes(_LENGTH_BYTES, "big") + data


def take_frame(buffer: bytearray, bytes_max: int) -> bytes | None:
    """Take a frame out of the front of ``buffer``; None: it is not whole yet.

    Raises ``FrameError``.
    """
    if len(buffer) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(buffer[:_LENGTH_BYTES], "big")
    if not 0 < length <= bytes_max:
        raise FrameError(f"a frame of {length:,} bytes; 1 to {bytes_max:,} are allowed")
    end = _LENGTH_BYTES + length
    if len(buffer) < end:
        return None
    data = bytes(buffer[_LENGTH_BYTES:end])
    del buffer[:end]
    return data
