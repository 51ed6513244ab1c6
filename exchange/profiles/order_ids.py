"""Our client order ids in the form an exchange takes, and back.

Ours are letters and digits, at most 32 (see ``messages.ids``). Where that is too long, or must be a
UUID or 128 bits, the parts are packed into a number: nothing is hashed, so an id found on an order
names its position again, and no two of ours become one.
"""

import re
from enum import StrEnum

import msgspec

from messages.base import ClientOrderId
from messages.ids import ENTRY_LEG, EXIT_LEG

_OURS = re.compile(
    r"h(?P<tag>[0-9a-z]*)e(?P<epoch>\d+)p(?P<position>\d+)(?P<leg>[bx])(?P<attempt>\d+)"
)
_TAG_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MARK = 0x1DF
"""Begins every packed id, so that a stranger's is not taken for ours."""
_TAG_LENGTH, _TAG_BITS = 8, 42
_EPOCH_BITS, _POSITION_BITS, _ATTEMPT_BITS = 20, 36, 16


class Packing(StrEnum):
    """How an id is written where the exchange takes no text of ours."""

    NONE = "none"
    UUID_IF_LONG = "uuid_if_long"
    """Text while it is short enough, 32 hex digits without dashes else (Kraken)."""
    HEX = "hex"
    """Always ``0x`` and 32 hex digits (Hyperliquid)."""


class IdForm(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange takes as a client order id."""

    max_length: int
    """Without the prefix."""
    prefix: str = ""
    """Stands before every id at the exchange."""
    ccxt_adds_prefix: bool = False
    """On ``create_order`` ccxt writes the prefix itself."""
    packing: Packing = Packing.NONE


class UnpackableIdError(ValueError):
    """An id that this exchange has no form for."""


def rendered(form: IdForm, order_id: ClientOrderId) -> str:
    """Return ``order_id`` as the exchange knows it, without its prefix.

    Raises ``UnpackableIdError`` where it does not fit.
    """
    fits = len(order_id) <= form.max_length and order_id.isascii() and order_id.isalnum()
    if form.packing is Packing.HEX:
        return f"0x{_packed(order_id):032x}"
    if fits:
        return order_id
    if form.packing is Packing.UUID_IF_LONG:
        return f"{_packed(order_id):032x}"
    raise UnpackableIdError(f"{order_id}: more than {form.max_length} letters and digits")


def at_venue(form: IdForm, order_id: ClientOrderId) -> str:
    """Return ``order_id`` as the exchange shows it, prefix and all."""
    return form.prefix + rendered(form, order_id)


def ours(form: IdForm, venue_id: str) -> ClientOrderId:
    """Return the id we gave an order from the one the exchange shows; a stranger's as it is."""
    text = venue_id.removeprefix(form.prefix)
    if form.packing is Packing.NONE:
        return ClientOrderId(text)
    return _unpacked(text.removeprefix("0x").replace("-", "")) or ClientOrderId(text)


def _packed(order_id: ClientOrderId) -> int:
    match = _OURS.fullmatch(order_id)
    if match is None:
        raise UnpackableIdError(f"{order_id}: not an id of our making")
    tag, epoch = _tag_number(match["tag"]), int(match["epoch"])
    position, attempt = int(match["position"]), int(match["attempt"])
    widths = ((epoch, _EPOCH_BITS), (position, _POSITION_BITS), (attempt, _ATTEMPT_BITS))
    if any(value >> bits for value, bits in widths):
        raise UnpackableIdError(f"{order_id}: a number in it is too large for 128 bits")
    number = _MARK << _TAG_BITS | tag
    number = number << _EPOCH_BITS | epoch
    number = number << _POSITION_BITS | position
    number = number << 1 | (match["leg"] == EXIT_LEG)
    number = number << _ATTEMPT_BITS | attempt
    if _text(number) != order_id:
        raise UnpackableIdError(f"{order_id}: a number in it begins with a zero")
    return number


def _unpacked(hexadecimal: str) -> ClientOrderId | None:
    if not re.fullmatch(r"[0-9a-fA-F]{32}", hexadecimal):
        return None
    number = int(hexadecimal, 16)
    rest = _TAG_BITS + _EPOCH_BITS + _POSITION_BITS + 1 + _ATTEMPT_BITS
    return ClientOrderId(_text(number)) if number >> rest == _MARK else None


def _text(number: int) -> str:
    number, attempt = _split(number, _ATTEMPT_BITS)
    number, is_exit = _split(number, 1)
    number, position = _split(number, _POSITION_BITS)
    number, epoch = _split(number, _EPOCH_BITS)
    tag = _tag_text(_split(number, _TAG_BITS)[1])
    return f"h{tag}e{epoch}p{position}{EXIT_LEG if is_exit else ENTRY_LEG}{attempt}"


def _split(number: int, bits: int) -> tuple[int, int]:
    return number >> bits, number & ((1 << bits) - 1)


def _tag_number(tag: str) -> int:
    if len(tag) > _TAG_LENGTH:
        raise UnpackableIdError(f"account tag {tag}: more than {_TAG_LENGTH} characters")
    number = 0
    for letter in tag:  # 0 stands for "no more letters", so a leading "0" is kept
        number = number * 37 + _TAG_LETTERS.index(letter) + 1
    return number


def _tag_text(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number, 37)
        letters = _TAG_LETTERS[digit - 1] + letters
    return letters
